#!/usr/bin/env python3
"""Palate beside its rivals, in one run, on one core: recall, rate, memory, building.

benchmarks/peers/compare.py [--data fashion-mnist,glove] [--rivals symphonyqg,hnswlib]
    [--palate palate-sq8] [--rounds 3] [--quick] [--avx2] [--record]
benchmarks/peers/compare.py --report

`tools/setup --benchmarks` and `benchmarks/peers/prepare.py` come first. Each round measures every
library once, in turn, each in a process of its own on the same core, so that a slow minute of the
machine falls on all of them; medians of the rounds count. The first round takes every beam, those
that follow the beams beside the recalls that are compared. Rates and seconds of building are of
processor time. Rivals are
given the benefit: of the library's own call for many queries and of single calls the better rate
counts; latencies are those of single calls. Rivals' indexes are kept under `scratch/peers` with
the seconds that building them took, and used again until `--again`.

Prints tables as Markdown and a verdict for each bar; `--record` keeps the lines in
`benchmarks/results/peers.jsonl` and draws `benchmarks/results/peers-DATA.svg`; `--report` prints
and draws what was recorded, and measures nothing.
"""

import argparse
import contextlib
import os
import pathlib
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "tools")]

import numpy as np  # noqa: E402
import palate_rows  # noqa: E402
import results_log  # noqa: E402
import runs  # noqa: E402
import shows  # noqa: E402
from datasets import DATA_SETS, PARTS  # noqa: E402
from hardware import hardware  # noqa: E402
from measured import FILE, Measured, beams_beside, from_json, median_lines  # noqa: E402
from rivals import RIVALS, rivals_for  # noqa: E402
from tables import table  # noqa: E402

QUICK_BEAMS, QUICK_QUERIES = (10, 64, 256), 1_000
# Queries of a measurement: a rate of 50,000 a second is still one of 50 milliseconds.
QUERIES = 2_500


def say(text):
    """Progress, beside the report."""
    print(text, file=sys.stderr, flush=True)


