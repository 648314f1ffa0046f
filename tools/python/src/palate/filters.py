"""Filters: which items may come back.

    from palate import field

    cheap = field("price") < 40
    here = field("ships").isin(["br", "pt"])
    client.query("pins", vectors=query, filter=cheap & here & ~(field("seller") == 17))

A test holds for items that have a value for which it is true; ``~`` holds for all others, those
without a value among them.
"""

from __future__ import annotations

import datetime
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import RequestRefused

Number = float | int
Value = str | Number | bool | datetime.datetime

_ALL, _EXISTS, _KEYWORDS, _INTEGERS, _INTEGER_RANGE, _FLOAT_RANGE = 1, 2, 3, 4, 5, 6
_BOOL, _BOX, _WITHIN, _ITEMS, _AND, _OR, _NOT = 7, 8, 9, 10, 16, 17, 18
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class FieldInfo:
    """A field of a collection, and what rows have in it.

    Attributes:
        id: its number.
        name: its name.
        type: ``keyword``, ``keywords``, ``int``, ``float``, ``bool``, ``time`` or ``geo``.
        path: where its values are in payloads, a JSON pointer; empty: writes bring columns.
        ready: every row has been read for it: filters may name it.
        valued: items with a value.
        missing: items without one.
        mistyped: items whose payload has something else there.
        distinct: different values, of keywords and bools; else 0.
        bytes: of the server's memory.
    """

    id: int
    name: str
    type: str
    path: str
    ready: bool = True
    valued: int = 0
    missing: int = 0
    mistyped: int = 0
    distinct: int = 0
    bytes: int = 0


Fields = Mapping[str, FieldInfo]


class UnknownField(RequestRefused):
    """The collection has no such field."""


class Filter:
    """What an item has to be; combines with ``&``, ``|`` and ``~``."""

    def __and__(self, other: Filter) -> Filter:
        return all_of(self, other)

    def __or__(self, other: Filter) -> Filter:
        return any_of(self, other)

    def __invert__(self) -> Filter:
        return _Not(self)

    def __bool__(self) -> bool:
        raise TypeError("filters combine with &, | and ~, and comparisons need parentheses")

    def nodes(self, fields: Fields) -> list[bytes]:
        """The filter's nodes in postfix order."""
        raise NotImplementedError

    def encode(self, fields: Fields) -> bytes:
        """The FILTER section; ``fields`` by name."""
        nodes = self.nodes(fields)
        return struct.pack("<HH", min(len(nodes), 65_535), 0) + b"".join(nodes)


def _node(operation: int, argument: int = 0, content: bytes = b"") -> bytes:
    return struct.pack("<BBH", operation, 0, argument) + content


@dataclass(frozen=True)
class _Group(Filter):
    operation: int
    parts: tuple[Filter, ...]

    def nodes(self, fields: Fields) -> list[bytes]:
        nodes = [node for part in self.parts for node in part.nodes(fields)]
        return [*nodes, _node(self.operation, len(self.parts))]


@dataclass(frozen=True)
class _Not(Filter):
    part: Filter

    def nodes(self, fields: Fields) -> list[bytes]:
        return [*self.part.nodes(fields), _node(_NOT)]


@dataclass(frozen=True)
class _Items(Filter):
    items: tuple[int, ...]

    def nodes(self, fields: Fields) -> list[bytes]:
        count = len(self.items)
        return [_node(_ITEMS, 0, struct.pack(f"<I{count}Q", count, *self.items))]


@dataclass(frozen=True)
class _All(Filter):
    def nodes(self, fields: Fields) -> list[bytes]:
        return [_node(_ALL)]


