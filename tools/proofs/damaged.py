"""What verify and a server make of a damaged directory, against the truth about the whole one."""

import dataclasses

import numpy as np

from palate import Client, PalateError
from palate.errors import ConnectionFailed, DataLoss, ServerFailed
from served import Server

from .checking import COLLECTION, command
from .rows import content, make_vector

QUERIES = 60
# With as many candidates rescored from float32, scores are exact.
RESCORED = 100
SCORE_ERROR = 1e-3
STATS = ("live_items", "events", "users", "edges")


@dataclasses.dataclass
class Truth:
    """What the whole directory answers."""

    items: dict  # item -> Row
    absent: list  # items that were removed or never written
    queries: dict  # item -> ids near its vector
    stats: dict


@dataclasses.dataclass
class Verdict:
    """What became of a damage."""

    kind: str
    named: str
    violations: list


def learn_truth(address, workers):
    """Asks a server on the whole directory, which must agree with its writers."""
    items = {item: row for worker in workers for item, row in worker.items.present.items()}
    absent = [item for worker in workers for item in worker.everything if item not in items]
    with Client(address) as client:
        stats = {name: client.stats(COLLECTION)[name] for name in STATS}
        asked = sorted(items)[:: max(1, len(items) // QUERIES)]
        truth = Truth(items, absent, {item: None for item in asked}, stats)
        trial = Trial(client, truth)
        trial.ask_all()
        if trial.wrong or trial.refused:
            raise AssertionError(f"of the whole directory: {trial.wrong or trial.refused}")
    return truth


class Trial:
    """A server asked for everything: answers that are wrong, and requests that were refused."""

    def __init__(self, client, truth):
        self.client, self.truth = client, truth
        self.wrong, self.refused = [], []

    def ask_all(self):
        """Every item, queries, figures."""
        self._get(sorted(self.truth.items) + self.truth.absent)
        for item in self.truth.queries:
            self._query(item)
        self._try(self._stats)

    def write(self):
        """A few writes to see that the tables bear it; their items are not among the truth's."""
        items = list(range(1, 40))
        vectors = np.stack([make_vector(item, 1) for item in items])
        self._try(lambda: self.client.upsert(COLLECTION, items, vectors, ["new"] * len(items)))
        self._try(lambda: self.client.delete(COLLECTION, items))
        self._try(lambda: self.client.events(COLLECTION, [1], [1], "view"))

    def _try(self, action):
        try:
            return action()
        except ConnectionFailed:
            raise
        except PalateError as error:
            if not isinstance(error, (DataLoss, ServerFailed)):
                self.wrong.append(f"an error that does not say damage: {error.name}: {error}")
            self.refused.append(f"{error.name}: {error}")
            return None

    def _get(self, items):
        got = self._try(lambda: self.client.get(COLLECTION, items, vectors=True))
        if got is None:
            # One of them is damaged: the others must still be had.
            half = len(items) // 2
            if half:
                self._get(items[:half])
                self._get(items[half:])
            return
        for place, item in enumerate(items):
            row = self.truth.items.get(item)
            expected = None if row is None else content(item, row)
            answer = None
            if got.found[place]:
                answer = got.payloads[place], got.vectors[place].tobytes()
            if answer != expected:
                self.wrong.append(f"GET of {item} is {answer!r:.120}, expected {row}")

    def _query(self, item):
        vector = make_vector(item, self.truth.items[item].vector)
        found = self._try(
            lambda: self.client.query(
                COLLECTION, vectors=vector, k=10, beam=RESCORED, rescore=RESCORED, payload=True
            )
        )
        if found is None:
            return
        ids = found.ids[0].tolist()
        for near, score, payload in zip(ids, found.scores[0].tolist(), found.payloads[0]):
            row = self.truth.items.get(near)
            if row is None:
                self.wrong.append(f"a query found {near}, which is not there")
                continue
            expected_payload, expected_vector = content(near, row)
            difference = vector - np.frombuffer(expected_vector, "<f4")
            exact = -float(difference @ difference)
            if abs(score - exact) > SCORE_ERROR * max(1.0, abs(exact)):
                self.wrong.append(f"a query scores {near} with {score}, expected {exact}")
            if payload != expected_payload:
                self.wrong.append(f"a query gives {near} the payload {payload!r:.80}")
        if item not in ids:
            self.wrong.append(f"a query by the vector of {item} does not find it")

    def _stats(self):
        stats = self.client.stats(COLLECTION)
        for name, expected in self.truth.stats.items():
            if stats[name] != expected:
                self.wrong.append(f"stats say {stats[name]} {name}, expected {expected}")


def examine(copy, truth):
    """`palate verify`, then a server, then verify again."""
    violations = []
    before = command("verify", "--data", copy)
    if before.is_crash:
        violations.append(f"verify ended with {before.code}: {before.errors[-200:]}")
    named = _named(before)
    refusal, refused = _serve(copy, truth, violations)
    if not named and (refusal or refused):
        violations.append(f"verify says clean, and the server: {refusal or refused[0]}")
    after = command("verify", "--data", copy)
    if after.is_crash:
        violations.append(f"verify, after serving, ended with {after.code}")
    if not named and after.code != 0:
        violations.append(f"clean before it was served, and then: {_named(after)}")
    if violations:
        kind = "violated"
    elif not named:
        kind = "harmless"
    elif refusal:
        kind = "named, not opened"
    elif refused:
        kind = "named, served in part"
    else:
        kind = "healed" if after.code == 0 else "named, served whole"
    return Verdict(kind, named, violations)


def _named(verified):
    """What verify says is damaged; empty where it says clean."""
    if verified.code == 0:
        return ""
    damaged = [line for line in verified.output.splitlines() if line.startswith("damaged: ")]
    return "; ".join(damaged[:3]) or verified.errors.strip() or f"code {verified.code}"


def _serve(copy, truth, violations):
    """Why no server starts, and which requests one refused; appends what must not be."""
    server = Server(copy)
    try:
        server.start()
    except RuntimeError as error:
        if not str(error).startswith("palate serve ended with 1:"):
            violations.append(str(error))
        return str(error), []
    trial = None
    try:
        with Client(server.address, timeout=30) as client:
            trial = Trial(client, truth)
            trial.ask_all()
            trial.write()
    except (ConnectionFailed, OSError) as error:
        violations.append(f"the server is gone: {error!r}, code {server.process.poll()}")
    finally:
        violations += (trial.wrong if trial else [])[:3]
        refused = trial.refused if trial else []
        code = server.stop()
    if code < 0 or (code != 0 and not refused):
        violations.append(f"the server ended with {code}: {server.last_log_lines()}")
    return "", refused
