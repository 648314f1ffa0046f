#!/usr/bin/env python3
"""Power cuts at any moment of a server's life: nothing acknowledged may be lost.

tools/power_loss.py [--images 2000] [--seed N] [--skip-sync]

A server runs under a recorder of everything it does to its files (`proofs/recorder.c`), through a
start in an empty directory, a mixed load of several clients, collections that come and go, a
restart and more load. Then, for random moments of that record, images of the directory are made as
a power cut at that moment may leave it: what barriers made durable is there, the rest is whole,
dropped, reordered or torn at sectors (`proofs/disk.py` says what is assumed of the file system).

Each image must verify clean and hold every write that was acknowledged before its moment, writes
in doubt whole or not at all, and nothing else. One in so many is served as well: it must open, and
answer every GET right. `--skip-sync` lets the recorder swallow every sync of a file, as a broken
build would: then this must fail.
"""

import argparse
import concurrent.futures
import dataclasses
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from palate import Client
from proofs import checking, disk, preload, recording
from proofs.history import Findings, History
from proofs.rows import DIMENSIONS, content, make_vector
from proofs.workers import COLLECTION, Crew
from served import Server

CLIENTS = 3
ITEMS_EACH = 60
OPERATIONS_EACH = 40
# One image in so many is opened by a server as well.
SERVE_EVERY = 20
CHECKS_AT_ONCE = 2
# Calls of the first start in an empty directory, and of making a collection.
FIRST_CALLS = 121


@dataclasses.dataclass
class Recorded:
    """What the recording left: the records, and who knows what was acknowledged when."""

    records: list
    crew: Crew
    collections: History
    finished: int


class Counts:
    """What came of the images."""

    def __init__(self):
        self.images = self.opened = self.served = 0
        self.findings = Findings()
        self.unopened = []
        self.lock = threading.Lock()


def record(seed, scratch, skips_sync):
    """Runs a server under the recorder and returns what it did."""
    library = preload.build("recorder", scratch)
    data, log = pathlib.Path(scratch, "data"), pathlib.Path(scratch, "record")
    settings = {"PALATE_RECORD": log, "PALATE_RECORD_SKIP_SYNC": int(skips_sync)}
    server = Server(data, environment=preload.environment(library, data, **settings))
    crew = Crew(CLIENTS, seed, items=ITEMS_EACH, pause=0.002)
    collections = History()
    for _ in range(2):
        server.start()
        made = collections.begin({COLLECTION: True})
        crew.create_collection(server.address)
        collections.acknowledge(made)
        crew.start(server.address, count=OPERATIONS_EACH)
        come_and_go(server.address, collections)
        crew.join()
        if server.stop() != 0:
            raise AssertionError("the recorded server did not end with 0 on SIGTERM")
    if crew.violations:
        raise AssertionError(f"while recording: {crew.violations[0]}")
    records = recording.parse(log.read_bytes())
    check_is_whole(records, data)
    return Recorded(records, crew, collections, time.monotonic_ns())


def come_and_go(address, collections):
    """Makes and drops collections while others write."""
    with Client(address) as client:
        for number in range(3):
            name = f"passing-{number}"
            write = collections.begin({name: True})
            client.create_collection(name, dim=DIMENSIONS, metric="cosine", quantizer="sq8")
            collections.acknowledge(write)
            client.upsert(name, [1, 2], [make_vector(1, 1), make_vector(2, 1)], ["one", "two"])
            if number < 2:
                write = collections.begin({name: None})
                client.drop(name)
                collections.acknowledge(write)


def check_is_whole(records, data):
    """The record, replayed to its end, must be the directory: else something was not recorded."""
    replayed = disk.Disk(data.resolve())
    for number, one in enumerate(records):
        replayed.start(number, one)
        replayed.finish(one)
    now = replayed.now()
    there = {str(path.relative_to(data)): path for path in data.rglob("*")}
    if now.keys() != there.keys():
        raise AssertionError(f"not recorded: {sorted(now.keys() ^ there.keys())}")
    for name, path in there.items():
        # LMDB writes its table of readers through a map.
        if path.is_file() and path.name != "lock.mdb" and path.read_bytes() != now[name]:
            raise AssertionError(f"a write to {name} was not recorded")


