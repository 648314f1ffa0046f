#!/usr/bin/env python3
"""Filtered searches of fashion-mnist: Palate beside its rivals, in one run, on one core.

benchmarks/filters/compare.py [--rivals hnswlib,faiss-ivf] [--palate PATH | --palate none]
    [--calls single|batch] [--quantizer sq8] [--rounds 3] [--cpu N] [--record]

`tools/setup --benchmarks` and `benchmarks/peers/prepare.py fashion-mnist` come first. Each library
runs in a process of its own, one thread, all on the same core. Every round measures each of them
once, in turn: the first round takes all settings, those that follow the two that counted in it;
medians count. The figure of a case is the best rate (queries per second of processor time) of a
setting with recall@10 of 0.95 or more against exact filtered search, else the best recall, marked
`*`; `!` marks a library that gave some query fewer than min(10, matches) rows.

Like is compared with like: `--calls single` asks one query a call (a request, of Palate, along the
path of served queries, the filter evaluated every time), `--calls batch` all queries of a filter in
one call (256 a request). Rivals get their filters ready made.

Prints a table as Markdown and a verdict per filter; `--record` keeps the lines in
`benchmarks/results/filters.jsonl`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "peers"),
                str(HERE.parents[1] / "tools")]

import results_log  # noqa: E402
import verdicts  # noqa: E402
from cases import DATA, FIELDS, FOLDER, K, prepare  # noqa: E402
from hardware import hardware  # noqa: E402
from measure import ENGINES, TARGET  # noqa: E402
from served import pinned  # noqa: E402
from verdicts import OWN  # noqa: E402

FILE = "filters.jsonl"
# 0 is the planner's own.
OWN_BEAMS = (0, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160)
SECONDS = 1_800
# Settings of a case that the later rounds take, and the least rate that is measured again.
AGAIN, AGAIN_RATE = 2, 300


class Failure(Exception):
    """A library's process failed or took too long; the text says which."""


def say(text):
    """Progress, beside the report."""
    print(text, file=sys.stderr, flush=True)


def run(name, command, cpu):
    """Runs a command on one core; its standard output."""
    command = pinned(cpu, [str(part) for part in command])
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, errors="replace"
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{name} took more than {SECONDS} s") from None
    except OSError as error:
        raise Failure(f"{name} did not start: {error}") from None
    if done.returncode != 0:
        text = " ".join(done.stderr.split())[-300:]
        raise Failure(f"{name} ended with {done.returncode}: {text}")
    return done.stdout


def rival_lines(name, cpu, calls, command, plan=None):
    """What `measure.py` says of one rival: to build it, or the lines of a round."""
    with tempfile.NamedTemporaryFile(prefix="palate-filters-", suffix=".json") as output:
        line = [sys.executable, HERE / "measure.py", command, name, output.name, cpu, calls]
        run(name, line + ([] if plan is None else [json.dumps(plan)]), cpu)
        return json.loads(pathlib.Path(output.name).read_text(encoding="utf-8"))


def own_lines(arguments):
    """What `palate bench filters` measures: a line a case and beam."""
    command = [
        *(arguments.palate, "bench", "filters", "--vectors", DATA.folder / "vectors.npy"),
        *("--queries", FOLDER / "queries.npy", "--payloads", FOLDER / "payloads.jsonl"),
        *("--fields", *(f"{name}:{kind}" for name, kind in FIELDS.items())),
        *("--cases", FOLDER, "--metric", DATA.metric, "--quantizer", arguments.quantizer),
        *("--k", K, "--beams", *OWN_BEAMS, *arguments.palate_arguments),
        *("--batch", 256 if arguments.calls == "batch" else 1),
    ]
    lines = [json.loads(text) for text in run(OWN, command, arguments.cpu).splitlines()
             if text.startswith("{")]
    return [{**line, "setting": ["beam", line["beam"]]} for line in lines]


def plan_of(lines):
    """The settings of each case that another round takes: those that count, if not too slow."""
    plan = {}
    for name in {line["case"] for line in lines}:
        best = verdicts.ordered([line for line in lines if line["case"] == name])[:AGAIN]
        kept = [line["setting"] for line in best if line["rate"] >= AGAIN_RATE]
        if kept:
            plan[name] = kept
    return plan


