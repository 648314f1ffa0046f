"""The blocking client."""

from __future__ import annotations

import dataclasses
import secrets
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _answers, _auth, _transport
from . import _codec as codec
from ._backups import BackupCalls
from ._batches import Payload, even_slices
from ._connection import Connection
from ._field_codec import Columns, field_id
from ._fields import ByFields, FieldCalls
from ._generations import GenerationCalls, candidate_of
from ._loads import Load, Progress, Rows, load
from ._patches import PatchCalls
from ._reads import Search, get, search
from ._retries import Retries
from ._server import ServerCalls
from ._session import Session, TimeLimits
from ._taste_codec import Person
from ._taste_codec import taste_option
from ._tastes import TasteCalls
from .filters import Fields
from .types import Collection, Comparison, Items, Receipt, Results

# An alias, because the method `list` hides the type inside the class.
_Collections = list[Collection]


class Client(ServerCalls, GenerationCalls, BackupCalls, PatchCalls, TasteCalls, FieldCalls):
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
        api_key: str | None = None,
        token: str | Callable[[], str] | None = None,
        tls: bool | ssl.SSLContext = False,
        ca_file: str | None = None,
        client_certificate: tuple[str, str] | None = None,
        server_hostname: str | None = None,
        allow_plaintext: bool = False,
        retries: int = 2,
    ) -> None:
        """Remembers where to connect.

        Args:
            address: ``host:port`` or ``unix:/path``.
            timeout: seconds until a step of a call gives up, with TimedOut.
            budget: seconds until a search answers with what it has, ``degraded``; 0 = the
                server's default.
            checksum: send and ask for CRC32C of bodies; loads have them in any case.
            largest_body: bytes of a frame's body to ask for; the server may say less.
            server_id: 32 hexadecimal digits of the only server to talk to.
            api_key: what ``palate keys create`` printed.
            token: a JSON Web Token, or what makes one: when connecting, and before one ends.
            tls: True trusts whom the system trusts; or a context of your own.
            ca_file: PEM of whom to trust; TLS even without ``tls``.
            client_certificate: PEM files of the client's own certificate and its key.
            server_hostname: the name that the certificate must have, where it is not the host.
            allow_plaintext: lets a credential travel to another machine in the clear.
            retries: how often a call is made again: reads after a broken connection or a refusal
                that may pass, anything else only where the server was too busy to begin it. Waits
                grow, and end with the timeout; 0 = never.
        """
        wanted = bytes.fromhex(server_id) if server_id else bytes(16)
        if len(wanted) != 16:
            raise ValueError("server_id has 32 hexadecimal digits")
        context = _transport.context(tls, ca_file, client_certificate)
        credential = _auth.credential(api_key, token)
        in_clear = context is None and not _transport.is_local(address)
        if credential is not None and in_clear and not allow_plaintext:
            raise ValueError(f"a credential would travel to {address} in the clear")
        self._session = Session(
            lambda seconds: Connection(
                address, seconds, checksum, largest_body, wanted, context, server_hostname,
                credential,
            ),
            TimeLimits(timeout, budget),
            Retries(retries),
        )

    def __enter__(self) -> Client:
        with self._session.lock:
            self._session.connected()
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
        with self._session.lock:
            self._session.close()

    # Collections

    def create_collection(
        self,
        name: str,
        dim: int,
        metric: str,
        quantizer: str = "sq8",
        neighbours: int = 16,
        build_beam: int = 100,
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
        with self._session.lock:
            answer = self._session.call(codec.CREATE, body)
            self._session.collections[name] = _answers.decode_collection(answer.body)
            return self._session.collections[name]

    def drop(self, name: str) -> None:
        """Removes a collection and all it holds."""
        with self._session.lock:
            self._session.call(codec.DROP, codec.name(name))
            self._session.collections.pop(name, None)

    def list(self) -> _Collections:
        """Every collection."""
        with self._session.lock:
            return _answers.decode_collections(self._session.call(codec.LIST, []).body)

    def stats(self, name: str) -> dict[str, Any]:
        """The figures of a collection: numbers, but for ``last_failure`` and the write states.

        ``write_state`` and ``taste_write_state`` are ``healthy``, ``full`` or ``failed``.
        """
        with self._session.lock:
            return _answers.decode_stats(self._session.call(codec.STATS, codec.name(name)).body)

    def collection(self, name: str) -> Collection:
        """Opens a collection; raises UnknownCollection."""
        with self._session.lock:
            return self._session.open(name)

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
        reasons: bool = False,
        plan: bool = False,
        score_floor: float | None = None,
        minimum_version: int = 0,
        trace: str | None = None,
        **more: Any,
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
            taste: True for the default weights, or weights by the names of ``SCORE_PARTS``, and
                ``profile``, ``reranker`` (``blend``, ``rrf``), ``candidates``, ``exclude_seen``.
            diversity: 0 to 1, or a dict of ``diversity``, ``method`` (``ssd``, ``mmr``, ``dpp``,
                ``calibrated``) and ``pool``.
            exclude: ids that must not come back.
            payload, parts, reasons, plan: return payloads, terms of scores, why each result is
                there, what was decided about the query.
            score_floor: leave lower scores out.
            minimum_version: of a Receipt, to read one's own writes.
            trace: 32 hexadecimal digits or a W3C ``traceparent``, for the log of slow queries.
            more: what fields have to do with it, as of ``ByFields`` (``filter``, ``group``,
                ``spacing``, ``fields``, ``field_boosts``); whose eyes the query sees with, as of
                ``Person``.
        """
        by_fields, eyes = ByFields.taken_from(more), Person(**more)
        if vectors is not None and ids is not None:
            raise ValueError("a query starts from vectors or from ids, not both")
        if vectors is None and ids is None and user is None and not eyes.has_taste:
            raise ValueError("a query needs vectors, ids or a user")
        options = codec.QueryOptions(
            k=k,
            beam=beam or 0,
            rescore=rescore,
            parts=parts | payload << 1 | reasons << 2 | plan << 3,
            score_floor=score_floor,
            user=user,
            minimum_version=minimum_version,
            trace=codec.trace_option(trace),
            exclude=None if exclude is None else np.unique(codec.as_ids(exclude)),
            taste=taste_option(taste),
            diversity=codec.diversity_option(diversity),
            person=eyes,
        )
        results = self._search(name, vectors, ids, options, by_fields)
        results.fill(payload, parts, reasons)
        return results

    def _search(
        self,
        name: str,
        vectors: npt.ArrayLike | None,
        ids: npt.ArrayLike | None,
        options: codec.QueryOptions,
        by_fields: ByFields,
    ) -> Results:
        matrix = None if vectors is None else codec.as_vectors(vectors)
        column = None if ids is None else codec.as_ids(ids)

        def ask(handle: int, known: Fields) -> Results:
            batch = Search(by_fields.added_to(options, known), matrix, column)
            return search(self._session, handle, batch)

        with self._session.lock:
            return self._session.with_handle(
                name,
                lambda handle: self._session.with_fields(name, lambda f: ask(handle, f))
                if by_fields.is_asked
                else ask(handle, {}),
            )

    def recommend(self, name: str, user: int, k: int = 10, **options: Any) -> Results:
        """Items for a user, from the user's taste alone; options as of ``query``."""
        return self.query(name, user=user, k=k, **options)

    def compare(
        self, name: str, left: dict[str, Any], right: dict[str, Any], **options: Any
    ) -> Comparison:
        """Two slates side by side, as of ``query``: ``options``, and each side's own beside them.

        Sides are such as ``{"sandbox": "winter"}`` or ``{"taste": {"profile": "discover"}}``.
        """
        return Comparison(*(self.query(name, **options, **side) for side in (left, right)))

    def get(self, name: str, ids: npt.ArrayLike, vectors: bool = False) -> Items:
        """Items by id, in the order asked."""
        column = codec.as_ids(ids)
        with self._session.lock:
            row = 32 + (self._session.open(name).dim * 4 if vectors else 0)
            fitting = self._session.connected().largest_body // 2 // row
            size = min(codec.MAX_IDS, max(1, fitting))
            return self._session.with_handle(
                name, lambda handle: get(self._session, handle, column, vectors, size)
            )

    # Writing

    def upsert(
        self,
        name: str,
        ids: npt.ArrayLike,
        vectors: npt.ArrayLike,
        payloads: Iterable[Payload] | None = None,
        columns: Columns | None = None,
    ) -> Receipt:
        """Writes rows; returns when they are durable and searchable.

        Args:
            name: the collection.
            ids: [n]; an id that is there is replaced.
            vectors: [n, dim].
            payloads: [n] of bytes, str, dict (as JSON) or None.
            columns: [n] values by field, None = none; of fields that are not in payloads.
        """
        plain = Rows.of(ids, vectors, payloads)

        def write(handle: int) -> Receipt:
            rows = self._with_columns(name, plain, columns)
            parts = rows.slices(self._session.connected().largest_body - 64)
            return self._session.write(codec.UPSERT, (rows.block(handle, part) for part in parts))

        with self._session.lock:
            return self._session.with_handle(name, write)

    def delete(self, name: str, ids: npt.ArrayLike) -> Receipt:
        """Removes rows; ids that are not there are ignored."""
        column = codec.as_ids(ids)

        def write(handle: int) -> Receipt:
            size = min(codec.MAX_IDS, (self._session.connected().largest_body - 8) // 8)
            slices = even_slices(len(column), size) if len(column) else [slice(0, 0)]
            bodies = (codec.delete(handle, column[part]) for part in slices)
            return self._session.write(codec.DELETE, bodies)

        with self._session.lock:
            return self._session.with_handle(name, write)

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
        candidate: bool = False,
        batch_rows: int | None = None,
        progress: Progress | None = None,
        columns: Columns | None = None,
    ) -> Receipt:
        """Loads many rows, exactly once even where the client or the server dies on the way.

        To be able to resume, give ``loader_id``, and after the failure call again with the same
        arguments and ``resume=True``: durable rows are not sent again.

        Args:
            name: the collection.
            ids: [n].
            vectors: [n, dim].
            payloads: [n] of bytes, str, dict (as JSON) or None.
            loader_id: a lasting number of this loader; None = random.
            epoch: higher each time the loader starts over; None = the server counts them.
            resume: go on after the last durable frame of this loader.
            candidate: load into the candidate generation that ``create_generation`` made.
            batch_rows: rows per frame; None = what the server suggests, up to 4 MiB.
            progress: called with rows acknowledged and rows in all.
            columns: [n] values by field, None = none; of fields that are not in payloads.
        """
        if resume and loader_id is None:
            raise ValueError("to resume, give the loader_id of the load")
        plain = Rows.of(ids, vectors, payloads)
        how = Load(
            loader=secrets.randbits(63) if loader_id is None else loader_id,
            epoch=epoch,
            resume=resume,
            batch_rows=batch_rows,
            progress=progress,
        )
        with self._session.lock:
            rows = self._with_columns(name, plain, columns)
            if candidate:
                handle = candidate_of(self._session, name).handle
                return load(self._session, handle, rows, how)
            return self._session.with_handle(
                name, lambda handle: load(self._session, handle, rows, how)
            )

    def _with_columns(self, name: str, rows: Rows, columns: Columns | None) -> Rows:
        if not columns:
            return rows
        for field, values in columns.items():
            if len(values) != len(rows.ids):
                raise ValueError(f"{len(values)} values of {field} for {len(rows.ids)} rows")
            self._session.with_fields(name, lambda known, field=field: field_id(known, field))
        return dataclasses.replace(rows, columns=columns, fields=self._session.fields[name])
