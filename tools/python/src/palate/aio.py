"""The client for asyncio."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from .client import Client
from .pool import Pool


class AsyncClient:
    """Every method of ``Client``, to be awaited: ``await client.query("pins", vectors)``.

    Calls run on threads of their own over a ``Pool``, so ``size`` of them go on at once and others
    wait their turn; encoding and decoding let the event loop go on. A call whose task is cancelled
    goes on to its end, and nobody gets its answer.

    >>> async with AsyncClient("127.0.0.1:7411", size=16) as client:
    ...     lists = await asyncio.gather(*(client.query("pins", one) for one in queries))
    """

    def __init__(self, address: str = "127.0.0.1:7411", *, size: int = 8, **options: Any) -> None:
        """Remembers where to connect; arguments as of ``Pool``."""
        self._pool = Pool(address, size=size, **options)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="palate")

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = None if name.startswith("_") else getattr(Client, name, None)
        if not inspect.isfunction(method):
            raise AttributeError(f"a Client has no method {name!r}")

        @functools.wraps(method)
        async def call(*arguments: Any, **named: Any) -> Any:
            def run() -> Any:
                with self._pool.client() as client:
                    return method(client, *arguments, **named)

            return await asyncio.get_running_loop().run_in_executor(self._threads, run)

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
