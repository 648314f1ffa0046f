#!/usr/bin/env python3
"""A disk error at every call: no acknowledged write may be missing after a restart.

tools/io_errors.py [--calls 0] [--seed N]

A short life of a server - started in an empty directory, filled by several clients, stopped - is
run again and again. Each time another one of its calls that write or sync fails, once with EIO and
once with ENOSPC (`proofs/failing.c`). Then

1. the server must still be there, or have said why it does not start: never a signal;
2. clients must get typed errors, and reads must go on;
3. after a sync failed with EIO, nothing that the same file would hold may be acknowledged (a full
   disk is no reason to stop: the next commit writes all its pages again before it syncs);
4. after a restart the directory must verify clean, hold every acknowledged write, and take more.

`--calls` bounds the number of failures tried, drawn at random; 0 = every one.
"""

import argparse
import collections
import errno
import pathlib
import random
import shutil
import sys
import tempfile
import time

from palate import Client, PalateError
from palate.errors import ConnectionFailed
from proofs import checking, preload
from proofs.history import Findings
from proofs.rows import content
from proofs.workers import COLLECTION, Crew
from served import Server

CLIENTS = 2
ITEMS_EACH = 40
OPERATIONS_EACH = 24
ERRORS = (errno.EIO, errno.ENOSPC)


