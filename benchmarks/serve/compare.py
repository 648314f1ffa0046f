#!/usr/bin/env python3
"""What the socket costs: `palate serve` against the same queries in process.

benchmarks/serve/compare.py [--data PATH] [--beams 12,16,24,32] [--seconds 5] [--record]

PATH holds `vectors.npy`, `queries.npy` and `truth.npy` (as `benchmarks/peers/prepare.py` makes
them). In process are the collection, a copy of the served one, on the path that served queries take
(`palate bench search --data`), and the search core alone, of an index built of the vectors. The
server and they have core 0 to themselves, in turn; the load generator has core 1. At each beam all
of them search for so many seconds, one right after the other, and all of those seconds count. (The
best of short passes beside the mean of long ones would flatter the former by up to a tenth on a
shared machine.) A share is the median of the rounds' shares. Rates are compared at equal recall,
over all beams: in a collection a search watches as many candidates as its beam holds before it ends
early, in the core alone as many as it returns. Checked too: the Python client, pipelined, finds
what was found in process.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

from palate import Client  # noqa: E402
from recall import rate_at, recall  # noqa: E402
from results_log import record  # noqa: E402
from search_process import SearchProcess  # noqa: E402
from served import Server, run_palate  # noqa: E402

COLLECTION = "compared"
SERVER_CPU, LOAD_CPU = 0, 1
# One thread links the rows in every process: the graphs are the same, link by link.
BUILDING = ("--build-threads", "1")
# What rates are shares of: the collection, and the search core alone.
IN_PROCESS = ("in process", "search core")


class InProcess(SearchProcess):
    """What is searched on the server's core; `subject` says what that is.

    The ids that the last search found are in `ids_file`, where there is one, after it closed.
    """

    def __init__(self, subject, data, arguments, ids_file=None):
        words = (
            *(*subject, "--k", arguments.k, "--beam", arguments.beams[0], "--threads", 1),
            *("--queries", data / "queries.npy", "--truth", data / "truth.npy"),
            *("--seconds", arguments.seconds),
            *(() if ids_file is None else ("--ids-out", ids_file)),
        )
        super().__init__(words, SERVER_CPU)

    def search(self, beam):
        """The line of one beam."""
        return self.lines([beam])[0]


def core(data, arguments):
    """The search core, of an index that it builds."""
    subject = ("--vectors", data / "vectors.npy", "--metric", arguments.metric)
    return InProcess((*subject, "--quantizer", arguments.quantizer), data, arguments)


def collection(directory, data, arguments, ids_file=None):
    """The collection of a data directory that no server has open."""
    rescore = () if arguments.rescore is None else ("--rescore", arguments.rescore)
    subject = ("--data", directory, "--collection", COLLECTION, *rescore)
    return InProcess(subject, data, arguments, ids_file)


def over_the_socket(address, data, arguments, beam):
    """The line of `palate bench serve`."""
    output = run_palate(
        *("bench", "serve", "--to", address, "--collection", COLLECTION),
        *("--queries", data / "queries.npy", "--truth", data / "truth.npy"),
        *("--k", arguments.k, "--beam", beam, "--connections", arguments.connections),
        *("--depth", arguments.depth, "--batch", arguments.batch, "--seconds", arguments.seconds),
        *(() if arguments.rescore is None else ("--rescore", arguments.rescore)),
        *(("--narrow",) if arguments.narrow else ()),
        cpu=LOAD_CPU,
    )
    return {"beam": beam, **json_lines(output)[0]}


def asking(server, data, arguments):
    """A function of a beam that asks a server."""
    return lambda beam: over_the_socket(server.address, data, arguments, beam)


def json_lines(output):
    """The objects among the lines of a command's output."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def load(client, data, arguments):
    """Loads the vectors under their row numbers."""
    vectors = np.load(data / "vectors.npy")
    client.create_collection(
        COLLECTION, dim=vectors.shape[1], metric=arguments.metric, quantizer=arguments.quantizer
    )
    client.load(COLLECTION, np.arange(len(vectors), dtype=np.uint64), vectors)


def load_twice(folder, data, arguments):
    """Loads a data directory, and copies it; returns both, closed."""
    served, inside = folder / "data", folder / "copy"
    with Server(served, cpu=SERVER_CPU, arguments=BUILDING) as server:
        with Client(server.address, timeout=600) as client:
            load(client, data, arguments)
    shutil.copytree(served, inside)
    return served, inside


def same_results(first, second):
    """The share of queries whose k results are the same, in any order among equals."""
    return float((np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1).mean())


def medians(rounds):
    """The median of each figure over rounds, which are lists of lines, a beam each."""
    return [
        {
            name: type(value)(np.median([line[name] for line in lines]))
            if isinstance(value, (int, float))
            else value
            for name, value in lines[0].items()
        }
        for lines in zip(*rounds, strict=True)
    ]


