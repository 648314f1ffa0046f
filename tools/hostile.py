#!/usr/bin/env python3
"""Bad input of every kind: a typed error each, the server lives, others never notice.

tools/hostile.py [--seed N] [--mutations 3000]

While the attacks of `hostile_attacks.py` run, one connection asks the same query over and over:
each of its answers must be the first one again, without an error. A dozen connections hold half a
frame and never send the rest. At the end the server must still stop with 0 on SIGTERM.
"""

import argparse
import random
import socket
import sys
import tempfile
import threading
import time

import hostile_attacks
import numpy as np
import rawframes as raw
from served import Server

CALM = "calm"
HALF_FRAMES = 12
ROWS = 2_000


class Bystander(threading.Thread):
    """Somebody else's connection: the same query all the time, the same answer expected."""

    def __init__(self, address, handle, vector):
        super().__init__(daemon=True)
        self.connection = raw.Connection(address)
        self.question = (handle, vector[None, :])
        self.expected = self.ask()
        self.answers = 0
        self.failure = None
        self.slowest = 0.0
        self.stopping = threading.Event()

    def ask(self):
        """The ids of the one query."""
        return self.connection.search(*self.question, k=10, beam=64)[0].tolist()

    def run(self):
        try:
            while not self.stopping.is_set():
                started = time.perf_counter()
                if self.ask() != self.expected:
                    raise AssertionError("another answer to the same query")
                self.slowest = max(self.slowest, time.perf_counter() - started)
                self.answers += 1
                time.sleep(0.001)
        except Exception as error:  # whatever it is, the main thread reports it
            self.failure = repr(error)

    def finish(self):
        """Stops asking."""
        self.stopping.set()
        self.join(30)
        self.connection.close()


def fill(address, generator):
    """The bystander's collection and the one that is attacked."""
    vectors = generator.standard_normal((ROWS, hostile_attacks.DIMENSIONS), dtype=np.float32)
    handles = {}
    with raw.Connection(address) as connection:
        for name in (CALM, hostile_attacks.TARGET):
            handles[name] = connection.create(name, hostile_attacks.DIMENSIONS)
            payloads = [b"x" * 200] * ROWS
            ids = np.arange(1, ROWS + 1)
            connection.ask(raw.UPSERT, raw.rows(handles[name], ids, vectors, payloads))
    return handles, vectors


def hold_half_frames(address):
    """Connections that send a part of something and then nothing more."""
    held = []
    whole = raw.frame(raw.HELLO, raw.hello())
    for place in range(HALF_FRAMES):
        host, port = address.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), timeout=30)
        connection.sendall(whole[: 1 + place * (len(whole) - 2) // (HALF_FRAMES - 1)])
        held.append(connection)
    return held


def attack(context, bystander):
    """Runs every attack; yields a sentence for each that went wrong."""
    for name, run in hostile_attacks.ATTACKS:
        before = bystander.answers
        try:
            count = run(context)
        except (AssertionError, RuntimeError, OSError) as error:
            yield f"{name}: {error!r}"
            continue
        if not context.server.is_running():
            yield f"{name}: the server died: {context.server.last_log_lines()}"
            return
        deadline = time.monotonic() + 5
        while bystander.answers == before and time.monotonic() < deadline:
            time.sleep(0.001)
        if bystander.answers == before:
            yield f"{name}: the bystander gets no answer any more ({bystander.failure})"
            return
        print(f"{name:<34}{count:>6} tried   bystander {bystander.answers - before:>6} answers")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--mutations", type=int, default=3_000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")

    with tempfile.TemporaryDirectory(prefix="palate-hostile-") as scratch:
        server = Server(f"{scratch}/data")
        server.start()
        try:
            handles, vectors = fill(server.address, np.random.default_rng(arguments.seed))
            context = hostile_attacks.Context(
                server=server,
                handle=handles[hostile_attacks.TARGET],
                vectors=vectors,
                generator=random.Random(arguments.seed),
                mutations=arguments.mutations,
            )
            bystander = Bystander(server.address, handles[CALM], vectors[7])
            held = hold_half_frames(server.address)
            bystander.start()
            broken = list(attack(context, bystander))
            bystander.finish()
            for connection in held:
                connection.close()
            if bystander.failure:
                broken.append(f"the bystander noticed: {bystander.failure}")
            print(f"bystander: {bystander.answers} answers, all the same; "
                  f"the slowest took {bystander.slowest * 1000:.1f} ms")
        finally:
            code = server.stop() if server.is_running() else server.process.returncode
    if code != 0:
        broken.append(f"the server ended with {code} on SIGTERM")
    for text in broken:
        print(f"hostile: {text}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
