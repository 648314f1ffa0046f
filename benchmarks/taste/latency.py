#!/usr/bin/env python3
"""How long taste takes: queries by user, events beside them, and from event to effect.

benchmarks/taste/latency.py [--queries N] [--check] [--record]

60,000 x 784 in 8-bit codes (fashion-mnist where `benchmarks/peers/prepare.py` has made it, else
seeded clusters), people with about 100 saves around 6 items each. The server has core 0, the client
core 1; where others use them too, the processor time of a query says what the clock cannot.
Measured in turn:

- queries by user, one at a time: 5 medoids, 1,000 candidates of the walk, a slate of 50 by `ssd`.
  Time as the server says in the answer's header, and as the client sees it; what each stage takes,
  by the server's metrics, which time one query in 64
- the same with less of something, which says what that costs
- from event to effect: a person hides the first item of their list; the time until the
  acknowledgement, and until a query that came after it has answered without that item
- events at 10,000 a second and more, durable when acknowledged, while queries go on; of items at
  random, not of those near the person's
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import sys
import tempfile
import threading
import time
import urllib.request

import numpy as np
import numpy.typing as npt

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools"), str(HERE.parent / "peers")]

import serving  # noqa: E402
from clusters import Clusters  # noqa: E402
from datasets import DATA_SETS  # noqa: E402
from figures import percentiles  # noqa: E402
from histories import Floats, Ints, unit_rows  # noqa: E402
from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server, free_port  # noqa: E402

COLLECTION = "latency"
SERVER_CPU, LOAD_CPU = 0, 1
ROWS, DIMENSIONS, SEED = 60_000, 784, 20_261_126
USERS, SAVES, ANCHORS, ANCHOR_POOL = 2_000, 100, 6, 500
# The server's default `clusterSimilarity`.
CLUSTER_COSINE = 0.85
MEDOIDS, CANDIDATES, SLATE, DIVERSITY = 5, 1_000, 50, 0.3
EVENT_RATE = 10_000
EFFECTS = 500
FULL = {
    "k": SLATE,
    "taste": {"candidates": CANDIDATES},
    "diversity": {"diversity": DIVERSITY, "method": "ssd"},
}
# What a query is asked without, one thing at a time, and how often.
LESS = {
    "slate of 20": {"k": 20},
    "no diversity": {"diversity": None},
    "100 candidates of the walk": {"taste": {"candidates": 100}},
    "no graph term": {"taste": {"candidates": CANDIDATES, "graph": 0.0}},
}
LESS_QUERIES = 1_000
# What is claimed; milliseconds, and events a second.
MOST_P50, MOST_P99, MOST_EFFECT = 2.0, 10.0, 10.0
NAME = "taste/latency"

Seconds = npt.NDArray[np.float64]


def vectors() -> tuple[str, str, npt.NDArray]:
    """The data set's name, its metric and its rows."""
    data = DATA_SETS["fashion-mnist"]
    path = data.folder / "vectors.npy"
    if path.is_file():
        return data.name, data.metric, np.load(path)
    print(f"not there: {data.name} (benchmarks/peers/prepare.py makes it); seeded clusters instead")
    return "clusters", "cosine", Clusters(DIMENSIONS, SEED).draw(ROWS)


