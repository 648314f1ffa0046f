"""What the client returns: plain records around numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

#: What a generation is to its collection, in wire order.
ROLES = ("live", "candidate", "previous")

#: Terms of a score, in wire order; they add up to the score.
SCORE_PARTS = (
    "query", "taste", "graph", "association", "popularity", "negative", "fatigue", "context",
    "boost", "interest",
)  # fmt: skip

#: How an interest is doing, in wire order.
LIFECYCLES = ("nascent", "active", "fading")

#: How far an interest has come, in wire order.
STAGES = ("discover", "inspire", "consider", "convert")

#: What put a result into a list, or moved it; bits in wire order.
RULES = (
    "query", "medoid", "walk", "association", "slate", "explored", "pinned", "boosted", "held_back",
)  # fmt: skip

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
class Thresholds:
    """What a candidate generation has to reach to become live.

    Attributes:
        samples: items sampled for recall and shift.
        rows: rows, as a share of the live generation's, at least.
        lacking: share of the live generation's items that it may lack.
        recall: recall@10 against exact search, at least.
        overlap: overlap of neighbours with the live ones beyond chance, at least.
        nearer: how often a live neighbour is nearer than another item, at least.
    """

    samples: int = 200
    rows: float = 0.9
    lacking: float = 0.1
    recall: float = 0.9
    overlap: float = 0.05
    nearer: float = 0.65


@dataclass(frozen=True)
class Check:
    """One line of a candidate's check; ``got`` is NaN where nothing could be measured."""

    name: str
    got: float
    threshold: float
    is_ceiling: bool

    @property
    def passed(self) -> bool:
        """Whether the candidate passes this line."""
        return self.got <= self.threshold if self.is_ceiling else self.got >= self.threshold


@dataclass(frozen=True)
class Report:
    """What a check found, and which generation is live now."""

    generation: int
    swapped: bool
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every line is passed."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Generation:
    """One generation of a collection.

    Attributes:
        role: ``live``, ``candidate`` or ``previous``.
        collection: its number, schema and handle.
        model: name and version of the embedding model.
        live_items: rows that answer queries; of a previous one, when it was replaced.
        live_since: milliseconds since 1970 UTC when it last became live; 0 = never by a swap.
        forced: it became live in spite of its check.
        damaged: its files could not be read.
    """

    role: str
    collection: Collection
    model: str
    live_items: int
    live_since: int
    forced: bool
    damaged: bool


@dataclass(frozen=True)
class Receipt:
    """A durable write: pass ``version`` as ``minimum_version`` to read it back."""

    version: int
    changed: int
    generation: int


@dataclass(frozen=True)
class Reason:
    """Why one result is there, beside the terms of its score.

    Attributes:
        medoid: the centre of the person's taste that it is most like; None where there is none.
        liked: the liked item that it is most like.
        rejected: the rejected item that it is most like.
        medoid_similarity: the cosine to ``medoid``; the others likewise.
        propensity: how probable it was that the result got into the list; send it with events.
        rules: bits of ``RULES``; ``names`` tells them.
    """

    medoid: int | None
    liked: int | None
    rejected: int | None
    medoid_similarity: float
    liked_similarity: float
    rejected_similarity: float
    propensity: float
    rules: int

    @property
    def names(self) -> tuple[str, ...]:
        """The rules by name."""
        return tuple(name for bit, name in enumerate(RULES) if self.rules >> bit & 1)


@dataclass(frozen=True)
class Interest:
    """One interest of a person: its medoid, how much it counts, how it is doing.

    ``shown`` and ``engaged`` are decayed counts of items of it that were shown and acted on.
    """

    medoid: int
    importance: float
    members: int
    lifecycle: str
    stage: str
    shown: float
    engaged: float


@dataclass(frozen=True)
class PersonProfile:
    """What a collection knows of a person; ``negatives`` are weights in 0 to 1 by item."""

    liked: int
    other: int
    exposures: int
    newest_milliseconds: int
    interests: tuple[Interest, ...]
    negatives: dict[int, float]


@dataclass(frozen=True)
class History:
    """A person's events in order of arrival; 2**64 - 1 stands for no id and no context."""

    sequences: Ids
    items: Ids
    times: npt.NDArray[np.int64]
    types: npt.NDArray[np.uint8]
    ids: Ids
    contexts: Ids
    propensities: Floats

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """All columns, in the order above."""
        return (
            self.sequences, self.items, self.times, self.types, self.ids, self.contexts,
            self.propensities,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.items)


@dataclass
class Results:
    """Result lists of one or more queries, best first; unpacks as ``ids, scores``.

    Attributes:
        ids: u64 [queries, k]; 0 where there is no result.
        scores: f32 [queries, k], larger is better; -inf where there is no result.
        counts: [queries]: results in each row.
        payloads: per query a list of bytes, where asked for.
        reasons: per query a list of Reason, where asked for.
        fields: per name and query a list of values, where asked for; None where there is none.
        plan: what was decided about the query, where asked for.
        parts: score terms by name, f32 [queries, k], where asked for; 0 where there is no result.
        generation: the generation that answered.
        version: of the last write the answer can contain.
        visited: rows the searches scored.
        degraded: a deadline stopped a search early.
        exact: every row that may come back was scored.
        server_seconds: time the server took, all frames together.
    """

    ids: Ids
    scores: Floats
    counts: npt.NDArray[np.int64]
    payloads: list[list[bytes]] | None = None
    parts: dict[str, Floats] | None = None
    reasons: list[list[Reason]] | None = None
    fields: dict[str, list[list[Any]]] = field(default_factory=dict)
    plan: dict[str, Any] | None = None
    generation: int = 0
    version: int = 0
    visited: int = 0
    degraded: bool = False
    exact: bool = False
    server_seconds: float = 0.0

    def fill(self, payload: bool, parts: bool, reasons: bool) -> None:
        """Makes what was asked for be there, where an answer without results left it out."""
        if parts and self.parts is None:
            zeros = np.zeros(self.ids.shape, np.float32)
            self.parts = {term: zeros for term in SCORE_PARTS}
        if payload and self.payloads is None:
            self.payloads = [[] for _ in range(len(self))]
        if reasons and self.reasons is None:
            self.reasons = [[] for _ in range(len(self))]

    def __iter__(self) -> Iterator[Any]:
        return iter((self.ids, self.scores))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Comparison:
    """Two slates for the same question.

    Attributes:
        left, right: what came back.
    """

    left: Results
    right: Results

    @property
    def overlap(self) -> Floats:
        """[queries]: the share of the longer list that both have."""
        pairs = zip(self._lists(self.left), self._lists(self.right), strict=True)
        shares = [len(set(a) & set(b)) / max(len(a), len(b), 1) for a, b in pairs]
        return np.array(shares, np.float32)

    @property
    def moves(self) -> list[dict[int, tuple[int | None, int | None]]]:
        """Per query and item its place in both lists, from 0; None where it is missing."""
        moves = []
        pairs = zip(self._lists(self.left), self._lists(self.right), strict=True)
        for left, right in pairs:
            places = ({item: place for place, item in enumerate(side)} for side in (left, right))
            before, after = places
            items = dict.fromkeys(left + right)
            moves.append({item: (before.get(item), after.get(item)) for item in items})
        return moves

    @staticmethod
    def _lists(side: Results) -> list[list[int]]:
        return [row[:n].tolist() for row, n in zip(side.ids, side.counts, strict=True)]


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