@dataclass(frozen=True)
class _Test(Filter):
    name: str
    #: ``exists``, ``in``, ``between``, ``near`` or ``inside``.
    kind: str
    values: tuple[Any, ...] = ()

    def nodes(self, fields: Fields) -> list[bytes]:
        info = fields.get(self.name)
        if info is None:
            known = ", ".join(sorted(fields)) or "none"
            raise UnknownField(f"there is no field {self.name}; there are {known}")
        if self.kind == "exists":
            return [_node(_EXISTS, info.id)]
        if self.kind in ("near", "inside"):
            operation, layout = (_WITHIN, "<3d") if self.kind == "near" else (_BOX, "<4d")
            return [_node(operation, info.id, struct.pack(layout, *self.values))]
        if self.kind == "in":
            return self._among(info)
        return [self._between(info)]

    def _among(self, info: FieldInfo) -> list[bytes]:
        if info.type in ("keyword", "keywords"):
            texts = b"".join(keyword(str(value)) for value in self.values)
            return [_node(_KEYWORDS, info.id, struct.pack("<I", len(self.values)) + texts)]
        if info.type in ("int", "time"):
            numbers = [whole(value) for value in self.values]
            content = struct.pack(f"<I{len(numbers)}q", len(numbers), *numbers)
            return [_node(_INTEGERS, info.id, content)]
        if info.type == "bool":
            nodes = [_node(_BOOL, info.id, struct.pack("<B", bool(v))) for v in self.values]
        else:
            nodes = [
                _node(_FLOAT_RANGE, info.id, struct.pack("<2d", value, value))
                for value in self.values
            ]
        return nodes if len(nodes) == 1 else [*nodes, _node(_OR, len(nodes))]

    def _between(self, info: FieldInfo) -> bytes:
        low, high, low_open, high_open = self.values
        if info.type in ("int", "time"):
            first = _LEAST if low is None else _bound(low, low_open, math.ceil, 1)
            last = _MOST if high is None else _bound(high, high_open, math.floor, -1)
            if first > last or first > _MOST or last < _LEAST:
                return _node(_OR, 0)
            bounds = struct.pack("<2q", max(first, _LEAST), min(last, _MOST))
            return _node(_INTEGER_RANGE, info.id, bounds)
        least = -math.inf if low is None else float(low)
        most = math.inf if high is None else float(high)
        if low_open:
            least = math.nextafter(least, math.inf)
        if high_open:
            most = math.nextafter(most, -math.inf)
        if not least <= most:
            return _node(_OR, 0)
        return _node(_FLOAT_RANGE, info.id, struct.pack("<2d", least, most))


def _bound(value: Value, is_open: bool, rounded: Any, step: int) -> int:
    if isinstance(value, float):
        whole_value = rounded(value)
        return int(whole_value + step if is_open and whole_value == value else whole_value)
    return whole(value) + (step if is_open else 0)


def keyword(text: str) -> bytes:
    """A keyword on the wire."""
    data = text.encode()
    if len(data) > 512:
        raise ValueError(f"a keyword has {len(data)} bytes, expected at most 512")
    return struct.pack("<H", len(data)) + data


def whole(value: Value) -> int:
    """A whole number, or a moment as milliseconds since 1970 UTC."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise ValueError("moments need a time zone")
        return round(value.timestamp() * 1000)
    if isinstance(value, (str, float)) and not (isinstance(value, float) and value.is_integer()):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


class Field:
    """A field by name, to be compared; see ``field``."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self.name = name

    def isin(self, values: Iterable[Value]) -> Filter:
        """Items whose value, or one of whose keywords, is among these."""
        return _Test(self.name, "in", tuple(values))

    def between(self, low: Value | None, high: Value | None) -> Filter:
        """Items whose value is within the bounds, both included; None = no bound."""
        return _Test(self.name, "between", (low, high, False, False))

    def exists(self) -> Filter:
        """Items with a value."""
        return _Test(self.name, "exists")

    def near(self, latitude: float, longitude: float, meters: float) -> Filter:
        """Items at most so far from a place."""
        return _Test(self.name, "near", (meters, latitude, longitude))

    def inside(self, south: float, west: float, north: float, east: float) -> Filter:
        """Items in a box of degrees; over the date line where ``west`` is above ``east``."""
        return _Test(self.name, "inside", (south, north, west, east))

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return _Test(self.name, "in", (value,))

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return ~_Test(self.name, "in", (value,))

    def __lt__(self, value: Value) -> Filter:
        return _Test(self.name, "between", (None, value, False, True))

    def __le__(self, value: Value) -> Filter:
        return _Test(self.name, "between", (None, value, False, False))

    def __gt__(self, value: Value) -> Filter:
        return _Test(self.name, "between", (value, None, True, False))

    def __ge__(self, value: Value) -> Filter:
        return _Test(self.name, "between", (value, None, False, False))


def field(name: str) -> Field:
    """A field of the collection that is asked, for filters."""
    return Field(name)


def all_of(*filters: Filter) -> Filter:
    """Items for which all hold; what ``&`` makes."""
    return _Group(_AND, _flat(_AND, filters))


def any_of(*filters: Filter) -> Filter:
    """Items for which at least one holds; what ``|`` makes."""
    return _Group(_OR, _flat(_OR, filters))


def _flat(operation: int, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
    """Groups of the same kind taken apart: nesting is limited."""
    parts: list[Filter] = []
    for part in filters:
        is_same = isinstance(part, _Group) and part.operation == operation
        parts += part.parts if is_same else (part,)
    return tuple(parts)


def items(ids: Iterable[int]) -> Filter:
    """These items."""
    return _Items(tuple(int(item) for item in ids))


def everything() -> Filter:
    """All items."""
    return _All()
