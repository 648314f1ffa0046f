#!/usr/bin/env python3
"""One rival in a process of its own: builds an index, or measures one round of searches.

`worker.py build DATA RIVAL FOLDER OUTPUT` and `worker.py search DATA RIVAL FOLDER OUTPUT QUESTIONS
K BEAMS`, where QUESTIONS is a folder of queries and their truth; `compare.py` runs it, on the one
core that everything shares. What was measured goes to OUTPUT as JSON: the libraries write to the
standard output what they like.
"""

import ctypes
import gc
import importlib
import json
import os
import pathlib
import sys
import time

# One thread in every library that reads its count from the environment; before importing.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np  # noqa: E402
from datasets import DATA_SETS  # noqa: E402
from recall import recall  # noqa: E402
from rivals import RIVALS  # noqa: E402

# Queries asked one by one, for latencies and for the rate of single calls.
SINGLE_CALLS = 1_000
WARM_UP = 200
# Where a curve ends: at this recall, or where two more beams gain less than this.
ENOUGH_RECALL, LEAST_GAIN, LEAST_BEAMS = 0.9995, 0.0002, 6


def resident_bytes():
    """Resident memory of this process, after what is free has gone back to the system."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def make(data, name, dimensions):
    """The rival, told what it has to know of the data."""
    rival = RIVALS[name]()
    rival.dimensions, rival.integers = dimensions, data.integers
    return rival


def metric_for(data, rival):
    """How the rival compares the rows: ip is only for unit rows, whatever the data calls it."""
    return "l2" if data.metric == "l2" else rival.unit_metric


def build(data, name, folder):
    """Builds the index in `folder`; seconds of processor time, reading and saving included."""
    rows = data.for_rivals(np.load(data.folder / "vectors.npy"))
    rival = make(data, name, rows.shape[1])
    started = time.process_time()
    rival.build(rows, metric_for(data, rival), folder)
    return {"build_seconds": time.process_time() - started}


def search(data, name, folder, questions, k, beams):
    """Every beam once: lines of recall, rate and latencies, and the memory the index took."""
    queries = data.for_rivals(np.load(questions / "queries.npy"))
    truth = np.load(questions / "truth.npy")[:, :k]
    rival = make(data, name, queries.shape[1])
    # What an import brings is not the index.
    importlib.import_module(rival.module)
    before = resident_bytes()
    rival.load(
        lambda: data.for_rivals(np.load(data.folder / "vectors.npy")),
        metric_for(data, rival),
        folder,
    )
    lines = []
    for beam in beams:
        lines.append(measure(rival, queries, truth, k, beam))
        if is_enough([line["recall"] for line in lines]):
            break
    return {
        "lines": lines,
        "resident_bytes": resident_bytes() - before,
        "index_bytes": rival.index_bytes(folder),
    }


def is_enough(recalls):
    """Whether wider beams would tell nothing new: all is found, or no more will be."""
    stuck = len(recalls) > LEAST_BEAMS and recalls[-1] - recalls[-3] < LEAST_GAIN
    return recalls[-1] >= ENOUGH_RECALL or stuck


def measure(rival, queries, truth, k, beam):
    """One beam: all queries in the library's own call for many, some of them in single calls.

    Both rates count processor time; the better one is the rival's.
    """
    rival.use(beam)
    rival.search(queries[:WARM_UP], k)
    started, started_clock = time.process_time(), time.perf_counter()
    found = rival.search(queries, k)
    batch_rate = len(queries) / (time.process_time() - started)
    wall_rate = len(queries) / (time.perf_counter() - started_clock)
    single = queries[:SINGLE_CALLS]
    latencies = np.empty(len(single))
    started = time.process_time()
    for place, query in enumerate(single):
        asked = time.perf_counter()
        rival.search_one(query, k)
        latencies[place] = time.perf_counter() - asked
    single_rate = len(single) / (time.process_time() - started)
    p50, p99 = np.percentile(latencies * 1e6, (50, 99))
    return {
        "beam": beam,
        "recall": recall(found, truth, k),
        "qps": max(batch_rate, single_rate),
        "batch_qps": batch_rate,
        "single_qps": single_rate,
        "wall_qps": wall_rate,
        "p50_us": p50,
        "p99_us": p99,
    }


def main():
    command, data, name, folder, output, *rest = sys.argv[1:]
    if command == "build":
        measured = build(DATA_SETS[data], name, folder)
    else:
        questions, k, beams = rest
        beams = [int(beam) for beam in beams.split(",")]
        measured = search(
            DATA_SETS[data], name, folder, pathlib.Path(questions), int(k), beams
        )
    pathlib.Path(output).write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
