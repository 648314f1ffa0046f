"""Bodies of PROTOCOL.md, version 1: values to buffers and bytes to values. No sockets.

A request body is a list of buffers that go out in one gather write: large vectors are not copied.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._crc32c import Buffer, crc32c, crc32c_small, flat
from .errors import ConnectionFailed, PalateError, error_from_report
from .types import SCORE_PARTS, Collection, Floats, Ids, Items, Receipt, Results

Body = list[Buffer]

MAGIC = b"PLT1"
HEADER_BYTES = 32
BODY_BYTES_BEFORE_HELLO = 4096
(HELLO, PING, OPEN, CREATE, DROP, LIST, STATS) = (1, 3, 4, 8, 9, 10, 11)
(QUERY, GET, UPSERT, DELETE) = (16, 19, 32, 33)
(LOAD_BEGIN, LOAD_DATA, LOAD_COMMIT, EVENT, GOAWAY, ERROR) = (35, 36, 37, 48, 57, 63)
(RESPONSE, FAILED, BODY_CRC, DEGRADED) = (1, 2, 8, 32)
(MAX_QUERIES, MAX_IDS, MAX_ROWS, MAX_EVENTS) = (65_536, 1_000_000, 65_536, 262_144)

_HEADER = struct.Struct("<4sBBHIIIII")
_QUERY_HEAD = struct.Struct("<IBBHIIIIIIfIQQ32xII")
_SECTION = struct.Struct("<HHII")
_RESULTS_HEAD = struct.Struct("<IIQQQIIQ")
_STATS = (
    "live_items deleted_items applied_version tail_rows index_bytes stored_bytes map_bytes "
    "events users edges"
).split()


def byte_count(body: Body) -> int:
    """Bytes of all buffers."""
    return sum(len(flat(part)) for part in body)


@dataclass(frozen=True)
class Header:
    """A frame's header, its checksum already checked."""

    opcode: int
    flags: int
    length: int
    request_id: int
    microseconds: int
    body_crc: int


def encode_header(
    opcode: int, request_id: int, microseconds: int, body: Body, checksum: bool
) -> bytes:
    """The 32 bytes before a request's body."""
    crc = 0
    if checksum:
        for part in body:
            crc = crc32c(part, crc)
    flags = BODY_CRC if checksum else 0
    head = _HEADER.pack(
        MAGIC, opcode, 1, flags, byte_count(body), request_id, microseconds, crc, 0
    )
    return head + crc32c_small(head).to_bytes(4, "little")


def decode_header(data: bytes) -> Header:
    """A response's header; raises ConnectionFailed where it is damaged."""
    magic, opcode, version, flags, length, request_id, micros, crc, _ = _HEADER.unpack(data[:28])
    if magic != MAGIC:
        raise ConnectionFailed(f"the peer does not speak Palate: it sent {magic!r}")
    if crc32c_small(data[:28]) != int.from_bytes(data[28:32], "little"):
        raise ConnectionFailed("a header does not match its CRC32C")
    if version != 1 or not flags & RESPONSE:
        raise ConnectionFailed(f"unexpected frame: opcode {opcode} version {version} flags {flags}")
    return Header(opcode, flags, length, request_id, micros, crc)


def check_body(header: Header, body: memoryview) -> None:
    """Raises ConnectionFailed where the body is damaged."""
    if header.flags & BODY_CRC and crc32c(body) != header.body_crc:
        raise ConnectionFailed("a body does not match its CRC32C")


# Requests


def hello(client: str, largest_body: int, server_id: bytes = bytes(16)) -> Body:
    """HELLO: version 1, no features."""
    name = client.encode()[:64]
    head = struct.pack("<HHIIHH16s", 1, 1, 0, largest_body, len(name), 0, server_id)
    return [head + name]


def name(text: str) -> Body:
    """OPEN, DROP and STATS: the name alone."""
    return [text.encode()]


