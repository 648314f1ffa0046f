#!/usr/bin/env python3
"""Damage to stored bytes: named, healed or harmless; never a wrong answer, never a crash.

tools/damage.py [--damages 500] [--seed N]

A server is filled, stopped and looked at: what it answers then is the truth. For each damage a copy
of its directory gets a flipped bit, a zeroed, swapped, misplaced or forgotten page, or an early end
in one of its data files (`proofs/pages.py`). Then `palate verify` and a server look at the copy;
the server is asked for every item, searched, and written to. Each answer must be the truth or a
typed error, a server that refuses to start must say what is damaged, and what verify calls clean
must be served whole.
"""

import argparse
import collections
import concurrent.futures
import pathlib
import random
import shutil
import sys
import tempfile
import time

from proofs import pages
from proofs.damaged import examine, learn_truth
from proofs.workers import Crew
from served import Server

CLIENTS = 2
ITEMS_EACH = 900
# Between these there is a restart, and a state that a page may fall back to.
OPERATIONS_EACH = (120, 100, 6, 2)
# What is damaged, and how often.
FILES = {"collections/proof.1/gen-000001": 7, "collections/proof.1/taste": 2, "catalog": 1}
CHECKS_AT_ONCE = 2


def fill(seed, scratch):
    """A closed directory, earlier states of it, and the truth about it."""
    data, earlier = pathlib.Path(scratch, "data"), []
    crew = Crew(CLIENTS, seed, items=ITEMS_EACH)
    server = Server(data)
    for count in OPERATIONS_EACH:
        if data.exists():
            earlier.append(pathlib.Path(scratch, f"earlier-{len(earlier)}"))
            shutil.copytree(data, earlier[-1])
        server.start()
        crew.create_collection(server.address)
        crew.start(server.address, count=count)
        crew.join()
        if server.stop() != 0:
            raise AssertionError("the server did not end with 0 on SIGTERM")
    if crew.violations:
        raise AssertionError(f"while filling: {crew.violations[0]}")
    with Server(data) as server:
        truth = learn_truth(server.address, crew.workers)
    return data, earlier, truth


def damaged_copy(number, arguments, scratch, data, earlier):
    """A copy with one thing wrong; returns where it is, and what in words."""
    seed, kind = arguments.seed, arguments.kind
    generator = random.Random(f"{seed} damage {number}")
    copy = pathlib.Path(scratch, f"damaged-{number}")
    shutil.copytree(data, copy)
    name = generator.choices(list(FILES), list(FILES.values()))[0]
    file = copy / name / "data.mdb"
    content = bytearray(file.read_bytes())
    states = [(state / name / "data.mdb").read_bytes() for state in earlier]
    what = pages.inflict(content, states, generator, kind)
    file.write_bytes(content)
    return copy, f"{name}: {what}"


def run(arguments, scratch, truth, data, earlier):
    """All damages; returns how many came to which verdict, and sentences about what must not be."""
    verdicts, violations = collections.Counter(), []

    def one(number):
        copy, what = damaged_copy(number, arguments, scratch, data, earlier)
        verdict = examine(copy, truth)
        shutil.rmtree(copy)
        copy.with_name(copy.name + ".log").unlink(missing_ok=True)
        return number, what, verdict

    numbers = range(1, arguments.damages + 1)
    if arguments.only:
        numbers = [arguments.only]
    with concurrent.futures.ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        for number, what, verdict in pool.map(one, numbers):
            verdicts[verdict.kind] += 1
            for sentence in verdict.violations:
                violations.append(f"damage {number}, {what}: {sentence}")
                print(violations[-1], flush=True)
            if arguments.verbose:
                print(f"{number}: {what}: {verdict.kind}: {verdict.named}", flush=True)
    return verdicts, violations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--damages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--only", type=int, help="inflict only the damage of this number")
    kinds = [damage.__name__ for damage in pages.DAMAGES]
    parser.add_argument("--kind", choices=kinds, help="inflict only damages of this kind")
    parser.add_argument("--verbose", action="store_true", help="a line per damage")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="palate-damage-", dir=memory) as scratch:
        data, earlier, truth = fill(arguments.seed, scratch)
        print(f"{len(truth.items)} items, {truth.stats['events']} events", flush=True)
        verdicts, violations = run(arguments, scratch, truth, data, earlier)
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(verdicts.items()))
    print(f"{sum(verdicts.values())} damages: {counted}; {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
