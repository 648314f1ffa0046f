#!/usr/bin/env python3
"""What one query waits for over the socket, and what TLS costs.

benchmarks/serve/latency.py [--data PATH] [--beams 12,16,24,32] [--check] [--record]

1. One request at a time: the median in process, of a bare round trip over loopback (two processes
   with blocking sockets that exchange as many bytes), and of `palate serve`; and what is left of
   the last without the first two.
2. Pipelined: rates in process, served in the clear, and served over TLS, at equal recall.

As `compare.py`: the server and whatever it is compared with have core 0, in turn; the load
generator has core 1.
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
from palate import Client  # noqa: E402
from recall import rate_at  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

# Frame and body of a query without its vector, and of an answer without its results.
QUERY_BYTES, ANSWER_BYTES, RESULT_BYTES = 144, 80, 12
ROUND_TRIPS = 20_000
# What is claimed.
MOST_MICROSECONDS, LEAST_TLS = 60.0, 0.8


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


def loopback_microseconds(asked, answered):
    """The median of a bare round trip."""
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
    """Lines of each side: in process, one at a time, pipelined, pipelined over TLS."""
    sides = {"in process": [], "one at a time": [], "pipelined": [], "tls": []}
    # One vector a request where one waits for one answer.
    single = argparse.Namespace(**vars(arguments) | {"connections": 1, "depth": 1, "batch": 1})
    with tempfile.TemporaryDirectory(prefix="palate-latency-") as scratch:
        folder = pathlib.Path(scratch)
        certificate, key = make_certificate(folder)
        words = ("--build-threads", "1")
        with Server(folder / "data", cpu=compare.SERVER_CPU, arguments=words) as server:
            with Client(server.address, timeout=600) as client:
                compare.load(client, arguments.data, arguments)
            for _ in range(arguments.rounds):
                inside = compare.in_process(arguments.data, arguments, folder / "ids.npy")
                sides["in process"].append(inside)
                for name, how in (("one at a time", single), ("pipelined", arguments)):
                    sides[name].append(ask(server.address, how))
        secured = (*words, "--tls-certificate", str(certificate), "--tls-key", str(key))
        with Server(folder / "data", cpu=compare.SERVER_CPU, arguments=secured) as server:
            with client_trusts(certificate):
                for _ in range(arguments.rounds):
                    sides["tls"].append(ask(server.address, arguments))
    return {name: list(zip(*rounds)) for name, rounds in sides.items()}


def ask(address, arguments):
    """The lines of `palate bench serve`, a beam each."""
    return [
        compare.over_the_socket(address, arguments.data, arguments, beam)
        for beam in arguments.beams
    ]


def rate(lines, target):
    """The best of the rounds at a recall; None where no beam reaches it."""
    best = [max(beam, key=lambda line: line["qps"]) for beam in lines]
    return rate_at([(line["recall"], line["qps"]) for line in best], target)


def report(sides, loopback, target):
    """Prints both tables; returns lines for the record, and verdicts."""
    lines, most = [], 0.0
    print(f"one request at a time, medians in microseconds; a bare round trip takes {loopback:.1f}")
    print(f"{'beam':>4} {'recall':>8} {'in process':>11} {'served':>8} {'over both':>10}")
    for inside, served in zip(sides["in process"], sides["one at a time"], strict=True):
        first, second = (min(one, key=lambda line: line["p50_us"]) for one in (inside, served))
        over = second["p50_us"] - first["p50_us"] - loopback
        most = max(most, over)
        print(f"{first['beam']:>4} {second['recall']:>8.4f} {first['p50_us']:>11.1f} "
              f"{second['p50_us']:>8.1f} {over:>10.1f}")
        lines.append({"name": f"serve/latency/beam{first['beam']}", "over_us": over,
                      "loopback_us": loopback, "in_process_us": first["p50_us"], **second})
    rates = {name: rate(sides[name], target) for name in ("in process", "pipelined", "tls")}
    if not all(rates.values()):
        raise SystemExit(f"recall {target} is not reached: {rates}; wider --beams are needed")
    for name, value in rates.items():
        share = value / rates["in process"]
        print(f"{name:<11} {value:>10,.0f}/s at recall {target}  {share:.3f} of in process")
        lines.append({"name": f"serve/latency/{name.replace(' ', '-')}", "qps": value,
                      "at_recall": target, "share": share})
    tls = rates["tls"] / rates["in process"]
    return lines, {
        f"at most {most:.1f} us over both <= {MOST_MICROSECONDS:g}": most <= MOST_MICROSECONDS,
        f"TLS {tls:.3f} of in process >= {LEAST_TLS:g}": tls >= LEAST_TLS,
    }


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1] / "scratch" / "fashion-mnist"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    compare.add_arguments(parser)
    parser.add_argument("--check", action="store_true", help="fail where a verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    parser.set_defaults(batch=16, depth=4, rescore=0)
    arguments = parser.parse_args()
    vectors = np.load(arguments.data / "vectors.npy", mmap_mode="r")
    asked = QUERY_BYTES + vectors.shape[1] * 4
    loopback = loopback_microseconds(asked, ANSWER_BYTES + arguments.k * RESULT_BYTES)
    sides = measure(arguments)
    lines, verdicts = report(sides, loopback, arguments.recall)
    for text, holds in verdicts.items():
        print(f"{'holds' if holds else 'FAILS'}: {text}")
    if arguments.record:
        record("serve.jsonl", lines, instead_of="serve/latency/")
    return 0 if all(verdicts.values()) or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
