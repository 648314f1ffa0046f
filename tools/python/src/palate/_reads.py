"""QUERY and GET of any size: split to fit frames, in flight together, joined in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _answers
from . import _codec as codec
from ._batches import even_slices, join_results
from ._session import Session
from .errors import AnswerTooLarge
from .types import SCORE_PARTS, Floats, Ids, Items, Results

#: Room for a query's sections beside vectors and excluded ids.
_OVERHEAD_BYTES = 1024


@dataclass(frozen=True)
class Search:
    """A batch of queries: by vectors, by ids, or by the user where both are missing."""

    options: codec.QueryOptions
    vectors: npt.NDArray[Any] | None
    ids: Ids | None

    def body(self, handle: int, part: slice) -> codec.Body:
        """The request for a part of the batch."""
        return codec.query(
            handle,
            self.options,
            None if self.vectors is None else self.vectors[part],
            None if self.ids is None else self.ids[part],
        )


def search(session: Session, handle: int, batch: Search) -> Results:
    """Runs a batch in as few frames as limits allow."""
    options = batch.options
    source = batch.vectors if batch.vectors is not None else batch.ids
    count = 1 if source is None else len(source)
    if source is None or count == 0:
        return _search(session, handle, batch, 1, count)
    fixed = _OVERHEAD_BYTES + (0 if options.exclude is None else options.exclude.nbytes)
    fixed += sum(codec.byte_count(section) for _, section in options.field_sections)
    largest = session.connected().largest_body
    row = source.nbytes // count
    # An answer has to fit a frame too: id, score and, where asked for, terms and reasons.
    terms = 4 * len(SCORE_PARTS) if options.parts & 1 else 0
    answer_row = options.k * (12 + terms + (48 if options.parts & 4 else 0)) + 4
    size = min(max(1, (largest - fixed) // row), max(1, (largest - 64) // answer_row))
    return _search(session, handle, batch, min(size, codec.MAX_QUERIES), count)


def _search(session: Session, handle: int, batch: Search, size: int, count: int) -> Results:
    if count == 0:
        return _no_results(batch.options.k)
    bodies = (batch.body(handle, part) for part in even_slices(count, size))
    try:
        answers = session.gather(codec.QUERY, bodies)
    except AnswerTooLarge:
        # Payloads made it larger than could be known.
        if min(size, count) == 1:
            raise
        return _search(session, handle, batch, (min(size, count) + 1) // 2, count)
    k = batch.options.k
    names = batch.options.field_names
    parts = [
        _answers.decode_results(answer.header, answer.body, k, names) for answer in answers
    ]
    if len({part.generation for part in parts}) > 1:
        # A generation was swapped between two frames: one answer is of one generation.
        return _search(session, handle, batch, size, count)
    return join_results(parts)


def get(session: Session, handle: int, ids: Ids, vectors: bool, size: int) -> Items:
    """Looks items up, at most ``size`` per frame."""
    slices = list(even_slices(len(ids), size)) or [slice(0, 0)]
    bodies = (codec.get(handle, ids[part], vectors) for part in slices)
    try:
        answers = session.gather(codec.GET, bodies)
    except AnswerTooLarge:
        if min(size, len(ids)) <= 1:
            raise
        return get(session, handle, ids, vectors, (min(size, len(ids)) + 1) // 2)
    parts = [
        _answers.decode_items(ids[part], answer.body)
        for part, answer in zip(slices, answers, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    return Items(
        ids,
        np.concatenate([part.found for part in parts]),
        np.concatenate([part.versions for part in parts]),
        [payload for part in parts for payload in part.payloads],
        np.concatenate([part.vectors for part in parts]) if vectors else None,
    )


def _no_results(k: int) -> Results:
    ids: Ids = np.empty((0, k), np.uint64)
    scores: Floats = np.empty((0, k), np.float32)
    return Results(ids=ids, scores=scores, counts=np.empty(0, np.int64))
