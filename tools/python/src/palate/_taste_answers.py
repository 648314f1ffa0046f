"""What requests about people answer: bytes to values."""

from __future__ import annotations

import numpy as np

from ._reader import Reader
from .types import LIFECYCLES, STAGES, History, Interest, PersonProfile, Reason

_ABSENT = (1 << 64) - 1


def decode_numbers(body: memoryview) -> tuple[int, dict[str, float]]:
    """The edition and the numbers by name."""
    reader = Reader(body)
    version, count, _ = reader.unpack("<QII")
    numbers = {}
    for _ in range(count):
        value, length = reader.unpack("<dB")
        numbers[reader.text(length)] = value
    reader.finish()
    return version, numbers


def decode_profile(body: memoryview) -> PersonProfile:
    """The answer to PROFILE_GET."""
    reader = Reader(body)
    liked, other, shown, interests, negatives, _, newest = reader.unpack("<6Iq")
    found = []
    for _ in range(interests):
        medoid, importance, members, seen, engaged, lifecycle, stage = reader.unpack("<QfIffII")
        found.append(
            Interest(
                medoid, importance, members, LIFECYCLES[lifecycle], STAGES[stage], seen, engaged
            )
        )
    items = reader.column("<u8", negatives).tolist()
    weights = reader.column("<f4", negatives).tolist()
    reader.finish()
    rejected = dict(zip(items, weights, strict=True))
    return PersonProfile(liked, other, shown, newest, tuple(found), rejected)


def decode_history(body: memoryview) -> tuple[History, int]:
    """A page of events and where to go on; 0 = that was all."""
    reader = Reader(body)
    count, _, following = reader.unpack("<IIQ")
    sequences = reader.column("<u8", count)
    reader.column("<u8", count)
    items, times = reader.column("<u8", count), reader.column("<i8", count)
    ids, contexts = reader.column("<u8", count), reader.column("<u8", count)
    propensities, types = reader.column("<f4", count), reader.column("u1", count)
    reader.finish()
    return History(sequences, items, times, types, ids, contexts, propensities), following


def join_histories(pages: list[History]) -> History:
    """Pages in one."""
    columns = zip(*(page.columns() for page in pages), strict=True)
    return History(*(np.concatenate(column) for column in columns))


def decode_reasons(reader: Reader, count: int) -> list[Reason]:
    """48 bytes each."""
    reasons = []
    for _ in range(count):
        medoid, liked, rejected, a, b, c, propensity, rules, _ = reader.unpack("<QQQffffII")
        ids = (None if item == _ABSENT else item for item in (medoid, liked, rejected))
        reasons.append(Reason(*ids, a, b, c, propensity, rules))
    return reasons
