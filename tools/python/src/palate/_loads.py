"""LOAD: a stream of frames within the server's credit, resumed after a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from . import _answers
from . import _codec as codec
from ._batches import Payload, encode_payloads, row_slices
from ._crc32c import crc32c
from ._field_codec import Columns
from ._field_codec import columns as encode_columns
from ._session import Session
from .errors import ConnectionFailed, PalateError
from .filters import Fields
from .types import Ids, Receipt

#: A load's frames are about this large: enough to amortise a commit, small against the credit.
_FRAME_BYTES = 4 << 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rows:
    """Columns of equal length."""

    ids: Ids
    vectors: npt.NDArray[Any]
    payloads: list[bytes] | None
    #: Values by field, [n] each.
    columns: Columns = dataclasses.field(default_factory=dict)
    #: What is known of those fields.
    fields: Fields = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        ids: npt.ArrayLike,
        vectors: npt.ArrayLike,
        payloads: Iterable[Payload] | None,
    ) -> Rows:
        """What a caller gave, as columns."""
        column, matrix = codec.as_ids(ids), codec.as_vectors(vectors)
        if len(column) != len(matrix):
            raise ValueError(f"{len(column)} ids for {len(matrix)} vectors")
        return cls(column, matrix, encode_payloads(payloads, len(column)))

    def block(self, handle: int, part: slice) -> codec.Body:
        """The row block of a part."""
        payloads = None if self.payloads is None else self.payloads[part]
        columns = encode_columns(self.fields, self.columns, part) if self.columns else b""
        return codec.rows(handle, self.ids[part], self.vectors[part], payloads, columns)

    def slices(self, max_bytes: int, max_rows: int = codec.MAX_ROWS) -> Iterator[slice]:
        """Parts that fit ``max_bytes``; the same limits give the same parts."""
        row_bytes = int(self.vectors.shape[1]) * self.vectors.itemsize + 8
        if self.columns:
            whole = encode_columns(self.fields, self.columns, slice(0, len(self.ids)))
            row_bytes += 2 * len(whole) // max(1, len(self.ids)) + 64
        return row_slices(len(self.ids), row_bytes, self.payloads, max_bytes, max_rows)


@dataclass(frozen=True)
class Load:
    """Who loads, and how."""

    loader: int
    #: None leaves it to the server: the last one to resume, else a new one.
    epoch: int | None
    resume: bool
    batch_rows: int | None
    progress: Progress | None


def load(session: Session, handle: int, rows: Rows, how: Load) -> Receipt:
    """Begins or resumes, sends what is not durable, commits."""
    start = 0 if how.epoch is not None else 1 if how.resume else 2
    begin = codec.load_begin(handle, how.loader, how.epoch or 0, start)
    grant = _answers.decode_grant(session.call(codec.LOAD_BEGIN, begin).body)
    durable, credit, suggested, chosen = grant
    epoch = chosen if how.epoch is None else how.epoch
    max_rows = min(how.batch_rows or suggested or codec.MAX_ROWS, codec.MAX_ROWS)
    limit = min(_FRAME_BYTES, session.connected().largest_body - 96)

    def frames() -> Iterator[tuple[int, codec.Body]]:
        for sequence, part in enumerate(rows.slices(limit, max_rows), 1):
            if how.resume and sequence <= durable:
                continue
            block = rows.block(handle, part)
            yield part.stop, codec.load_data(how.loader, epoch, sequence, block)

    _send(session, frames(), credit, len(rows.ids), how.progress)
    checksum = crc32c(rows.ids)
    commit = codec.load_commit(handle, how.loader, epoch, len(rows.ids), checksum)
    return _answers.decode_receipt(session.call(codec.LOAD_COMMIT, commit).body)


def _send(
    session: Session,
    frames: Iterator[tuple[int, codec.Body]],
    credit: int,
    total: int,
    progress: Progress | None,
) -> None:
    """Keeps as many bytes unanswered as the server lent; one frame is always allowed."""
    connection = session.connected()
    flying: list[tuple[int, int, int]] = []
    unanswered = 0

    def settle() -> None:
        nonlocal unanswered
        request, length, rows = flying.pop(0)
        _answers.decode_acknowledgement(connection.wait(request).body)
        unanswered -= length
        if progress is not None:
            progress(rows, total)

    try:
        for rows, body in frames:
            length = codec.byte_count(body)
            while flying and unanswered + length > credit:
                settle()
            flying.append((connection.send(codec.LOAD_DATA, body), length, rows))
            unanswered += length
        while flying:
            settle()
    except ConnectionFailed:
        raise
    except PalateError:
        connection.discard([request for request, _, _ in flying])
        raise
