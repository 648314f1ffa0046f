"""Taste in PROTOCOL.md, version 1: sections of a QUERY, EVENT, and requests about people."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ._crc32c import Buffer
from .types import EVENT_TYPES, SCORE_PARTS, Ids

(PROFILE_GET, PROFILE_FORGET, HISTORY_GET, TASTE_REFRESH) = (49, 50, 51, 52)
(TASTE_NUMBERS, SESSION, SANDBOX) = (53, 54, 55)
(SETTINGS, PROFILE, EXPERIMENT, GAUGES) = (0, 1, 2, 3)
(GET, PUT, DELETE, LIST) = (0, 1, 2, 3)
_ABSENT = (1 << 64) - 1

Section = tuple[int, list[Buffer]]
Weighted = Mapping[int, float] | Iterable[tuple[int, float]]


def taste(
    profile: str = "",
    candidates: int = 0,
    exclude_seen: bool = True,
    reranker: str = "",
    **weights: float,
) -> bytes:
    """The TASTE section; weights by the names of ``SCORE_PARTS``."""
    unknown = set(weights) - set(SCORE_PARTS)
    if unknown:
        raise ValueError(f"no terms {sorted(unknown)}, expected of {', '.join(SCORE_PARTS)}")
    names = profile.encode(), reranker.encode()
    head = struct.pack("<IIHBB", exclude_seen, candidates, len(weights), *map(len, names))
    terms = sorted((SCORE_PARTS.index(term), weight) for term, weight in weights.items())
    return head + b"".join(struct.pack("<If", *term) for term in terms) + b"".join(names)


def taste_option(taste_or_not: bool | Mapping[str, Any] | None) -> bytes | None:
    """The TASTE section that a query's option means; True = the default weights."""
    weights = {} if taste_or_not is True else taste_or_not
    return None if weights is None or weights is False else taste(**weights)


@dataclass(frozen=True)
class Person:
    """Whose eyes a query sees with, and what goes on top of scores.

    Attributes:
        as_of: milliseconds since 1970: the person as they were then.
        sandbox: the name of a sandbox to look through.
        session: a session whose turns join the person's taste.
        surprise: 0 to 1: how much of the slate explores; ``seed`` makes it repeatable.
        what_if: events for this query alone: (item, type) or (item, type, milliseconds) each.
        examples: weights by item; 4 is a save's, negative = less of this.
        directions: (toward, away, weight) each: search vectors take these steps.
        pairs: (better, worse) each.
        user_vectors: [n, dim] of the person from elsewhere, with ``user_vector_weights`` [n].
        boosts: what single items get on top of their scores.
        pins: items by slot.
    """

    as_of: int | None = None
    sandbox: str = ""
    session: int | None = None
    surprise: float = 0.0
    seed: int = 0
    what_if: Sequence[tuple[int, str] | tuple[int, str, int]] = ()
    examples: Weighted = ()
    directions: Sequence[tuple[int, int, float]] = ()
    pairs: Sequence[tuple[int, int]] = ()
    user_vectors: npt.NDArray[np.float32] | None = None
    user_vector_weights: Sequence[float] | None = None
    boosts: Weighted = ()
    pins: Mapping[int, int] = field(default_factory=dict)

    @property
    def has_taste(self) -> bool:
        """Whether there is something to go by without a user."""
        own = (self.session, self.what_if, self.examples)
        return any(own) or self.user_vectors is not None

    def sections(self) -> list[Section]:
        """PERSON and its kin, where they say anything."""
        kin: list[Section] = []
        if self.what_if:
            kin.append((10, _inline_events(self.what_if)))
        if examples := _pairs(self.examples):
            kin.append((11, _weighted(examples)))
        if self.directions:
            kin.append((12, _directions(self.directions)))
        if self.pairs:
            better, worse = zip(*self.pairs, strict=True)
            kin.append((13, [_count(len(self.pairs)), _u64(better), _u64(worse)]))
        if self.user_vectors is not None:
            kin.append((14, self._user_vectors(np.atleast_2d(self.user_vectors))))
        alone = (self.as_of, self.sandbox, self.session, self.surprise, self.seed)
        sections = [(9, [self._head()]), *kin] if kin or any(alone) else []
        if boosts := _pairs(self.boosts):
            sections.append((15, _weighted(boosts)))
        if self.pins:
            slots = np.fromiter(self.pins, "<u4", len(self.pins))
            sections.append((16, [_count(len(slots)), _u64(self.pins.values()), slots]))
        return sections

    def _head(self) -> bytes:
        name = self.sandbox.encode()
        head = struct.pack(
            "<qQQfBxH", self.as_of or 0, self.session or 0, self.seed, self.surprise, len(name), 0
        )
        return head + name

    def _user_vectors(self, vectors: npt.NDArray[np.float32]) -> list[Buffer]:
        count = len(vectors)
        given = self.user_vector_weights
        weights = np.ones(count) if given is None else np.asarray(given)
        if len(weights) != count:
            raise ValueError(f"{len(weights)} weights for {count} user vectors")
        rows = np.ascontiguousarray(vectors.astype("<f4", copy=False))
        return [_count(count), weights.astype("<f4"), rows]


