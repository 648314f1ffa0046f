"""Who answers, what it lets this client do, and how long that may take."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import _codec as codec
from ._auth import Access
from ._session import Session, TimeLimits
from .errors import ConnectionFailed


class ServerCalls:
    """The part of the client that is about the server itself."""

    _session: Session

    def ping(self) -> float:
        """Seconds there and back."""
        token = secrets.randbits(64).to_bytes(8, "little")
        with self._session.lock:
            start = time.perf_counter()
            answer = self._session.call(codec.PING, [token])
            elapsed = time.perf_counter() - start
        if bytes(answer.body) != token:
            raise ConnectionFailed("PING came back with another token")
        return elapsed

    def access(self) -> Access | None:
        """What the client's credential allows; None where it has none."""
        with self._session.lock:
            return self._session.connected().access

    def server(self) -> dict[str, Any]:
        """The server's name, id and limits, from HELLO."""
        with self._session.lock:
            welcome = self._session.connected().welcome
        return {
            "name": welcome.server_name,
            "id": welcome.server_id.hex(),
            "protocol": welcome.version,
            "largest_body": welcome.largest_body,
            "requests_in_flight": welcome.requests_in_flight,
        }

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Gives each call in the block so many seconds, whatever it has to do.

        Connecting, all its frames and tries count. A search that takes longer answers with what it
        has by then, ``degraded``; what has no answer raises TimedOut, and what could not begin
        within half of its time, such as the later ones of many frames, Overloaded. Calls of
        other threads wait until the block ends.

        >>> with client.within(0.05):
        ...     results = client.query("pins", vectors)
        """
        with self._session.limited(TimeLimits(seconds, is_whole=True)):
            yield
