"""Fields in PROTOCOL.md, version 1: declarations, columns, and requests about them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._crc32c import Buffer
from ._reader import Reader
from .errors import ConnectionFailed
from .filters import FieldInfo, Fields, Filter, UnknownField, keyword, whole

(FIELDS_DECLARE, FIELDS_LIST, COUNT, SCROLL, DELETE_MATCHING) = (21, 22, 23, 24, 38)
#: Types of fields, by their numbers.
TYPES = {
    name: number
    for number, name in enumerate("keyword keywords int float bool time geo".split(), 1)
}
CURVES = {"exp": 1, "gauss": 2, "linear": 3, "value": 4}
STRATEGIES = {1: "graph", 2: "scan", 3: "match scan", 4: "match graph"}
_KEYWORD, _KEYWORDS, _INTEGER, _FLOAT, _BOOL, _GEO = 1, 2, 3, 4, 5, 7
_KINDS = {"keyword": 1, "keywords": 2, "int": 3, "float": 4, "bool": 5, "time": 3, "geo": 7}

#: A type, or a type and a JSON pointer; the pointer None: writes bring columns.
Declaration = str | tuple[str, str | None]
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class FieldBoost:
    """What the value of a field adds to scores.

    Attributes:
        field: an int, float, time or geo field.
        curve: ``exp``, ``gauss``, ``linear``: falls with the distance from ``origin``; at
            ``offset + scale`` ``decay`` of ``weight`` is left. ``value``: weight times value.
        weight: at the origin; below 0 it takes away.
        origin: a number; for a time None = now; for a geo field (latitude, longitude).
        scale: in the field's unit (time: milliseconds), or meters.
        offset: up to this distance nothing falls.
        decay: above 0 and below 1.
    """

    field: str
    curve: str
    weight: float
    origin: float | tuple[float, float] | None = None
    scale: float = 1.0
    offset: float = 0.0
    decay: float = 0.5

    def encode(self, fields: Fields) -> bytes:
        """One boost of the FIELD_BOOSTS section."""
        number, place = 0.0, (0.0, 0.0)
        flags = 0
        if isinstance(self.origin, tuple):
            flags, place = 2, self.origin
        elif self.origin is not None:
            flags, number = 1, float(self.origin)
        head = struct.pack(
            "<HBBf", field_id(fields, self.field), CURVES[self.curve], flags, self.weight
        )
        return head + struct.pack("<6d", number, *place, self.scale, self.offset, self.decay)


def field_id(fields: Fields, name: str) -> int:
    """The number of a field; raises UnknownField."""
    if name not in fields:
        known = ", ".join(sorted(fields)) or "none"
        raise UnknownField(f"there is no field {name}; there are {known}")
    return fields[name].id


# Requests


def declare(handle: int, declarations: Mapping[str, Declaration]) -> list[Buffer]:
    """FIELDS_DECLARE."""
    body = struct.pack("<IHH", handle, len(declarations), 0)
    for name, declared in declarations.items():
        kind, path = (declared, f"/{name}") if isinstance(declared, str) else declared
        if kind not in TYPES:
            raise ValueError(f"{name}: type {kind!r} is none of {', '.join(TYPES)}")
        body += struct.pack("<HBB", 0, TYPES[kind], 0) + keyword(name) + keyword(path or "")
    return [body]


def list_fields(handle: int) -> list[Buffer]:
    """FIELDS_LIST."""
    return [struct.pack("<I", handle)]


def count(handle: int, filter_bytes: bytes, facets: Sequence[int], limit: int) -> list[Buffer]:
    """COUNT."""
    head = struct.pack(f"<III{len(facets)}H", handle, limit, len(facets), *facets)
    return [head + filter_bytes]


@dataclass(frozen=True)
class Cursor:
    """Where a page of a SCROLL starts."""

    item: int
    key: int | None


def scroll(
    handle: int,
    filter_bytes: bytes,
    order: int,
    descending: bool,
    limit: int,
    after: Cursor | None,
    fields: Sequence[int],
    payloads: bool,
) -> list[Buffer]:
    """SCROLL."""
    has_key = after is not None and after.key is not None
    flags = (after is not None) | has_key << 1 | descending << 2 | payloads << 3
    head = struct.pack(
        "<IIHHIQq", handle, limit, flags, order, len(fields), after.item if after else 0,
        (after.key or 0) if after else 0,
    )  # fmt: skip
    return [head + struct.pack(f"<{len(fields)}H", *fields) + filter_bytes]


def delete_matching(handle: int, filter_bytes: bytes, limit: int) -> list[Buffer]:
    """DELETE_MATCHING."""
    return [struct.pack("<II", handle, limit) + filter_bytes]


#: Places back that spacing looks, unless told otherwise.
_SPACING_WINDOW = 10


def query_sections(
    fields: Fields,
    where: Filter | None,
    boosts: Sequence[FieldBoost],
    names: Sequence[str],
    spacing: tuple[str, float] | tuple[str, float, int] | None = None,
) -> list[tuple[int, list[Buffer]]]:
    """FILTER, FIELD_BOOSTS, FIELDS and SPACING of a QUERY."""
    sections: list[tuple[int, list[Buffer]]] = []
    if where is not None:
        sections.append((3, [where.encode(fields)]))
    if boosts:
        encoded = b"".join(boost.encode(fields) for boost in boosts)
        sections.append((7, [struct.pack("<I", len(boosts)) + encoded]))
    if names:
        numbers = [field_id(fields, name) for name in names]
        sections.append((8, [struct.pack(f"<I{len(names)}H", len(names), *numbers)]))
    if spacing is not None:
        name, weight, window = (*spacing, _SPACING_WINDOW)[:3]
        sections.append((17, [struct.pack("<HHf", field_id(fields, name), window, weight)]))
    return sections


def columns(fields: Fields, values: Columns, part: slice) -> bytes:
    """Columns of values behind a row block or a patch."""
    body = struct.pack("<HH", len(values), 0)
    for name, column in values.items():
        number = field_id(fields, name)
        body += struct.pack("<H", number) + _column(fields[name], column[part])
    return body


def _column(info: FieldInfo, values: Sequence[Any]) -> bytes:
    if all(value is None for value in values):
        return struct.pack("<BB", 0, 0)
    kind = _KINDS[info.type]
    present = bytes(value is not None for value in values)
    content = b"".join(_value(kind, value) for value in values if value is not None)
    return struct.pack("<BB", kind, 0) + present + content


def _value(kind: int, value: Any) -> bytes:
    if kind == _KEYWORD:
        return keyword(value)
    if kind == _KEYWORDS:
        return struct.pack("<H", len(value)) + b"".join(keyword(text) for text in value)
    if kind == _INTEGER:
        return struct.pack("<q", whole(value))
    if kind == _FLOAT:
        return struct.pack("<d", value)
    if kind == _BOOL:
        return struct.pack("<B", bool(value))
    return struct.pack("<2d", *value)


# Answers


def read_column(reader: Reader, count: int) -> list[Any]:
    """A column of values; None where there is none."""
    kind, _ = reader.unpack("<BB")
    if kind == 0:
        return [None] * count
    present = reader.column("u1", count).tolist()
    return [_read_value(reader, kind) if flag else None for flag in present]


def _read_value(reader: Reader, kind: int) -> Any:
    if kind == _KEYWORD:
        return reader.text(reader.unpack("<H")[0])
    if kind == _KEYWORDS:
        return [reader.text(reader.unpack("<H")[0]) for _ in range(reader.unpack("<H")[0])]
    if kind == _BOOL:
        return bool(reader.unpack("<B")[0])
    if kind == _GEO:
        return reader.unpack("<2d")
    if kind not in (_INTEGER, _FLOAT):
        raise ConnectionFailed(f"an answer has a column of kind {kind}")
    return reader.unpack("<q" if kind == _INTEGER else "<d")[0]


def decode_fields(body: memoryview) -> dict[str, FieldInfo]:
    """The answer to FIELDS_DECLARE and FIELDS_LIST, by name."""
    reader = Reader(body)
    count, _ = reader.unpack("<HH")
    names = {number: name for name, number in TYPES.items()}
    fields = {}
    for _ in range(count):
        number, kind, _ = reader.unpack("<HBB")
        name = reader.text(reader.unpack("<H")[0])
        path = reader.text(reader.unpack("<H")[0])
        ready, *figures = reader.unpack("<I5Q")
        fields[name] = FieldInfo(number, name, names[kind], path, bool(ready), *figures)
    reader.finish()
    return fields


def decode_count(body: memoryview) -> tuple[int, list[dict[Any, int]]]:
    """How many items, and per facet the counts by value."""
    reader = Reader(body)
    total, _, facets = reader.unpack("<QQI")
    found = []
    for _ in range(facets):
        length = reader.unpack("<I")[0]
        counts = reader.column("<u8", length).tolist()
        found.append(dict(zip(read_column(reader, length), counts, strict=True)))
    reader.finish()
    return total, found


@dataclass(frozen=True)
class Page:
    """A page of a SCROLL.

    Attributes:
        ids: u64 [n], in order.
        fields: values by name, [n] each, where asked for.
        payloads: bytes [n], where asked for.
    """

    ids: np.ndarray
    fields: dict[str, list[Any]]
    payloads: list[bytes] | None


def decode_page(body: memoryview, names: Sequence[str]) -> tuple[Page, Cursor | None]:
    """A page, and where the next one starts."""
    reader = Reader(body)
    count, flags, fields, item, key, size = reader.unpack("<IHHQqQ")
    ids = reader.column("<u8", count)
    if fields != len(names):
        raise ConnectionFailed(f"{fields} columns came back for {len(names)} fields")
    values = {name: read_column(reader, count) for name in names}
    payloads = reader.payloads(count, size) if flags & 8 else None
    reader.finish()
    after = Cursor(item, key if flags & 2 else None) if flags & 1 else None
    return Page(ids, values, payloads), after


def read_plan(reader: Reader) -> dict[str, Any]:
    """What was decided about a query."""
    strategy, _, _, beam, candidates, rescored, rounds = reader.unpack("<BBHIIII")
    scan, walk, slot, matches, rows = reader.unpack("<fffQQ")
    return {
        "strategy": STRATEGIES.get(strategy, str(strategy)),
        "beam": beam,
        "candidates": candidates,
        "rescored": rescored,
        "rounds": rounds,
        "matches": matches,
        "rows": rows,
        "scan_nanoseconds": scan,
        "walk_nanoseconds": walk,
        "slot_nanoseconds": slot,
    }