def _pairs(weighted: Weighted) -> list[tuple[int, float]]:
    return list(weighted.items() if isinstance(weighted, Mapping) else weighted)


def _count(count: int) -> bytes:
    return struct.pack("<II", count, 0)


def _u64(numbers: Iterable[int]) -> Ids:
    return np.array([int(number) for number in numbers], "<u8")


def _weighted(pairs: Sequence[tuple[int, float]]) -> list[Buffer]:
    weights = np.array([weight for _, weight in pairs], "<f4")
    return [_count(len(pairs)), _u64(item for item, _ in pairs), weights]


def _directions(directions: Sequence[tuple[int, int, float]]) -> list[Buffer]:
    weights = np.array([weight for _, _, weight in directions], "<f4")
    toward, away = (_u64(direction[end] for direction in directions) for end in (0, 1))
    return [_count(len(directions)), toward, away, weights]


def _inline_events(events: Sequence[tuple[int, str] | tuple[int, str, int]]) -> list[Buffer]:
    times = np.array([event[2] if len(event) > 2 else 0 for event in events], "<i8")
    types = np.array([EVENT_TYPES[event[1]] for event in events], np.uint8)
    return [_count(len(events)), _u64(event[0] for event in events), times, types]


def events(
    handle: int,
    users: Ids,
    items: Ids,
    times: npt.NDArray[np.int64],
    types: npt.NDArray[np.uint8],
    ids: Ids | None = None,
    contexts: Ids | None = None,
    propensities: npt.NDArray[np.float32] | None = None,
) -> list[Buffer]:
    """EVENT: columns, of which ids, contexts and propensities may be missing."""
    flags = (ids is not None) | (contexts is not None) << 1 | (propensities is not None) << 2
    head = struct.pack("<IIII", handle, len(users), flags, 0)
    more = [column for column in (ids, contexts, propensities) if column is not None]
    return [head, users, items, times, *more, types]


def profile_get(handle: int, user: int, as_of: int, sandbox: str) -> list[Buffer]:
    """PROFILE_GET."""
    name = sandbox.encode()
    return [struct.pack("<IIQq", handle, len(name), user, as_of), name]


def forget(handle: int, user: int) -> list[Buffer]:
    """PROFILE_FORGET."""
    return [struct.pack("<IIQ", handle, 0, user)]


def history_get(handle: int, user: int, start: int, limit: int) -> list[Buffer]:
    """HISTORY_GET."""
    return [struct.pack("<IIQQ", handle, limit, user, start)]


def refresh(handle: int, builder: str) -> list[Buffer]:
    """TASTE_REFRESH."""
    name = builder.encode()
    return [struct.pack("<II", handle, len(name)), name]


def numbers(
    handle: int,
    scope: int,
    operation: int,
    name: str = "",
    sandbox: str = "",
    changes: Mapping[str, float] | None = None,
) -> list[Buffer]:
    """TASTE_NUMBERS."""
    changes = changes or {}
    names = [name.encode(), sandbox.encode()]
    head = struct.pack("<IBBBBII", handle, scope, operation, *map(len, names), len(changes), 0)
    body = [
        struct.pack("<dB", value, len(key.encode())) + key.encode()
        for key, value in changes.items()
    ]
    return [head, b"".join(body), *names]


def session(
    handle: int,
    operation: int,
    number: int,
    user: int | None = None,
    half_life_minutes: float = 0,
    examples: Weighted = (),
    directions: Sequence[tuple[int, int, float]] = (),
) -> list[Buffer]:
    """SESSION: 0 adds a turn, 1 tells, 2 merges, 3 forgets."""
    head = struct.pack(
        "<IBBHQQfI", handle, operation, user is not None, 0, number, user or 0,
        half_life_minutes, 0,
    )  # fmt: skip
    return [head, *_weighted(_pairs(examples)), *_directions(directions)]


def sandbox(
    handle: int,
    operation: int,
    name: str = "",
    users: Ids | None = None,
    items: Ids | None = None,
    times: npt.NDArray[np.int64] | None = None,
    types: npt.NDArray[np.uint8] | None = None,
) -> list[Buffer]:
    """SANDBOX: 0 makes, 1 drops, 2 lists, 3 adds events."""
    encoded = name.encode()
    count = 0 if users is None else len(users)
    head = struct.pack("<IBBHII", handle, operation, len(encoded), 0, count, 0)
    columns = [column for column in (users, items, times, types) if column is not None]
    return [head, *columns, encoded]
