#!/usr/bin/env python3
"""What one query waits for over the socket, and what TLS costs.

benchmarks/serve/latency.py [--data PATH] [--beams 12,16,24,32] [--check] [--record]

1. One request at a time: the median in process, of a bare round trip over loopback (two processes
   with blocking sockets that exchange as many bytes), and of `palate serve`; and what is left of
   the last without the first two.
2. Pipelined: rates in process, served in the clear, and served over TLS, at equal recall. Each of
   the two servers is compared with what was searched between its own turns.

In process is the collection, a copy of the served one, on the path that served queries take; the
search core alone stands beside it. As `compare.py`: the server and whatever it is compared with
have core 0, in turn, the load generator has core 1; all seconds count. Times are medians of the
rounds, shares the medians of the rounds' shares.
"""

import argparse
import contextlib
import multiprocessing
import os
import pathlib
import socket
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools"), str(HERE)]

import compare  # noqa: E402
from certificates import make_certificate  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

# Frame and body of a query without its vector, and of an answer without its results.
QUERY_BYTES, ANSWER_BYTES, RESULT_BYTES = 144, 80, 12
ROUND_TRIPS = 20_000
# What is claimed: microseconds, and shares of the rate in process.
MOST_MICROSECONDS, LEAST_PIPELINED, LEAST_TLS = 60.0, 0.9, 0.8


def echo(listener, asked, answered):
    """Answers so many bytes to so many, on the server's core, until the peer closes."""
    os.sched_setaffinity(0, {compare.SERVER_CPU})
    connection = listener.accept()[0]
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer, buffer = bytes(answered), bytearray(asked)
    with connection:
        while True:
            got = 0
            while got < asked:
                count = connection.recv_into(memoryview(buffer)[got:])
                if count == 0:
                    return
                got += count
            connection.sendall(answer)