def schema(
    collection: str, dim: int, metric: str, quantizer: str, neighbours: int, build_beam: int
) -> Body:
    """COLLECTION_CREATE."""
    names = [collection.encode(), metric.encode(), quantizer.encode()]
    if max(map(len, names)) > 255:
        raise ValueError("names have at most 64 bytes")
    head = struct.pack("<IHHBBB5x", dim, neighbours, build_beam, *map(len, names))
    return [head + b"".join(names)]


def element_type(vectors: npt.NDArray[Any]) -> int:
    """The wire's element type of an array that ``as_vectors`` returned."""
    return {"f4": 0, "f2": 1, "u1": 4}[vectors.dtype.str[1:]]


def as_vectors(vectors: npt.ArrayLike) -> npt.NDArray[Any]:
    """A contiguous matrix of f32, f16 or u8; f16 and u8 travel as they are."""
    array = np.asarray(vectors)
    if array.dtype not in (np.float16, np.uint8):
        array = array.astype("<f4", copy=False)
    array = np.atleast_2d(array)
    if array.ndim != 2:
        raise ValueError(f"vectors have shape {array.shape}, expected [n, dim]")
    return np.ascontiguousarray(array)


def as_ids(ids: npt.ArrayLike) -> Ids:
    """A contiguous column of u64; negative and fractional numbers are refused."""
    array = np.atleast_1d(np.asarray(ids))
    if array.dtype.kind in "fO" and isinstance(ids, Sequence):
        # numpy makes floats of lists with numbers of 2**63 and more.
        array = np.array([operator.index(number) for number in ids], np.uint64)  # type: ignore[arg-type]
    if array.size == 0:
        return np.empty(0, "<u8")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"ids are {array.dtype} {array.shape}, expected integers [n]")
    if array.dtype.kind == "i" and bool((array < 0).any()):
        raise ValueError("ids are unsigned")
    return np.ascontiguousarray(array.astype("<u8", copy=False))


@dataclass(frozen=True)
class QueryOptions:
    """Everything of a QUERY but where it starts from."""

    k: int = 10
    beam: int = 0
    rescore: int | None = None
    parts: int = 0
    score_floor: float | None = None
    user: int | None = None
    minimum_version: int = 0
    exclude: Ids | None = None
    taste: bytes | None = None
    diversity: bytes | None = None


def taste(
    query: float = 1,
    taste: float = 0.5,
    graph: float = 1,
    popularity: float = 0,
    negative: float = 1,
    candidates: int = 0,
    exclude_seen: bool = True,
) -> bytes:
    """The TASTE section."""
    return struct.pack(
        "<fffffIII", query, taste, graph, popularity, negative, candidates, exclude_seen, 0
    )


def diversity(diversity: float, method: str = "ssd", pool: int = 0) -> bytes:
    """The DIVERSITY section."""
    return struct.pack("<fIB3x", diversity, pool, len(method)) + method.encode()


def query(
    handle: int,
    options: QueryOptions,
    vectors: npt.NDArray[Any] | None = None,
    ids: Ids | None = None,
    scales: Floats | None = None,
) -> Body:
    """QUERY: by vectors, by ids, or by the user where both are missing."""
    kind, count, dim, dtype = 2, 1, 0, 0
    sections: list[tuple[int, Body]] = []
    if vectors is not None:
        kind, (count, dim) = 0, vectors.shape
        dtype = 3 if scales is not None else element_type(vectors)
        sections.append((1, [vectors] if scales is None else [scales, vectors]))
    elif ids is not None:
        kind, count = 1, len(ids)
        sections.append((2, [ids]))
    if options.exclude is not None and len(options.exclude):
        sections.append((4, [options.exclude]))
    if options.taste is not None:
        sections.append((5, [options.taste]))
    if options.diversity is not None:
        sections.append((6, [options.diversity]))
    flags = (
        (options.user is not None)
        | (options.score_floor is not None) << 1
        | (options.rescore is not None) << 2
    )
    head = _QUERY_HEAD.pack(
        handle, kind, dtype, flags, dim, count, options.k, options.beam, options.rescore or 0,
        options.parts, options.score_floor or 0.0, 0, options.user or 0, options.minimum_version,
        len(sections), 0,
    )  # fmt: skip
    table, content = b"", []
    offset = len(head) + _SECTION.size * len(sections)
    for tag, parts in sections:
        padding = -offset % 16
        length = byte_count(parts)
        table += _SECTION.pack(tag, 1, offset + padding, length)
        content += [bytes(padding), *parts]
        offset += padding + length
    return [head + table, *content]