class Comparison:
    """All libraries, measured round by round; `rounds` has the lines of each round by name."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.rounds = {}
        self.failed = {}
        self.names = [*([OWN] if arguments.palate else []), *arguments.rivals]

    def run(self):
        """Builds, then measures every round; the median lines by name."""
        for name in self.arguments.rivals:
            say(f"building {name} where it is not there")
            self.attempt(name, self.build)
        for place in range(self.arguments.rounds):
            say(f"round {place + 1} of {self.arguments.rounds}; load {os.getloadavg()[0]:.1f}")
            for name in self.names:
                self.attempt(name, self.measure)
        return {name: verdicts.median_lines(self.rounds[name])
                for name in self.names if name in self.rounds}

    def attempt(self, name, step):
        """One step of a library; one that fails is out, and said to be."""
        if name in self.failed:
            return
        try:
            step(name)
        except Failure as failure:
            say(str(failure))
            self.failed[name] = str(failure)
            self.rounds.pop(name, None)

    def build(self, name):
        """Builds one rival where it is not there."""
        rival_lines(name, self.arguments.cpu, self.arguments.calls, "build")

    def measure(self, name):
        """One round of one library."""
        before = self.rounds.get(name)
        if name == OWN:
            lines = own_lines(self.arguments)
        else:
            plan = plan_of(before[0]) if before else None
            lines = rival_lines(name, self.arguments.cpu, self.arguments.calls, "search", plan)
        self.rounds.setdefault(name, []).append(lines)


def report(cases, measured, facts):
    """Prints the table and the verdicts."""
    found = {name: verdicts.figures(lines) for name, lines in measured.items()}
    print(f"Commit {facts['commit']}, {facts['day']}; {facts['hardware']}.")
    print(f"Load of the machine before and after: {facts['load']}.")
    print(f"Command: `{facts['command']}`\n")
    print(f"Queries per second of one thread @ recall@{K}, of the best setting at recall {TARGET} "
          "or more; * recall out of reach, ! lists that could have been longer.\n")
    print(verdicts.table(cases, found) + "\n")
    if OWN not in found:
        print("Palate was not measured; the fastest rivals:\n")
    judge = verdicts.verdict if OWN in found else verdicts.rivals_line
    for case in cases:
        print(judge(case, found))


def keep(measured, facts):
    """Records every line; what was recorded of these libraries before goes."""
    beside = {key: facts[key] for key in ("hardware", "command", "load")}
    for name, lines in measured.items():
        prefix = f"filters/{DATA.name}/{facts['calls']}/{name}/"
        named = [
            {"name": prefix + "/".join([line["case"], *map(str, line["setting"])]),
             **line, **beside}
            for line in lines
        ]
        results_log.record(FILE, named, instead_of=prefix)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rivals", default=",".join(ENGINES), help="names, by comma, or none")
    default = HERE.parents[1] / ".build" / "release" / "palate"
    parser.add_argument("--palate", default=str(default), help="the program, or none")
    parser.add_argument("--calls", choices=("single", "batch"), default="single")
    parser.add_argument("--quantizer", default="sq8")
    parser.add_argument(
        "--palate-arguments", type=str.split, default=["--rescore", "0"], metavar="TEXT",
        help="more arguments of its command; 8 bits lose nothing on pixels: --rescore 0",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    arguments.rivals = [] if arguments.rivals == "none" else arguments.rivals.split(",")
    unknown = sorted(set(arguments.rivals) - set(ENGINES))
    if unknown:
        parser.error(f"no {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    if arguments.palate == "none":
        arguments.palate = None
    return arguments


def main():
    arguments = parse()
    cases = prepare()
    before = os.getloadavg()
    measured = Comparison(arguments).run()
    loads = [" ".join(f"{load:.1f}" for load in loads) for loads in (before, os.getloadavg())]
    command = " ".join(["benchmarks/filters/compare.py", *sys.argv[1:]])
    facts = {**results_log.facts(), "calls": arguments.calls, "hardware": hardware(),
             "command": command, "load": "; ".join(loads)}
    report(cases, measured, facts)
    if arguments.record:
        keep(measured, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
