#!/usr/bin/env python3
"""Restart: how long a collection takes to be ready again, in peace and after kill -9.

benchmarks/live/restart.py [--rows 1000000] [--tail 1000] [--record]

Loads clustered vectors of 256 components, stops the server and starts it again; then upserts a
tail, kills the server and starts it once more. Ready in a second and what reading codes and links
takes at 1 GB/s, plus 5 s of linking for the tail: longer is an error, and so is a live item that
does not find itself. The load from scratch stands beside.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "peers"), str(HERE.parents[1] / "tools")]

from clusters import Clusters  # noqa: E402
from datasets import CLUSTERS_DIMENSIONS, CLUSTERS_SEED  # noqa: E402
from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

COLLECTION = "restarted"
SAMPLE = 200
# What readiness may take: a second, reading at this rate, and linking the tail.
START_SECONDS, BYTES_PER_SECOND, TAIL_SECONDS = 1.0, 1e9, 5.0


def lost(client, vectors, rows):
    """How many of the rows do not find themselves."""
    found = client.query(COLLECTION, vectors=vectors[rows], k=10, beam=200).ids
    return sum(row not in got for row, got in zip(rows, found, strict=True))


def start(server):
    """Starts the server; seconds until it listens."""
    started = time.monotonic()
    server.start(seconds=600)
    return time.monotonic() - started


def measure(data, arguments):
    """The figures, and what is wrong."""
    count = arguments.rows + arguments.tail
    vectors = Clusters(CLUSTERS_DIMENSIONS, CLUSTERS_SEED).draw(count)
    sample = np.random.default_rng(CLUSTERS_SEED).choice(arguments.rows, SAMPLE, replace=False)
    server = Server(data)
    start(server)
    figures, wrong = {"rows": arguments.rows, "tail": arguments.tail}, []
    try:
        with Client(server.address, timeout=3_600) as client:
            client.create_collection(COLLECTION, dim=CLUSTERS_DIMENSIONS, metric="cosine")
            started = time.monotonic()
            client.load(COLLECTION, np.arange(arguments.rows), vectors[: arguments.rows])
            figures["load_seconds"] = time.monotonic() - started
            figures["index_mb"] = client.stats(COLLECTION)["index_bytes"] / 1e6
        server.stop(seconds=600)
        figures["restart_seconds"] = start(server)
        with Client(server.address, timeout=600) as client:
            figures["lost"] = lost(client, vectors, sample)
            tail = np.arange(arguments.rows, count)
            client.upsert(COLLECTION, tail, vectors[tail])
        server.kill()
        figures["recovery_seconds"] = start(server)
        with Client(server.address, timeout=600) as client:
            figures["lost"] += lost(client, vectors, np.append(sample, tail[:SAMPLE]))
    finally:
        if server.is_running():
            server.kill()
    allowed = START_SECONDS + figures["index_mb"] * 1e6 / BYTES_PER_SECOND
    if figures["restart_seconds"] > allowed:
        wrong.append(f"ready after {figures['restart_seconds']:.2f} s, allowed {allowed:.2f}")
    if figures["recovery_seconds"] > allowed + TAIL_SECONDS:
        wrong.append(f"recovered after {figures['recovery_seconds']:.2f} s")
    if figures["lost"]:
        wrong.append(f"{figures['lost']} items do not find themselves")
    return figures, allowed, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tail", type=int, default=1_000)
    parser.add_argument("--record", action="store_true", help="keep the line in results/")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="palate-restart-") as scratch:
        figures, allowed, wrong = measure(pathlib.Path(scratch, "data"), arguments)
    print(f"{figures['rows']:,} x {CLUSTERS_DIMENSIONS}: loaded in "
          f"{figures['load_seconds']:.1f} s, {figures['index_mb']:.0f} MB of codes and links")
    print(f"ready again after {figures['restart_seconds']:.2f} s (allowed {allowed:.2f}); "
          f"after kill -9 with {figures['tail']} rows to link {figures['recovery_seconds']:.2f} s; "
          f"{figures['lost']} items lost")
    if arguments.record:
        record("live.jsonl", [{"name": f"restart/{figures['rows']}", **figures}])
    for text in wrong:
        print(f"WRONG {text}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
