"""Client of Palate, a vector index server with taste.

    from palate import Client

    with Client("127.0.0.1:7411") as client:
        client.create_collection("pins", dim=768, metric="cosine")
        client.load("pins", ids, vectors)
        client.events("pins", users, items, "save")
        ids, scores = client.query("pins", vectors=query, user=42, taste=True, diversity=0.3)
"""

from ._backups import Backup
from .client import Client
from .errors import (
    AnswerTooLarge,
    CollectionExists,
    ConnectionFailed,
    DataLoss,
    LoadFailed,
    NoTaste,
    Overloaded,
    PalateError,
    RequestRefused,
    ServerFailed,
    StorageFull,
    TimedOut,
    Unavailable,
    UnknownCollection,
    UnknownHandle,
    UnknownItem,
    VersionConflict,
)
from .types import EVENT_TYPES, SCORE_PARTS, Collection, Items, Receipt, Results

__all__ = [
    "EVENT_TYPES",
    "SCORE_PARTS",
    "AnswerTooLarge",
    "Backup",
    "Client",
    "Collection",
    "CollectionExists",
    "ConnectionFailed",
    "DataLoss",
    "Items",
    "LoadFailed",
    "NoTaste",
    "Overloaded",
    "PalateError",
    "Receipt",
    "RequestRefused",
    "Results",
    "ServerFailed",
    "StorageFull",
    "TimedOut",
    "Unavailable",
    "UnknownCollection",
    "UnknownHandle",
    "UnknownItem",
    "VersionConflict",
]
__version__ = "0.1.0"
