"""Answers of PROTOCOL.md, version 1: bytes to values. No sockets."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._codec import DEGRADED, Header
from ._field_codec import read_column, read_plan
from ._reader import Reader
from ._taste_answers import decode_reasons
from .errors import ConnectionFailed, PalateError, error_from_report
from .types import (
    ROLES,
    SCORE_PARTS,
    Check,
    Collection,
    Generation,
    Ids,
    Items,
    Receipt,
    Report,
    Results,
)

_RESULTS_HEAD = struct.Struct("<IIQQQHHIQ")
_STATS = (
    "live_items deleted_items applied_version tail_rows index_bytes stored_bytes map_bytes "
    "events users edges"
).split()
#: What follows behind a count, as far as this version knows; later ones append.
_MORE_STATS = (
    "map_bytes_max free_bytes oldest_reader_commits oldest_reader_milliseconds tail_milliseconds "
    "unreachable_items checked_rows repair_debt reusable_slots write_state taste_write_state"
).split()
_WRITE_STATES = ("healthy", "full", "failed")


def unpack(body: memoryview, layout: str) -> tuple[Any, ...]:
    """A body of fixed fields and nothing else."""
    reader = Reader(body)
    fields = reader.unpack(layout)
    reader.finish()
    return fields


@dataclass(frozen=True)
class Welcome:
    """What holds on a connection."""

    version: int
    features: int
    largest_body: int
    requests_in_flight: int
    server_id: bytes
    server_name: str


def decode_welcome(body: memoryview) -> Welcome:
    reader = Reader(body)
    version, length, features, largest, in_flight, server = reader.unpack("<HHIII16s")
    text = reader.text(length)
    reader.finish()
    return Welcome(version, features, largest, in_flight, server, text)


def decode_error(body: memoryview) -> PalateError:
    reader = Reader(body)
    code, kind, retryable, retry_after, offset, length, _ = reader.unpack("<HBBIIHH")
    message = reader.text(length)
    reader.finish()
    return error_from_report(code, kind, bool(retryable), retry_after / 1000, offset, message)


def decode_go_away(body: memoryview) -> tuple[int, str]:
    reader = Reader(body)
    drain, length, _ = reader.unpack("<IHH")
    reason = reader.text(length)
    reader.finish()
    return drain, reason


def _collection(reader: Reader) -> Collection:
    handle, _, generation, dim, neighbours, beam, a, b, c, _, _ = reader.unpack("<IIQIHHBBBBI")
    collection, metric, quantizer = reader.text(a), reader.text(b), reader.text(c)
    return Collection(
        collection, dim, metric, quantizer, neighbours, beam, handle=handle, generation=generation
    )


def decode_collection(body: memoryview) -> Collection:
    reader = Reader(body)
    collection = _collection(reader)
    reader.finish()
    return collection


def decode_collections(body: memoryview) -> list[Collection]:
    reader = Reader(body)
    count, _ = reader.unpack("<II")
    collections = [_collection(reader) for _ in range(count)]
    reader.finish()
    return collections


def decode_stats(body: memoryview) -> dict[str, Any]:
    reader = Reader(body)
    stats: dict[str, Any] = dict(zip(_STATS, reader.unpack("<10Q"), strict=True))
    if reader.offset == len(body):
        return stats  # a server from before the list
    count, length = reader.unpack("<II")
    numbers = reader.column("<u8", count).tolist()
    stats |= zip(_MORE_STATS, numbers, strict=False)
    for name in ("write_state", "taste_write_state"):
        number = stats.get(name, 0)
        stats[name] = _WRITE_STATES[number] if number < len(_WRITE_STATES) else "failed"
    stats["last_failure"] = reader.text(length)
    reader.finish()
    return stats


def decode_receipt(body: memoryview) -> Receipt:
    reader = Reader(body)
    receipt = Receipt(*reader.unpack("<QQQ"))
    reader.finish()
    return receipt


def decode_grant(body: memoryview) -> tuple[int, int, int, int]:
    """Durable sequence, credit in bytes, suggested rows, epoch (0 where the client named it)."""
    reader = Reader(body)
    durable, credit, suggested, flags = reader.unpack("<QQII")
    epoch = reader.unpack("<Q")[0] if flags & 1 else 0
    reader.finish()
    return durable, credit, suggested, epoch


def decode_report(body: memoryview) -> Report:
    """The answer to GENERATION_SWAP."""
    reader = Reader(body)
    generation, swapped, _, _, count = reader.unpack("<QBBHI")
    checks = []
    for _ in range(count):
        got, threshold, ceiling, length = reader.unpack("<ddBB")
        checks.append(Check(reader.text(length), got, threshold, bool(ceiling)))
    reader.finish()
    return Report(generation, bool(swapped), tuple(checks))


def decode_generations(body: memoryview) -> list[Generation]:
    """The answer to GENERATION_LIST."""
    reader = Reader(body)
    count, _ = reader.unpack("<II")
    generations = []
    for _ in range(count):
        role, flags, length, _, _, items, since = reader.unpack("<BBBBIQq")
        collection = _collection(reader)
        model = reader.text(length)
        generations.append(
            Generation(
                ROLES[role], collection, model, items, since, bool(flags & 1), bool(flags & 2)
            )
        )
    reader.finish()
    return generations


def decode_acknowledgement(body: memoryview) -> tuple[int, int]:
    """Received and durable sequence."""
    reader = Reader(body)
    received, durable = reader.unpack("<QQ")
    reader.finish()
    return received, durable


def decode_items(ids: Ids, body: memoryview) -> Items:
    reader = Reader(body)
    count, dim, size = reader.unpack("<IIQ")
    if count != len(ids):
        raise ConnectionFailed(f"{count} items came back for {len(ids)} ids")
    versions = reader.column("<u8", count)
    vectors = reader.column("<f4", count * dim).reshape(count, dim) if dim else None
    lengths = reader.column("<u4", count)
    found = reader.column("u1", count).astype(bool)
    payloads = reader.split(lengths, size)
    reader.finish()
    return Items(ids, found, versions, payloads, vectors)


def _dense(column: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None, shape: tuple[int, int],
           missing: float) -> npt.NDArray[Any]:  # fmt: skip
    """A ragged column as a matrix; without a mask every row is full, and nothing is copied."""
    if mask is None:
        return column.reshape(shape)
    matrix = np.full(shape, missing, column.dtype)
    matrix[mask] = column
    return matrix


def decode_results(
    header: Header, body: memoryview, k: int, names: Sequence[str] = ()
) -> Results:
    """Columns to matrices of shape [queries, k]; ``names`` are those of the fields asked for."""
    reader = Reader(body)
    lists, total, generation, version, visited, flags, width, parts, size = reader.unpack(
        _RESULTS_HEAD
    )
    ids = reader.column("<u8", total)
    scores = reader.column("<f4", total)
    offsets = reader.column("<u4", lists + 1).astype(np.int64)
    counts = np.diff(offsets)
    if int(offsets[0]) != 0 or int(offsets[-1]) != total or bool((counts < 0).any()):
        raise ConnectionFailed("an answer's offsets do not cover its results")
    if bool((counts > k).any()):
        raise ConnectionFailed(f"an answer has more than {k} results for a query")
    terms = reader.column("<f4", total * width).reshape(total, width) if parts & 1 else None
    reasons = decode_reasons(reader, total) if parts & 4 else None
    payloads = reader.payloads(total, size) if parts & 2 else None
    columns = []
    if parts & 16:
        columns = [read_column(reader, total) for _ in range(reader.unpack("<I")[0])]
    plan = read_plan(reader) if parts & 8 else None
    reader.finish()
    shape = (lists, k)
    mask = None if total == lists * k else np.arange(k) < counts[:, None]
    results = Results(
        ids=_dense(ids, mask, shape, 0),
        scores=_dense(scores, mask, shape, -np.inf),
        counts=counts,
        generation=generation,
        version=version,
        visited=visited,
        degraded=bool(header.flags & DEGRADED),
        exact=bool(flags & 1),
        server_seconds=header.microseconds / 1e6,
    )
    if terms is not None:
        # Of an older server the terms that came later are 0.
        by_term = np.zeros((len(SCORE_PARTS), total), "<f4")
        known = min(width, len(SCORE_PARTS))
        by_term[:known] = terms.T[:known]
        results.parts = {
            term: _dense(column, mask, shape, 0)
            for term, column in zip(SCORE_PARTS, by_term, strict=True)
        }
    bounds = list(zip(offsets.tolist(), offsets[1:].tolist(), strict=False))
    if payloads is not None:
        results.payloads = [payloads[start:end] for start, end in bounds]
    if reasons is not None:
        results.reasons = [reasons[start:end] for start, end in bounds]
    results.fields = {
        name: [column[start:end] for start, end in bounds]
        for name, column in zip(names, columns, strict=False)
    }
    results.plan = plan
    return results
