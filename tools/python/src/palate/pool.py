"""Connections for many threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from .client import Client
from .errors import TimedOut


class Pool:
    """Clients that threads take in turn: one for each call under way, up to ``size``.

    A client lets one call through at a time; with a pool, as many go on as there are connections.
    The one used last is lent first, so that idle ones stay idle. A client whose connection broke
    connects again at its next call.

    >>> pool = Pool("127.0.0.1:7411", size=8, api_key=key)
    >>> with pool.client() as client:
    ...     client.query("pins", vectors)
    """

    def __init__(self, address: str = "127.0.0.1:7411", *, size: int = 8, **options: Any) -> None:
        """Remembers where to connect; nothing is opened yet.

        Args:
            address: as of ``Client``.
            size: connections at most.
            options: everything else that ``Client`` takes.
        """
        if size < 1:
            raise ValueError(f"a pool has at least one connection, not {size}")
        # A wrong option is an error here, not in the thread that calls first.
        self._free = [Client(address, **options)]
        self._make = lambda: Client(address, **options)
        self._unmade = size - 1
        self._wait = options.get("timeout", 30.0)
        self._closed = False
        self._change = threading.Condition()

    @contextmanager
    def client(self, timeout: float | None = None) -> Iterator[Client]:
        """Lends a client to this thread.

        Args:
            timeout: seconds to wait for one, with TimedOut; the client's own where left out.
        """
        lent = self._take(self._wait if timeout is None else timeout)
        try:
            yield lent
        finally:
            self._give_back(lent)

    def close(self) -> None:
        """Closes the clients that are not lent; those that are, when they come back."""
        with self._change:
            self._closed = True
            free, self._free = self._free, []
            self._change.notify_all()
        for one in free:
            one.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, timeout: float) -> Client:
        deadline = time.monotonic() + timeout
        with self._change:
            while True:
                if self._closed:
                    raise RuntimeError("the pool is closed")
                if self._free:
                    return self._free.pop()
                if self._unmade:
                    self._unmade -= 1
                    return self._make()
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimedOut("no connection of the pool came free in time")
                self._change.wait(left)

    def _give_back(self, lent: Client) -> None:
        with self._change:
            if not self._closed:
                self._free.append(lent)
                self._change.notify()
                return
        lent.close()
