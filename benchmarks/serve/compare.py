#!/usr/bin/env python3
"""What the socket costs: `palate serve` against the same search in process.

benchmarks/serve/compare.py [--data PATH] [--beam 32] [--seconds 5] [--record]

PATH holds `vectors.npy`, `queries.npy` and `truth.npy` (as `benchmarks/peers/prepare.py` makes
them). The server and the in-process run have core 0 to themselves, in turn; the load generator has
core 1. Checked too: the Python client, pipelined, gets the ids of the in-process run.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

from palate import Client  # noqa: E402
from recall import recall  # noqa: E402
from results_log import record  # noqa: E402
from served import Server, run_palate  # noqa: E402

COLLECTION = "compared"
SERVER_CPU, LOAD_CPU = 0, 1


def in_process(data, arguments, ids_file):
    """The line of `palate bench search` for the one beam; its ids go to `ids_file`."""
    output = run_palate(
        *("bench", "search", "--vectors", data / "vectors.npy", "--queries", data / "queries.npy"),
        *("--truth", data / "truth.npy", "--metric", arguments.metric),
        *("--quantizer", arguments.quantizer, "--k", arguments.k, "--beam", arguments.beam),
        *("--threads", 1, "--ids-out", ids_file),
        cpu=SERVER_CPU,
    )
    return json_lines(output)[0]


def over_the_socket(address, data, arguments):
    """The line of `palate bench serve`."""
    output = run_palate(
        *("bench", "serve", "--to", address, "--collection", COLLECTION),
        *("--queries", data / "queries.npy", "--truth", data / "truth.npy"),
        *("--k", arguments.k, "--beam", arguments.beam, "--connections", arguments.connections),
        *("--depth", arguments.depth, "--seconds", arguments.seconds),
        *(() if arguments.rescore is None else ("--rescore", arguments.rescore)),
        cpu=LOAD_CPU,
    )
    return json_lines(output)[0]


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


def same_results(first, second):
    """The share of queries whose k results are the same, in any order among equals."""
    return float((np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1).mean())


def compare(data, arguments):
    """Runs both sides; returns the two lines and the client's figures."""
    queries = np.load(data / "queries.npy")
    truth = np.load(data / "truth.npy")
    rounds = []
    with tempfile.TemporaryDirectory(prefix="palate-serve-") as scratch:
        ids_file = pathlib.Path(scratch) / "ids.npy"
        # One thread links the rows in both processes: the graphs are the same, link by link.
        server = Server(
            f"{scratch}/data", cpu=SERVER_CPU, arguments=("--build-threads", "1")
        )
        with server:
            with Client(server.address, timeout=600) as client:
                load(client, data, arguments)
                found = client.query(
                    COLLECTION,
                    vectors=queries,
                    k=arguments.k,
                    beam=arguments.beam,
                    rescore=arguments.rescore,
                ).ids
            for _ in range(arguments.rounds):
                # In turn: the server idles while the in-process run has its core.
                inside = in_process(data, arguments, ids_file)
                rounds.append((inside, over_the_socket(server.address, data, arguments)))
        inside_ids = np.load(ids_file)
    client_figures = {
        "recall": recall(found, truth, arguments.k),
        "same": same_results(found[:, : arguments.k], inside_ids[:, : arguments.k]),
    }
    inside = max((line for line, _ in rounds), key=lambda line: line["qps"])
    outside = max((line for _, line in rounds), key=lambda line: line["qps"])
    return inside, outside, client_figures


def add_arguments(parser):
    """The arguments that `compare` reads."""
    parser.add_argument("--metric", default="l2")
    parser.add_argument("--quantizer", default="sq8")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--beam", type=int, default=32)
    parser.add_argument("--rescore", type=int, help="candidates; 0 = none, as in process")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=32, help="requests in flight per connection")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)


def report(inside, outside, client_figures):
    """Prints the comparison; returns the ratio of the rates."""
    ratio = outside["qps"] / inside["qps"]
    for name, line in (("in process", inside), ("served", outside)):
        print(f"{name:<11} recall {line['recall']:.4f}  {line['qps']:>9,.0f}/s  "
              f"p50 {line['p50_us']:,.0f} us  p99 {line['p99_us']:,.0f} us")
    print(f"client      recall {client_figures['recall']:.4f}  "
          f"{client_figures['same']:.2%} of the queries answered with the in-process ids")
    print(f"served / in process: {ratio:.3f}")
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    add_arguments(parser)
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    inside, outside, client_figures = compare(arguments.data, arguments)
    ratio = report(inside, outside, client_figures)
    if arguments.record:
        name = f"serve/{arguments.data.name}/beam{arguments.beam}"
        served = {"ratio": ratio, "same_ids": client_figures["same"]}
        record(
            "serve.jsonl",
            [
                {"name": f"{name}/in-process", **inside},
                {"name": f"{name}/served", **outside, **served},
            ],
        )


if __name__ == "__main__":
    main()
