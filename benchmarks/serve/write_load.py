#!/usr/bin/env python3
"""Queries while rows are written: their rate and p99 beside those of an idle collection.

benchmarks/serve/write_load.py [--data PATH] [--rate 500] [--seconds 8] [--rounds 3] [--record]

PATH holds `vectors.npy`, `queries.npy` and `truth.npy` (as `benchmarks/peers/prepare.py` makes
them). `palate bench serve` asks as fast as it is answered, from one core (`--client-cpu`), which it
shares with the writer; the server may use all cores, or `--server-cpus`. In turn: nothing is
written; `--rate` rows a second in 25 upserts a second; the same in upserts of one row.

Half of the rows replace an item by itself, half are new: inverted pictures, which are nobody's
neighbours, so that the recall stays what it is against the same truth. Which threads of the server
took how much processor time stands beside, since writing and asking share the cores.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(ROOT / "tools"), str(ROOT / "tools" / "python" / "src")]

from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server, run_palate  # noqa: E402

COLLECTION = "written"
CONNECTIONS = 4
BATCHES_PER_SECOND = 25
TICKS = os.sysconf("SC_CLK_TCK")


class Writer:
    """Upserts at a pace, on a few connections, each in a thread of its own."""

    def __init__(self, address, vectors, rate, rows, seed):
        self.address, self.vectors, self.rows = address, vectors, rows
        self.pause = CONNECTIONS * rows / rate
        self.seed = seed
        self.milliseconds = []
        self.errors = []
        self.next_new = len(vectors) + seed * 1_000_000
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(CONNECTIONS)
        ]

    def __enter__(self):
        self.started = time.perf_counter()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.perf_counter() - self.started

    def _rows(self, generator):
        """Ids and vectors of one upsert."""
        places = generator.integers(0, len(self.vectors), self.rows)
        ids, vectors = places.astype(np.uint64), self.vectors[places].copy()
        is_new = generator.random(self.rows) < 0.5
        count = int(is_new.sum())
        with self.lock:
            ids[is_new] = np.arange(self.next_new, self.next_new + count)
            self.next_new += count
        vectors[is_new] = 255 - vectors[is_new]
        return ids, vectors

    def _run(self, number):
        generator = np.random.default_rng((self.seed, number))
        due = self.started + number * self.pause / CONNECTIONS
        with Client(self.address, timeout=60) as client:
            while not self.ended.is_set():
                ids, vectors = self._rows(generator)
                time.sleep(max(0.0, due - time.perf_counter()))
                due += self.pause
                begun = time.perf_counter()
                try:
                    client.upsert(COLLECTION, ids, vectors)
                except Exception as error:  # noqa: BLE001 - counted and shown
                    self.errors.append(repr(error))
                    return
                self.milliseconds.append(1_000 * (time.perf_counter() - begun))

    def figures(self):
        """Rows a second that were acknowledged, and how long an upsert took."""
        if self.errors:
            raise RuntimeError(f"an upsert failed: {self.errors[0]}")
        took = np.array(self.milliseconds)
        return {
            "rows_per_second": round(len(took) * self.rows / self.seconds, 1),
            "upsert_p50_ms": round(float(np.percentile(took, 50)), 2),
            "upsert_p99_ms": round(float(np.percentile(took, 99)), 2),
        }


def thread_seconds(pid):
    """Processor seconds of a process's threads, by name."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            text = (task / "stat").read_text()
        except OSError:
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text[text.rindex(")") + 2 :].split()
        seconds[f"{name}-{task.name}"] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def shares(before, after, seconds):
    """Processor shares of threads that took over one percent, the busiest first."""
    taken = {name: (after[name] - before.get(name, 0)) / seconds for name in after}
    busy = sorted(((share, name) for name, share in taken.items() if share > 0.01), reverse=True)
    return {name: round(share, 3) for share, name in busy}