class Comparison:
    """One data set, measured round by round."""

    def __init__(self, data, arguments):
        self.data = data
        self.arguments = arguments
        vectors = np.load(data.folder / "vectors.npy", mmap_mode="r")
        self.rows, dimensions = vectors.shape
        suitable = rivals_for(data, self.rows, dimensions)
        self.rivals = [name for name in suitable if name in arguments.rivals]
        self.own = {
            name: row
            for name, row in palate_rows.rows_for(data).items()
            if name in arguments.palate
        }
        self.indexes = {}
        self.rounds = {}

    def run(self):
        """Builds, then measures every round; one Measured a library that did not fail."""
        for name in self.rivals:
            self.attempt(name, self.build)
        with contextlib.ExitStack() as open_things:
            scratch = tempfile.TemporaryDirectory(prefix="palate-peers-")
            self.questions = self.write_questions(pathlib.Path(open_things.enter_context(scratch)))
            own = {
                label: open_things.enter_context(index) for label, index in self.build_own()
            }
            for place in range(self.arguments.rounds):
                say(f"{self.data.name}: round {place + 1} of {self.arguments.rounds}")
                for name in list(self.indexes):
                    self.attempt(name, self.search)
                for label, index in own.items():
                    row = self.own[label.split("@")[0]]
                    found = index.search(self.beams_of(label, row.beams))
                    self.rounds.setdefault(label, []).append(found)
            self.build_on_two_threads()
        return [self.summary(name, rounds) for name, rounds in self.rounds.items()]

    def attempt(self, name, step):
        """One step of a rival; one that fails is out, and said to be."""
        try:
            step(name)
        except runs.WorkerFailure as failure:
            say(f"{self.data.name}: {failure}")
            self.indexes.pop(name, None)
            self.rounds.pop(name, None)

    def build(self, name):
        self.indexes[name] = runs.built(
            self.data, name, self.arguments.cpu, self.arguments.again
        )

    def search(self, name):
        folder, record = self.indexes[name]
        beams = self.beams_of(name, RIVALS[name]().beams)
        found = runs.search(
            self.data, name, folder, self.questions, self.arguments.k, beams, self.arguments.cpu
        )
        found["build_seconds"] = record["build_seconds"]
        found["built"] = record["built"]
        self.rounds.setdefault(name, []).append(found)

    def build_own(self):
        """Palate's configurations, each at every level of kernels asked for."""
        for name, row in self.own.items():
            for level in self.arguments.kernels:
                label = name if level is None else f"{name}@{level}"
                say(f"building {label} on {self.data.name}")
                shared = (row, self.data, self.questions, self.arguments.k)
                cpu = self.arguments.cpu
                yield label, palate_rows.OwnIndex(*shared, cpu=cpu, kernels=level)

    def build_on_two_threads(self):
        """Each configuration again, for the speed-up of building."""
        if self.arguments.quick:
            return
        for name, row in self.own.items():
            say(f"building {name} on {self.data.name} on two threads")
            shared = (row, self.data, self.questions, self.arguments.k)
            with palate_rows.OwnIndex(*shared, threads=2) as two:
                seconds = two.built["wall_build_seconds"]
                self.rounds[name][0]["build_seconds_two_threads"] = seconds

    def beams_of(self, label, beams):
        """All of them in the first round, then those that the compared recalls hang on."""
        if self.arguments.quick:
            return beams[:: max(1, len(beams) // len(QUICK_BEAMS))]
        before = self.rounds.get(label)
        return beams_beside(before[0]["lines"]) if before else beams

    def write_questions(self, folder):
        """The folder with the queries and truth that every library gets.

        The first of many; few come again and again, so that a rate is of more than an instant.
        """
        tables = [np.load(self.data.folder / f"{part}.npy") for part in PARTS[1:]]
        count = len(tables[0])
        wanted = QUICK_QUERIES if self.arguments.quick else QUERIES
        if wanted == count:
            return self.data.folder
        for part, table in zip(PARTS[1:], tables):
            np.save(folder / f"{part}.npy", table[np.arange(wanted) % count])
        return folder

    def summary(self, name, rounds):
        """The medians of a library's rounds."""
        kept = ("kernel", "built", "build_seconds_two_threads", "wall_build_seconds")
        return Measured(
            name=name,
            own=name.split("@")[0] in self.own,
            rows=self.rows,
            build_seconds=statistics.median(one["build_seconds"] for one in rounds),
            resident_bytes=statistics.median(one["resident_bytes"] for one in rounds),
            index_bytes=rounds[0]["index_bytes"],
            lines=median_lines([one["lines"] for one in rounds]),
            beside={key: rounds[0][key] for key in kept if key in rounds[0]}
            | {"rounds": len(rounds)},
        )


def report(measured, facts):
    """Prints the tables and the verdicts."""
    print(f"Commit {facts['commit']}, {facts['day']}; {facts['hardware']}.")
    print(f"Command: `{facts['command']}`\n")
    for data_set, libraries in measured.items():
        about = DATA_SETS[data_set].about
        print(f"### {data_set}: {about}\n\n{table(libraries)}\n")
    for verdict in shows.judge(measured):
        print(verdict)


def draw(measured):
    """Draws a picture a data set beside the results."""
    import plots

    for data_set, libraries in measured.items():
        path = results_log.RESULTS / f"peers-{data_set}.svg"
        plots.draw(data_set, libraries, path)
        say(f"drew benchmarks/results/{path.name}")


def report_recorded(names):
    """Prints and draws what `--record` kept; figures of several days are told apart by day."""
    lines = [
        line
        for line in results_log.read(FILE)
        # Lines of earlier forms of this comparison do not say what they were measured on.
        if line["name"].split("/")[1] in names and "hardware" in line
    ]
    if not lines:
        raise SystemExit(f"nothing recorded in benchmarks/results/{FILE}")
    facts = {key: ", ".join(sorted({line[key] for line in lines})) for key in
             ("commit", "day", "hardware", "command")}
    for line in lines:
        for key in ("commit", "cpu", "day", "hardware", "command"):
            line.pop(key)
    measured = {name: list(found.values()) for name, found in from_json(lines).items()}
    report(measured, facts)
    draw(measured)


def keep(measured, facts):
    """Records every line; what was recorded of these data sets before goes."""
    beside = {key: facts[key] for key in ("hardware", "command")}
    for data_set, libraries in measured.items():
        lines = [{**line, **beside} for one in libraries for line in one.json_lines(data_set)]
        results_log.record(FILE, lines, instead_of=f"peers/{data_set}/")
    draw(measured)


def names_of(text, known, parser):
    """Names by comma, all known; `none` is none of them."""
    names = [] if text == "none" else text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    own = [row.name for row in palate_rows.ROWS]
    parser.add_argument("--data", default=",".join(DATA_SETS), help="data sets, by comma")
    parser.add_argument("--rivals", default=",".join(RIVALS), help="names, by comma, or none")
    parser.add_argument("--palate", default=",".join(own), help="configurations, or none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--quick", action="store_true", help="one round, few beams and queries")
    parser.add_argument("--avx2", action="store_true", help="Palate on its AVX2 kernels as well")
    parser.add_argument("--again", action="store_true", help="build rivals' indexes anew")
    parser.add_argument("--record", action="store_true", help="keep lines and plots in results/")
    parser.add_argument("--report", action="store_true", help="print and draw what was recorded")
    arguments = parser.parse_args()
    arguments.data = names_of(arguments.data, DATA_SETS, parser)
    arguments.rivals = names_of(arguments.rivals, RIVALS, parser)
    arguments.palate = names_of(arguments.palate, own, parser)
    arguments.kernels = (None, "avx2") if arguments.avx2 else (None,)
    if arguments.quick:
        arguments.rounds = 1
    return arguments


def main():
    arguments = parse()
    if arguments.report:
        report_recorded(arguments.data)
        return
    measured = {
        name: Comparison(DATA_SETS[name], arguments).run() for name in arguments.data
    }
    command = " ".join(["benchmarks/peers/compare.py", *sys.argv[1:]])
    facts = {**results_log.facts(), "hardware": hardware(), "command": command}
    report(measured, facts)
    if arguments.record:
        keep(measured, facts)


if __name__ == "__main__":
    main()