class Rounds:
    """Lines by name, a round after another, each a line a beam."""

    def __init__(self, core):
        self.core = core
        self.lines = {}

    def add(self, inside, asked, arguments):
        """One round: at each beam the search core, the collection, then what is asked.

        `asked` are functions of a beam that return a line, by name. Collection and server were
        opened for this round: where their memory came to lie makes some hundredths.
        """
        sides = {"search core": self.core.search, "in process": inside.search, **asked}
        for name in sides:
            self.lines.setdefault(name, []).append([])
        for beam in arguments.beams:
            for name, ask in sides.items():
                self.lines[name][-1].append(ask(beam))


def compare(data, arguments):
    """Runs all sides; returns the rounds of each by name, and the client's figures."""
    queries = np.load(data / "queries.npy")
    truth = np.load(data / "truth.npy")
    with tempfile.TemporaryDirectory(prefix="palate-serve-") as scratch:
        folder = pathlib.Path(scratch)
        ids_file = folder / "ids.npy"
        served, copy = load_twice(folder, data, arguments)
        with Server(served, cpu=SERVER_CPU) as server:
            with Client(server.address, timeout=600) as client:
                found = client.query(
                    COLLECTION,
                    vectors=queries,
                    k=arguments.k,
                    beam=arguments.beams[-1],
                    rescore=arguments.rescore,
                ).ids
        with core(data, arguments) as alone:
            rounds = Rounds(alone)
            for _ in range(arguments.rounds):
                with (
                    Server(served, cpu=SERVER_CPU) as server,
                    collection(copy, data, arguments, ids_file) as inside,
                ):
                    rounds.add(inside, {"served": asking(server, data, arguments)}, arguments)
        inside_ids = np.load(ids_file)
    return rounds.lines, {
        "recall": recall(found, truth, arguments.k),
        "same": same_results(found[:, : arguments.k], inside_ids[:, : arguments.k]),
    }


def beam_list(text):
    """Beam widths, separated by commas."""
    return [int(word) for word in text.split(",")]


def add_arguments(parser):
    """The arguments that `compare` reads."""
    parser.add_argument("--metric", default="l2")
    parser.add_argument("--quantizer", default="sq8")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--beams", type=beam_list, default=[12, 16, 20, 24, 32])
    parser.add_argument("--recall", type=float, default=0.99, help="where rates are compared")
    parser.add_argument("--rescore", type=int, help="candidates; 0 = none, as in process")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=32, help="requests in flight per connection")
    parser.add_argument("--batch", type=int, default=1, help="vectors per request")
    parser.add_argument("--narrow", action="store_true", help="as `palate bench serve` has it")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)


def rates(rounds, target):
    """The rate of each round at a recall; None where a round reaches it at no beam."""
    found = [rate_at([(line["recall"], line["qps"]) for line in lines], target) for lines in rounds]
    return found if all(found) else None


def report(sides, client_figures, target):
    """Prints the comparison; returns what was served of both rates at the recall, None below it."""
    for name, rounds in sides.items():
        for line in medians(rounds):
            print(f"{name:<11} beam {line['beam']:>3}  recall {line['recall']:.4f}  "
                  f"{line['qps']:>9,.0f}/s  p50 {line['p50_us']:,.0f} us  "
                  f"p99 {line['p99_us']:,.0f} us")
    print(f"client      recall {client_figures['recall']:.4f}  "
          f"{client_figures['same']:.2%} of the queries answered with the in-process ids")
    at_recall = {name: rates(rounds, target) for name, rounds in sides.items()}
    if not all(at_recall.values()):
        return {}
    shares = {}
    for name in IN_PROCESS:
        shares[name] = median_share(at_recall["served"], at_recall[name])
        print(f"served / {name} at recall {target}: {np.median(at_recall['served']):,.0f} / "
              f"{np.median(at_recall[name]):,.0f}: {shares[name]:.3f}")
    return shares


def median_share(served, inside):
    """The median of the rounds' shares."""
    return float(np.median(np.divide(served, inside)))


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    add_arguments(parser)
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    sides, client_figures = compare(arguments.data, arguments)
    shares = report(sides, client_figures, arguments.recall)
    if arguments.record:
        name = f"serve/{arguments.data.name}/batch{arguments.batch}"
        lines = [
            {"name": f"{name}/{side.replace(' ', '-')}/beam{line['beam']}", **line}
            for side, rounds in sides.items()
            for line in medians(rounds)
        ]
        lines += [
            {"name": f"{name}/of-{side.replace(' ', '-')}", "at_recall": arguments.recall,
             "share": share}
            for side, share in shares.items()
        ]  # fmt: skip
        record("serve.jsonl", lines, instead_of=f"{name}/")


if __name__ == "__main__":
    main()
