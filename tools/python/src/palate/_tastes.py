"""People: settings, weight profiles, sandboxes, sessions, and what is known of somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _answers
from . import _codec as codec
from . import _taste_answers as answers
from . import _taste_codec as taste
from ._batches import even_slices, event_types
from ._session import Session
from .types import History, PersonProfile, Receipt

#: Events of one HISTORY_GET.
_PAGE = 50_000

Changes = Mapping[str, float]


class TasteCalls:
    """The part of a client that knows people."""

    _session: Session

    # What people did

    def events(
        self,
        name: str,
        users: npt.ArrayLike,
        items: npt.ArrayLike,
        types: str | int | Sequence[str | int] | npt.NDArray[Any],
        times: npt.ArrayLike | None = None,
        *,
        ids: npt.ArrayLike | None = None,
        contexts: npt.ArrayLike | None = None,
        propensities: npt.ArrayLike | None = None,
    ) -> Receipt:
        """Records what people did; returns when it counts.

        Args:
            name: the collection.
            users: [n].
            items: [n]; they need not be in the collection yet.
            types: one type for all or [n], by name or number (``palate.EVENT_TYPES``).
            times: [n] milliseconds since 1970 UTC; None = now.
            ids: [n] numbers of the sender's: an event sent again counts once.
            contexts: [n] items on whose pages it happened.
            propensities: [n] of results that chance had a say in, as their reasons say.
        """
        who, what = codec.as_ids(users), codec.as_ids(items)
        if len(who) != len(what):
            raise ValueError(f"{len(who)} users for {len(what)} items")
        kinds = event_types(types, len(who))
        when = np.zeros(len(who), "<i8") if times is None else np.asarray(times).astype("<i8")
        if when.shape != who.shape:
            raise ValueError(f"times have shape {when.shape}, expected {who.shape}")

        more = (
            None if ids is None else codec.as_ids(ids),
            None if contexts is None else codec.as_ids(contexts),
            None if propensities is None else np.asarray(propensities, "<f4"),
        )

        def body(handle: int, part: slice) -> codec.Body:
            columns = (None if column is None else column[part] for column in more)
            return taste.events(
                handle, who[part], what[part], when[part], kinds[part], *columns
            )

        def write(handle: int) -> Receipt:
            size = min(codec.MAX_EVENTS, (self._session.connected().largest_body - 16) // 45)
            return self._session.write(
                codec.EVENT, (body(handle, part) for part in even_slices(len(who), size))
            )

        with self._session.lock:
            return self._session.with_handle(name, write)

    # People

    def profile(
        self, name: str, user: int, as_of: int | None = None, sandbox: str = ""
    ) -> PersonProfile:
        """What is known of a person: interests, rejections, counts."""
        body = self._ask(
            name, taste.PROFILE_GET, lambda h: taste.profile_get(h, user, as_of or 0, sandbox)
        )
        return answers.decode_profile(body)

    def forget(self, name: str, user: int) -> Receipt:
        """Removes all traces of a person; the receipt counts their events."""
        body = self._ask(name, taste.PROFILE_FORGET, lambda h: taste.forget(h, user))
        return _answers.decode_receipt(body)

    def history(self, name: str, user: int) -> History:
        """All events of a person, in order of arrival."""
        pages = []
        start = 0
        while True:
            body = self._ask(
                name,
                taste.HISTORY_GET,
                lambda h, start=start: taste.history_get(h, user, start, _PAGE),
            )
            page, start = answers.decode_history(body)
            pages.append(page)
            if start == 0:
                return answers.join_histories(pages)

    # Numbers

    def refresh_taste(self, name: str, builder: str = "") -> dict[str, float]:
        """Derives item-item edges from everybody's likes; seconds to minutes; returns figures."""
        return answers.decode_numbers(
            self._ask(name, taste.TASTE_REFRESH, lambda h: taste.refresh(h, builder))
        )[1]

    def taste_settings(
        self, name: str, changes: Changes | None = None, sandbox: str = "", reset: bool = False
    ) -> dict[str, float]:
        """Settings of the taste graph after the changes, such as ``half_life.save`` in days."""
        operation = taste.DELETE if reset else taste.PUT if changes else taste.GET
        return self._numbers(name, taste.SETTINGS, operation, "", sandbox, changes)

    def weight_profile(
        self,
        name: str,
        profile: str,
        weights: Changes | None = None,
        sandbox: str = "",
        delete: bool = False,
    ) -> dict[str, float]:
        """The weights of a profile, after the changes."""
        operation = taste.DELETE if delete else taste.PUT if weights else taste.GET
        return self._numbers(name, taste.PROFILE, operation, profile, sandbox, weights)

    def weight_profiles(self, name: str) -> dict[str, float]:
        """Weight profiles and their versions; 0 = as they come."""
        return self._numbers(name, taste.PROFILE, taste.LIST)

    def experiment(
        self, name: str, experiment: str, arms: Changes | None = None, delete: bool = False
    ) -> dict[str, float]:
        """An experiment's weight profiles and their shares of the people, after the change.

        A query with a user that names the experiment as its profile gets the user's arm; one named
        ``default`` splits those that name none.
        """
        operation = taste.DELETE if delete else taste.PUT if arms else taste.GET
        return self._numbers(name, taste.EXPERIMENT, operation, experiment, "", arms)

    def experiments(self, name: str) -> dict[str, float]:
        """Experiments and their versions."""
        return self._numbers(name, taste.EXPERIMENT, taste.LIST)

    def gauges(self, name: str, profile: str = "") -> dict[str, float]:
        """Diversity, share of popular items and drift; or what came of a profile's lists.

        Of a profile: ``lists``, ``impressions``, and by event type the impressions that led to one
        (``save``), their rate (``save.rate``) and its 95 % interval (``save.low``, ``save.high``).
        """
        return self._numbers(name, taste.GAUGES, taste.GET, profile)

    def served_profiles(self, name: str) -> dict[str, float]:
        """Weight profiles that made lists since the server began, and their impressions."""
        return self._numbers(name, taste.GAUGES, taste.LIST)

    # Sessions and sandboxes

    def session(
        self,
        name: str,
        session: int,
        examples: taste.Weighted = (),
        directions: Sequence[tuple[int, int, float]] = (),
        half_life_minutes: float = 0,
    ) -> int:
        """Adds a turn to a session; returns its turns."""
        return self._session_call(
            name, 0, session, None, half_life_minutes, examples, directions
        )

    def merge_session(self, name: str, session: int, user: int) -> int:
        """Turns a session into events of a person, and ends it."""
        return self._session_call(name, 2, session, user)

    def forget_session(self, name: str, session: int) -> int:
        """Ends a session without a trace."""
        return self._session_call(name, 3, session)

    def sandbox(self, name: str, sandbox: str) -> None:
        """Makes a sandbox; one that is there is no error."""
        self._ask(name, taste.SANDBOX, lambda h: taste.sandbox(h, 0, sandbox))

    def drop_sandbox(self, name: str, sandbox: str) -> None:
        """Drops a sandbox and all it holds."""
        self._ask(name, taste.SANDBOX, lambda h: taste.sandbox(h, 1, sandbox))

    def sandboxes(self, name: str) -> dict[str, float]:
        """Sandboxes and how many events each holds."""
        body = self._ask(name, taste.SANDBOX, lambda h: taste.sandbox(h, 2))
        return answers.decode_numbers(body)[1]

    def sandbox_events(
        self,
        name: str,
        sandbox: str,
        users: npt.ArrayLike,
        items: npt.ArrayLike,
        types: str | int | Sequence[str | int] | npt.NDArray[Any],
        times: npt.ArrayLike | None = None,
    ) -> None:
        """Adds events that only queries through the sandbox see."""
        who, what = codec.as_ids(users), codec.as_ids(items)
        kinds = event_types(types, len(who))
        when = np.zeros(len(who), "<i8") if times is None else np.asarray(times).astype("<i8")
        self._ask(
            name, taste.SANDBOX, lambda h: taste.sandbox(h, 3, sandbox, who, what, when, kinds)
        )

    # How they travel

    def _ask(self, name: str, opcode: int, body: Any) -> memoryview:
        with self._session.lock:
            return self._session.with_handle(
                name, lambda handle: self._session.call(opcode, body(handle)).body
            )

    def _numbers(
        self,
        name: str,
        scope: int,
        operation: int,
        which: str = "",
        sandbox: str = "",
        changes: Changes | None = None,
    ) -> dict[str, float]:
        body = self._ask(
            name,
            taste.TASTE_NUMBERS,
            lambda h: taste.numbers(h, scope, operation, which, sandbox, changes),
        )
        return answers.decode_numbers(body)[1]

    def _session_call(self, name: str, operation: int, session: int, *more: Any) -> int:
        body = self._ask(
            name, taste.SESSION, lambda h: taste.session(h, operation, session, *more)
        )
        return int(answers.decode_numbers(body)[1]["turns"])
