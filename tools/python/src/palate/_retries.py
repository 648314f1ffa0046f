"""Which calls are made again after a failure, and when."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from . import _codec as codec
from . import _field_codec as field_codec
from . import _taste_codec as taste_codec
from .errors import ConnectionFailed, Overloaded, PalateError, TimedOut

_Value = TypeVar("_Value")

#: Requests that change nothing: asking twice is asking once.
READS = frozenset({
    codec.PING, codec.OPEN, codec.LIST, codec.STATS, codec.GENERATION_LIST, codec.QUERY, codec.GET,
    field_codec.FIELDS_LIST, field_codec.COUNT, field_codec.SCROLL,
    taste_codec.PROFILE_GET, taste_codec.HISTORY_GET,
})  # fmt: skip

#: Seconds: what the first wait is drawn below, doubled each time, and what none is above.
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0


class Retries:
    """Makes calls again, so often at most, within the time that one call may take.

    A read is repeated after a broken connection and after any error that the server calls
    retryable. Anything else is repeated only where the server refused it as OVERLOADED, before it
    did any of it. A call that timed out is not: its time is over.

    Waits are drawn from zero up to a bound that doubles ("full jitter"), so that clients which
    failed together do not come back together; the server's own advice is the least.
    """

    def __init__(self, count: int) -> None:
        if count < 0:
            raise ValueError(f"retries is at least 0, not {count}")
        self._count = count

    def run(self, opcode: int, call: Callable[[], _Value], deadline: float) -> _Value:
        """What ``call`` returns, or its last error; begins none after the deadline."""
        for attempt in range(self._count):
            try:
                return call()
            except PalateError as error:
                wait = self._wait(error, attempt)
                if not self._is_safe(opcode, error) or time.monotonic() + wait > deadline:
                    raise
                time.sleep(wait)
        return call()

    @staticmethod
    def _is_safe(opcode: int, error: PalateError) -> bool:
        if opcode in READS:
            return error.retryable and not isinstance(error, TimedOut)
        return isinstance(error, Overloaded)

    @staticmethod
    def _wait(error: PalateError, attempt: int) -> float:
        # The first try after a broken connection costs nobody anything.
        if attempt == 0 and isinstance(error, ConnectionFailed):
            return 0.0
        bound = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
        return max(error.retry_after, random.uniform(0, bound))
