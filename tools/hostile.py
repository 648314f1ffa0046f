#!/usr/bin/env python3
"""Bad input of every kind: a typed error each, the server lives, others never notice.

tools/hostile.py [--seed N] [--mutations 3000] [--idle 5000] [--strict]

First those of `hostile_guarded.py`, on a server with TLS, keys, tokens and an operator's endpoint.
While the attacks of `hostile_attacks.py`, `hostile_bodies.py` and `hostile_connections.py` run, one
connection asks the same query over and over: each of its answers must be the first one again,
without an error. A dozen connections hold half a frame and never send the rest. The server's memory
is bounded, and at the end it must still stop with 0 on SIGTERM.

`--strict` also holds the bystander's p99 during the attacks to twice that before them: for a quiet
machine. `--idle` adds what so many idle connections cost, bounded to 128 MiB for 5,000.
"""

import argparse
import multiprocessing
import random
import resource
import socket
import sys
import tempfile
import time

import hostile_attacks
import hostile_bodies
import hostile_connections
import hostile_guarded
import numpy as np
import rawframes as raw
from served import Server

CALM = "calm"
HALF_FRAMES = 12
ROWS = 2_000
ATTACKS = hostile_attacks.ATTACKS + hostile_bodies.ATTACKS + hostile_connections.ATTACKS
# Answers of the bystander that there is room for: some quarter of an hour.
ANSWERS_MAX = 1_000_000
# Seconds that the bystander is watched before the first attack.
CALM_SECONDS = 3
# What the attacks may add to the server's memory, and what an idle connection may.
ATTACK_BYTES, IDLE_BYTES = 512 << 20, (128 << 20) / 5_000
# Connections from one loopback address when thousands are made.
PER_SOURCE = 200


class Bystander(multiprocessing.Process):
    """Somebody else's connection: the same query all the time, the same answer expected.

    A process, since a thread would wait for the attacks' share of the interpreter.
    """

    def __init__(self, address, handle, vector):
        super().__init__(daemon=True)
        self.address = address
        self.question = (handle, vector[None, :])
        self.stopping = multiprocessing.Event()
        self._count = multiprocessing.RawValue("L")
        self._seconds = multiprocessing.RawArray("d", ANSWERS_MAX)
        self._failure = multiprocessing.RawArray("c", 500)

    @property
    def answers(self):
        """How many there were."""
        return self._count.value

    @property
    def times(self):
        """Seconds, an answer each."""
        return self._seconds[: self.answers]

    @property
    def failure(self):
        """What went wrong, or nothing."""
        return self._failure.value.decode(errors="replace")

    def run(self):
        try:
            with raw.Connection(self.address) as connection:
                self.watch(connection)
        except Exception as error:  # whatever it is, the parent reports it
            self._failure.value = repr(error).encode()[:499]

    def watch(self, connection):
        """Asks until it is told to stop."""
        # As wide as the collection: exact, so that tending the graph meanwhile changes nothing.
        def ask():
            return connection.search(*self.question, k=10, beam=ROWS)[0].tolist()

        expected = ask()
        while not self.stopping.is_set() and self.answers < ANSWERS_MAX:
            started = time.perf_counter()
            found = ask()
            if found != expected:
                raise AssertionError(f"another answer to the same query: {found}, not {expected}")
            self._seconds[self._count.value] = time.perf_counter() - started
            self._count.value += 1
            time.sleep(0.001)

    def finish(self):
        """Stops asking."""
        self.stopping.set()
        self.join(30)


def p99(times):
    """Milliseconds."""
    return float(np.percentile(times, 99)) * 1_000 if times else float("nan")


def resident_bytes(server, peak=False):
    """What the server holds, or has held at most."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(wanted))


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
    for name, run in ATTACKS:
        before = bystander.answers
        started = time.monotonic()
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
        print(f"{name:<26}{count:>6} tried in {time.monotonic() - started:5.1f} s   "
              f"bystander {bystander.answers - before:>6} answers, "
              f"p99 {p99(bystander.times[before:]):6.2f} ms")


def hold_idle(server, count):
    """What an idle connection costs, in bytes; yields a sentence where that is too much."""
    host, port = server.address.rsplit(":", 1)
    before, held = resident_bytes(server), []
    for number in range(count):
        source = (f"127.0.1.{1 + number // PER_SOURCE}", 0)
        one = socket.create_connection((host, int(port)), timeout=30, source_address=source)
        one.sendall(raw.frame(raw.HELLO, raw.hello()))
        held.append(one)
    for one in held:
        assert len(one.recv(32)) == 32, "an idle connection was not greeted"
    took = resident_bytes(server) - before
    with raw.Connection(server.address) as connection:
        connection.ask(raw.PING, bytes(8))
    for one in held:
        one.close()
    print(f"{count} idle connections: {took / 2**20:.1f} MiB, {took / count:,.0f} bytes each")
    if took > count * IDLE_BYTES:
        yield f"{count} idle connections take {took} bytes, {int(count * IDLE_BYTES)} at most"


def allow_descriptors(idle):
    """For this process and the server that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = idle + 2_000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def settings(idle, backups):
    """Arguments of the server: short waits, room for the idle connections, and for backups."""
    values = {**hostile_connections.SETTINGS, "limits.connections": idle + 2_000}
    words = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    return [*words, "--backups", backups]


def verdicts(bystander, calm, server, resting, strict):
    """Says how the bystander and the server fared; yields a sentence where that is too bad."""
    attacked = bystander.times[len(calm) :]
    kinds = len(ATTACKS) + len(hostile_guarded.ATTACKS)
    print(f"{kinds} kinds of attack; bystander: {bystander.answers} answers, all the same; "
          f"p99 {p99(calm):.2f} ms before, {p99(attacked):.2f} ms meanwhile, "
          f"slowest {max(attacked, default=0) * 1_000:.1f} ms")
    if strict and p99(attacked) > 2 * p99(calm):
        yield f"the bystander's p99 is {p99(attacked) / p99(calm):.2f} times that before"
    if server.is_running():
        grown = resident_bytes(server, peak=True) - resting
        print(f"memory: {resting / 2**20:.0f} MiB before, at most {grown / 2**20:.0f} MiB more")
        if grown > ATTACK_BYTES:
            yield f"the attacks made the server grow by {grown} bytes, {ATTACK_BYTES} at most"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--mutations", type=int, default=3_000)
    parser.add_argument("--idle", type=int, default=0, help="idle connections to weigh")
    parser.add_argument("--strict", action="store_true", help="bound the bystander's p99")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    allow_descriptors(arguments.idle)

    with tempfile.TemporaryDirectory(prefix="palate-hostile-") as scratch:
        guarded = list(hostile_guarded.run(scratch, random.Random(arguments.seed)))
        server = Server(f"{scratch}/data", arguments=settings(arguments.idle, f"{scratch}/backups"))
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
            time.sleep(CALM_SECONDS)
            calm = list(bystander.times)
            resting = resident_bytes(server)
            broken = guarded + list(attack(context, bystander))
            bystander.finish()
            for connection in held:
                connection.close()
            if bystander.failure:
                broken.append(f"the bystander noticed: {bystander.failure}")
            broken += verdicts(bystander, calm, server, resting, arguments.strict)
            if arguments.idle and server.is_running():
                broken += hold_idle(server, arguments.idle)
        finally:
            code = server.stop() if server.is_running() else server.process.returncode
    if code != 0:
        broken.append(f"the server ended with {code} on SIGTERM")
    for text in broken:
        print(f"hostile: {text}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