def images(recorded, count, seed, data):
    """Yields (number, moment, name of the policy, image) for random moments of the record."""
    generator = random.Random(f"{seed} cuts")
    calls = len(recorded.records) + 1
    # The first start, which makes every file, is short: a tenth of the images is from there.
    spans = generator.choices([calls, min(calls, FIRST_CALLS)], [9, 1], k=count)
    cuts = sorted(map(generator.randrange, spans))
    replayed = disk.Disk(data.resolve())
    made = 0
    for number in range(calls):
        is_end = number == calls - 1
        moment = recorded.finished if is_end else recorded.records[number].begun
        if not is_end:
            replayed.start(number, recorded.records[number])
        while made < count and cuts[made] == number:
            name, keeps = disk.policy(
                replayed.pending(), random.Random(f"{seed} image {made}")
            )
            made += 1
            yield made, moment, f"{name} at {number}", replayed.image(keeps)
        if not is_end:
            replayed.finish(recorded.records[number])


def check(path, moment, recorded, serves, counts):
    """One image: its dump against what was acknowledged; now and then a server on it."""
    collections = judge_collections(recorded, {}, moment)
    is_expected = bool(collections.lost)
    dump = checking.read_dump(path)
    if isinstance(dump, checking.Dump):
        findings = checking.judge_dump(dump, recorded.crew.workers, moment)
        findings.add(judge_collections(recorded, dict.fromkeys(dump.items, True), moment))
        verified = checking.command("verify", "--data", path)
        if verified.code != 0:
            findings.wrong.append(f"verify says {verified.output.strip()} {verified.errors}")
    elif is_expected:
        with counts.lock:
            counts.unopened.append(f"{path.name}: {dump}")
        return
    else:
        findings = Findings()
    # Where nothing was acknowledged yet there need not be a catalog: then a server must start.
    if serves or not is_expected:
        serve(path, recorded, moment, findings)
    with counts.lock:
        counts.opened += 1
        counts.served += serves or not is_expected
        counts.findings.add(findings)


def judge_collections(recorded, found, moment):
    """Names of collections against those that were made and dropped."""
    return recorded.collections.judge(found, checking.same, moment)


def serve(path, recorded, moment, findings):
    """Opens an image as after the power cut, and asks for everything in it."""
    server = Server(path)
    try:
        server.start()
        with Client(server.address) as client:
            names = {collection.name: True for collection in client.list()}
            findings.add(judge_collections(recorded, names, moment))
            if COLLECTION in names:
                for worker in recorded.crew.workers:
                    got = checking.get_all(client, list(worker.everything))
                    findings.add(worker.items.judge(got, content, moment))
        if server.stop() != 0:
            findings.wrong.append("the server did not end with 0 on SIGTERM")
    except RuntimeError as error:
        findings.lost.append(f"no server opens the image: {error}")
    finally:
        if server.is_running():
            server.kill()
    after = checking.command("verify", "--data", path)
    if after.code != 0:
        findings.wrong.append(f"after serving, verify says {after.output} {after.errors}")


def run(arguments, scratch):
    """Records, makes images and checks them; returns the counts."""
    recorded = record(arguments.seed, scratch, arguments.skip_sync)
    writes = sum(
        len(history.writes) for w in recorded.crew.workers for history in (w.items, w.events)
    )
    print(f"recorded {len(recorded.records)} calls, {writes} writes", flush=True)
    counts = Counts()
    waiting = set()
    with concurrent.futures.ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        made = images(recorded, arguments.images, arguments.seed, pathlib.Path(scratch, "data"))
        for number, moment, policy, image in made:
            path = pathlib.Path(scratch, f"image-{number}")
            disk.materialise(image, path)
            serves = number % SERVE_EVERY == 0
            waiting.add(
                pool.submit(check_one, path, policy, moment, recorded, serves, counts)
            )
            if len(waiting) >= 4 * CHECKS_AT_ONCE:
                done, waiting = concurrent.futures.wait(
                    waiting, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in done:
                    future.result()
        for future in waiting:
            future.result()
    return counts


def check_one(path, policy, moment, recorded, serves, counts):
    """Checks an image and removes it; one with findings is named by its policy."""
    before = len(counts.findings.all) + len(counts.unopened)
    with counts.lock:
        counts.images += 1
    check(path, moment, recorded, serves, counts)
    if len(counts.findings.all) + len(counts.unopened) > before:
        print(f"{path.name} ({policy}) has findings", flush=True)
    shutil.rmtree(path)
    pathlib.Path(f"{path}.log").unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--skip-sync", action="store_true", help="break the server; must fail")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="palate-power-", dir=memory) as scratch:
        counts = run(arguments, scratch)
    found = counts.findings
    for sentence in (counts.unopened + found.all)[:20]:
        print(sentence)
    print(
        f"{counts.images} images, {counts.opened} opened ({counts.served} by a server), "
        f"{found.acknowledged} acknowledged writes compared, {len(found.lost)} lost, "
        f"{len(found.phantoms)} phantoms, {len(found.torn)} torn, {len(found.wrong)} wrong"
    )
    return 1 if counts.unopened or found.all else 0


if __name__ == "__main__":
    sys.exit(main())
