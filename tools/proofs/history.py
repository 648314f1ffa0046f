"""The oracle: what a client sent, what was acknowledged, and what may therefore be found."""

import dataclasses
import time


@dataclasses.dataclass(eq=False)
class Write:
    """One request that is done whole or not at all.

    Attributes:
        changes: key to new value; None = removed.
        begun: CLOCK_MONOTONIC in ns, before the request was sent.
        acknowledged: the same, after its answer was read; None = in doubt.
    """

    changes: dict
    begun: int
    acknowledged: int | None = None


@dataclasses.dataclass
class Findings:
    """Sentences about what must not be, by kind, and how much was compared."""

    lost: list = dataclasses.field(default_factory=list)
    phantoms: list = dataclasses.field(default_factory=list)
    torn: list = dataclasses.field(default_factory=list)
    wrong: list = dataclasses.field(default_factory=list)
    acknowledged: int = 0

    def add(self, other):
        """Takes over the findings of another comparison."""
        self.lost += other.lost
        self.phantoms += other.phantoms
        self.torn += other.torn
        self.wrong += other.wrong
        self.acknowledged += other.acknowledged

    @property
    def all(self):
        """Every sentence."""
        return [
            f"{kind}: {sentence}"
            for kind in ("lost", "phantoms", "torn", "wrong")
            for sentence in getattr(self, kind)
        ]


class History:
    """The writes of one client to keys that nobody else writes, in the order they were sent."""

    def __init__(self):
        self.base = {}  # what is known to be there, of the time before `writes`
        self.writes = []
        self.present = {}  # what is there now for certain
        self.doubted = set()  # keys of which that cannot be said

    def begin(self, changes):
        """Remembers a write before it is sent."""
        write = Write(dict(changes), time.monotonic_ns())
        self.writes.append(write)
        for key in write.changes:
            self.present.pop(key, None)
            self.doubted.add(key)
        return write

    def acknowledge(self, write):
        """Remembers that the write was answered as durable."""
        write.acknowledged = time.monotonic_ns()
        for key, value in write.changes.items():
            self.doubted.discard(key)
            if value is not None:
                self.present[key] = value

    def candidates(self, moment=None):
        """Key to its possible values at `moment` (None = now), the acknowledged one first."""
        possible = {key: [value] for key, value in self.base.items()}
        for write in self._begun(moment):
            for key, value in write.changes.items():
                if _is_acknowledged(write, moment):
                    possible[key] = [value]
                else:
                    possible.setdefault(key, [None]).append(value)
        return possible

    def judge(self, found, render, moment=None):
        """Compares what was found with what may be there.

        Args:
            found: key to what was read; keys that are not there are missing.
            render: (key, value) to what reading the value gives.
            moment: of the crash; None = now.
        """
        findings = Findings()
        possible = self.candidates(moment)
        findings.acknowledged = sum(
            _is_acknowledged(write, moment) for write in self._begun(moment)
        )
        for key, values in possible.items():
            if not any(_shows(found, render, key, value) for value in values):
                self._blame(key, values, found, render, findings)
        for key in found.keys() - possible.keys():
            findings.phantoms.append(f"{key} is there and was not written by then")
        findings.torn += self._torn(found, render, moment)
        return findings

    def settle(self, found, render):
        """Takes what was found, after a judgement without findings, as what is there."""
        self.base = {
            key: next(v for v in values if v is not None and _shows(found, render, key, v))
            for key, values in self.candidates().items()
            if key in found
        }
        self.writes = []
        self.present = dict(self.base)
        self.doubted = set()

    def _begun(self, moment):
        return [write for write in self.writes if moment is None or write.begun <= moment]

    def _blame(self, key, values, found, render, findings):
        if key not in found:
            findings.lost.append(f"{key}: acknowledged as {values[0]} and gone")
            return
        every = [self.base.get(key)] + [
            write.changes[key] for write in self.writes if key in write.changes
        ]
        known = next(
            (v for v in every if v is not None and _shows(found, render, key, v)), None
        )
        if known is None:
            findings.wrong.append(f"{key}: expected one of {values}, found {found[key]!r:.200}")
        elif values == [None]:
            findings.phantoms.append(f"{key}: removed, and back as {known}")
        else:
            findings.lost.append(f"{key}: expected one of {values}, found {known}")

    def _torn(self, found, render, moment):
        """Writes in doubt of which a part is there and a part is not."""
        last = {key: write for write in self._begun(moment) for key in write.changes}
        before = {}
        for write in self._begun(moment):
            if not _is_acknowledged(write, moment):
                shown = {
                    _shows(found, render, key, value)
                    for key, value in write.changes.items()
                    # Where it changes nothing, or another write followed, nothing can be seen.
                    if last[key] is write
                    and not _reads_alike(render, key, before.get(key, self.base.get(key)), value)
                }
                if len(shown) > 1:
                    yield f"a write of {len(write.changes)} keys is there in part"
            before.update(write.changes)


def _is_acknowledged(write, moment):
    if write.acknowledged is None:
        return False
    return moment is None or write.acknowledged <= moment


def _reads_alike(render, key, one, other):
    """Whether reading cannot tell: a patch may put an empty payload in place of an empty one."""
    if one is None or other is None:
        return one is other
    return render(key, one) == render(key, other)


def _shows(found, render, key, value):
    return key not in found if value is None else found.get(key) == render(key, value)
