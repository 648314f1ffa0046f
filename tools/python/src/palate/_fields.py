"""Fields of collections, and what can be asked by them alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from . import _answers
from . import _codec as codec
from . import _field_codec as wire
from ._field_codec import Cursor, Declaration, Page
from ._session import Session
from .filters import FieldInfo, Fields, Filter, everything
from .types import Receipt

_Value = TypeVar("_Value")

#: Items of one page of a SCROLL.
_PAGE = 2_000


@dataclass(frozen=True)
class ByFields:
    """What fields have to do with a query.

    Attributes:
        filter: which items may come back, as ``palate.field`` makes them.
        group: a field, and the most results of one of its values.
        spacing: a field, and what a value costs near itself beside scores of 0 to 1; or with the
            places back that count, 10 unless given: results of one value stand apart.
        fields: whose values come with the results.
        field_boosts: what values of fields add to scores.
    """

    filter: Filter | None = None
    group: tuple[str, int] | None = None
    spacing: tuple[str, float] | tuple[str, float, int] | None = None
    fields: Sequence[str] = ()
    field_boosts: Sequence[wire.FieldBoost] = ()

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> ByFields:
        """Takes its options out of those of a query."""
        own = {field.name for field in dataclasses.fields(cls)} & set(options)
        return cls(**{name: options.pop(name) for name in own})

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to do."""
        rest = self.group, self.spacing, self.fields, self.field_boosts
        return self.filter is not None or any(rest)

    def added_to(self, options: codec.QueryOptions, known: Fields) -> codec.QueryOptions:
        """A query's options with these among them."""
        if not self.is_asked:
            return options
        group = (wire.field_id(known, self.group[0]), self.group[1]) if self.group else (0, 0)
        return dataclasses.replace(
            options,
            field_sections=wire.query_sections(
                known, self.filter, self.field_boosts, self.fields, self.spacing
            ),
            group=group,
            field_names=self.fields,
        )


class FieldCalls:
    """The part of a client that knows fields."""

    _session: Session

    def declare_fields(
        self, name: str, declarations: Mapping[str, Declaration]
    ) -> dict[str, FieldInfo]:
        """Adds fields to a collection; those that are there as declared are no error.

        Rows that are there are read in the background: until a field is ``ready``, filters that
        name it are refused.

        Args:
            name: the collection.
            declarations: by name a type (``keyword``, ``keywords``, ``int``, ``float``, ``bool``,
                ``time``, ``geo``) whose values are in payloads under that name, or a type and a
                JSON pointer, or a type and None: ``upsert`` brings a column of values.
        """
        with self._session.lock:
            answer = self._session.with_handle(
                name,
                lambda h: self._session.call(wire.FIELDS_DECLARE, wire.declare(h, declarations)),
            )
            self._session.fields[name] = wire.decode_fields(answer.body)
            return dict(self._session.fields[name])

    def fields(self, name: str) -> dict[str, FieldInfo]:
        """The fields of a collection, and what rows have in them."""
        with self._session.lock:
            return dict(self._session.read_fields(name))

    def count(
        self,
        name: str,
        filter: Filter | None = None,
        facets: Sequence[str] = (),
        facet_limit: int = 100,
    ) -> tuple[int, dict[str, dict[Any, int]]]:
        """How many items pass a filter, and per facet how many of them have each value."""
        where = everything() if filter is None else filter

        def ask(handle: int, fields: Fields) -> tuple[int, list[dict[Any, int]]]:
            numbers = [wire.field_id(fields, facet) for facet in facets]
            body = wire.count(handle, where.encode(fields), numbers, facet_limit)
            return wire.decode_count(self._session.call(wire.COUNT, body).body)

        total, found = self._with_fields(name, ask)
        return total, dict(zip(facets, found, strict=True))

    def scroll(
        self,
        name: str,
        filter: Filter | None = None,
        *,
        order: str | None = None,
        descending: bool = False,
        fields: Sequence[str] = (),
        payload: bool = False,
        page: int = _PAGE,
    ) -> Iterator[Page]:
        """The items that pass a filter, page by page, by id or by a field's values.

        Items without a value of ``order`` come last. Writes meanwhile neither shift pages nor
        bring an item twice, unless its own value moves.
        """
        where = everything() if filter is None else filter
        after: Cursor | None = None

        def ask(handle: int, known: Fields) -> tuple[Page, Cursor | None]:
            body = wire.scroll(
                handle,
                where.encode(known),
                wire.field_id(known, order) if order else 0,
                descending,
                page,
                after,
                [wire.field_id(known, field) for field in fields],
                payload,
            )
            return wire.decode_page(self._session.call(wire.SCROLL, body).body, fields)

        while True:
            found, after = self._with_fields(name, ask)
            if len(found.ids):
                yield found
            if after is None:
                return

    def delete_where(self, name: str, filter: Filter, limit: int = codec.MAX_IDS) -> Receipt:
        """Removes the items that pass a filter, at most ``limit``, in one transaction."""

        def ask(handle: int, fields: Fields) -> Receipt:
            body = wire.delete_matching(handle, filter.encode(fields), limit)
            return _answers.decode_receipt(self._session.call(wire.DELETE_MATCHING, body).body)

        return self._with_fields(name, ask)

    def _with_fields(self, name: str, ask: Callable[[int, Fields], _Value]) -> _Value:
        with self._session.lock:
            return self._session.with_handle(
                name, lambda handle: self._session.with_fields(name, lambda f: ask(handle, f))
            )
