"""Asking a server for everybody's list, and what to do where it lacks something.

Numbers of users and items start at 0 here and at 1 in the collection: 0 stands for "no result" in
the client's arrays.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from figures import Lists, percentiles
from histories import Floats, Histories, Ints
from palate import Client, NoTaste, PalateError, Results

FIRST_ID = 1
EVENTS_PER_CALL = 50_000
# How a server or its client says that it does not know something.
UNKNOWN = (TypeError, AttributeError, ValueError, PalateError)

Question = Callable[[Client, int], Results]


def load_items(client: Client, name: str, vectors: Floats, **schema: Any) -> None:
    """Makes the collection (cosine, 8-bit codes) and loads the items."""
    schema = {"metric": "cosine", "quantizer": "sq8", **schema}
    client.create_collection(name, dim=vectors.shape[1], **schema)
    client.load(name, np.arange(len(vectors), dtype=np.uint64) + FIRST_ID, vectors)


def play(
    client: Client,
    name: str,
    users: Ints,
    items: Ints,
    types: str | Sequence[str],
    times: npt.NDArray[np.int64],
) -> float:
    """Sends events in their order, times in milliseconds; returns events per second."""
    started = time.perf_counter()
    for start in range(0, len(users), EVENTS_PER_CALL):
        part = slice(start, start + EVENTS_PER_CALL)
        kinds = types if isinstance(types, str) else types[part]
        who, what = np.asarray(users[part]) + FIRST_ID, np.asarray(items[part]) + FIRST_ID
        client.events(name, who, what, kinds, times[part])
    return len(users) / (time.perf_counter() - started)


@dataclasses.dataclass
class Answers:
    """What a server answered a list of users.

    Attributes:
        lists: int32 [users, k], in the order asked; -1 where a list is short.
        seconds: [users]: each request as its connection saw it, others being in flight.
        wall: seconds for all.
        strangers: users the server had no taste of; their lists are empty.
    """

    lists: Lists
    seconds: npt.NDArray[np.float64]
    wall: float
    strangers: int

    def figures(self) -> dict[str, float]:
        """Rate and latency, by the names they are recorded under."""
        p50, p99 = percentiles(self.seconds)
        return {"p50_ms": p50, "p99_ms": p99, "qps": len(self.lists) / self.wall}


def ask_all(
    address: str, users: Ints, question: Question, k: int, connections: int = 4
) -> Answers:
    """Asks `question(client, user)` for each user, over several connections at once."""
    lists = np.full((len(users), k), -1, dtype=np.int32)
    seconds = np.zeros(len(users))
    strangers = [0] * connections

    def ask_some(connection: int) -> None:
        with Client(address) as client:
            for place in range(connection, len(users), connections):
                began = time.perf_counter()
                try:
                    found = listed(question(client, int(users[place])))
                    lists[place, : len(found)] = found
                except NoTaste:
                    strangers[connection] += 1
                seconds[place] = time.perf_counter() - began

    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        list(pool.map(ask_some, range(connections)))
    return Answers(lists, seconds, time.perf_counter() - started, sum(strangers))


def listed(results: Results) -> npt.NDArray[np.int64]:
    """The items of the only query's results, best first."""
    ids = np.asarray(results.ids[0])
    return ids[ids > 0].astype(np.int64) - FIRST_ID


def check_unseen(lists: Lists, users: Ints, known: Histories) -> None:
    """A list that holds a known item is a defect and stops the run."""
    for user, items in zip(users, lists, strict=True):
        if np.isin(items, known[int(user)]).any():
            raise SystemExit(f"user {user} was shown items of their own history")


def what_is_missing(call: Callable[[], Any], label: str) -> str | None:
    """None where the call works, else the line that says what is not there."""
    try:
        call()
    except UNKNOWN as error:
        return f"not there: {label} ({error})"
    return None
