#!/usr/bin/env python3
"""One rival in a process of its own: `measure.py build|search ENGINE OUTPUT CPU CALLS [PLAN]`.

`compare.py` runs it on the one core that everything shares. `search` writes a line of JSON to
OUTPUT for every case and setting: case, setting, recall, rate (queries per second of processor
time), complete, queries. Without PLAN, each series of settings runs until the recall that is
compared is reached, for what is wider is slower; with PLAN (JSON: the settings of each case), just
those settings. CALLS is `batch` (all queries of a filter in one call) or `single` (a call each, of
at most SINGLE_QUERIES queries).
"""

import json
import os
import pathlib
import sys
import time

# One thread in every library that reads its count from the environment; before importing.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import numpy as np  # noqa: E402
from cases import DATA, FOLDER, K, cases, truth_of  # noqa: E402
from engines import FaissExact, FaissHNSW, FaissIVF, HNSWLib  # noqa: E402
from qdrant_engine import qdrant_bytes, qdrant_codes  # noqa: E402

ENGINES = {
    "hnswlib": HNSWLib,
    "faiss-hnsw": FaissHNSW,
    "faiss-ivf": FaissIVF,
    "faiss-exact": FaissExact,
    "qdrant-codes": qdrant_codes,
    "qdrant-bytes": qdrant_bytes,
}
TARGET = 0.95
WARM_UP = 50
SINGLE_QUERIES = 500
# A first look at a setting: every so manieth query. What would take longer than BRIEF_SECONDS with
# all of them is measured by these; a series ends at what would take longer than MOST_SECONDS.
FIRST_LOOK_STEP, BRIEF_SECONDS, MOST_SECONDS = 20, 4.0, 30.0


class Asked:
    """One case, as a rival is asked it: its filters ready."""

    def __init__(self, engine, case, queries, calls):
        self.engine, self.case, self.queries = engine, case, queries
        self.is_single = calls == "single"
        self.truth = truth_of(case)
        self.filters = {number: engine.filter_for(case, number) for number, _ in case.groups()}

    def once(self, setting, step=1):
        """The line of a setting, of every `step`-th query."""
        asked = min(len(self.queries), SINGLE_QUERIES) if self.is_single else len(self.queries)
        seconds, chosen = 0.0, np.arange(0, asked, step)
        found = np.full((len(self.queries), K), -1, dtype=np.int64)
        for number, asking in self.case.groups():
            asking = np.intersect1d(asking, chosen)
            if not len(asking):
                continue
            most = int(self.case.masks[number].sum())
            parts = [[query] for query in asking] if self.is_single else [asking]
            requests = [
                self.engine.ask(self.queries[part], self.filters[number], most, setting)
                for part in parts
            ]
            started = time.process_time()
            answers = [self.engine.answer(request) for request in requests]
            seconds += time.process_time() - started
            for part, answer in zip(parts, answers, strict=True):
                found[part] = self.engine.rows(answer)
        matches = np.minimum(self.case.matches[chosen], K)
        return {
            "case": self.case.name,
            "setting": list(setting),
            "recall": recall(found[chosen], self.truth[chosen]),
            "rate": len(chosen) / max(seconds, 1e-9),
            "complete": bool(((found[chosen] >= 0).sum(axis=1) == matches).all()),
            "queries": len(chosen),
        }

    def line(self, setting):
        """The line of a setting: of all queries where that does not take too long."""
        look = self.once(setting, FIRST_LOOK_STEP)
        is_brief = len(self.queries) / look["rate"] <= BRIEF_SECONDS
        return self.once(setting) if is_brief else look

    def climb(self, kind, values):
        """The lines of a series, up to the recall that is compared."""
        for value in values:
            line = self.line((kind, value))
            yield line
            if line["recall"] >= TARGET or len(self.queries) / line["rate"] > MOST_SECONDS:
                return


def recall(found, truth):
    """The share of the true rows that were found; -1 is no row."""
    hits = (truth[:, :, None] == found[:, None, :]).any(axis=2) & (truth >= 0)
    return float(hits.sum() / (truth >= 0).sum())


def search(engine, calls, plan):
    """The lines of all cases."""
    engine.load()
    queries = DATA.for_rivals(np.load(FOLDER / "queries.npy"))
    lines = []
    for case in cases():
        if plan is not None and case.name not in plan:
            continue
        asked = Asked(engine, case, queries, calls)
        kind, values = next(iter(engine.series.items()))
        asked.once((kind, values[0]), step=len(queries) // WARM_UP)
        if plan is None:
            for kind, values in engine.series.items():
                lines += asked.climb(kind, values)
        else:
            lines += [asked.line(tuple(setting)) for setting in plan[case.name]]
    return lines


def main():
    command, name, output, cpu, calls, *plan = sys.argv[1:]
    engine = ENGINES[name]()
    lines = []
    if command == "build":
        engine.build(int(cpu))
    else:
        lines = search(engine, calls, json.loads(plan[0]) if plan else None)
    pathlib.Path(output).write_text(json.dumps(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
