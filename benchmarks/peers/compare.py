#!/usr/bin/env python3
"""Palate beside its rivals, in one run, on one core: recall@k and rate of every beam.

benchmarks/peers/compare.py [--rivals hnswlib,faiss-sq8] [--rounds 3] [--record]

`tools/setup --benchmarks` and `benchmarks/peers/prepare.py` come first. Each round measures every
library once, in turn, so that a slow minute of the machine falls on all of them; the best round of
each beam counts. Rivals are given the benefit: theirs count processor time, in building too,
Palate's are by the clock, as `palate bench search` measures them.
"""

import argparse
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "tools")]

import rivals as peers  # noqa: E402

peers.limit_threads()

import numpy as np  # noqa: E402
from recall import rate_at, recall  # noqa: E402
from results_log import record  # noqa: E402
from served import run_palate  # noqa: E402

TARGETS = (0.90, 0.95, 0.99, 0.999)
PALATE_BEAMS = "10,12,16,20,24,28,32,40,48,64,80,96,128,192,256"
PALATE = "palate"


def palate_round(data, k, quantizer):
    """One build and one search of every beam, as lines of `palate bench search`."""
    output = run_palate(
        *("bench", "search", "--vectors", data / "vectors.npy", "--queries", data / "queries.npy"),
        *("--truth", data / "truth.npy", "--metric", "l2", "--quantizer", quantizer),
        *("--k", k, "--beam", PALATE_BEAMS, "--threads", 1, "--passes", 1),
        *("--neighbours", peers.NEIGHBOURS, "--build-beam", peers.BUILD_BEAM),
    )
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def rival_round(rival, queries, truth, k):
    """One search of every beam, as lines like Palate's."""
    lines = []
    for beam in rival.beams:
        started = time.process_time()
        found = rival.search(queries, k, beam)
        seconds = time.process_time() - started
        rate = len(queries) / seconds
        lines.append({"beam": beam, "recall": recall(found, truth, k), "qps": rate})
    return lines


def best_of(rounds):
    """The line with the highest rate of each beam, in the order of the beams."""
    best = {}
    for line in (line for lines in rounds for line in lines):
        if line["beam"] not in best or line["qps"] > best[line["beam"]]["qps"]:
            best[line["beam"]] = line
    return [best[beam] for beam in sorted(best)]


def measure(data, names, rounds, k, quantizer):
    """All rounds; returns lines per library, and seconds and bytes of each index."""
    vectors = np.load(data / "vectors.npy")
    queries = np.load(data / "queries.npy").astype(np.float32)
    truth = np.load(data / "truth.npy")[:, :k]
    libraries = {name: peers.RIVALS[name]() for name in names}
    builds = {}
    for name, rival in libraries.items():
        print(f"building {name}", file=sys.stderr)
        builds[name] = {"build_seconds": rival.build(vectors), "index_bytes": rival.index_bytes()}
    measured = {name: [] for name in [*libraries, PALATE]}
    for place in range(rounds):
        print(f"round {place + 1} of {rounds}", file=sys.stderr)
        for name, rival in libraries.items():
            measured[name].append(rival_round(rival, queries, truth, k))
        measured[PALATE].append(palate_round(data, k, quantizer))
    own = [line for lines in measured[PALATE] for line in lines]
    builds[PALATE] = {
        "build_seconds": min(line["build_seconds"] for line in own),
        "index_bytes": own[0]["index_bytes"],
    }
    return {name: best_of(lines) for name, lines in measured.items()}, builds


def report(best, builds):
    """Prints the points, and the rates at equal recall."""
    for name, lines in best.items():
        print(f"\n{name}: built in {builds[name]['build_seconds']:.1f} s, "
              f"{builds[name]['index_bytes'] / 1e6:.1f} MB")
        for line in lines:
            print(f"  beam {line['beam']:>4}  recall {line['recall']:.4f}  {line['qps']:>9,.0f}/s")
    print("\nqueries per second at recall     " + "".join(f"{target:>10}" for target in TARGETS))
    for name, lines in best.items():
        points = [(line["recall"], line["qps"]) for line in lines]
        print(f"  {name:<30}" + "".join(cell(points, target) for target in TARGETS))


def cell(points, target):
    """One rate for the table: `>` where the smallest beam is above the target already."""
    rate = rate_at(points, target)
    if rate is None:
        return f"{'-':>10}"
    above = ">" if min(points)[0] >= target else ""
    return f"{above + format(rate, ',.0f'):>10}"


def ratios(best, builds, rival):
    """Palate against one rival: the three ratios of the main job's Show 2."""
    points = {
        name: [(line["recall"], line["qps"]) for line in best[name]] for name in (PALATE, rival)
    }
    own, other = (rate_at(points[name], 0.99) for name in (PALATE, rival))
    found = {
        "build_seconds": builds[PALATE]["build_seconds"] / builds[rival]["build_seconds"],
        "index_bytes": builds[PALATE]["index_bytes"] / builds[rival]["index_bytes"],
    }
    if own and other:
        found["rate_at_0.99"] = own / other
    return found


def lines_to_record(best, builds):
    """One named line per library and beam."""
    return [
        {"name": f"peers/fashion-mnist/{name}/beam{line['beam']}", **builds[name], **line}
        for name, lines in best.items()
        for line in lines
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    parser.add_argument("--rivals", default=",".join(peers.RIVALS), help="names, by comma")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quantizer", default="sq8", help="Palate's")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    names = [name for name in arguments.rivals.split(",") if name]
    unknown = set(names) - set(peers.RIVALS)
    if unknown:
        parser.error(f"no rival {', '.join(unknown)}; there are {', '.join(peers.RIVALS)}")

    os.sched_setaffinity(0, {arguments.cpu})
    best, builds = measure(
        arguments.data, names, arguments.rounds, arguments.k, arguments.quantizer
    )
    report(best, builds)
    for rival in names:
        print(f"\npalate / {rival}:")
        for what, ratio in ratios(best, builds, rival).items():
            print(f"  {what:<16}{ratio:>7.2f}")
    if arguments.record:
        record("peers.jsonl", lines_to_record(best, builds))


if __name__ == "__main__":
    main()
