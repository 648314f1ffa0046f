"""The client for asyncio."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import TracebackType
from typing import Any

from .client import Client
from .pool import Pool


#: Calls that may be asked twice: what they read is not changed by it.
HEDGED = frozenset({"query", "recommend", "get", "count", "ping"})

#: Methods that are about calls: here they are arguments.
_NOT_CALLS = frozenset({"within"})


async def _first_of(*calls: asyncio.Future[Any]) -> Any:
    """The first result; an error only where all fail."""
    for one in calls:
        # An error that comes after the answer is nobody's.
        one.add_done_callback(lambda late: late.cancelled() or late.exception())
    waiting = set(calls)
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        good = [one for one in done if one.exception() is None]
        if good or not waiting:
            return (good or list(done))[0].result()


class AsyncClient:
    """Every method of ``Client``, to be awaited: ``await client.query("pins", vectors)``.

    With ``hedge_after``, a read that has no answer so many seconds later is asked once more over
    another connection, and the first answer counts (Dean and Barroso, The Tail at Scale, 2013). The
    95th percentile of what reads take is a good choice: a twentieth more requests.

    Every call takes ``within`` too: seconds once a connection is free, as of ``Client.within``.
    What ``Client`` yields bit by bit comes as a list.

    Calls run on threads of their own over a ``Pool``, so ``size`` of them go on at once and others
    wait their turn; encoding and decoding let the event loop go on. A call whose task is cancelled
    goes on to its end, and nobody gets its answer.

    >>> async with AsyncClient("127.0.0.1:7411", size=16) as client:
    ...     lists = await asyncio.gather(*(client.query("pins", one) for one in queries))
    """

    def __init__(
        self,
        address: str = "127.0.0.1:7411",
        *,
        size: int = 8,
        hedge_after: float | None = None,
        **options: Any,
    ) -> None:
        """Remembers where to connect.

        Args:
            address: as of ``Client``.
            size: connections and calls under way at most, hedges among them.
            hedge_after: seconds until a read is asked again; None = never.
            options: everything else that ``Client`` takes.
        """
        self._hedge_after = hedge_after
        self._pool = Pool(address, size=size, **options)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="palate")

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = None if name.startswith("_") else getattr(Client, name, None)
        if not inspect.isfunction(method) or name in _NOT_CALLS:
            raise AttributeError(f"a Client has no method {name!r}")

        @functools.wraps(method)
        async def call(*arguments: Any, within: float | None = None, **named: Any) -> Any:
            def run() -> Any:
                with self._pool.client() as client:
                    limits = nullcontext() if within is None else client.within(within)
                    with limits:
                        found = method(client, *arguments, **named)
                        # Pages are read here, while the connection is lent.
                        return list(found) if inspect.isgenerator(found) else found

            loop = asyncio.get_running_loop()
            first = loop.run_in_executor(self._threads, run)
            if self._hedge_after is None or name not in HEDGED:
                return await first
            done, _ = await asyncio.wait({first}, timeout=self._hedge_after)
            if done:
                return first.result()
            return await _first_of(first, loop.run_in_executor(self._threads, run))

        return call

    async def close(self) -> None:
        """Waits for the calls under way, then closes all connections."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._threads.shutdown)
        self._pool.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
