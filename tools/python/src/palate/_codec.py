"""Headers and requests of PROTOCOL.md, version 1: values to buffers. No sockets.

A request body is a list of buffers that go out in one gather write: large vectors are not copied.
"""

from __future__ import annotations

import operator
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._crc32c import Buffer, crc32c, crc32c_small, flat
from ._taste_codec import Person
from .errors import ConnectionFailed
from .types import Floats, Ids, Thresholds

Body = list[Buffer]

MAGIC = b"PLT1"
HEADER_BYTES = 32
BODY_BYTES_BEFORE_HELLO = 4096
(HELLO, PING, OPEN, CREATE, DROP, LIST, STATS) = (1, 3, 4, 8, 9, 10, 11)
(GENERATION_SWAP, GENERATION_CREATE, GENERATION_DROP, GENERATION_LIST) = (12, 13, 14, 15)
(QUERY, GET, BACKUP) = (16, 19, 20)
(UPSERT, DELETE, PATCH) = (32, 33, 34)
(LOAD_BEGIN, LOAD_DATA, LOAD_COMMIT, EVENT, GOAWAY, ERROR) = (35, 36, 37, 48, 57, 63)
(RESPONSE, FAILED, BODY_CRC, DEGRADED) = (1, 2, 8, 32)
(MAX_QUERIES, MAX_IDS, MAX_ROWS, MAX_EVENTS) = (65_536, 1_000_000, 65_536, 262_144)

_HEADER = struct.Struct("<4sBBHIIIII")
_QUERY_HEAD = struct.Struct("<IBBHIIIIIIfIQQ4xHH16s8xII")
_SECTION = struct.Struct("<HHII")


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
    """OPEN, DROP, STATS and GENERATION_LIST: the name alone."""
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
        numbers = [operator.index(number) for number in ids]  # type: ignore[arg-type]
        array = np.array(numbers, np.uint64)
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
    person: Person | None = None
    #: FILTER, FIELD_BOOSTS and FIELDS.
    field_sections: Sequence[tuple[int, Body]] = ()
    #: The number of a field and the most results of one of its values.
    group: tuple[int, int] = (0, 0)
    #: Names of the fields that come back.
    field_names: Sequence[str] = ()
    #: The trace that the query is part of; all zero = none.
    trace: bytes = bytes(16)


#: Trace ids as W3C Trace Context has them: alone, or in a `traceparent`.
_TRACE = re.compile(
    r"([0-9a-f]{32})"
    r"|(?:[0-9a-e][0-9a-f]|f[0-9a-e])-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)


def trace_option(text: str | None) -> bytes:
    """The 16 bytes of a trace id: 32 hexadecimal digits, or a `traceparent`."""
    if text is None:
        return bytes(16)
    found = _TRACE.fullmatch(text)
    trace = bytes(16) if found is None else bytes.fromhex(found[1] or found[2])
    if not any(trace):
        raise ValueError(f"a trace id is 32 hexadecimal digits or a traceparent, not {text!r}")
    return trace


def diversity(diversity: float, method: str = "ssd", pool: int = 0) -> bytes:
    """The DIVERSITY section."""
    return struct.pack("<fIB3x", diversity, pool, len(method)) + method.encode()


def diversity_option(knob: float | dict[str, Any] | None) -> bytes | None:
    """The DIVERSITY section that a query's option means."""
    named = {"diversity": knob} if isinstance(knob, (int, float)) else knob
    return None if named is None else diversity(**named)


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
    sections += options.field_sections
    if options.exclude is not None and len(options.exclude):
        sections.append((4, [options.exclude]))
    if options.taste is not None:
        sections.append((5, [options.taste]))
    if options.diversity is not None:
        sections.append((6, [options.diversity]))
    if options.person is not None:
        sections += options.person.sections()
    flags = (
        (options.user is not None)
        | (options.score_floor is not None) << 1
        | (options.rescore is not None) << 2
    )
    head = _QUERY_HEAD.pack(
        handle, kind, dtype, flags, dim, count, options.k, options.beam, options.rescore or 0,
        options.parts, options.score_floor or 0.0, 0, options.user or 0, options.minimum_version,
        *options.group, options.trace, len(sections), 0,
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
    columns: bytes = b"",
) -> Body:
    """The row block: UPSERT, and the end of LOAD_DATA."""
    count, dim = vectors.shape
    size = sum(map(len, payloads)) if payloads else 0
    head = struct.pack(
        "<IBBHIIQQ", handle, element_type(vectors), 0,
        (payloads is not None) | bool(columns) << 1, count, dim, size, 0,
    )  # fmt: skip
    body: Body = [head, ids, vectors]
    if payloads is not None:
        lengths = np.fromiter(map(len, payloads), "<u4", count)
        body += [lengths, b"".join(payloads)]
    return [*body, columns] if columns else body


def delete(handle: int, ids: Ids) -> Body:
    """DELETE."""
    return [struct.pack("<II", handle, len(ids)), ids]


def patch(
    handle: int,
    ids: Ids,
    versions: npt.NDArray[Any] | None,
    vectors: npt.NDArray[Any] | None,
    payloads: Sequence[bytes] | None,
    columns: bytes = b"",
) -> Body:
    """PATCH: a row block whose columns may be missing."""
    flags = (payloads is not None) | (vectors is not None) << 1 | (versions is not None) << 2
    flags |= bool(columns) << 3
    dtype, dim = (0, 0) if vectors is None else (element_type(vectors), vectors.shape[1])
    size = sum(map(len, payloads or ()))
    body: Body = [struct.pack("<IBBHIIQQ", handle, dtype, 0, flags, len(ids), dim, size, 0), ids]
    body += [column for column in (versions, vectors) if column is not None]
    if payloads is not None:
        body += [np.fromiter(map(len, payloads), "<u4", len(ids)), b"".join(payloads)]
    return [*body, columns] if columns else body


def load_begin(handle: int, loader: int, epoch: int, start: int = 0) -> Body:
    """LOAD_BEGIN; ``start`` is 1 to resume the last epoch, 2 to restart in a new one."""
    return [struct.pack("<IIQQ", handle, start, loader, epoch)]


def generation_swap(handle: int, step: int, force: bool, thresholds: Thresholds) -> Body:
    """GENERATION_SWAP; ``step`` is 0 to swap, 1 to check, 2 to roll back."""
    limits = (
        thresholds.samples, thresholds.rows, thresholds.lacking, thresholds.recall,
        thresholds.overlap, thresholds.nearer,
    )  # fmt: skip
    return [struct.pack("<IBBHIfffff", handle, step, force, 0, *limits)]


def generation_create(handle: int, schema_body: Body, model: str) -> Body:
    """GENERATION_CREATE around a schema."""
    name = model.encode()
    if len(name) > 255:
        raise ValueError("a model's name has at most 255 bytes")
    return [struct.pack("<IBBH", handle, len(name), 0, 0), *schema_body, name]


def generation_drop(handle: int, role: int) -> Body:
    """GENERATION_DROP; ``role`` is 1 for the candidate, 2 for the previous generation."""
    return [struct.pack("<II", handle, role)]


def load_data(loader: int, epoch: int, sequence: int, block: Body) -> Body:
    """LOAD_DATA around a row block."""
    return [struct.pack("<QQQQ", loader, epoch, sequence, 0), *block]


def load_commit(handle: int, loader: int, epoch: int, expected_rows: int, crc: int) -> Body:
    """LOAD_COMMIT."""
    return [struct.pack("<IIQQQ", handle, crc, loader, epoch, expected_rows)]
