#!/usr/bin/env python3
"""A filter, a group cap and 10,000 excluded items in a query by taste: all rules kept, and in time.

benchmarks/filters/together.py [--queries N] [--record]

The people, items and plain query of `benchmarks/taste/latency.py` (60,000 x 784, 5 medoids, 1,000
candidates, a slate of 50), the server on one core. Beside each plain query the same person asks for
`share` below a half, at most two of a `brand` of 500, and without 10,000 items drawn at random:
every answer is checked. Bar: at the 99th percentile at most twice the plain query's server time.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [
    str(HERE.parent), str(HERE.parents[1] / "tools"), str(HERE.parent / "peers"),
    str(HERE.parent / "taste"),
]  # fmt: skip

import latency  # noqa: E402
import serving  # noqa: E402
from figures import percentiles  # noqa: E402
from latency import COLLECTION, FULL, SLATE  # noqa: E402
from palate import Client, field  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

EXCLUDED, CAP, BRANDS, SHARE = 10_000, 2, 500, 0.5
TIMES = 2.0
NAME = "filters/together"


class Fields:
    """What items have, and what an answer has to keep to."""

    def __init__(self, count: int) -> None:
        random = np.random.default_rng(8)
        self.share = np.round(random.random(count), 6)
        self.brand = random.integers(0, BRANDS, count)

    def store(self, address: str) -> None:
        """Declares both as columns, and gives every item its own."""
        count = len(self.share)
        with Client(address, timeout=600) as client:
            client.declare_fields(COLLECTION, {"share": ("float", None), "brand": ("int", None)})
            for first in range(0, count, 10_000):
                part = slice(first, min(first + 10_000, count))
                ids = np.arange(part.start, part.stop) + serving.FIRST_ID
                columns = {
                    "share": self.share[part].tolist(), "brand": self.brand[part].tolist()
                }  # fmt: skip
                client.patch(COLLECTION, ids, columns=columns)
            while not all(info.ready for info in client.fields(COLLECTION).values()):
                time.sleep(0.05)

    def breaks(self, found: np.ndarray, excluded: np.ndarray) -> str:
        """The first rule that an answer breaks; empty where it keeps all."""
        if len(found) != SLATE:
            return f"{len(found)} results, expected {SLATE}"
        if (self.share[found] >= SHARE).any():
            return "an item does not pass the filter"
        if np.bincount(self.brand[found]).max() > CAP:
            return f"more than {CAP} of a brand"
        if np.isin(found, excluded).any():
            return "an excluded item"
        return ""


def measure(
    address: str, fields: Fields, queries: int
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Server times of plain queries and of those with all rules, in turn; rules broken."""
    random = np.random.default_rng(9)
    where = field("share") < SHARE
    times: dict[str, list[float]] = {"plain": [], "all rules": []}
    broken = []
    with Client(address) as client:
        for number in range(queries + 200):
            user = int(random.integers(0, latency.USERS)) + serving.FIRST_ID
            excluded = random.choice(len(fields.share), EXCLUDED, replace=False)
            plain = client.recommend(COLLECTION, user, **FULL)
            ruled = client.recommend(
                COLLECTION, user, **FULL, filter=where, group=("brand", CAP),
                exclude=excluded + serving.FIRST_ID,
            )  # fmt: skip
            if number < 200:
                continue  # Until all is warm.
            times["plain"].append(plain.server_seconds)
            times["all rules"].append(ruled.server_seconds)
            rule = fields.breaks(serving.listed(ruled), excluded)
            if rule:
                broken.append(f"user {user}: {rule}")
    return {name: np.array(column) for name, column in times.items()}, broken


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="palate-together-") as scratch,
        Server(f"{scratch}/data", cpu=latency.SERVER_CPU) as server,
    ):
        _, count = latency.prepare(server.address)
        fields = Fields(count)
        fields.store(server.address)
        times, broken = measure(server.address, fields, arguments.queries)
    lines = []
    for name, seconds in times.items():
        p50, p99 = percentiles(seconds)
        print(f"{name:<12} p50 {p50:6.3f} ms  p99 {p99:6.3f} ms  ({len(seconds)} queries)")
        lines.append({"name": f"{NAME}/{name.replace(' ', '-')}", "p50_ms": p50, "p99_ms": p99})
    ratio = percentiles(times["all rules"])[1] / percentiles(times["plain"])[1]
    print(f"rules broken: {len(broken)} of {arguments.queries} answers {broken[:3]}")
    print(f"p99 with all rules is {ratio:.2f} times the plain one, at most {TIMES:g} wanted")
    if arguments.record:
        record("filters.jsonl", lines, instead_of=f"{NAME}/")
    return 0 if not broken and ratio <= TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
