#!/usr/bin/env python3
"""Kill -9 in the middle of a load, again and again: nothing acknowledged may be lost.

tools/crash.py [--kills 20] [--seed N]

A loader sends LOAD_DATA frames as fast as the credit allows and keeps a log of what the server
acknowledged as durable. At a random moment the server is killed. Each time:

1. `palate verify` finds no damage in the directory as the kill left it;
2. after the restart every row of the log is there, with its vector and its payload (rows that were
   sent but not acknowledged may be there: then whole);
3. searches find the rows;
4. LOAD_BEGIN answers a sequence that is no older than the log, and the load goes on behind it.

At the end LOAD_COMMIT compares the count and the checksum of all ids of the epoch. A fifth of the
rows replaces earlier ones, so that replacing is tested too.
"""

import argparse
import random
import struct
import sys
import tempfile
import time

import numpy as np
import rawframes as raw
from served import Server, run_palate

COLLECTION = "crash"
DIMENSIONS = 32
LOADER = 77
EPOCH = 1
ROWS_PER_FRAME = 100
FRAMES_PER_ROUND = 150
GET_BATCH = 5_000
SEARCHES = 40
# Each search looks for a stored row by its own vector: it must come first nearly always.
LEAST_FOUND = 0.95


def make_vector(item, version):
    """A row's vector: sixteenths between -8 and 8, so that float16 would hold it too."""
    generator = np.random.default_rng((item, version))
    return (generator.integers(-128, 129, DIMENSIONS) / 16).astype(np.float32)


def make_payload(item, version):
    """A row's payload, longer for some than for others."""
    return f'{{"item":{item},"version":{version},"text":"{"palate " * (item % 40)}"}}'.encode()


class Log:
    """What the loader knows: every frame ever sent, and how many of them are durable."""

    def __init__(self, generator):
        self.generator = generator
        self.frames = []  # per sequence, from 1: [(item, version), ...]
        self.durable = 0
        self.items = 0
        self.versions = {}

    def next_frame(self):
        """Makes up the rows of the next sequence and returns (sequence, body of LOAD_DATA)."""
        rows = {}
        while len(rows) < ROWS_PER_FRAME:
            if self.items > 200 and self.generator.random() < 0.2:
                item = self.generator.randrange(1, self.items)
            else:
                self.items += 1
                item = self.items
            if item not in rows:
                self.versions[item] = self.versions.get(item, 0) + 1
                rows[item] = self.versions[item]
        self.frames.append(list(rows.items()))
        return len(self.frames)

    def body(self, handle, sequence):
        """The LOAD_DATA body of a sequence: always the same bytes."""
        rows = self.frames[sequence - 1]
        vectors = np.stack([make_vector(*row) for row in rows])
        payloads = [make_payload(*row) for row in rows]
        columns = raw.rows(handle, [item for item, _ in rows], vectors, payloads)
        return raw.load_data(LOADER, EPOCH, sequence, columns)

    def durable_versions(self):
        """The version of each row as acknowledged: item to version."""
        return {item: version for rows in self.frames[: self.durable] for item, version in rows}

    def ids_crc(self, count):
        """CRC-32C of the ids of the first `count` frames."""
        ids = [item for rows in self.frames[:count] for item, _ in rows]
        return raw.crc32c(struct.pack(f"<{len(ids)}Q", *ids))


def load_until_killed(server, handle, log, connection, credit, kill_after):
    """Sends frames within the credit; kills the server after so many acknowledgements."""
    sequences = [log.next_frame() for _ in range(FRAMES_PER_ROUND)]
    frames = [
        raw.frame(raw.LOAD_DATA, log.body(handle, sequence), 1_000 + sequence, checked=True)
        for sequence in sequences
    ]
    started_durable = log.durable
    in_flight = []
    waiting = list(frames)
    try:
        while waiting or in_flight:
            while waiting and (not in_flight or sum(in_flight) + len(waiting[0]) <= credit):
                connection.send(waiting[0])
                in_flight.append(len(waiting.pop(0)))
            acknowledge(connection, log)
            in_flight.pop(0)
            if log.durable - started_durable >= kill_after:
                # In the middle of a commit as likely as between two.
                time.sleep(log.generator.random() * 0.02)
                break
    finally:
        server.kill()
    return len(waiting)


def acknowledge(connection, log):
    """Reads one acknowledgement into the log."""
    answer = connection.receive()
    if answer.code is not None:
        raise AssertionError(f"LOAD_DATA failed: {answer.code} {answer.message}")
    _, durable = struct.unpack("<QQ", answer.body)
    if durable > len(log.frames):
        raise AssertionError(f"sequence {durable} is called durable, but was never sent")
    log.durable = max(log.durable, durable)