class Life:
    """One life of a server of which one call fails."""

    def __init__(self, seed, library, directory, call, error):
        self.data = pathlib.Path(directory, "data")
        self.log = pathlib.Path(directory, "calls")
        self.call, self.error = call, error
        settings = {
            "PALATE_FAIL_LOG": self.log, "PALATE_FAIL_CALL": call, "PALATE_FAIL_ERRNO": error,
        }  # fmt: skip
        self.environment = preload.environment(library, self.data, **settings)
        self.crew = Crew(CLIENTS, seed, items=ITEMS_EACH)
        self.findings = Findings()
        self.is_refused = False

    @property
    def where(self):
        """The failure in words."""
        return f"call {self.call} with {errno.errorcode[self.error]}"

    def run(self, kills):
        """The life itself, and the restart; `kills` ends it by kill -9."""
        server = Server(self.data, environment=self.environment)
        if self._starts(server):
            try:
                if self._creates(server.address):
                    self.crew.start(server.address, count=OPERATIONS_EACH, tolerant=True)
                    self.crew.join()
                    self._read(server.address)
                self._end(server, kills)
            finally:
                if server.is_running():
                    server.kill()
        self._check_calls()
        self._restart()
        for sentence in self.crew.violations:
            self.findings.wrong.append(sentence)

    def _starts(self, server):
        try:
            server.start()
            return True
        except RuntimeError as error:
            self.is_refused = True
            if not str(error).startswith("palate serve ended with 1:"):
                self.findings.wrong.append(str(error))
            return False

    def _creates(self, address):
        try:
            self.crew.create_collection(address)
            return True
        except ConnectionFailed as error:
            self.findings.wrong.append(f"the server is gone: {error!r}")
        except PalateError:
            self.is_refused = True
        return False

    def _read(self, address):
        """Reads go on, whatever became of writes."""
        try:
            with Client(address) as client:
                for worker in self.crew.workers:
                    found = checking.get_all(client, list(worker.everything))
                    self.findings.add(worker.items.judge(found, content))
        except PalateError as error:
            self.findings.wrong.append(f"reads do not go on: {error!r}")

    def _end(self, server, kills):
        if server.process.poll() is not None:
            self.findings.wrong.append(f"the server ended with {server.process.returncode}")
        elif kills:
            server.kill()
        elif (code := server.stop()) not in (0, 1):
            self.findings.wrong.append(f"the server ended with {code} on SIGTERM")

    def calls(self):
        """The lines of the interposer: (number, time, function, is a sync, path, failed)."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        for line in lines:
            number, moment, function, durable, path, state = line.split()
            yield int(number), int(moment), function, durable == "1", path, state == "failed"

    def _check_calls(self):
        """After a sync that failed, the file it was for takes no more."""
        if self.error != errno.EIO:
            return
        for _, moment, _, is_sync, path, has_failed in self.calls():
            if not has_failed or not is_sync or not path.endswith("data.mdb"):
                continue
            for worker in self.crew.workers:
                for name, history in (("gen-", worker.items), ("taste", worker.events)):
                    late = sum(w.acknowledged is not None for w in history.writes
                               if name in path and w.begun > moment)
                    if late:
                        self.findings.wrong.append(f"{late} acknowledged after a failed sync")

    def _restart(self):
        """Without failures: everything acknowledged is there, and more can be written."""
        has_collection = any(worker.items.writes for worker in self.crew.workers)
        if has_collection:
            self._check_directory()
        server = Server(self.data)
        try:
            server.start()
            self.crew.create_collection(server.address)
            self.crew.start(server.address, count=3)
            self.crew.join()
            if server.stop() != 0:
                self.findings.wrong.append("the restarted server did not end with 0")
        except (RuntimeError, PalateError) as error:
            self.findings.wrong.append(f"after the restart: {error!r}")
        finally:
            if server.is_running():
                server.kill()
        self._check_directory()

    def _check_directory(self):
        verified = checking.command("verify", "--data", self.data)
        if verified.code != 0:
            self.findings.wrong.append(f"verify says {verified.output} {verified.errors}")
        dump = checking.read_dump(self.data)
        if not isinstance(dump, checking.Dump):
            self.findings.wrong.append(dump)
            return
        findings = checking.judge_dump(dump, self.crew.workers)
        self.findings.add(findings)
        if not findings.all:
            checking.settle(dump, self.crew.workers)


def choose(count, most, generator):
    """Calls and errors to try: all of them, or `most` at random, in order."""
    every = [(call, error) for call in range(1, count + 1) for error in ERRORS]
    return sorted(generator.sample(every, most)) if 0 < most < len(every) else every


def run(arguments, scratch):
    """All lives; returns the number of calls, what failed, and the findings."""
    library = preload.build("failing", scratch)

    def live(number, call, error, kills):
        directory = pathlib.Path(scratch, f"life-{number}")
        directory.mkdir()
        life = Life(arguments.seed, library, directory, call, error)
        life.run(kills)
        calls = list(life.calls())
        shutil.rmtree(directory)
        return life, calls

    life, calls = live(0, 0, errno.EIO, kills=False)
    if life.findings.all or life.is_refused:
        raise AssertionError(f"without a failure: {life.findings.all}")
    print(f"{len(calls)} calls in a life without failures", flush=True)
    counts, refusals, findings = collections.Counter(), collections.Counter(), []
    acknowledged = life.findings.acknowledged
    tries = choose(len(calls), arguments.calls, random.Random(arguments.seed))
    for number, (call, error) in enumerate(tries, 1):
        life, calls = live(number, call, error, kills=number % 2 == 0)
        failed = [one for one in calls if one[-1]]
        counts["failed"] += bool(failed)
        counts["not started or not created"] += life.is_refused
        refusals += life.crew.refusals
        acknowledged += life.findings.acknowledged
        for sentence in life.findings.all:
            place = f"{failed[0][2]} {pathlib.Path(failed[0][4]).name}" if failed else "none"
            findings.append(f"{life.where} ({place}): {sentence}")
            print(findings[-1], flush=True)
    return len(tries), counts, refusals, acknowledged, findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="palate-errors-", dir=memory) as scratch:
        tries, counts, refusals, acknowledged, findings = run(arguments, scratch)
    named = ", ".join(f"{count} {name}" for name, count in sorted(refusals.items()))
    lost = sum(": lost: " in sentence for sentence in findings)
    print(
        f"{tries} calls tried, {counts['failed']} failed, of these "
        f"{counts['not started or not created']} before there was a collection; errors: "
        f"{named or 'none'}; {acknowledged} acknowledged writes compared, {lost} lost, "
        f"{len(findings)} violations"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
