#!/usr/bin/env python3
"""What the socket costs: `palate serve` against the same search in process.

benchmarks/serve/compare.py [--data PATH] [--beams 12,16,24,32] [--seconds 5] [--record]

PATH holds `vectors.npy`, `queries.npy` and `truth.npy` (as `benchmarks/peers/prepare.py` makes
them). The server and the in-process run have core 0 to themselves, in turn; the load generator has
core 1. Rates are compared at equal recall, over all beams: a served search watches as many
candidates as its beam holds before it ends early, one in process as many as it returns. Checked
too: the Python client, pipelined, finds what the in-process run finds.
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
from recall import rate_at, recall  # noqa: E402
from results_log import record  # noqa: E402
from served import Server, run_palate  # noqa: E402

COLLECTION = "compared"
SERVER_CPU, LOAD_CPU = 0, 1


def in_process(data, arguments, ids_file):
    """The lines of `palate bench search`, a beam each; the last one's ids go to `ids_file`."""
    output = run_palate(
        *("bench", "search", "--vectors", data / "vectors.npy", "--queries", data / "queries.npy"),
        *("--truth", data / "truth.npy", "--metric", arguments.metric),
        *("--quantizer", arguments.quantizer, "--k", arguments.k),
        *("--beam", ",".join(map(str, arguments.beams))),
        *("--threads", 1, "--ids-out", ids_file),
        cpu=SERVER_CPU,
    )
    return json_lines(output)


def over_the_socket(address, data, arguments, beam):
    """The line of `palate bench serve`."""
    output = run_palate(
        *("bench", "serve", "--to", address, "--collection", COLLECTION),
        *("--queries", data / "queries.npy", "--truth", data / "truth.npy"),
        *("--k", arguments.k, "--beam", beam, "--connections", arguments.connections),
        *("--depth", arguments.depth, "--batch", arguments.batch, "--seconds", arguments.seconds),
        *(() if arguments.rescore is None else ("--rescore", arguments.rescore)),
        cpu=LOAD_CPU,
    )
    return {"beam": beam, **json_lines(output)[0]}


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
    """Runs both sides; returns the lines of each, a beam each, and the client's figures."""
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
                    beam=arguments.beams[-1],
                    rescore=arguments.rescore,
                ).ids
            for _ in range(arguments.rounds):
                # In turn: the server idles while the in-process run has its core.
                inside = in_process(data, arguments, ids_file)
                outside = [
                    over_the_socket(server.address, data, arguments, beam)
                    for beam in arguments.beams
                ]
                rounds.append((inside, outside))
        inside_ids = np.load(ids_file)
    client_figures = {
        "recall": recall(found, truth, arguments.k),
        "same": same_results(found[:, : arguments.k], inside_ids[:, : arguments.k]),
    }
    inside, outside = (
        [max(lines, key=lambda line: line["qps"]) for lines in zip(*side)] for side in zip(*rounds)
    )
    return inside, outside, client_figures


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
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)


def report(inside, outside, client_figures, target):
    """Prints the comparison; returns the ratio of the rates at the recall, None below it."""
    for name, lines in (("in process", inside), ("served", outside)):
        for line in lines:
            print(f"{name:<11} beam {line['beam']:>3}  recall {line['recall']:.4f}  "
                  f"{line['qps']:>9,.0f}/s  p50 {line['p50_us']:,.0f} us  "
                  f"p99 {line['p99_us']:,.0f} us")
    rates = [
        rate_at([(line["recall"], line["qps"]) for line in lines], target)
        for lines in (outside, inside)
    ]
    ratio = rates[0] / rates[1] if all(rates) else None
    print(f"client      recall {client_figures['recall']:.4f}  "
          f"{client_figures['same']:.2%} of the queries answered with the in-process ids")
    if ratio is not None:
        print(f"served / in process at recall {target}: {rates[0]:,.0f} / {rates[1]:,.0f} = "
              f"{ratio:.3f}")
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    add_arguments(parser)
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    inside, outside, client_figures = compare(arguments.data, arguments)
    ratio = report(inside, outside, client_figures, arguments.recall)
    if arguments.record:
        name = f"serve/{arguments.data.name}/batch{arguments.batch}"
        served = {"ratio": ratio, "at_recall": arguments.recall}
        lines = [{"name": f"{name}/in-process", **line} for line in inside]
        lines += [{"name": f"{name}/served", **line, **served} for line in outside]
        record("serve.jsonl", lines)


if __name__ == "__main__":
    main()