def round_trip(arguments):
    """The median of a bare round trip with as many bytes as a query and its answer, in us."""
    columns = np.load(arguments.data / "queries.npy", mmap_mode="r").shape[1]
    asked, answered = QUERY_BYTES + columns * 4, ANSWER_BYTES + arguments.k * RESULT_BYTES
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = multiprocessing.Process(target=echo, args=(listener, asked, answered))
        server.start()
        os.sched_setaffinity(0, {compare.LOAD_CPU})
        times, question, buffer = [], bytes(asked), bytearray(answered)
        with socket.create_connection(listener.getsockname()) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(ROUND_TRIPS):
                began = time.perf_counter_ns()
                connection.sendall(question)
                got = 0
                while got < answered:
                    got += connection.recv_into(memoryview(buffer)[got:])
                times.append(time.perf_counter_ns() - began)
        server.join()
    os.sched_setaffinity(0, range(os.cpu_count()))
    return float(np.median(times[ROUND_TRIPS // 10 :])) / 1_000


@contextlib.contextmanager
def client_trusts(certificate):
    """Has the command line's client use TLS and trust a certificate."""
    os.environ["PALATE_CLIENT_CA"] = str(certificate)
    try:
        yield
    finally:
        del os.environ["PALATE_CLIENT_CA"]


def measure(arguments):
    """The rounds of each side by name: in the clear, and over TLS."""
    # One vector a request where one waits for one answer, of as many bytes as the bare round trip.
    alone = {"connections": 1, "depth": 1, "batch": 1, "narrow": False}
    single = argparse.Namespace(**vars(arguments) | alone)
    spinning = ("--set", f"threads.spin={arguments.spin}")
    data = arguments.data
    with tempfile.TemporaryDirectory(prefix="palate-latency-") as scratch:
        folder = pathlib.Path(scratch)
        served, copy = compare.load_twice(folder, data, arguments)
        certificate, key = make_certificate(folder)
        secured = (*spinning, "--tls-certificate", str(certificate), "--tls-key", str(key))
        with compare.core(data, arguments) as core:
            clear, tls = compare.Rounds(core), compare.Rounds(core)
            for _ in range(arguments.rounds):
                with compare.collection(copy, data, arguments) as inside:
                    with Server(served, cpu=compare.SERVER_CPU, arguments=spinning) as server:
                        asked = {
                            "pipelined": compare.asking(server, data, arguments),
                            "bare round trip": lambda beam: {
                                "beam": beam, "p50_us": round_trip(arguments)
                            },
                            "one at a time": compare.asking(server, data, single),
                        }  # fmt: skip
                        clear.add(inside, asked, arguments)
                    with Server(served, cpu=compare.SERVER_CPU, arguments=secured) as server:
                        with client_trusts(certificate):
                            asked = {"over TLS": compare.asking(server, data, arguments)}
                            tls.add(inside, asked, arguments)
    return clear.lines, tls.lines


def latencies(clear):
    """Prints the table of one request at a time; returns lines for the record."""
    lines = []
    print("one request at a time, medians in microseconds")
    print(f"{'beam':>4} {'recall':>8} {'in process':>11} {'round trip':>11} {'served':>8} "
          f"{'over both':>10}")
    names = ("in process", "bare round trip", "one at a time")
    # By beam: the rounds of each side.
    for rounds in zip(*(zip(*clear[name], strict=True) for name in names), strict=True):
        times = np.array([[line["p50_us"] for line in side] for side in rounds])
        inside, bare, whole = np.median(times, axis=1)
        over = float(np.median(times[2] - times[0] - times[1]))
        served = rounds[2][0]
        print(f"{served['beam']:>4} {served['recall']:>8.4f} {inside:>11.1f} {bare:>11.1f} "
              f"{whole:>8.1f} {over:>10.1f}")
        lines.append({"name": f"serve/latency/beam{served['beam']}", "recall": served["recall"],
                      "in_process_us": inside, "loopback_us": bare, "p50_us": whole,
                      "over_us": over})
    return lines


def share(sides, name, target):
    """Prints the rate of a side and its shares of those in process; returns a line for the record.

    Raises:
        SystemExit: a side does not reach the recall.
    """
    rates = {side: compare.rates(sides[side], target) for side in (name, *compare.IN_PROCESS)}
    if not all(rates.values()):
        raise SystemExit(f"recall {target} is not reached: {rates}; wider --beams are needed")
    of_collection, of_core = (
        compare.median_share(rates[name], rates[side]) for side in compare.IN_PROCESS
    )
    qps, collection, core = (float(np.median(side)) for side in rates.values())
    print(f"{name:<10} {qps:>8,.0f}/s at recall {target}: {of_collection:.3f} of {collection:,.0f}"
          f"/s in process, {of_core:.3f} of the search core's {core:,.0f}/s")
    return {"name": f"serve/latency/{name.lower().replace(' ', '-')}", "at_recall": target,
            "qps": qps, "in_process_qps": collection, "share": of_collection,
            "core_qps": core, "share_of_core": of_core}


def report(clear, tls, target):
    """Prints both tables; returns lines for the record, and verdicts."""
    lines = latencies(clear)
    most = max(line["over_us"] for line in lines)
    verdicts = {f"at most {most:.1f} us over both <= {MOST_MICROSECONDS:g}":
                most <= MOST_MICROSECONDS}
    for sides, name, least in ((clear, "pipelined", LEAST_PIPELINED), (tls, "over TLS", LEAST_TLS)):
        lines.append(share(sides, name, target))
        got = lines[-1]["share"]
        verdicts[f"{name} {got:.3f} of in process >= {least:g}"] = got >= least
    return lines, verdicts


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    compare.add_arguments(parser)
    parser.add_argument("--spin", default="0s", help="threads.spin of the server, as 100us")
    parser.add_argument("--check", action="store_true", help="fail where a verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    parser.set_defaults(batch=16, depth=4, rescore=0)
    arguments = parser.parse_args()
    lines, verdicts = report(*measure(arguments), arguments.recall)
    for text, holds in verdicts.items():
        print(f"{'holds' if holds else 'FAILS'}: {text}")
    if arguments.record:
        how = {"batch": arguments.batch, "narrow": arguments.narrow, "spin": arguments.spin}
        record("serve.jsonl", [{**how, **line} for line in lines], instead_of="serve/latency/")
    return 0 if all(verdicts.values()) or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