def get(handle: int, ids: Ids, vectors: bool) -> Body:
    """GET."""
    return [struct.pack("<IIII", handle, vectors, len(ids), 0), ids]


def rows(
    handle: int,
    ids: Ids,
    vectors: npt.NDArray[Any],
    payloads: Sequence[bytes] | None,
) -> Body:
    """The row block: UPSERT, and the end of LOAD_DATA."""
    count, dim = vectors.shape
    size = sum(map(len, payloads)) if payloads else 0
    head = struct.pack(
        "<IBBHIIQQ", handle, element_type(vectors), 0, payloads is not None, count, dim, size, 0
    )
    body: Body = [head, ids, vectors]
    if payloads is not None:
        lengths = np.fromiter(map(len, payloads), "<u4", count)
        body += [lengths, b"".join(payloads)]
    return body


def delete(handle: int, ids: Ids) -> Body:
    """DELETE."""
    return [struct.pack("<II", handle, len(ids)), ids]


def events(
    handle: int,
    users: Ids,
    items: Ids,
    times: npt.NDArray[np.int64],
    types: npt.NDArray[np.uint8],
) -> Body:
    """EVENT: four columns."""
    return [struct.pack("<II", handle, len(users)), users, items, times, types]


def load_begin(handle: int, loader: int, epoch: int) -> Body:
    """LOAD_BEGIN."""
    return [struct.pack("<IIQQ", handle, 0, loader, epoch)]


def load_data(loader: int, epoch: int, sequence: int, block: Body) -> Body:
    """LOAD_DATA around a row block."""
    return [struct.pack("<QQQQ", loader, epoch, sequence, 0), *block]


def load_commit(handle: int, loader: int, epoch: int, expected_rows: int, crc: int) -> Body:
    """LOAD_COMMIT."""
    return [struct.pack("<IIQQQ", handle, crc, loader, epoch, expected_rows)]


# Responses


class _Reader:
    """Columns of a body, front to back; a short or long body is a broken server."""

    def __init__(self, body: memoryview) -> None:
        self.body = body
        self.offset = 0

    def column(self, dtype: str, count: int) -> npt.NDArray[Any]:
        size = np.dtype(dtype).itemsize * count
        return np.frombuffer(self.take(size), dtype)

    def unpack(self, layout: str | struct.Struct) -> tuple[Any, ...]:
        layout = struct.Struct(layout) if isinstance(layout, str) else layout
        return layout.unpack(self.take(layout.size))

    def take(self, count: int) -> memoryview:
        if count < 0 or self.offset + count > len(self.body):
            raise ConnectionFailed(f"an answer of {len(self.body)} bytes is too short")
        part = self.body[self.offset : self.offset + count]
        self.offset += count
        return part

    def text(self, count: int) -> str:
        return str(self.take(count), "utf-8")

    def payloads(self, count: int, size: int) -> list[bytes]:
        lengths = self.column("<u4", count)
        return self.split(lengths, size)

    def split(self, lengths: npt.NDArray[Any], size: int) -> list[bytes]:
        if int(lengths.sum(dtype=np.uint64)) != size:
            raise ConnectionFailed("an answer's payload lengths do not add up")
        content = bytes(self.take(size))
        ends = np.cumsum(lengths, dtype=np.int64).tolist()
        return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def finish(self) -> None:
        if self.offset != len(self.body):
            raise ConnectionFailed(f"an answer has {len(self.body) - self.offset} bytes too many")


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
    reader = _Reader(body)
    version, length, features, largest, in_flight, server = reader.unpack("<HHIII16s")
    text = reader.text(length)
    reader.finish()
    return Welcome(version, features, largest, in_flight, server, text)


