#!/usr/bin/env python3
"""Kill -9 under a mixed load, again and again: nothing acknowledged may be lost.

tools/crash.py [--kills 200] [--seed N]

Several clients insert, replace, delete, patch, load, tell events and query at once, each with a log
of what the server acknowledged, and one makes backups. After 50 to 3,000 ms the server is killed.
Each time:

1. `palate verify` finds no damage in the directory as the kill left it;
2. `palate dump` of it lists every acknowledged row and event, those in doubt whole or not at all,
   and nothing else;
3. the server opens it again, within a second and the time that linking its tail takes;
4. GET answers every item as it was written, and a sample of live items is found by its vector;
5. the clients go on, an interrupted load from where it was.

In the end the newest backup is restored and verified.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

from palate import Client
from proofs import checking
from proofs.backups import Backups
from proofs.history import Findings
from proofs.workers import Crew
from served import Server

CLIENTS = 4
ITEMS_EACH = 2_000
PAUSE = 0.01
LIFE_SECONDS = (0.05, 3.0)
SAMPLE = 300
# Opening may take a second, and what the writer lets a tail grow to: of processor time, since other
# work on the machine is not the server's fault.
OPEN_SECONDS, TAIL_SECONDS = 1.0, 5.0


@dataclasses.dataclass
class Counts:
    """What came of the kills."""

    kills: int = 0
    backups: int = 0
    compared: int = 0
    unreachable: int = 0
    slowest_open: float = 0.0
    tail_rows: int = 0
    findings: Findings = dataclasses.field(default_factory=Findings)
    violations: list = dataclasses.field(default_factory=list)


def start(server, counts):
    """Starts the server and times it; the rows it had to link again are the tail."""
    tail = 0
    if counts.kills:
        inspected = checking.command("inspect", "--data", server.data, "--json").output
        for line in inspected.splitlines():
            collection = json.loads(line)
            tail += collection["rows"] - collection["watermark"]
    started = time.monotonic()
    server.start()
    seconds = time.monotonic() - started
    busy = processor_seconds(server.process.pid)
    if seconds > counts.slowest_open:
        counts.slowest_open, counts.tail_rows = seconds, tail
    if busy > OPEN_SECONDS + (TAIL_SECONDS if tail else 0):
        counts.violations.append(f"opening took {busy:.2f} s with {tail} rows to link")


def processor_seconds(process):
    """What a process has used until now."""
    text = pathlib.Path(f"/proc/{process}/stat").read_text()
    user, system = text.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def check_directory(server, crew, counts):
    """The directory as the kill left it."""
    verified = checking.command("verify", "--data", server.data)
    if verified.code != 0:
        counts.violations.append(f"verify says {verified.output.strip()} {verified.errors}")
    dump = checking.read_dump(server.data)
    if not isinstance(dump, checking.Dump):
        raise AssertionError(dump)
    findings = checking.judge_dump(dump, crew.workers)
    counts.findings.add(findings)
    if findings.all:
        raise AssertionError(f"after kill {counts.kills}: {findings.all[0]}")
    checking.settle(dump, crew.workers)


def check_served(server, crew, generator, counts):
    """The same through the server."""
    with Client(server.address, timeout=120) as client:
        served = checking.judge_served(client, crew.workers, SAMPLE, generator)
    counts.findings.add(served.findings)
    counts.compared += served.compared
    counts.unreachable += len(served.unreachable)


def run(kills, seed, scratch, counts):
    """All kills, and a last start that ends in peace."""
    generator = random.Random(f"{seed} kills")
    crew = Crew(CLIENTS, seed, items=ITEMS_EACH, pause=PAUSE)
    backups = Backups(pathlib.Path(scratch, "backups"))
    server = Server(
        pathlib.Path(scratch, "data"), arguments=("--backups", str(backups.folder))
    )
    try:
        for kill in range(kills + 1):
            start(server, counts)
            if kill == 0:
                crew.create_collection(server.address)
            else:
                check_served(server, crew, generator, counts)
            life = generator.uniform(*LIFE_SECONDS)
            crew.start(server.address)
            keeper = threading.Thread(target=backups.run, args=(server.address, crew.stopping))
            keeper.start()
            time.sleep(life)
            crew.stopping.set()
            if kill == kills:
                break
            server.kill()
            crew.join()
            keeper.join()
            counts.kills += 1
            check_directory(server, crew, counts)
            print(
                f"kill {counts.kills:>3} after {life:4.2f} s: "
                f"{counts.findings.acknowledged} acknowledged writes compared, "
                f"{sum(len(worker.items.base) for worker in crew.workers)} items, "
                f"{len(counts.findings.all)} findings",
                flush=True,
            )
        crew.join()
        keeper.join()
        if server.stop() != 0:
            counts.violations.append("the server did not end with 0 on SIGTERM")
        check_directory(server, crew, counts)
        backups.check()
        counts.backups = backups.made
    finally:
        if server.is_running():
            server.kill()
        counts.violations += crew.violations + backups.violations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    counts = Counts()
    with tempfile.TemporaryDirectory(prefix="palate-crash-") as scratch:
        try:
            run(arguments.kills, arguments.seed, scratch, counts)
        except (AssertionError, RuntimeError) as error:
            counts.violations.append(f"{error}")
    found = counts.findings
    for sentence in (counts.violations + found.all)[:20]:
        print(sentence)
    print(
        f"{counts.kills} kills, {counts.backups} backups, "
        f"{found.acknowledged} acknowledged writes compared, "
        f"{counts.compared} items asked for, {len(found.lost)} lost, "
        f"{len(found.phantoms)} phantoms, {len(found.torn)} torn, {len(found.wrong)} wrong, "
        f"{counts.unreachable} unreachable; slowest open {counts.slowest_open:.2f} s "
        f"with {counts.tail_rows} rows to link"
    )
    is_sound = not (counts.violations or found.all or counts.unreachable)
    return 0 if is_sound and counts.kills == arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
