#!/usr/bin/env python3
"""A server at half load for hours: its memory, its files, and every error anybody sees.

benchmarks/serve/soak.py [--minutes 120] [--rows 20000] [--record]

Over TLS, at the same time: queries, each followed by a rest as long as it took; a hundred rows a
second, of which most replace an item, and as many deleted as are new; two hundred events a second,
of which the last quarter of all is kept.
Ten times in all a backup is made (the one before is removed), and the certificate is replaced under
the server, which is told by SIGHUP; a new connection must then trust the new one alone.

Fails where anybody gets an error, where memory (anonymous, so without the pages of the store that
are mapped) or the data directory grow through the second half by more than a twentieth and 24 MiB,
where the server does not end with 0, or `palate verify` finds something.
"""

import argparse
import pathlib
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(ROOT / "tools"), str(ROOT / "tools" / "python" / "src")]

from certificates import make_certificate  # noqa: E402
from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server, run_palate  # noqa: E402

COLLECTION, DIMENSIONS, CLUSTERS = "soaked", 64, 200
QUERIES, K = 16, 10
ROWS_A_SECOND, NEW_A_SECOND, EVENTS_A_SECOND, PEOPLE = 100, 20, 200, 500
INJECTIONS = 10
# What memory and files may grow by through the second half, and what is too little to say: in five
# minutes 14 MiB came with rows, histories and buffers that fill, 40 with a leak of 130 KB a second.
GROWTH, LEAST_BYTES = 0.05, 24 << 20


