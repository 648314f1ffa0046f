"""Arguments to columns, splitting what does not fit a frame, joining what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .types import EVENT_TYPES, Results

Payload = bytes | str | Mapping[str, Any] | None


def encode_payloads(payloads: Iterable[Payload] | None, count: int) -> list[bytes] | None:
    """Payloads as bytes: text as UTF-8, mappings as compact JSON, None as empty."""
    if payloads is None:
        return None
    encoded = []
    for payload in payloads:
        if payload is None:
            encoded.append(b"")
        elif isinstance(payload, str):
            encoded.append(payload.encode())
        elif isinstance(payload, Mapping):
            encoded.append(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
        else:
            encoded.append(bytes(payload))
    if len(encoded) != count:
        raise ValueError(f"{len(encoded)} payloads for {count} rows")
    return encoded


def even_slices(count: int, size: int) -> Iterator[slice]:
    """Slices of at most ``size``."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def row_slices(
    count: int, row_bytes: int, payloads: Sequence[bytes] | None, max_bytes: int, max_rows: int
) -> Iterator[slice]:
    """Slices of rows that take at most ``max_bytes``, or one row where one takes more.

    The same rows and limits give the same slices: a resumed load depends on it.
    """
    if payloads is None:
        yield from even_slices(count, max(1, min(max_rows, max_bytes // max(row_bytes, 1))))
        return
    lengths = np.fromiter((len(payload) + 4 + row_bytes for payload in payloads), np.int64, count)
    ends = np.cumsum(lengths)
    start = 0
    while start < count:
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + max_bytes, side="right"))
        end = min(max(end, start + 1), start + max_rows, count)
        yield slice(start, end)
        start = end


def join_results(parts: list[Results]) -> Results:
    """Results of consecutive slices of one batch."""
    if len(parts) == 1:
        return parts[0]
    joined = Results(
        ids=np.concatenate([part.ids for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        generation=max(part.generation for part in parts),
        version=min(part.version for part in parts),
        visited=sum(part.visited for part in parts),
        degraded=any(part.degraded for part in parts),
        exact=all(part.exact for part in parts),
        server_seconds=sum(part.server_seconds for part in parts),
    )
    if any(part.payloads is not None for part in parts):
        joined.payloads = [
            row for part in parts for row in (part.payloads or [[] for _ in range(len(part))])
        ]
    if any(part.reasons is not None for part in parts):
        joined.reasons = [
            row for part in parts for row in (part.reasons or [[] for _ in range(len(part))])
        ]
    columns = {name for part in parts for name in part.fields}
    joined.fields = {
        name: [
            row
            for part in parts
            for row in part.fields.get(name, [[] for _ in range(len(part))])
        ]
        for name in columns
    }
    joined.plan = parts[0].plan
    names = next((part.parts for part in parts if part.parts is not None), None)
    if names is not None:
        joined.parts = {
            name: np.concatenate([_part(part, name) for part in parts]) for name in names
        }
    return joined


def _part(results: Results, name: str) -> npt.NDArray[np.float32]:
    if results.parts is None:
        return np.zeros(results.ids.shape, np.float32)
    return results.parts[name]


def event_types(
    types: str | int | Sequence[str | int] | npt.NDArray[Any], count: int
) -> npt.NDArray[np.uint8]:
    """Event types by name or number as the wire's column; one type stands for all."""

    def number(kind: str | int) -> int:
        value = EVENT_TYPES.get(kind) if isinstance(kind, str) else int(kind)
        if value is None or not 0 <= value < len(EVENT_TYPES):
            raise ValueError(f"event type {kind!r} is none of {', '.join(EVENT_TYPES)}")
        return value

    if isinstance(types, (str, int)):
        return np.full(count, number(types), np.uint8)
    if isinstance(types, np.ndarray) and types.dtype.kind in "iu":
        if types.size and not 0 <= int(types.min()) <= int(types.max()) < len(EVENT_TYPES):
            raise ValueError(f"event types are numbers below {len(EVENT_TYPES)}")
        column = types.astype(np.uint8)
    else:
        column = np.fromiter(map(number, types), np.uint8)
    if column.shape != (count,):
        raise ValueError(f"types have shape {column.shape}, expected {(count,)}")
    return column
