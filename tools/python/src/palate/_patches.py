"""PATCH: another vector, payload or value of a field for items that are there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy.typing as npt

from . import _codec as codec
from ._batches import Payload, encode_payloads
from ._field_codec import Columns
from ._field_codec import columns as encode_columns
from ._session import Session
from .filters import Fields
from .types import Receipt


class PatchCalls:
    """The part of a client that patches."""

    _session: Session

    def patch(
        self,
        name: str,
        ids: npt.ArrayLike,
        *,
        vectors: npt.ArrayLike | None = None,
        payloads: Iterable[Payload] | None = None,
        versions: npt.ArrayLike | None = None,
        columns: Columns | None = None,
    ) -> Receipt:
        """Changes vectors, payloads or fields of items that are there: all of them, or none.

        Args:
            name: the collection.
            ids: [n], as many as fit one frame.
            vectors: [n, dim]; None: they stay.
            payloads: [n]; None: they stay; an empty one takes the item's away.
            versions: [n], the version each item must have, as ``get`` says it; 0 = any.
            columns: [n] values by field, None = none; of fields that are not in payloads.
        """
        column = codec.as_ids(ids)
        matrix = None if vectors is None else codec.as_vectors(vectors)
        expected = None if versions is None else codec.as_ids(versions)
        encoded = encode_payloads(payloads, len(column))

        def write(handle: int) -> Receipt:
            def write_columns(fields: Fields) -> Receipt:
                whole = slice(0, len(column))
                values = encode_columns(fields, columns, whole) if columns else b""
                body = codec.patch(handle, column, expected, matrix, encoded, values)
                return self._session.write(codec.PATCH, [body])

            return self._session.with_fields(name, write_columns) if columns else write_columns({})

        with self._session.lock:
            return self._session.with_handle(name, write)
