"""Clients that run the mixed load at once; each owns a range of keys and remembers its writes."""

import collections
import random
import threading
import time

from palate import Client, PalateError
from palate.errors import ConnectionFailed

from . import operations
from .history import History
from .rows import DIMENSIONS, Row

COLLECTION = "proof"
# Keys of one worker: its items and its people.
SPAN = 1_000_000


class Worker:
    """One client's life through all restarts of the server."""

    def __init__(self, number, seed, items=400, pause=0.0, mix=None):
        """Args:
            number: from 0; decides which keys are this worker's.
            seed: of everything it draws.
            items: how many different items it writes.
            pause: most seconds between two operations.
            mix: operations and weights; None = all.
        """
        self.number = number
        self.collection = COLLECTION
        self.generator = random.Random(f"{seed} worker {number}")
        self.first_key = (number + 1) * SPAN
        self.everything = range(self.first_key, self.first_key + items)
        self.items = History()
        self.events = History()
        self.unfinished = None
        self.client = None
        self.violations = []
        self.refusals = collections.Counter()
        self.operations = 0
        self._mix = mix or operations.MIX
        self._pause = pause
        self._stamp = 0

    def next_stamp(self):
        """A number that this worker never used before."""
        self._stamp += 1
        return self._stamp

    def make_row(self):
        """A row with content of its own."""
        stamp = self.next_stamp()
        return Row(stamp, stamp)

    def pick_present(self, count):
        """Some items that are there for certain."""
        there = list(self.items.present)
        return self.generator.sample(there, min(count, len(there)))

    def pick_absent(self, count):
        """Some items that are not there for certain."""
        taken = self.items.present.keys() | self.items.doubted
        free = [item for item in self.everything if item not in taken]
        return self.generator.sample(free, min(count, len(free)))

    def run(self, address, stopping, count=None, tolerant=False):
        """Runs operations until told to stop or until there were `count`.

        A connection that breaks before `stopping` is set is a violation, and so is an error,
        unless the worker is `tolerant` of errors of writes; `refusals` counts them by name.
        """
        kinds, weights = list(self._mix), list(self._mix.values())
        postpones = False  # a load that failed goes on after the next restart
        with Client(address, timeout=60) as self.client:
            last = None if count is None else self.operations + count
            while not stopping.is_set() and self.operations != last:
                self.operations += 1
                operation = self.generator.choices(kinds, weights)[0]
                if self.unfinished and not postpones:
                    operation = operations.finish_load
                try:
                    operation(self)
                except ConnectionFailed as error:
                    if not stopping.is_set():
                        self.violations.append(f"the connection broke: {error!r}")
                    return
                except PalateError as error:
                    self.refusals[error.name] += 1
                    if not tolerant or operation in operations.READS:
                        self.violations.append(f"{operation.__name__}: {error.name}: {error}")
                        return
                    postpones = True
                time.sleep(self.generator.random() * self._pause)


class Crew:
    """Workers at once, each in a thread of its own."""

    def __init__(self, count, seed, **options):
        self.workers = [Worker(number, seed, **options) for number in range(count)]
        self.stopping = threading.Event()
        self.threads = []

    def create_collection(self, address):
        """Makes the collection, or finds it there."""
        with Client(address) as client:
            client.create_collection(COLLECTION, dim=DIMENSIONS, metric="l2", quantizer="sq8")
            client.declare_fields(COLLECTION, {"item": "int", "stamp": "int"})

    def start(self, address, **options):
        """Lets everybody run; options as of `Worker.run`."""
        self.stopping.clear()
        self.threads = [
            threading.Thread(
                target=self._run, args=(worker, address), kwargs=options, daemon=True
            )
            for worker in self.workers
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, worker, address, **options):
        try:
            worker.run(address, self.stopping, **options)
        except Exception as error:  # whatever it is, the main thread reports it
            if not (self.stopping.is_set() and isinstance(error, (OSError, ConnectionFailed))):
                worker.violations.append(f"worker {worker.number}: {error!r}")

    def join(self, seconds=120):
        """Waits until everybody is done."""
        for thread in self.threads:
            thread.join(seconds)
        if any(thread.is_alive() for thread in self.threads):
            raise AssertionError(f"a client waits for its answer since {seconds} s")

    @property
    def violations(self):
        """What went wrong in front of a worker's eyes."""
        return [sentence for worker in self.workers for sentence in worker.violations]

    @property
    def refusals(self):
        """Errors by name."""
        return sum((worker.refusals for worker in self.workers), collections.Counter())