def decode_error(body: memoryview) -> PalateError:
    reader = _Reader(body)
    code, kind, retryable, retry_after, offset, length, _ = reader.unpack("<HBBIIHH")
    message = reader.text(length)
    reader.finish()
    return error_from_report(code, kind, bool(retryable), retry_after / 1000, offset, message)


def decode_go_away(body: memoryview) -> tuple[int, str]:
    reader = _Reader(body)
    drain, length, _ = reader.unpack("<IHH")
    reason = reader.text(length)
    reader.finish()
    return drain, reason


def _collection(reader: _Reader) -> Collection:
    handle, _, generation, dim, neighbours, beam, a, b, c, _, _ = reader.unpack("<IIQIHHBBBBI")
    collection, metric, quantizer = reader.text(a), reader.text(b), reader.text(c)
    return Collection(
        collection, dim, metric, quantizer, neighbours, beam, handle=handle, generation=generation
    )


def decode_collection(body: memoryview) -> Collection:
    reader = _Reader(body)
    collection = _collection(reader)
    reader.finish()
    return collection


def decode_collections(body: memoryview) -> list[Collection]:
    reader = _Reader(body)
    count, _ = reader.unpack("<II")
    collections = [_collection(reader) for _ in range(count)]
    reader.finish()
    return collections


def decode_stats(body: memoryview) -> dict[str, int]:
    reader = _Reader(body)
    values = reader.unpack("<10Q")
    reader.finish()
    return dict(zip(_STATS, values, strict=True))


def decode_receipt(body: memoryview) -> Receipt:
    reader = _Reader(body)
    receipt = Receipt(*reader.unpack("<QQQ"))
    reader.finish()
    return receipt


def decode_grant(body: memoryview) -> tuple[int, int, int]:
    """Durable sequence, credit in bytes, suggested rows."""
    reader = _Reader(body)
    durable, credit, suggested, _ = reader.unpack("<QQII")
    reader.finish()
    return durable, credit, suggested


def decode_acknowledgement(body: memoryview) -> tuple[int, int]:
    """Received and durable sequence."""
    reader = _Reader(body)
    received, durable = reader.unpack("<QQ")
    reader.finish()
    return received, durable


def decode_items(ids: Ids, body: memoryview) -> Items:
    reader = _Reader(body)
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


def decode_results(header: Header, body: memoryview, k: int) -> Results:
    """Columns to matrices of shape [queries, k]."""
    reader = _Reader(body)
    lists, total, generation, version, visited, flags, parts, size = reader.unpack(_RESULTS_HEAD)
    ids = reader.column("<u8", total)
    scores = reader.column("<f4", total)
    offsets = reader.column("<u4", lists + 1).astype(np.int64)
    counts = np.diff(offsets)
    if int(offsets[0]) != 0 or int(offsets[-1]) != total or bool((counts < 0).any()):
        raise ConnectionFailed("an answer's offsets do not cover its results")
    if bool((counts > k).any()):
        raise ConnectionFailed(f"an answer has more than {k} results for a query")
    terms = reader.column("<f4", total * 5).reshape(total, 5) if parts & 1 else None
    payloads = reader.payloads(total, size) if parts & 2 else None
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
        columns = np.ascontiguousarray(terms.T)
        results.parts = {
            term: _dense(column, mask, shape, 0)
            for term, column in zip(SCORE_PARTS, columns, strict=True)
        }
    if payloads is not None:
        bounds = offsets.tolist()
        results.payloads = [payloads[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
    return results