def draw(count, generator):
    """Unit vectors around some centres, the same ones for every generator."""
    centres = np.random.default_rng(1).standard_normal((CLUSTERS, DIMENSIONS), dtype=np.float32)
    vectors = centres[generator.integers(CLUSTERS, size=count)]
    vectors = vectors + 0.4 * generator.standard_normal(vectors.shape, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Soak:
    """Who asks, writes and watches, each in a thread and on a connection of its own."""

    def __init__(self, server, folder, rows, seconds):
        self.server, self.folder, self.rows, self.seconds = server, folder, rows, seconds
        self.ended = threading.Event()
        self.errors = []
        self.counts = {"queries": 0, "rows": 0, "deleted": 0, "events": 0, "backups": 0,
                       "certificates": 0}
        self.milliseconds = []
        # (seconds, anonymous bytes, bytes of the data directory)
        self.samples = []

    def client(self):
        """A connection of one's own that trusts the certificate of this moment."""
        return Client(self.server.address, ca_file=str(self.folder / "server.pem"), timeout=60)

    def run(self):
        """Runs everything for the given time."""
        with self.client() as client:
            client.create_collection(COLLECTION, dim=DIMENSIONS, metric="cosine")
            first = draw(self.rows, np.random.default_rng(2))
            client.load(COLLECTION, np.arange(self.rows), first)
            kept = EVENTS_A_SECOND * self.seconds / 4
            client.taste_settings(COLLECTION, {"history_events": kept})
        parts = (self.ask, self.write, self.tell, self.inject, self.watch)
        threads = [threading.Thread(target=self._guard, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        self.ended.wait(self.seconds)
        self.ended.set()
        for thread in threads:
            thread.join(120)

    def _guard(self, part):
        try:
            part()
        except Exception as error:  # whatever it is, the soak has failed by it
            self.errors.append(f"{part.__name__}: {error!r}")
            self.ended.set()

    def ask(self):
        """Queries at half load: as much rest as work."""
        generator = np.random.default_rng(3)
        with self.client() as client:
            while not self.ended.is_set():
                vectors = draw(QUERIES, generator)
                began = time.perf_counter()
                found = client.query(COLLECTION, vectors=vectors, k=K)
                took = time.perf_counter() - began
                assert found.ids.shape == (QUERIES, K), f"{found.ids.shape} ids"
                self.milliseconds.append(1_000 * took)
                self.counts["queries"] += QUERIES
                self.ended.wait(took)

    def write(self):
        """Rows a second, as many of them deleted a minute later as are new."""
        generator, added = np.random.default_rng(4), []
        fresh = 1_000_000
        with self.client() as client:
            while not self.ended.wait(1):
                old = generator.choice(self.rows, ROWS_A_SECOND - NEW_A_SECOND, replace=False)
                new = np.arange(fresh, fresh + NEW_A_SECOND)
                fresh += NEW_A_SECOND
                client.upsert(
                    COLLECTION, np.concatenate([old, new]), draw(ROWS_A_SECOND, generator)
                )
                self.counts["rows"] += ROWS_A_SECOND
                added.append(new)
                if len(added) > 60:
                    client.delete(COLLECTION, added.pop(0))
                    self.counts["deleted"] += NEW_A_SECOND

    def tell(self):
        """Events of a few hundred people, and what they would like now and then."""
        generator = np.random.default_rng(5)
        with self.client() as client:
            while not self.ended.wait(1):
                people = generator.integers(PEOPLE, size=EVENTS_A_SECOND)
                items = generator.integers(self.rows, size=EVENTS_A_SECOND)
                client.events(COLLECTION, users=people, items=items, types="save")
                self.counts["events"] += EVENTS_A_SECOND
                found = client.recommend(COLLECTION, user=int(people[0]), k=K)
                assert found.ids.size == K, f"{found.ids.size} recommended"

    def inject(self):
        """Backups and certificates, each several times."""
        before = None
        for number in range(INJECTIONS):
            if self.ended.wait(self.seconds / (INJECTIONS + 1)):
                return
            name = f"backup-{number}"
            with self.client() as client:
                client.backup(name)
            self.counts["backups"] += 1
            if before:
                shutil.rmtree(self.folder / "backups" / before)
            before = name
            make_certificate(self.folder)
            self.server.process.send_signal(signal.SIGHUP)
            self.ended.wait(2)
            with self.client() as client:
                client.ping()
            self.counts["certificates"] += 1

    def watch(self):
        """Memory and files, once a second."""
        began = time.monotonic()
        while not self.ended.wait(1):
            files = sum(path.stat().st_blocks for path in self.server.data.rglob("*")) * 512
            self.samples.append((time.monotonic() - began, self.server.anonymous_bytes(), files))


def growth(values):
    """What the last sixth has more than the sixth in the middle, by their medians."""
    sixth = max(1, len(values) // 6)
    middle = len(values) // 2
    start = statistics.median(values[middle : middle + sixth])
    return start, statistics.median(values[-sixth:]) - start


def judge(soak, folder, code):
    """Prints what was seen; yields a sentence for each thing that is wrong."""
    counts = "  ".join(f"{name} {count:,}" for name, count in soak.counts.items())
    print(f"soak: {soak.seconds / 60:.0f} minutes  {counts}")
    print(f"queries of {QUERIES}: p50 {np.percentile(soak.milliseconds, 50):.2f} ms  "
          f"p99 {np.percentile(soak.milliseconds, 99):.2f} ms")
    for name, column in (("memory", 1), ("data directory", 2)):
        start, grown = growth([sample[column] for sample in soak.samples])
        print(f"{name}: {start / 2**20:.1f} MiB half-way, {grown / 2**20:+.1f} MiB since")
        if grown > max(GROWTH * start, LEAST_BYTES):
            yield f"{name} grew by {grown} bytes in the second half"
    yield from soak.errors
    if code != 0:
        yield f"the server ended with {code}"
    try:
        run_palate("verify", "--data", folder / "data")
    except RuntimeError as error:
        yield f"verify: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--record", action="store_true", help="keep a line in results/")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="palate-soak-") as scratch:
        folder = pathlib.Path(scratch)
        certificate, key = make_certificate(folder)
        (folder / "backups").mkdir()
        words = ("--tls-certificate", certificate, "--tls-key", key)
        words += ("--backups", folder / "backups")
        server = Server(folder / "data", arguments=map(str, words))
        server.start()
        soak = Soak(server, folder, arguments.rows, 60 * arguments.minutes)
        try:
            soak.run()
        finally:
            code = server.stop() if server.is_running() else server.process.returncode
        wrong = list(judge(soak, folder, code))
        if arguments.record and not wrong:
            line = {"name": "serve/soak", "minutes": arguments.minutes, **soak.counts}
            line["p99_ms"] = float(np.percentile(soak.milliseconds, 99))
            line["memory_bytes"], line["memory_growth"] = growth([s[1] for s in soak.samples])
            record("serve.jsonl", [line])
    for text in wrong:
        print(f"soak: {text}", file=sys.stderr)
    print("soak: failed" if wrong else "soak: no error, nothing grew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
