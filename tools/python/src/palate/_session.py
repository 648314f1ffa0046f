"""A client's connection, reopened when it is gone, and the collections opened through it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TypeVar

from . import _answers
from . import _codec as codec
from . import _field_codec as field_codec
from ._connection import Answer, Connection
from ._retries import READS, Retries
from .errors import ConnectionFailed, PalateError, UnknownHandle
from .filters import FieldInfo, UnknownField
from .types import Collection, Receipt

_Value = TypeVar("_Value")


#: What is kept of a call's time for its answer to travel: a tenth, or so many seconds.
_TRAVEL_SECONDS = 0.1


@dataclass(frozen=True)
class TimeLimits:
    """How long calls may take, in seconds."""

    #: Until a step of a call gives up: connecting, sending a frame, waiting for an answer.
    timeout: float
    #: Until the server answers a request with what it has; 0 = its own default.
    budget: float = 0.0
    #: Whether the timeout is that of a whole call, all steps and tries together, and what is left
    #: of it the budget.
    is_whole: bool = False

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError(f"a timeout is above 0 seconds, not {self.timeout}")

    def deadline(self) -> float | None:
        """Of a call that begins now; None where each step has its own."""
        return time.monotonic() + self.timeout if self.is_whole else None

    def budget_until(self, deadline: float | None) -> float:
        """What the server gets for a request that is sent now."""
        if deadline is None:
            return self.budget
        left = max(deadline - time.monotonic(), 1e-6)
        return left - min(left / 10, _TRAVEL_SECONDS)


class Session:
    """What every call of a client goes through; hold ``lock`` around all of it."""

    def __init__(
        self, connect: Callable[[float], Connection], limits: TimeLimits, retries: Retries
    ) -> None:
        self.lock = threading.RLock()
        self.collections: dict[str, Collection] = {}
        self.fields: dict[str, dict[str, FieldInfo]] = {}
        self._connect = connect
        self._limits = limits
        self._retries = retries
        self._connection: Connection | None = None

    def connected(self, deadline: float | None = None) -> Connection:
        """The open connection; opens one where there is none."""
        timeout = self._limits.timeout
        if deadline is not None:
            timeout = min(timeout, max(deadline - time.monotonic(), 1e-3))
        if self._connection is None or not self._connection.is_open:
            self.close()
            self._connection = self._connect(timeout)
        self._connection.timeout = timeout
        self._connection.renew()
        return self._connection

    @contextmanager
    def limited(self, limits: TimeLimits) -> Iterator[None]:
        """Calls in the block have these limits; other threads' calls wait until it ends."""
        with self.lock:
            usual, self._limits = self._limits, limits
            try:
                yield
            finally:
                self._limits = usual

    def _run(self, opcode: int, call: Callable[[float | None], _Value]) -> _Value:
        deadline = self._limits.deadline()
        last = time.monotonic() + self._limits.timeout if deadline is None else deadline
        return self._retries.run(opcode, lambda: call(deadline), last)

    def close(self) -> None:
        """Closes the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def call(self, opcode: int, body: codec.Body) -> Answer:
        """One request and its answer."""

        def once(deadline: float | None) -> Answer:
            connection = self.connected(deadline)
            budget = self._limits.budget_until(deadline)
            return connection.wait(connection.send(opcode, body, budget, deadline), deadline)

        return self._run(opcode, once)

    def gather(self, opcode: int, bodies: Iterable[codec.Body]) -> list[Answer]:
        """Sends all, then takes all answers in order; the first error wins."""
        if opcode in READS:
            kept = list(bodies)
            return self._run(opcode, lambda deadline: self._gather(opcode, kept, deadline))
        rest = iter(bodies)
        head = list(islice(rest, 2))
        if len(head) == 1:
            return self._run(opcode, lambda deadline: self._gather(opcode, head, deadline))
        # Some of several may be done where one was refused.
        return self._gather(opcode, chain(head, rest), self._limits.deadline())

    def _gather(
        self, opcode: int, bodies: Iterable[codec.Body], deadline: float | None
    ) -> list[Answer]:
        connection = self.connected(deadline)
        requests: list[int] = []
        try:
            for body in bodies:
                budget = self._limits.budget_until(deadline)
                requests.append(connection.send(opcode, body, budget, deadline))
            answers = []
            while requests:
                answers.append(connection.wait(requests.pop(0), deadline))
            return answers
        except ConnectionFailed:
            raise
        except PalateError:
            connection.discard(requests)
            raise

    def write(self, opcode: int, bodies: Iterable[codec.Body]) -> Receipt:
        """Writes in several frames; the receipt is the last one's, with all changes counted."""
        receipts = [_answers.decode_receipt(answer.body) for answer in self.gather(opcode, bodies)]
        if not receipts:
            return Receipt(0, 0, 0)
        return replace(receipts[-1], changed=sum(receipt.changed for receipt in receipts))

    def open(self, name: str) -> Collection:
        """A collection's properties and handle, asked for once."""
        if name not in self.collections:
            answer = self.call(codec.OPEN, codec.name(name))
            self.collections[name] = _answers.decode_collection(answer.body)
        return self.collections[name]

    def with_handle(self, name: str, action: Callable[[int], _Value]) -> _Value:
        """Runs with a collection's handle; opens again, once, where the server forgot it."""
        try:
            return action(self.open(name).handle)
        except UnknownHandle:
            self.collections.pop(name, None)
            self.fields.pop(name, None)
            return action(self.open(name).handle)

    def read_fields(self, name: str) -> dict[str, FieldInfo]:
        """A collection's fields as they are now."""
        answer = self.with_handle(
            name,
            lambda handle: self.call(field_codec.FIELDS_LIST, field_codec.list_fields(handle)),
        )
        self.fields[name] = field_codec.decode_fields(answer.body)
        return self.fields[name]

    def with_fields(
        self, name: str, action: Callable[[dict[str, FieldInfo]], _Value]
    ) -> _Value:
        """Runs with a collection's fields; asks for them again, once, where one is not known."""
        if name in self.fields:
            try:
                return action(self.fields[name])
            except UnknownField:
                pass
        return action(self.read_fields(name))
