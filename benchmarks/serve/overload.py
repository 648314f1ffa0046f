#!/usr/bin/env python3
"""What a server does with three times as many queries as it can answer, and beside a bulk load.

benchmarks/serve/overload.py [--data PATH] [--batch 8] [--seconds 60] [--check] [--record]

PATH holds `vectors.npy`, `queries.npy` and `truth.npy` (as `benchmarks/peers/prepare.py` makes
them). A request has `--batch` vectors: those of a person's interests. With one, refusing costs the
server a fifth of answering, most of it in the kernel. The server has core 0, the load generator
core 1. In turn:

1. Peak: every connection keeps requests in flight.
2. Unloaded: a tenth of the peak, at a steady rate.
3. Loads: the peak with a bulk load beside it, and without, in turn; medians of three.
4. Overload: three times the peak, at a steady rate. `limits.query-wait` is six tenths of the
   unloaded p99, or `--wait`. Goodput is what is answered; the rest must be refused at once.
5. Recovery: the unloaded rate again, from the moment on that the overload ends, for one second. It
   must be answered as it was before the overload under the same limit.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import threading
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools"), str(HERE)]

import compare  # noqa: E402
from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server, run_palate  # noqa: E402

CONNECTIONS, DEPTH = 4, 8
UNLOADED, OVERLOAD, WAIT = 0.1, 3, 0.6
# What is claimed: of the peak, of the unloaded p99, of the peak beside a load; bytes.
MORE_REFUSED = 0.01
LEAST_GOODPUT, MOST_P99, LEAST_BESIDE_LOAD, MOST_GROWTH = 0.8, 2, 0.8, 4 << 20


def ask(address, arguments, seconds, rate=0.0):
    """The line of `palate bench serve`."""
    output = run_palate(
        *("bench", "serve", "--to", address, "--collection", compare.COLLECTION),
        *("--queries", arguments.data / "queries.npy", "--truth", arguments.data / "truth.npy"),
        *("--k", 10, "--beam", arguments.beam, "--rescore", 0, "--seconds", seconds),
        *("--batch", arguments.batch, "--rate", rate),
        *("--connections", CONNECTIONS, "--depth", DEPTH),
        cpu=compare.LOAD_CPU,
    )
    return compare.json_lines(output)[0]


class Beside:
    """A thread that runs while a block does; `ended` tells it to stop."""

    def __init__(self, work):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=work)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Memory(Beside):
    """The anonymous memory of a server, looked at while a block runs."""

    def __init__(self, server):
        super().__init__(self._watch)
        self.server = server
        self.samples = []

    def _watch(self):
        while not self.ended.wait(0.2):
            self.samples.append(self.server.anonymous_bytes())

    def growth(self):
        """Half-way, and what came since: buffers have found their sizes by then."""
        half = len(self.samples) // 2
        return self.samples[half], max(self.samples[half:]) - self.samples[half]


class BulkLoad(Beside):
    """Rows loaded again and again under other ids, on the load generator's core."""

    def __init__(self, address, vectors, number):
        super().__init__(self._run)
        self.address, self.vectors = address, vectors
        self.first = (number + 1) * len(vectors)
        self.rows = 0

    def _run(self):
        with Client(self.address, timeout=600) as client:
            # Inverted pictures are nobody's neighbours: the recall stays what it is.
            rows, step = -self.vectors, 2_000
            for start in range(0, len(rows), step):
                if self.ended.is_set():
                    return
                chunk = rows[start : start + step]
                client.load(compare.COLLECTION, np.arange(len(chunk)) + self.first + start, chunk)
                self.rows += len(chunk)


def beside_loads(address, arguments, vectors):
    """Lines of the peak, and of the peak beside a bulk load."""
    quiet, loaded = [], []
    for number in range(3):
        quiet.append(ask(address, arguments, 5))
        with BulkLoad(address, vectors, number) as load:
            time.sleep(1)
            began, before = time.monotonic(), load.rows
            loaded.append(ask(address, arguments, 8))
            loaded[-1]["rows_a_second"] = (load.rows - before) / (time.monotonic() - began)
    names = {"peak": quiet, "beside a load": loaded}
    return {name: sorted(lines, key=lambda line: line["qps"])[1] for name, lines in names.items()}


