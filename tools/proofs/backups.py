"""Backups of a server while a mixed load runs, one after another."""

import pathlib
import shutil
import tempfile

from palate import Client, PalateError
from palate.errors import ConnectionFailed

from . import checking

# Seconds between two backups.
PAUSE = 0.2


class Backups:
    """Makes backups until told to stop; the newest one stays."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.made = 0
        self.newest = None
        self.violations = []

    def run(self, address, stopping):
        """Asks for backups; an error before `stopping` is set is a violation."""
        try:
            with Client(address, timeout=60) as client:
                while not stopping.wait(PAUSE):
                    # The number is used up by an attempt that a kill interrupts, too.
                    self.made += 1
                    name = f"backup-{self.made}"
                    client.backup(name)
                    self._keep(name)
        except (ConnectionFailed, OSError, PalateError) as error:
            if not stopping.is_set():
                self.violations.append(f"a backup failed: {error!r}")

    def _keep(self, name):
        if self.newest is not None:
            shutil.rmtree(self.folder / self.newest)
        self.newest = name

    def check(self):
        """Restores the newest backup and verifies what comes of it."""
        if self.newest is None:
            return
        with tempfile.TemporaryDirectory(prefix="palate-restored-") as scratch:
            target = pathlib.Path(scratch, "data")
            for command in (("restore", self.folder / self.newest, "--to", target),
                            ("verify", "--data", target)):
                done = checking.command(*command)
                if done.code != 0:
                    self.violations.append(
                        f"{command[0]} of {self.newest}: {done.output.strip()} {done.errors}"
                    )
                    return
