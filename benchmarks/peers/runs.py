"""Runs rivals in processes of their own, and keeps their built indexes under `scratch/peers`."""

import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from datasets import SCRATCH
from rivals import RIVALS
from served import pinned

WORKER = pathlib.Path(__file__).resolve().parent / "worker.py"
# A million rows on one thread of a slow minute; one round of searches.
BUILD_SECONDS, SEARCH_SECONDS = 7_200, 1_800


class WorkerFailure(Exception):
    """A rival's process crashed, failed or took too long; the text says which."""


def run_worker(*arguments, cpu, seconds):
    """Runs `worker.py` on one core; what it measured."""
    with tempfile.NamedTemporaryFile(prefix="palate-peers-", suffix=".json") as output:
        command, data, name, folder, *rest = map(str, arguments)
        line = [sys.executable, str(WORKER), command, data, name, folder, output.name, *rest]
        try:
            done = subprocess.run(
                pinned(cpu, line), capture_output=True, text=True, timeout=seconds, errors="replace"
            )
        except subprocess.TimeoutExpired:
            raise WorkerFailure(f"{name} took more than {seconds} s to {command}") from None
        if done.returncode != 0:
            text = " ".join(done.stderr.split())[-300:]
            raise WorkerFailure(f"{name} could not {command} ({done.returncode}): {text}")
        return json.loads(pathlib.Path(output.name).read_text(encoding="utf-8"))


# Folders built by this run: `again` builds what rivals share once.
_fresh = set()


def built(data, name, cpu, again=False):
    """The folder of the rival's index and the record of its building, built now or before.

    The record holds the stamp (package, version, settings), build_seconds and the day.
    """
    rival = RIVALS[name]()
    folder = SCRATCH / "peers" / data.name / (rival.shares or name)
    record_file = folder / "built.json"
    stamp = rival.stamp()
    if record_file.exists() and (not again or folder in _fresh):
        record = json.loads(record_file.read_text(encoding="utf-8"))
        if record["stamp"] == json.loads(json.dumps(stamp)):
            return folder / "index", record
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "index").mkdir(parents=True)
    print(f"building {name} on {data.name}", file=sys.stderr, flush=True)
    measured = run_worker(
        "build", data.name, name, folder / "index", cpu=cpu, seconds=BUILD_SECONDS
    )
    record = {**measured, "stamp": stamp, "built": datetime.date.today().isoformat()}
    _fresh.add(folder)
    record_file.write_text(json.dumps(record), encoding="utf-8")
    return folder / "index", record


def search(data, name, folder, questions, k, beams, cpu):
    """One round of a rival: its lines, resident_bytes and index_bytes."""
    listed = ",".join(map(str, beams))
    return run_worker(
        "search", data.name, name, folder, questions, k, listed, cpu=cpu, seconds=SEARCH_SECONDS
    )