def check_rows(connection, handle, log):
    """Every acknowledged row is there, whole; returns how many were compared."""
    expected = log.durable_versions()
    items = np.array(sorted(expected), dtype=np.uint64)
    for start in range(0, len(items), GET_BATCH):
        batch = items[start : start + GET_BATCH]
        found, vectors, payloads = connection.get(handle, batch)
        for place, item in enumerate(batch.tolist()):
            if not found[place]:
                raise AssertionError(f"row {item} was acknowledged and is gone")
            candidates = range(expected[item], log.versions[item] + 1)
            if not any(
                payloads[place] == make_payload(item, version)
                and np.array_equal(vectors[place], make_vector(item, version))
                for version in candidates
            ):
                raise AssertionError(
                    f"row {item} is not as sent: versions {candidates}, payload {payloads[place]!r}"
                )
    return len(items)


def check_searches(connection, handle, log):
    """Searches by stored vectors find their rows."""
    newest = log.frames[max(log.durable - 20, 0) : log.durable]
    rows = [log.generator.choice(log.generator.choice(newest)) for _ in range(SEARCHES)]
    # Only rows that no later, unacknowledged frame may have replaced.
    rows = [row for row in rows if log.versions[row[0]] == row[1]]
    if not rows:
        return
    vectors = np.stack([make_vector(*row) for row in rows])
    lists = connection.search(handle, vectors, k=10, beam=128)
    first = sum(len(ids) > 0 and ids[0] == item for ids, (item, _) in zip(lists, rows))
    if first < LEAST_FOUND * len(rows):
        raise AssertionError(f"{first} of {len(rows)} searches found their row first")


def begin(connection, handle, log):
    """LOAD_BEGIN; drops from the log what did not reach the server, returns the credit."""
    body = connection.ask(raw.LOAD_BEGIN, raw.load_begin(handle, LOADER, EPOCH))
    durable, credit, _, _ = struct.unpack("<QQII", body)
    if not log.durable <= durable <= len(log.frames):
        raise AssertionError(
            f"durable sequence {durable}; {log.durable} acknowledged, {len(log.frames)} sent"
        )
    log.durable = durable
    # Frames after it are sent again, the same bytes, before new ones.
    for sequence in range(durable + 1, len(log.frames) + 1):
        body = log.body(handle, sequence)
        connection.send(raw.frame(raw.LOAD_DATA, body, 1_000 + sequence, checked=True))
        acknowledge(connection, log)
    return credit


def run(kills, generator, scratch):
    """All rounds; returns the number of rows compared."""
    log = Log(generator)
    server = Server(f"{scratch}/data")
    compared = 0
    for kill in range(kills + 1):
        if kill:
            run_palate("verify", "--data", server.data)
        server.start()
        try:
            with raw.Connection(server.address, timeout=120) as connection:
                handle = connection.create(COLLECTION, DIMENSIONS)
                if kill:
                    compared += check_rows(connection, handle, log)
                    check_searches(connection, handle, log)
                credit = begin(connection, handle, log)
                if kill < kills:
                    after = generator.randrange(1, FRAMES_PER_ROUND * 2 // 3)
                    unsent = load_until_killed(server, handle, log, connection, credit, after)
                    print(f"kill {kill + 1:>2}: {log.durable} frames durable of {len(log.frames)}, "
                          f"{unsent} unsent; {compared} rows compared so far", flush=True)
                else:
                    finish(connection, handle, log)
        except BaseException:
            if server.is_running():
                server.kill()
            raise
    if server.stop() != 0:
        raise AssertionError("the server did not end with 0 on SIGTERM")
    run_palate("verify", "--data", server.data)
    return compared


def finish(connection, handle, log):
    """LOAD_COMMIT with the loader's own count and checksum, and a last look at all rows."""
    count = sum(map(len, log.frames))
    commit = raw.load_commit(handle, LOADER, EPOCH, count, log.ids_crc(len(log.frames)))
    connection.ask(raw.LOAD_COMMIT, commit)
    check_rows(connection, handle, log)
    check_searches(connection, handle, log)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="palate-crash-") as scratch:
        compared = run(arguments.kills, random.Random(arguments.seed), scratch)
    print(f"{arguments.kills} kills, {compared} rows compared after restarts, none lost")


if __name__ == "__main__":
    sys.exit(main())
