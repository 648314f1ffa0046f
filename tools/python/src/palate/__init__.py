"""Client of Palate, a vector index server with taste.

    from palate import Client

    with Client("127.0.0.1:7411") as client:
        client.create_collection("pins", dim=768, metric="cosine")
        client.load("pins", ids, vectors)
        client.events("pins", users, items, "save")
        ids, scores = client.query("pins", vectors=query, user=42, taste=True, diversity=0.3)
"""

from ._auth import Access
from ._backups import Backup
from ._field_codec import FieldBoost, Page
from ._fields import ByFields
from .aio import AsyncClient
from .client import Client
from .errors import (
    AnswerTooLarge,
    CandidateChanged,
    CandidateExists,
    CollectionExists,
    ConnectionFailed,
    DataLoss,
    Forbidden,
    LoadFailed,
    NoGeneration,
    NoTaste,
    NotAuthenticated,
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
from .filters import (
    Field,
    FieldInfo,
    Filter,
    UnknownField,
    all_of,
    any_of,
    everything,
    field,
    items,
)
from .pool import Pool
from .types import (
    EVENT_TYPES,
    LIFECYCLES,
    RULES,
    SCORE_PARTS,
    STAGES,
    Check,
    Collection,
    Comparison,
    Generation,
    History,
    Interest,
    Items,
    PersonProfile,
    Reason,
    Receipt,
    Report,
    Results,
    Thresholds,
)

__all__ = [
    "AsyncClient",
    "EVENT_TYPES",
    "Field",
    "FieldBoost",
    "FieldInfo",
    "Filter",
    "LIFECYCLES",
    "RULES",
    "SCORE_PARTS",
    "STAGES",
    "Access",
    "AnswerTooLarge",
    "Backup",
    "ByFields",
    "CandidateChanged",
    "CandidateExists",
    "Check",
    "Client",
    "Collection",
    "Comparison",
    "CollectionExists",
    "ConnectionFailed",
    "DataLoss",
    "Forbidden",
    "NotAuthenticated",
    "Generation",
    "History",
    "Interest",
    "Items",
    "LoadFailed",
    "NoGeneration",
    "NoTaste",
    "Overloaded",
    "PalateError",
    "Page",
    "PersonProfile",
    "Pool",
    "Reason",
    "Receipt",
    "Report",
    "RequestRefused",
    "Results",
    "ServerFailed",
    "StorageFull",
    "Thresholds",
    "TimedOut",
    "Unavailable",
    "UnknownCollection",
    "UnknownField",
    "UnknownHandle",
    "UnknownItem",
    "VersionConflict",
    "all_of",
    "any_of",
    "everything",
    "field",
    "items",
]
__version__ = "0.1.0"
