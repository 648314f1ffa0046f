"""The mixed load: each kind of operation is a function of a worker, and a weight in `MIX`.

A write is remembered by the worker's history before it is sent and acknowledged after its answer;
an operation that raises leaves it in doubt.
"""

import dataclasses

import numpy as np

from palate import field
from palate import items as only

from .rows import Row, content, make_payload, make_vector

ROWS_MAX = 12
LOAD_ROWS_MAX = 120
LOAD_FRAME_ROWS = 16
EVENT_TYPES = ("view", "click", "save", "hide", "impression")


@dataclasses.dataclass
class Load:
    """A load that can be resumed: the same rows under the same loader and epoch."""

    loader: int
    epoch: int
    rows: dict
    acknowledged: int = 0  # rows; what became of them later is not the load's any more

    def frames(self):
        """The rows of each frame, with the number of rows sent when it is."""
        items = list(self.rows)
        for start in range(0, len(items), LOAD_FRAME_ROWS):
            part = items[start : start + LOAD_FRAME_ROWS]
            yield start + len(part), {item: self.rows[item] for item in part}


def columns(rows):
    """Ids, vectors and payloads of rows by item."""
    vectors = np.stack([make_vector(item, row.vector) for item, row in rows.items()])
    return list(rows), vectors, [make_payload(item, row.payload) for item, row in rows.items()]


def insert(worker):
    """New items."""
    _upsert(worker, worker.pick_absent(worker.generator.randint(1, ROWS_MAX)))


def replace(worker):
    """New rows for items that are there."""
    _upsert(worker, worker.pick_present(worker.generator.randint(1, ROWS_MAX)))


def _upsert(worker, items):
    if not items:
        return
    rows = {item: worker.make_row() for item in items}
    write = worker.items.begin(rows)
    worker.client.upsert(worker.collection, *columns(rows))
    worker.items.acknowledge(write)


def delete(worker):
    """Items that are there, and now and then one that is not."""
    items = worker.pick_present(worker.generator.randint(1, ROWS_MAX))
    items += worker.pick_absent(worker.generator.randint(0, 1))
    if not items:
        return
    write = worker.items.begin(dict.fromkeys(items))
    worker.client.delete(worker.collection, items)
    worker.items.acknowledge(write)


def patch(worker):
    """Another vector, another payload, or both, for items that are there, of a known version."""
    items = worker.pick_present(worker.generator.randint(1, ROWS_MAX))
    if not items:
        return
    keeps = worker.generator.choice(("vectors", "payloads", "nothing"))
    rows = {}
    for item in items:
        old, new = worker.items.present[item], worker.next_stamp()
        rows[item] = Row(
            old.vector if keeps == "vectors" else new, old.payload if keeps == "payloads" else new
        )
    _, vectors, payloads = columns(rows)
    versions = worker.client.get(worker.collection, items).versions
    write = worker.items.begin(rows)
    worker.client.patch(
        worker.collection,
        items,
        vectors=None if keeps == "vectors" else vectors,
        payloads=None if keeps == "payloads" else payloads,
        versions=versions,
    )
    worker.items.acknowledge(write)


def load(worker):
    """A load of several frames, of new items and of some that are there."""
    count = worker.generator.randint(LOAD_FRAME_ROWS, LOAD_ROWS_MAX)
    items = worker.pick_absent(count) + worker.pick_present(count // 4)
    if items:
        rows = {item: worker.make_row() for item in items}
        worker.unfinished = Load(worker.number + 1, worker.next_stamp(), rows)
        finish_load(worker, resume=False)


def finish_load(worker, resume=True):
    """Sends what is not durable of the worker's load, and commits it."""
    unfinished = worker.unfinished
    frames = []
    for end, rows in unfinished.frames():
        is_open = end > unfinished.acknowledged
        if is_open and any(worker.items.present.get(item) != row for item, row in rows.items()):
            frames.append((end, worker.items.begin(rows)))

    def progress(count, _):
        unfinished.acknowledged = max(unfinished.acknowledged, count)
        while frames and frames[0][0] <= count:
            worker.items.acknowledge(frames.pop(0)[1])

    worker.client.load(
        worker.collection,
        *columns(unfinished.rows),
        loader_id=unfinished.loader,
        epoch=unfinished.epoch,
        resume=resume,
        batch_rows=LOAD_FRAME_ROWS,
        progress=progress,
    )
    progress(len(unfinished.rows), None)
    worker.unfinished = None


def tell(worker):
    """Events of a few people; the time of each is a stamp, so that no two are alike."""
    count = worker.generator.randint(1, 8)
    users = [worker.first_key + worker.generator.randrange(10) for _ in range(count)]
    items = worker.generator.choices(worker.everything, k=count)
    types = worker.generator.choices(EVENT_TYPES, k=count)
    times = [worker.next_stamp() for _ in range(count)]
    write = worker.events.begin(dict(zip(zip(users, items, times), types)))
    worker.client.events(worker.collection, users, items, types, times)
    worker.events.acknowledge(write)


def query(worker):
    """The neighbours of an item: none that this worker has removed, and mostly itself."""
    items = worker.pick_present(1)
    if not items:
        return
    vector = make_vector(items[0], worker.items.present[items[0]].vector)
    found = worker.client.query(worker.collection, vectors=vector, k=10).ids[0]
    own = set(worker.everything) & set(found.tolist())
    gone = own - worker.items.present.keys() - worker.items.doubted
    if gone:
        worker.violations.append(f"a query found {sorted(gone)}, which were removed")


def get(worker):
    """Items as they were written by this worker, which nobody else does."""
    items = worker.pick_present(5) + worker.pick_absent(1)
    got = worker.client.get(worker.collection, items, vectors=True)
    for place, item in enumerate(items):
        row = worker.items.present.get(item)
        answer = (got.payloads[place], got.vectors[place].tobytes()) if got.found[place] else None
        if answer != (None if row is None else content(item, row)):
            worker.violations.append(f"GET of {item} is not {row}")


def filtered(worker):
    """A filter by the fields of an item's payload finds the item, and by none other."""
    for item in worker.pick_present(1):
        stamp = worker.items.present[item].payload
        if make_payload(item, stamp):
            where = (field("item") == item) & (field("stamp") == stamp)
        else:
            where = only([item]) & ~field("item").exists()
        count = worker.client.count(worker.collection, where)[0]
        if count != 1 and item not in worker.items.doubted:
            worker.violations.append(f"{count} items have the fields of {item}")


# What must work whatever became of writes.
READS = (query, get, filtered)
# Kinds of operations and how often each is drawn.
MIX = {insert: 4, replace: 3, delete: 2, patch: 2, load: 1, tell: 2, query: 3, get: 2, filtered: 2}
