"""The blocking client."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from . import _codec as codec
from ._batches import Payload, encode_payloads, even_slices, join_results, row_slices
from ._connection import Answer, Connection
from ._crc32c import crc32c
from .errors import AnswerTooLarge, ConnectionFailed, PalateError, UnknownHandle
from .types import EVENT_TYPES, SCORE_PARTS, Collection, Floats, Ids, Items, Receipt, Results

_Value = TypeVar("_Value")
# Aliases, because the method `list` hides the type inside the class.
_Collections = list[Collection]
_Answers = list[Answer]
_Requests = list[int]
_Flights = list[tuple[int, int, int]]

#: A load's frames are about this large: enough to amortise a commit, small against the credit.
_LOAD_FRAME_BYTES = 4 << 20
#: Room for a query's sections beside vectors and excluded ids.
_QUERY_OVERHEAD = 1024


class Client:
    """A connection to a Palate server, opened by the first call and reopened after a failure.

    Calls block. Batches travel in one frame where they fit, else in several at once in flight.
    Threads may share a client: a lock lets one call through at a time.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:7411",
        *,
        timeout: float = 30.0,
        budget: float = 0.0,
        checksum: bool = True,
        largest_body: int = 64 << 20,
        server_id: str | None = None,
    ) -> None:
        """Remembers where to connect.

        Args:
            address: ``host:port`` or ``unix:/path``.
            timeout: seconds until a call gives up, with TimedOut.
            budget: seconds until a search answers with what it has; 0 = the server's default.
            checksum: send and ask for CRC32C of bodies; loads have them in any case.
            largest_body: bytes of a frame's body to ask for; the server may say less.
            server_id: 32 hexadecimal digits of the only server to talk to.
        """
        self._address = address
        self._timeout = timeout
        self._budget = budget
        self._checksum = checksum
        self._largest_body = largest_body
        self._server_id = bytes.fromhex(server_id) if server_id else bytes(16)
        if len(self._server_id) != 16:
            raise ValueError("server_id has 32 hexadecimal digits")
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._collections: dict[str, Collection] = {}

    def __enter__(self) -> Client:
        self._connected()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; the next call opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    # The server

    def ping(self) -> float:
        """Seconds there and back."""
        token = secrets.randbits(64).to_bytes(8, "little")
        with self._lock:
            start = time.perf_counter()
            answer = self._call(codec.PING, [token])
            elapsed = time.perf_counter() - start
        if bytes(answer.body) != token:
            raise ConnectionFailed("PING came back with another token")
        return elapsed

    def server(self) -> dict[str, Any]:
        """The server's name, id and limits, from HELLO."""
        with self._lock:
            welcome = self._connected().welcome
        return {
            "name": welcome.server_name,
            "id": welcome.server_id.hex(),
            "protocol": welcome.version,
            "largest_body": welcome.largest_body,
            "requests_in_flight": welcome.requests_in_flight,
        }

    # Collections

    def create_collection(
        self,
        name: str,
        dim: int,
        metric: str,
        quantizer: str = "sq8",
        neighbours: int = 16,
        build_beam: int = 200,
    ) -> Collection:
        """Makes a collection; one that is there with the same schema is no error.

        Args:
            name: 1 to 64 of ``a-z A-Z 0-9 _ - .``, not starting with a dot.
            dim: components of a vector.
            metric: ``l2``, ``ip`` or ``cosine``.
            quantizer: ``sq8`` or ``float32``.
            neighbours: M, links per node on the upper levels.
            build_beam: efConstruction.
        """
        body = codec.schema(name, dim, metric, quantizer, neighbours, build_beam)
        with self._lock:
            answer = self._call(codec.CREATE, body)
            self._collections[name] = codec.decode_collection(answer.body)
            return self._collections[name]

    def drop(self, name: str) -> None:
        """Removes a collection and all it holds."""
        with self._lock:
            self._call(codec.DROP, codec.name(name))
            self._collections.pop(name, None)

    def list(self) -> _Collections:
        """Every collection."""
        with self._lock:
            return codec.decode_collections(self._call(codec.LIST, []).body)

    def stats(self, name: str) -> dict[str, int]:
        """The figures of a collection."""
        with self._lock:
            return codec.decode_stats(self._call(codec.STATS, codec.name(name)).body)

    def collection(self, name: str) -> Collection:
        """Opens a collection; raises UnknownCollection."""
        with self._lock:
            if name not in self._collections:
                answer = self._call(codec.OPEN, codec.name(name))
                self._collections[name] = codec.decode_collection(answer.body)
            return self._collections[name]

    # Reading

    def query(
        self,
        name: str,
        vectors: npt.ArrayLike | None = None,
        ids: npt.ArrayLike | None = None,
        user: int | None = None,
        k: int = 10,
        *,
        beam: int | None = None,
        rescore: int | None = None,
        taste: bool | dict[str, Any] | None = None,
        diversity: float | dict[str, Any] | None = None,
        exclude: npt.ArrayLike | None = None,
        payload: bool = False,
        parts: bool = False,
        score_floor: float | None = None,
        minimum_version: int = 0,
    ) -> Results:
        """Searches by vectors, by items, or by a user's taste alone.

        Args:
            name: the collection.
            vectors: [n, dim] or [dim]; f16 and u8 arrays travel as they are, all else as f32.
            ids: [n] items whose vectors to start from; an item never finds itself.
            user: whose taste applies; alone, the search starts from the user's taste.
            k: results per query.
            beam: ef; None = the server chooses.
            rescore: candidates to rescore from full vectors; None = the server chooses.
            taste: True for the default weights, or weights and switches by name: ``query``,
                ``taste``, ``graph``, ``popularity``, ``negative``, ``candidates`` and
                ``exclude_seen``.
            diversity: 0 to 1, or a dict of ``diversity``, ``method`` (``ssd``, ``mmr``), ``pool``.
            exclude: ids that must not come back.
            payload: return payloads.
            parts: return the terms of each score.
            score_floor: leave lower scores out.
            minimum_version: of a Receipt, to read one's own writes.
        """
        if vectors is not None and ids is not None:
            raise ValueError("a query starts from vectors or from ids, not both")
        if vectors is None and ids is None and user is None:
            raise ValueError("a query needs vectors, ids or a user")
        weights = {} if taste is True else taste
        knob = {"diversity": diversity} if isinstance(diversity, (int, float)) else diversity
        options = codec.QueryOptions(
            k=k,
            beam=beam or 0,
            rescore=rescore,
            parts=(1 if parts else 0) | (2 if payload else 0),
            score_floor=score_floor,
            user=user,
            minimum_version=minimum_version,
            exclude=None if exclude is None else np.unique(codec.as_ids(exclude)),
            taste=None if weights is None or weights is False else codec.taste(**weights),
            diversity=None if knob is None else codec.diversity(**knob),
        )
        matrix = None if vectors is None else codec.as_vectors(vectors)
        column = None if ids is None else codec.as_ids(ids)
        with self._lock:
            results = self._with_handle(
                name, lambda handle: self._query(handle, options, matrix, column)
            )
        if parts and results.parts is None:
            zeros = np.zeros(results.ids.shape, np.float32)
            results.parts = {term: zeros for term in SCORE_PARTS}
        if payload and results.payloads is None:
            results.payloads = [[] for _ in range(len(results))]
        return results

    def recommend(self, name: str, user: int, k: int = 10, **options: Any) -> Results:
        """Items for a user, from the user's taste alone; options as of ``query``."""
        return self.query(name, user=user, k=k, **options)

    def get(self, name: str, ids: npt.ArrayLike, vectors: bool = False) -> Items:
        """Items by id, in the order asked."""
        column = codec.as_ids(ids)
        with self._lock:
            dim = self.collection(name).dim
            row = 32 + (dim * 4 if vectors else 0)
            size = min(codec.MAX_IDS, max(1, self._connected().largest_body // 2 // row))
            return self._with_handle(name, lambda handle: self._get(handle, column, vectors, size))

    # Writing

    def upsert(
        self,
        name: str,
        ids: npt.ArrayLike,
        vectors: npt.ArrayLike,
        payloads: Iterable[Payload] | None = None,
    ) -> Receipt:
        """Writes rows; returns when they are durable and searchable.

        Args:
            name: the collection.
            ids: [n]; an id that is there is replaced.
            vectors: [n, dim].
            payloads: [n] of bytes, str, dict (as JSON) or None.
        """
        column, matrix = codec.as_ids(ids), codec.as_vectors(vectors)
        if len(column) != len(matrix):
            raise ValueError(f"{len(column)} ids for {len(matrix)} vectors")
        content = encode_payloads(payloads, len(column))

        def write(handle: int) -> Receipt:
            limit = self._connected().largest_body - 64
            bodies = (
                codec.rows(handle, column[s], matrix[s], None if content is None else content[s])
                for s in row_slices(
                    len(column), _row_bytes(matrix), content, limit, codec.MAX_ROWS
                )
            )
            return self._write(codec.UPSERT, bodies)

        with self._lock:
            return self._with_handle(name, write)

    def delete(self, name: str, ids: npt.ArrayLike) -> Receipt:
        """Removes rows; ids that are not there are ignored."""
        column = codec.as_ids(ids)

        def write(handle: int) -> Receipt:
            size = min(codec.MAX_IDS, (self._connected().largest_body - 8) // 8)
            slices = even_slices(len(column), size) if len(column) else [slice(0, 0)]
            return self._write(codec.DELETE, (codec.delete(handle, column[s]) for s in slices))

        with self._lock:
            return self._with_handle(name, write)

    def events(
        self,
        name: str,
        users: npt.ArrayLike,
        items: npt.ArrayLike,
        types: str | int | Sequence[str | int] | npt.NDArray[Any],
        times: npt.ArrayLike | None = None,
    ) -> Receipt:
        """Records what people did; returns when it counts.

        Args:
            name: the collection.
            users: [n].
            items: [n]; they need not be in the collection yet.
            types: one type for all or [n], by name or number (``palate.EVENT_TYPES``).
            times: [n] milliseconds since 1970 UTC; None = now.
        """
        who, what = codec.as_ids(users), codec.as_ids(items)
        if len(who) != len(what):
            raise ValueError(f"{len(who)} users for {len(what)} items")
        kinds = _event_types(types, len(who))
        when = np.zeros(len(who), "<i8") if times is None else np.asarray(times).astype("<i8")
        if when.shape != who.shape:
            raise ValueError(f"times have shape {when.shape}, expected {who.shape}")

        def write(handle: int) -> Receipt:
            size = min(codec.MAX_EVENTS, (self._connected().largest_body - 8) // 25)
            return self._write(
                codec.EVENT,
                (
                    codec.events(handle, who[s], what[s], when[s], kinds[s])
                    for s in even_slices(len(who), size)
                ),
            )

        with self._lock:
            return self._with_handle(name, write)

    def load(
        self,
        name: str,
        ids: npt.ArrayLike,
        vectors: npt.ArrayLike,
        payloads: Iterable[Payload] | None = None,
        *,
        loader_id: int | None = None,
        epoch: int | None = None,
        resume: bool = False,
        batch_rows: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Receipt:
        """Loads many rows, exactly once even where the client or the server dies on the way.

        To be able to resume, give ``loader_id`` and ``epoch``, and after the failure call again
        with the same arguments and ``resume=True``: durable rows are not sent again.

        Args:
            name: the collection.
            ids: [n].
            vectors: [n, dim].
            payloads: [n] of bytes, str, dict (as JSON) or None.
            loader_id: a lasting number of this loader; None = random.
            epoch: higher each time the loader starts over; None = the time in nanoseconds.
            resume: go on after the last durable frame of this loader and epoch.
            batch_rows: rows per frame; None = what the server suggests, up to 4 MiB.
            progress: called with rows acknowledged and rows in all.
        """
        if resume and (loader_id is None or epoch is None):
            raise ValueError("to resume, give the loader_id and epoch of the load")
        column, matrix = codec.as_ids(ids), codec.as_vectors(vectors)
        if len(column) != len(matrix):
            raise ValueError(f"{len(column)} ids for {len(matrix)} vectors")
        content = encode_payloads(payloads, len(column))
        loader = secrets.randbits(63) if loader_id is None else loader_id
        era = time.time_ns() if epoch is None else epoch

        def run(handle: int) -> Receipt:
            begin = self._call(codec.LOAD_BEGIN, codec.load_begin(handle, loader, era))
            durable, credit, suggested = codec.decode_grant(begin.body)
            max_rows = min(batch_rows or suggested or codec.MAX_ROWS, codec.MAX_ROWS)
            limit = min(_LOAD_FRAME_BYTES, self._connected().largest_body - 96)
            slices = row_slices(len(column), _row_bytes(matrix), content, limit, max_rows)
            frames = (
                (
                    part,
                    codec.load_data(
                        loader,
                        era,
                        sequence,
                        codec.rows(
                            handle,
                            column[part],
                            matrix[part],
                            None if content is None else content[part],
                        ),
                    ),
                )
                for sequence, part in enumerate(slices, 1)
                if not resume or sequence > durable
            )
            self._send_load(frames, credit, len(column), progress)
            commit = codec.load_commit(handle, loader, era, len(column), crc32c(column))
            return codec.decode_receipt(self._call(codec.LOAD_COMMIT, commit).body)

        with self._lock:
            return self._with_handle(name, run)

    # Inside

    def _connected(self) -> Connection:
        if self._connection is None or not self._connection.is_open:
            self.close()
            self._connection = Connection(
                self._address, self._timeout, self._checksum, self._largest_body, self._server_id
            )
        return self._connection

    def _call(self, opcode: int, body: codec.Body) -> Answer:
        connection = self._connected()
        return connection.wait(connection.send(opcode, body, self._budget))

    def _with_handle(self, name: str, action: Callable[[int], _Value]) -> _Value:
        """Runs with the collection's handle; opens again, once, where the server forgot it."""
        try:
            return action(self.collection(name).handle)
        except UnknownHandle:
            self._collections.pop(name, None)
            return action(self.collection(name).handle)

    def _gather(self, opcode: int, bodies: Iterable[codec.Body]) -> _Answers:
        """Sends all, then takes all answers in order; the first error wins."""
        connection = self._connected()
        requests: _Requests = []
        try:
            for body in bodies:
                requests.append(connection.send(opcode, body, self._budget))
            answers = []
            while requests:
                answers.append(connection.wait(requests.pop(0)))
            return answers
        except ConnectionFailed:
            raise
        except PalateError:
            connection.discard(requests)
            raise

    def _write(self, opcode: int, bodies: Iterable[codec.Body]) -> Receipt:
        receipts = [codec.decode_receipt(answer.body) for answer in self._gather(opcode, bodies)]
        if not receipts:
            return Receipt(0, 0, 0)
        return replace(receipts[-1], changed=sum(receipt.changed for receipt in receipts))

    def _query(
        self,
        handle: int,
        options: codec.QueryOptions,
        vectors: npt.NDArray[Any] | None,
        ids: Ids | None,
    ) -> Results:
        source = vectors if vectors is not None else ids
        if source is None:
            answer = self._call(codec.QUERY, codec.query(handle, options))
            return codec.decode_results(answer.header, answer.body, options.k)
        if len(source) == 0:
            return _no_results(options.k)
        fixed = _QUERY_OVERHEAD + (0 if options.exclude is None else options.exclude.nbytes)
        largest = self._connected().largest_body
        row = source.nbytes // len(source)
        # An answer has to fit a frame too: id, score and, where asked for, five terms.
        answer_row = options.k * (32 if options.parts & 1 else 12) + 4
        size = min(max(1, (largest - fixed) // row), max(1, (largest - 64) // answer_row))
        return self._query_slices(
            handle, options, vectors, ids, min(size, codec.MAX_QUERIES), len(source)
        )

    def _query_slices(
        self,
        handle: int,
        options: codec.QueryOptions,
        vectors: npt.NDArray[Any] | None,
        ids: Ids | None,
        size: int,
        count: int,
    ) -> Results:
        def body(part: slice) -> codec.Body:
            return codec.query(
                handle,
                options,
                None if vectors is None else vectors[part],
                None if ids is None else ids[part],
            )

        try:
            answers = self._gather(codec.QUERY, map(body, even_slices(count, size)))
        except AnswerTooLarge:
            # Payloads made it larger than could be known.
            if min(size, count) == 1:
                raise
            half = (min(size, count) + 1) // 2
            return self._query_slices(handle, options, vectors, ids, half, count)
        return join_results(
            [codec.decode_results(answer.header, answer.body, options.k) for answer in answers]
        )

    def _get(self, handle: int, ids: Ids, vectors: bool, size: int) -> Items:
        slices = list(even_slices(len(ids), size)) or [slice(0, 0)]
        try:
            answers = self._gather(
                codec.GET, (codec.get(handle, ids[part], vectors) for part in slices)
            )
        except AnswerTooLarge:
            if min(size, len(ids)) <= 1:
                raise
            return self._get(handle, ids, vectors, (min(size, len(ids)) + 1) // 2)
        parts = [
            codec.decode_items(ids[part], answer.body)
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

    def _send_load(
        self,
        frames: Iterable[tuple[slice, codec.Body]],
        credit: int,
        total: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Keeps as many bytes unanswered as the server lent; one frame is always allowed."""
        connection = self._connected()
        flying: _Flights = []
        unanswered = 0

        def settle() -> None:
            nonlocal unanswered
            request, length, rows = flying.pop(0)
            codec.decode_acknowledgement(connection.wait(request).body)
            unanswered -= length
            if progress is not None:
                progress(rows, total)

        try:
            for part, body in frames:
                length = codec.byte_count(body)
                while flying and unanswered + length > credit:
                    settle()
                request = connection.send(codec.LOAD_DATA, body)
                flying.append((request, length, part.stop))
                unanswered += length
            while flying:
                settle()
        except ConnectionFailed:
            raise
        except PalateError:
            connection.discard([request for request, _, _ in flying])
            raise


def _row_bytes(vectors: npt.NDArray[Any]) -> int:
    return int(vectors.shape[1]) * vectors.itemsize + 8


def _event_types(
    types: str | int | Sequence[str | int] | npt.NDArray[Any], count: int
) -> npt.NDArray[np.uint8]:
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


def _no_results(k: int) -> Results:
    ids: Ids = np.empty((0, k), np.uint64)
    scores: Floats = np.empty((0, k), np.float32)
    return Results(ids=ids, scores=scores, counts=np.empty(0, np.int64))