def measure(arguments):
    """A line each of what the docstring says, by name."""
    vectors = np.load(arguments.data / "vectors.npy")
    lines = {}
    with tempfile.TemporaryDirectory(prefix="palate-overload-") as scratch:
        data, words = pathlib.Path(scratch) / "data", ("--build-threads", "1")
        with Server(data, cpu=compare.SERVER_CPU, arguments=words) as server:
            with Client(server.address, timeout=600) as client:
                compare.load(client, arguments.data, arguments)
            ask(server.address, arguments, 1)
            lines |= beside_loads(server.address, arguments, vectors)
            rate = lines["peak"]["qps"] * UNLOADED
            lines["unloaded"] = ask(server.address, arguments, 10, rate)
        wait = arguments.wait or int(WAIT * lines["unloaded"]["p99_us"])
        words += ("--set", f"limits.query-wait={wait}us")
        with Server(data, cpu=compare.SERVER_CPU, arguments=words) as server:
            ask(server.address, arguments, 1)
            lines["limited"] = ask(server.address, arguments, 5, rate)
            with Memory(server) as memory:
                lines["overload"] = ask(
                    server.address, arguments, arguments.seconds, OVERLOAD * lines["peak"]["qps"]
                )
            lines["recovery"] = ask(server.address, arguments, 1, rate)
            lines["overload"]["wait_us"] = wait
            keys = ("memory_bytes", "memory_growth")
            lines["overload"] |= dict(zip(keys, memory.growth(), strict=True))
    return lines


def refused_share(line):
    """Of the requests sent, those that were refused."""
    answered = line["qps"] * line["seconds"] / line["batch"]
    return line["refused"] / (answered + line["refused"])


def verdicts(lines):
    """What was claimed, and whether it holds."""
    peak, calm, loaded = lines["peak"], lines["unloaded"], lines["overload"]
    goodput = loaded["qps"] / peak["qps"]
    latency = loaded["p99_us"] / calm["p99_us"]
    after = lines["recovery"]["p99_us"] / calm["p99_us"]
    refused, before = (refused_share(lines[name]) for name in ("recovery", "limited"))
    beside = lines["beside a load"]["qps"] / peak["qps"]
    grown = loaded["memory_growth"]
    yield f"goodput {goodput:.3f} of peak >= {LEAST_GOODPUT}", goodput >= LEAST_GOODPUT
    yield f"p99 {latency:.2f} of unloaded <= {MOST_P99}", latency <= MOST_P99
    yield (
        f"memory {loaded['memory_bytes'] / 2**20:.1f} MiB, grew by {grown / 2**20:.1f} MiB "
        f"in the second half <= {MOST_GROWTH >> 20}",
        grown <= MOST_GROWTH,
    )
    yield (
        f"within a second p99 {after:.2f} of unloaded <= {MOST_P99}, "
        f"{refused:.1%} refused, {before:.1%} before",
        after <= MOST_P99 and refused <= before + MORE_REFUSED,
    )
    yield f"beside a load {beside:.3f} of peak >= {LEAST_BESIDE_LOAD}", beside >= LEAST_BESIDE_LOAD
    errors = sum(line["errors"] for line in lines.values())
    yield f"{errors} errors", errors == 0


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    parser.add_argument("--metric", default="l2")
    parser.add_argument("--quantizer", default="sq8")
    parser.add_argument("--beam", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8, help="vectors per request")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--wait", type=int, help="limits.query-wait in us")
    parser.add_argument("--check", action="store_true", help="fail where a verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    # The bulk load runs in this process.
    os.sched_setaffinity(0, {compare.LOAD_CPU})
    lines = measure(arguments)
    for name, line in lines.items():
        more = f"  {line['rows_a_second']:,.0f} rows/s" if "rows_a_second" in line else ""
        print(f"{name:<14} {line['qps']:>9,.0f}/s  recall {line['recall']:.4f}  "
              f"p50 {line['p50_us']:,.0f} us  p99 {line['p99_us']:,.0f} us  "
              f"{line['refused']:,} refused{more}")
    results = list(verdicts(lines))
    for text, holds in results:
        print(f"{'holds' if holds else 'FAILS'}: {text}")
    if arguments.record:
        kept = [{"name": f"serve/overload/{name.replace(' ', '-')}", **line}
                for name, line in lines.items()]
        record("serve.jsonl", kept, instead_of="serve/overload/")
    return 0 if all(holds for _, holds in results) or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
