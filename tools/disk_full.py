#!/usr/bin/env python3
"""A full disk in the middle of a load: reads go on, deletes work, nothing acknowledged is lost.

tools/disk_full.py [--seed N] [--mib 64] [--limit-mib 48] [--only tmpfs|limit]

Twice, with a real `palate serve`: on a tmpfs of `--mib` (mounted in a mount namespace of its own,
which takes root or user namespaces; else that half is skipped and says so), a third of it held by a
ballast file; and under a file size limit (RLIMIT_FSIZE) of `--limit-mib`. Each time:

1. a load (LOAD_DATA) until the server refuses a frame as storageFull; queries run all along on a
   connection of their own and must all be answered;
2. `stats` says full, upserts are refused, deletes work, and then rows are taken in their room;
3. room returns (the ballast is removed, the limit is raised): without a restart the load resumes
   behind its last durable frame and ends, the upsert is taken, and `stats` says healthy;
4. every acknowledged row is there and no other, before and after a restart; `palate verify` is
   clean.
"""

import argparse
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "python" / "src")]

from palate import Client, StorageFull  # noqa: E402
from served import Server, run_palate  # noqa: E402

COLLECTION = "full"
# Few rows to link for the bytes they take.
DIMENSIONS = 1_024
# Rows of a frame: what a group of them takes is a little or most of what is kept for deletes.
BATCHES = (50, 100, 150, 300, 480)
REFUSED_ROWS = 1_000
PAYLOAD_BYTES = 2_000
DELETES = 40
DELETE_BATCH = 25
GET_BATCH = 2_000
# More than fits, in any case.
ROWS_MAX = 12_000
RESUMED_ROWS = 500
UPSERTED_ROWS = 100
FIRST_UPSERTED = 1 << 32
LOADER = 9
# Between queries: they are to be answered all along, not to take the cores from the writer.
QUERY_PAUSE = 0.002
MIB = 1 << 20
NAMESPACE = "PALATE_DISK_FULL_NAMESPACE"


def vectors_of(items):
    """Each row's vector: eighths between -16 and 16."""
    rows = [np.random.default_rng(item).integers(-128, 129, DIMENSIONS) / 8 for item in items]
    return np.array(rows, dtype=np.float32)


def payloads_of(items):
    """Each row's payload, which does not compress."""
    return [np.random.default_rng(item + (1 << 40)).bytes(PAYLOAD_BYTES) for item in items]


class Queries(threading.Thread):
    """Queries, one after the other, until told to stop; counts what they bring."""

    def __init__(self, address, seed):
        super().__init__(daemon=True)
        self.address, self.seed = address, seed
        self.answered, self.failures, self.slowest = 0, [], 0.0
        self.ended = threading.Event()

    def run(self):
        generator = np.random.default_rng(self.seed)
        with Client(self.address, timeout=60) as client:
            while not self.ended.is_set():
                query = generator.integers(-128, 129, DIMENSIONS).astype(np.float32) / 8
                started = time.perf_counter()
                try:
                    counts = client.query(COLLECTION, query, k=10).counts
                    if counts[0] != 10:
                        self.failures.append(f"{counts[0]} results")
                    self.answered += 1
                except Exception as error:  # noqa: BLE001 - any failure is what is looked for
                    self.failures.append(repr(error))
                    return
                self.slowest = max(self.slowest, time.perf_counter() - started)
                time.sleep(QUERY_PAUSE)

    def stop(self):
        """Ends the thread and says what went wrong."""
        self.ended.set()
        self.join()
        if self.failures:
            raise AssertionError(f"{len(self.failures)} queries failed: {self.failures[0]}")


class Log:
    """The oracle: which rows were acknowledged."""

    def __init__(self):
        self.loaded = 0
        self.live = set()
        self.deleted = set()

    def load_to(self, count):
        """Rows 1 to `count` of the load are durable."""
        self.live.update(range(self.loaded + 1, count + 1))
        self.loaded = max(self.loaded, count)

    def remove(self, items):
        """The rows are durably gone."""
        self.live.difference_update(items)
        self.deleted.update(items)


def load(client, log, count, batch, resume):
    """Loads rows 1 to `count`, from where an earlier call ended; the log hears what is durable."""
    items = range(1, count + 1)
    client.load(
        COLLECTION, items, vectors_of(items), payloads_of(items),
        loader_id=LOADER, epoch=1, resume=resume, batch_rows=batch,
        progress=lambda durable, _: log.load_to(durable),
    )
    log.load_to(count)


def refused(action):
    """Runs what must be refused as full; returns the refusal."""
    try:
        action()
    except StorageFull as error:
        return error
    raise AssertionError("a write was taken on a full disk")


def upsert(client, log, start, count):
    """Writes rows that the load does not have, `start` behind the first."""
    items = range(FIRST_UPSERTED + start, FIRST_UPSERTED + start + count)
    client.upsert(COLLECTION, items, vectors_of(items), payloads_of(items))
    log.live.update(items)


def delete(client, log, generator):
    """Deletes on a full disk, a few rows at a time: each must work."""
    for _ in range(DELETES):
        items = generator.sample(sorted(log.live), DELETE_BATCH)
        changed = client.delete(COLLECTION, items).changed
        if changed != DELETE_BATCH:
            raise AssertionError(f"{changed} rows deleted of {DELETE_BATCH}")
        log.remove(items)


