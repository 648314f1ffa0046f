"""A data directory, or the server on it, against what the workers wrote."""

import dataclasses
import os
import subprocess

import numpy as np

from served import find_binary

from .history import Findings
from .rows import checksums, content, make_vector
from .workers import COLLECTION

# The longest any command of ours may take with the small directories of these tests.
COMMAND_SECONDS = 120
GET_BATCH = 5_000
SEARCH_BATCH = 100
# Of the beams an item is looked for with: what a query would use, then nearly everything.
BEAMS = (64, 4_096)


@dataclasses.dataclass(frozen=True)
class Ended:
    """A command that ran to its end; `code` is negative where a signal ended it."""

    code: int
    output: str
    errors: str

    @property
    def is_crash(self):
        """Whether a signal ended it: a trap, a bus error, an abort."""
        return self.code < 0 or self.code >= 128


def command(*arguments, environment=None):
    """Runs a command of the executable; raises AssertionError where it hangs."""
    try:
        done = subprocess.run(
            [find_binary(), *map(str, arguments)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"palate {arguments[0]} hangs since {late.timeout} s") from None
    return Ended(done.returncode, done.stdout, done.stderr)


@dataclasses.dataclass
class Dump:
    """What `palate dump` printed: by collection, item to checksums, and event to its type."""

    items: dict = dataclasses.field(default_factory=dict)
    events: dict = dataclasses.field(default_factory=dict)
    repeated: list = dataclasses.field(default_factory=list)


def parse_dump(text):
    """Reads the lines of `palate dump`."""
    dump, name = Dump(), None
    for line in text.splitlines():
        kind, *columns = line.split("\t")
        if kind == "collection":
            name = columns[0]
            dump.items[name], dump.events[name] = {}, {}
            continue
        if kind == "item":
            key, value = int(columns[0]), (int(columns[2], 16), int(columns[3], 16))
            table = dump.items[name]
        else:
            _, user, item, milliseconds = map(int, columns[:4])
            key, value, table = (user, item, milliseconds), columns[4], dump.events[name]
        if key in table:
            dump.repeated.append(key)
        table[key] = value
    return dump


def read_dump(data):
    """The dump of a directory; the message of the command where it fails."""
    ended = command("dump", "--data", data)
    if ended.is_crash:
        raise AssertionError(f"palate dump ended with {ended.code}: {ended.errors[-500:]}")
    return parse_dump(ended.output) if ended.code == 0 else ended.errors.strip()


def same(_, value):
    """Renders a value that is read as it is."""
    return value


def judge_dump(dump, workers, moment=None):
    """A dump against the workers' histories, as of `moment`."""
    findings = Findings()
    items, events = dump.items.get(COLLECTION, {}), dump.events.get(COLLECTION, {})
    for worker in workers:
        own = {item: value for item, value in items.items() if item in worker.everything}
        findings.add(worker.items.judge(own, checksums, moment))
        told = {event: type_ for event, type_ in events.items() if _is_by(event, worker)}
        findings.add(worker.events.judge(told, same, moment))
    known = [worker.everything for worker in workers]
    strays = [item for item in items if not any(item in everything for everything in known)]
    findings.phantoms += [f"item {item} was never written" for item in strays]
    findings.phantoms += [f"{key} is there twice" for key in dump.repeated]
    return findings


def settle(dump, workers):
    """After a judgement without findings: what is there is what there is."""
    items, events = dump.items.get(COLLECTION, {}), dump.events.get(COLLECTION, {})
    for worker in workers:
        own = {item: value for item, value in items.items() if item in worker.everything}
        worker.items.settle(own, checksums)
        told = {event: type_ for event, type_ in events.items() if _is_by(event, worker)}
        worker.events.settle(told, same)


def _is_by(event, worker):
    return worker.first_key <= event[0] < worker.first_key + 10


@dataclasses.dataclass
class Served:
    """What a server answered."""

    findings: Findings
    compared: int
    unreachable: list


def judge_served(client, workers, sample, generator):
    """Every item by GET, and a sample by its own vector; call after `settle`."""
    findings, compared, there = Findings(), 0, {}
    for worker in workers:
        there.update(worker.items.base)
        found = get_all(client, list(worker.everything))
        compared += len(worker.everything)
        findings.add(worker.items.judge(found, content))
    live = client.stats(COLLECTION)["live_items"]
    if live != len(there):
        findings.wrong.append(f"stats say {live} live items, expected {len(there)}")
    chosen = generator.sample(sorted(there), min(sample, len(there)))
    return Served(findings, compared, find_unreachable(client, there, chosen))


def get_all(client, items):
    """Item to (payload, vector bytes), of those that are found."""
    found = {}
    for start in range(0, len(items), GET_BATCH):
        batch = items[start : start + GET_BATCH]
        got = client.get(COLLECTION, batch, vectors=True)
        for place in np.flatnonzero(got.found):
            answer = got.payloads[place], got.vectors[place].tobytes()
            found[batch[place]] = answer
    return found


def find_unreachable(client, there, items):
    """Those of `items` that no search by their own vector finds, however wide."""
    missing = list(items)
    for beam in BEAMS:
        still = []
        for start in range(0, len(missing), SEARCH_BATCH):
            batch = missing[start : start + SEARCH_BATCH]
            vectors = np.stack([make_vector(item, there[item].vector) for item in batch])
            ids = client.query(COLLECTION, vectors=vectors, k=10, beam=beam).ids
            still += [item for item, row in zip(batch, ids.tolist()) if item not in row]
        missing = still
    return missing