def histories(rows: Floats) -> tuple[Ints, Ints]:
    """Columns of users and items: each user takes items near a few anchors."""
    random = np.random.default_rng(SEED)
    anchors = random.choice(len(rows), size=ANCHOR_POOL, replace=False)
    lengths = (rows * rows).sum(axis=1) / 2
    near = np.empty((ANCHOR_POOL, 60), dtype=np.int64)
    for place, anchor in enumerate(anchors.tolist()):
        near[place] = np.argpartition(lengths - rows @ rows[anchor], 60)[:60]
    users, items = [], []
    for user in range(USERS):
        mine = near[random.choice(ANCHOR_POOL, size=ANCHORS, replace=False)]
        each = -(-SAVES // ANCHORS)
        drawn = [random.choice(row, each, replace=False) for row in mine]
        chosen = np.unique(np.concatenate(drawn))
        users.append(np.full(len(chosen), user))
        items.append(chosen)
    return np.concatenate(users), np.concatenate(items)


def cluster_count(rows: Floats) -> int:
    """Clusters of a history by the server's rule: join the nearest medoid, or start another."""
    units = unit_rows(rows)
    medoids = [0]
    for place in range(1, len(units)):
        if (units[medoids] @ units[place]).max() < CLUSTER_COSINE:
            medoids.append(place)
    return len(medoids)


def ask(client: Client, user: int, lacking: str = "") -> tuple[Ints, float, float]:
    """One query; its items, seconds of the server and of the client."""
    options = FULL | LESS.get(lacking, {})
    began = time.perf_counter()
    found = client.recommend(COLLECTION, user + serving.FIRST_ID, **options)
    return serving.listed(found), found.server_seconds, time.perf_counter() - began


def query_times(client: Client, users: Ints, lacking: str = "") -> tuple[Seconds, Seconds]:
    """Seconds of the server and of the client for one query after another."""
    times = [ask(client, user, lacking)[1:] for user in users.tolist()]
    server, seen = (np.array(column) for column in zip(*times, strict=True))
    return server, seen


def events_beside_queries(
    address: str, users: Ints, items: int, rate: float | None, batch: int, seconds: float
) -> tuple[float, Seconds, Seconds]:
    """Sends durable events at a rate (None = as fast as acknowledged) while queries go on.

    Returns events per second, seconds per acknowledgement, and seconds per query by the server.
    """
    stop, acknowledged, sent = threading.Event(), [], 0
    queries: list[float] = []

    def keep_asking() -> None:
        random = np.random.default_rng(3)
        with Client(address) as client:
            while not stop.is_set():
                queries.append(ask(client, int(random.choice(users)))[1])

    asking = threading.Thread(target=keep_asking)
    asking.start()
    random = np.random.default_rng(4)
    began = time.perf_counter()
    try:
        with Client(address) as client:
            while (now := time.perf_counter() - began) < seconds:
                if rate is not None and sent > now * rate:
                    time.sleep(sent / rate - now)
                who = random.choice(users, batch) + serving.FIRST_ID
                what = random.integers(0, items, batch) + serving.FIRST_ID
                start = time.perf_counter()
                client.events(COLLECTION, who, what, "closeup")
                acknowledged.append(time.perf_counter() - start)
                sent += batch
        elapsed = time.perf_counter() - began
    finally:
        stop.set()
        asking.join()
    return sent / elapsed, np.array(acknowledged), np.array(queries)


def effects(client: Client, users: Ints) -> tuple[Seconds, Seconds, int]:
    """Seconds to the acknowledgement of a hide, to the answer without the item; how often not."""
    acknowledged, seen, missed = [], [], 0
    for user in users.tolist():
        first = ask(client, user)[0][0]
        began = time.perf_counter()
        client.events(COLLECTION, [user + serving.FIRST_ID], [first + serving.FIRST_ID], "hide")
        acknowledged.append(time.perf_counter() - began)
        items = ask(client, user)[0]
        seen.append(time.perf_counter() - began)
        missed += bool((items == first).any())
    return np.array(acknowledged), np.array(seen), missed


def line(name: str, seconds: Seconds, **beside: float) -> dict:
    """Prints p50 and p99, and returns them for the record."""
    p50, p99 = percentiles(seconds)
    print(f"{name:<44} p50 {p50:7.3f} ms  p99 {p99:7.3f} ms  ({len(seconds)} times)", flush=True)
    return {"name": f"{NAME}/{name.replace(' ', '-')}", "p50_ms": p50, "p99_ms": p99,
            "times": len(seconds), **beside}


def cpu_seconds(process: int) -> float:
    """Processor time that a process has taken, of all its threads: others do not lengthen it."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def prepare(address: str) -> tuple[str, int]:
    """Loads the items and plays the histories; returns the data's name and how many items."""
    data, metric, rows = vectors()
    users, items = histories(rows.astype(np.float32))
    with Client(address, timeout=600) as client:
        serving.load_items(client, COLLECTION, rows, metric=metric)
        ages = np.random.default_rng(5).integers(0, 60 * 86_400_000, len(users))
        times = int(time.time() * 1000) - ages
        order = np.argsort(times)
        serving.play(client, COLLECTION, users[order], items[order], "save", times[order])
    clusters = [cluster_count(rows[items[users == user]]) for user in range(200)]
    print(f"{data}: {len(rows):,} x {rows.shape[1]}, {metric}; {USERS:,} people with "
          f"{np.bincount(users).mean():.0f} saves in {np.median(clusters):.0f} clusters (median); "
          f"{MEDOIDS} medoids, {CANDIDATES:,} candidates, slate of {SLATE} at diversity "
          f"{DIVERSITY}")
    return data, len(rows)


def stage_totals(operations: str) -> dict[str, tuple[float, int]]:
    """Seconds and number of the queries whose stages were timed, by stage, from `/metrics`."""
    with urllib.request.urlopen(f"http://{operations}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    totals: dict[str, list[float]] = {}
    for what, stage, value in re.findall(
        r'^palate_query_stage_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$', text, re.MULTILINE
    ):
        totals.setdefault(stage, [0.0, 0.0])[what == "count"] = float(value)
    return {stage: (seconds, int(count)) for stage, (seconds, count) in totals.items()}


def stage_line(before: dict, after: dict) -> dict[str, float]:
    """Prints what each stage took between two readings, and returns its microseconds."""
    means = {}
    for stage, (seconds, count) in after.items():
        times = count - before[stage][1]
        means[stage] = 1e6 * (seconds - before[stage][0]) / max(times, 1)
    print("stages, means in us: "
          + ", ".join(f"{stage} {mean:,.0f}" for stage, mean in means.items())
          + f" ({times} times)")
    return means


def measure_queries(
    address: str, operations: str, process: int, count: int
) -> tuple[list[dict], dict[str, bool]]:
    """Queries one at a time; lines for the record, and verdicts."""
    asked = np.random.default_rng(6).integers(0, USERS, count)
    with Client(address) as client:
        query_times(client, asked[:200])  # Until all is warm.
        before, stages = cpu_seconds(process), stage_totals(operations)
        server, seen = query_times(client, asked)
        cpu = (cpu_seconds(process) - before) / len(asked) * 1000
        print(f"a query takes {cpu:.2f} ms of the server's processor (mean); load average of the "
              f"machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        took = {f"{stage}_us": mean
                for stage, mean in stage_line(stages, stage_totals(operations)).items()}
        lines = [line("query by the server", server, cpu_ms=cpu, **took),
                 line("query by the client", seen)]
        for lacking in LESS:
            times = query_times(client, asked[:LESS_QUERIES], lacking)[0]
            lines.append(line(f"query with {lacking}", times))
    p50, p99 = percentiles(server)
    return lines, {
        f"median of a query {p50:.2f} ms <= {MOST_P50:g}": p50 <= MOST_P50,
        f"p99 of a query {p99:.2f} ms <= {MOST_P99:g}": p99 <= MOST_P99,
    }


def measure_effects(address: str) -> tuple[list[dict], dict[str, bool]]:
    """From event to effect; lines for the record, and the verdict."""
    with Client(address) as client:
        hiding = np.random.default_rng(7).choice(USERS, EFFECTS, replace=False)
        acknowledged, effect, missed = effects(client, hiding)
    p99 = percentiles(effect)[1]
    lines = [line("hide acknowledged", acknowledged), line("hide seen by the next query", effect)]
    text = f"p99 from event to effect {p99:.2f} ms <= {MOST_EFFECT:g}; {missed} of {EFFECTS} missed"
    return lines, {text: p99 <= MOST_EFFECT and not missed}


def measure_events(
    address: str, items: int, batch: int, seconds: float
) -> tuple[list[dict], dict[str, bool]]:
    """Events beside queries, paced and flat out; lines for the record, and the verdict."""
    lines, best = [], 0.0
    for label, rate in (("paced", EVENT_RATE * 1.02), ("flat out", None)):
        reached, waits, beside = events_beside_queries(
            address, np.arange(USERS), items, rate, batch, seconds
        )
        best = max(best, reached)
        print(f"events {label}: {reached:,.0f}/s durable in calls of {batch}, "
              f"{len(beside) / seconds:,.0f} queries/s beside them")
        lines.append(line(f"events {label} acknowledged", waits, events_per_second=reached))
        lines.append(line(f"query beside events {label}", beside))
    text = f"{best:,.0f} events/s >= {EVENT_RATE:,} with queries beside them"
    return lines, {text: best >= EVENT_RATE}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=10, help="of each run of events")
    parser.add_argument("--batch", type=int, default=1_000, help="events of a call")
    parser.add_argument("--check", action="store_true", help="fail where a verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CPU})
    with tempfile.TemporaryDirectory(prefix="palate-latency-") as scratch:
        operations = f"127.0.0.1:{free_port()}"
        words = ("--http-listen", operations)
        with Server(f"{scratch}/data", cpu=SERVER_CPU, arguments=words) as server:
            data, items = prepare(server.address)
            parts = [
                measure_queries(
                    server.address, operations, server.process.pid, arguments.queries
                ),
                measure_effects(server.address),
                measure_events(server.address, items, arguments.batch, arguments.seconds),
            ]
    lines = [{**one, "data": data} for part, _ in parts for one in part]
    verdicts = {text: holds for _, part in parts for text, holds in part.items()}
    for text, holds in verdicts.items():
        print(f"{'holds' if holds else 'FAILS'}: {text}")
    if arguments.record:
        record("taste.jsonl", lines, instead_of=f"{NAME}/")
    return 0 if all(verdicts.values()) or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