def check(client, log):
    """Every acknowledged row is there, whole; no deleted or refused one is. Returns how many."""
    asked = np.array(sorted(log.live | log.deleted | set(range(1, ROWS_MAX))), dtype=np.uint64)
    for start in range(0, len(asked), GET_BATCH):
        items = asked[start : start + GET_BATCH]
        got = client.get(COLLECTION, items, vectors=True)
        expected = np.array([item in log.live for item in items.tolist()])
        if (got.found != expected).any():
            wrong = items[got.found != expected]
            raise AssertionError(f"{len(wrong)} rows lost or not asked for, first {wrong[0]}")
        there = items[expected].tolist()
        if there and not np.array_equal(got.vectors[expected], vectors_of(there)):
            raise AssertionError("a stored vector is not the one sent")
        payloads = [got.payloads[place] for place in np.flatnonzero(expected)]
        if payloads != payloads_of(there):
            raise AssertionError("a stored payload is not the one sent")
    live = client.stats(COLLECTION)["live_items"]
    if live != len(log.live):
        raise AssertionError(f"{live} rows are live, {len(log.live)} acknowledged")
    return len(log.live)


def expect_state(client, state):
    """`stats` says so, at the latest after the server's next look; returns the figures."""
    for _ in range(100):
        stats = client.stats(COLLECTION)
        if stats["write_state"] == state:
            return stats
        time.sleep(0.2)
    raise AssertionError(f"write state {stats['write_state']}, expected {state}: {stats}")


def run(server, make_room, generator, what):
    """One half; raises where a promise is broken."""
    log = Log()
    batch = generator.choice(BATCHES)
    with server, Client(server.address, timeout=120) as client:
        client.create_collection(COLLECTION, DIMENSIONS, "l2")
        load(client, log, batch, batch, resume=False)
        queries = Queries(server.address, generator.randrange(1 << 30))
        queries.start()
        refusal = refused(lambda: load(client, log, ROWS_MAX, batch, resume=True))
        filled = log.loaded
        full = expect_state(client, "full")
        again = refused(lambda: upsert(client, log, 0, REFUSED_ROWS))
        delete(client, log, generator)
        upsert(client, log, 0, UPSERTED_ROWS)
        while_full = queries.answered
        make_room(server)
        load(client, log, filled + RESUMED_ROWS, batch, resume=True)
        upsert(client, log, UPSERTED_ROWS, UPSERTED_ROWS)
        expect_state(client, "healthy")
        compared = check(client, log)
        queries.stop()
        print(f"{what}: frames of {batch} rows: full at {filled} durable rows, "
              f"{full['stored_bytes'] / MIB:.1f} MiB ({refusal}; then {again})")
        print(f"{what}: {DELETES} deletes of {DELETE_BATCH} rows on the full disk and "
              f"{UPSERTED_ROWS} rows upserted in their room; the load resumed with {RESUMED_ROWS} "
              f"rows and {UPSERTED_ROWS} were upserted once there was more; {queries.answered} "
              f"queries answered ({while_full} until then), the slowest in "
              f"{1000 * queries.slowest:.0f} ms")
    server.start()
    with Client(server.address, timeout=120) as client:
        after = check(client, log)
    if server.stop() != 0:
        raise AssertionError(
            f"the server did not end with 0 on SIGTERM: {server.last_log_lines()}"
        )
    run_palate("verify", "--data", server.data)
    print(f"{what}: {compared} acknowledged rows before the restart and {after} after it, 0 lost; "
          "verify clean", flush=True)


def on_tmpfs(mib, generator, scratch):
    """The half on a small file system; runs in a mount namespace."""
    place = pathlib.Path(scratch) / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(place)],
        capture_output=True, text=True,
    )
    if mounted.returncode != 0:
        print(f"tmpfs: skipped, mounting is not permitted: {mounted.stderr.strip()}")
        return
    try:
        ballast = place / "ballast"
        ballast.write_bytes(bytes(mib * MIB // 3))
        server = Server(place / "data")
        # The log elsewhere: a line that cannot be written is not what is tested.
        server.log = pathlib.Path(scratch) / "tmpfs.log"
        run(server, lambda _: ballast.unlink(), generator, "tmpfs")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def under_limit(mib, generator, scratch):
    """The half with a file size limit, which the server's children would share."""
    limit = mib * MIB
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    # Python ignores SIGXFSZ and its children would: the server must do that itself.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    server = Server(pathlib.Path(scratch) / "data")

    def raise_limit(server):
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    try:
        run(server, raise_limit, generator, "limit")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def in_namespace():
    """Whether this process has mounts of its own; runs itself again with them where it may."""
    if os.environ.get(NAMESPACE):
        return True
    flags = ["-m"] if os.geteuid() == 0 else ["-rm"]
    if subprocess.run(["unshare", *flags, "true"], capture_output=True).returncode != 0:
        return False
    again = ["unshare", *flags, sys.executable, *sys.argv]
    done = subprocess.run(again, env={**os.environ, NAMESPACE: "1"})
    sys.exit(done.returncode)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--mib", type=int, default=64, help="size of the tmpfs")
    parser.add_argument("--limit-mib", type=int, default=48, help="largest file")
    parser.add_argument("--only", choices=("tmpfs", "limit"))
    arguments = parser.parse_args()
    if not os.environ.get(NAMESPACE):
        print(f"seed {arguments.seed}", flush=True)
        sys.argv += ["--seed", str(arguments.seed)]
    generator = random.Random(arguments.seed)
    if arguments.only != "limit" and not in_namespace():
        print("tmpfs: skipped, neither root nor user namespaces here")
        arguments.only = "limit"
    for name, half, mib in (("tmpfs", on_tmpfs, arguments.mib),
                            ("limit", under_limit, arguments.limit_mib)):
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="palate-full-") as scratch:
                half(mib, generator, scratch)


if __name__ == "__main__":
    sys.exit(main())
