"""What the client returns: plain records around numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

#: Terms of a score, in wire order; they add up to the score.
SCORE_PARTS = ("query", "taste", "graph", "popularity", "negative")

#: Event types by name; values are the wire's.
EVENT_TYPES: dict[str, int] = {
    name: value
    for value, name in enumerate(
        "impression view closeup click long-click save share cart purchase skip unsave hide "
        "report".split()
    )
}


@dataclass(frozen=True)
class Collection:
    """A collection's fixed properties, and the handle that hot requests carry."""

    name: str
    dim: int
    metric: str
    quantizer: str
    neighbours: int
    build_beam: int
    handle: int
    generation: int


@dataclass(frozen=True)
class Receipt:
    """A durable write: pass ``version`` as ``minimum_version`` to read it back."""

    version: int
    changed: int
    generation: int


@dataclass
class Results:
    """Result lists of one or more queries, best first; unpacks as ``ids, scores``.

    Attributes:
        ids: u64 [queries, k]; 0 where there is no result.
        scores: f32 [queries, k], larger is better; -inf where there is no result.
        counts: [queries]: results in each row.
        payloads: per query a list of bytes, where asked for.
        parts: score terms by name, f32 [queries, k], where asked for; 0 where there is no result.
        generation: the generation that answered.
        version: of the last write the answer can contain.
        visited: rows the searches scored.
        degraded: a deadline stopped a search early.
        exact: every row was scored.
        server_seconds: time the server took, all frames together.
    """

    ids: Ids
    scores: Floats
    counts: npt.NDArray[np.int64]
    payloads: list[list[bytes]] | None = None
    parts: dict[str, Floats] | None = None
    generation: int = 0
    version: int = 0
    visited: int = 0
    degraded: bool = False
    exact: bool = False
    server_seconds: float = 0.0

    def __iter__(self) -> Iterator[Any]:
        return iter((self.ids, self.scores))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class Items:
    """Items by id, in the order asked.

    Attributes:
        ids: u64 [n].
        found: bool [n].
        versions: u64 [n]: of the write that made the row; 0 where not found.
        payloads: bytes per item; empty where not found.
        vectors: f32 [n, dim] where asked for; zeros where not found.
    """

    ids: Ids
    found: npt.NDArray[np.bool_]
    versions: Ids
    payloads: list[bytes] = field(default_factory=list)
    vectors: Floats | None = None

    def __len__(self) -> int:
        return len(self.ids)