def ask(server, data, arguments):
    """The line of `palate bench serve`, and where the server's processor time went."""
    before, started = thread_seconds(server.process.pid), time.perf_counter()
    output = run_palate(
        *("bench", "serve", "--to", server.address, "--collection", COLLECTION),
        *("--queries", data / "queries.npy", "--truth", data / "truth.npy", "--rescore", 0),
        *("--k", arguments.k, "--beam", arguments.beam, "--connections", arguments.connections),
        *("--depth", arguments.depth, "--seconds", arguments.seconds),
        cpu=arguments.client_cpu,
    )
    seconds = time.perf_counter() - started
    line = json.loads(next(text for text in output.splitlines() if text.startswith("{")))
    if line["errors"]:
        raise RuntimeError(f"{line['errors']} queries failed")
    line["threads"] = shares(before, thread_seconds(server.process.pid), seconds)
    return line


def measure(server, data, vectors, arguments):
    """All rounds; a list of lines by mode."""
    modes = {"idle": 0, "batches": arguments.rate // BATCHES_PER_SECOND, "single": 1}
    lines = {mode: [] for mode in modes}
    for turn in range(arguments.rounds):
        for place, (mode, rows) in enumerate(modes.items()):
            if rows == 0:
                lines[mode].append(ask(server, data, arguments))
            else:
                seed = 1 + turn * len(modes) + place
                with Writer(server.address, vectors, arguments.rate, rows, seed) as writer:
                    time.sleep(0.5)
                    line = ask(server, data, arguments)
                lines[mode].append({**line, **writer.figures()})
            print(json.dumps({"mode": mode, "round": turn, "load": os.getloadavg()[0],
                              **lines[mode][-1]}), flush=True)
    return lines


def median(lines):
    """The median of each number; the threads of the first line."""
    middle = {
        key: statistics.median(line[key] for line in lines)
        for key, value in lines[0].items() if isinstance(value, (int, float))
    }
    return {**middle, "threads": lines[0]["threads"]}


def report(lines):
    """Prints the table; returns the medians with their ratios to idle."""
    middle = {mode: median(of_mode) for mode, of_mode in lines.items()}
    idle = middle["idle"]
    for mode, line in middle.items():
        line["rate_of_idle"] = round(line["qps"] / idle["qps"], 3)
        line["p99_of_idle"] = round(line["p99_us"] / idle["p99_us"], 2)
        written = (f"  {line['rows_per_second']:,.0f} rows/s, upsert p50 "
                   f"{line['upsert_p50_ms']:.1f} ms p99 {line['upsert_p99_ms']:.1f} ms"
                   if "rows_per_second" in line else "")
        print(f"{mode:<8} {line['qps']:>8,.0f}/s ({line['rate_of_idle']:.2f})  "
              f"p99 {line['p99_us']:>7,.0f} us ({line['p99_of_idle']:.2f})  "
              f"recall {line['recall']:.4f}{written}")
    return middle


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ROOT / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    parser.add_argument("--rate", type=int, default=500, help="rows a second")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--beam", type=int, default=32)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=4, help="queries in flight per connection")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client-cpu", type=int, default=1)
    parser.add_argument("--server-cpus", help="as of taskset; all where absent")
    parser.add_argument("--serve", default="", help="more arguments of palate serve, in one")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    vectors = np.load(arguments.data / "vectors.npy").astype(np.float32)
    os.sched_setaffinity(0, {arguments.client_cpu})
    with tempfile.TemporaryDirectory(prefix="palate-write-load-") as scratch:
        server = Server(f"{scratch}/data", arguments=arguments.serve.split())
        with server:
            free = arguments.server_cpus or f"0-{os.cpu_count() - 1}"
            subprocess.run(["taskset", "-apc", free, str(server.process.pid)],
                           check=True, capture_output=True)
            with Client(server.address, timeout=600) as client:
                client.create_collection(COLLECTION, vectors.shape[1], "l2")
                client.load(COLLECTION, np.arange(len(vectors), dtype=np.uint64), vectors)
                lines = measure(server, arguments.data, vectors, arguments)
                print(json.dumps(client.stats(COLLECTION)))
    middle = report(lines)
    if arguments.record:
        name = f"serve/{arguments.data.name}/write-load"
        record("serve.jsonl", [{"name": f"{name}/{mode}", **line} for mode, line in middle.items()])


if __name__ == "__main__":
    main()
