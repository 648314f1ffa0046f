"""The filters that are compared: fields of the rows, expressions over them, exact answers.

Everything is drawn from one seed. Each row of fashion-mnist has `share` (even over 0 to 1, so that
`share < s` keeps just that share of the rows), `label` (the class of its picture), `colour` (five,
40 to 5 % of the rows) and `price` (log-normal). `prepare` writes into
`scratch/filters/fashion-mnist` what `palate bench filters` reads: payloads.jsonl, queries.npy,
cases.json, and NAME.of.npy and NAME.truth.npy of each case.
"""

import dataclasses
import functools
import gzip
import hashlib
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "peers")]

import numpy as np  # noqa: E402
from datasets import DATA_SETS, FASHION_MNIST, SCRATCH  # noqa: E402
from prepare import exact_nearest  # noqa: E402

DATA = DATA_SETS["fashion-mnist"]
FOLDER = SCRATCH / "filters" / DATA.name
FIELDS = {"share": "float", "label": "int", "colour": "keyword", "price": "float"}
K, QUERIES = 10, 2_000
SEED, CLASSES = 20261126, 10
SHARES = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 0.0001)
COLOURS, COLOUR_SHARES = ("red", "blue", "green", "grey", "gold"), (0.4, 0.3, 0.15, 0.1, 0.05)
TOPS, CONJUNCTION_SHARE = (0, 2, 4, 6), 0.05
# The case without a filter, which the others are compared with.
NONE = "none"


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition on a field: `kind` is `<`, `=`, `not =` or `in`."""

    field: str
    kind: str
    value: object

    def text(self):
        """As Palate reads it."""
        value = json.dumps(self.value)
        if self.kind == "not =":
            return f"not {self.field} = {value}"
        return f"{self.field} {self.kind} {value}"

    def mask(self, columns):
        """Which rows fulfil it."""
        column = columns[self.field]
        if self.kind == "<":
            return column < self.value
        if self.kind == "in":
            return np.isin(column, self.value)
        return (column == self.value) == (self.kind == "=")


@dataclasses.dataclass(frozen=True)
class Case:
    """One filter, or one per class of queries.

    `filters` holds the conditions of each expression, all to be fulfilled; `of` says which
    expression each query has; `masks` are the rows that pass, [expressions, rows].
    """

    name: str
    filters: list
    of: np.ndarray
    masks: np.ndarray

    @property
    def expressions(self):
        """The filters as Palate reads them; none where everything passes."""
        return [" and ".join(one.text() for one in conditions)
                for conditions in self.filters if conditions]

    @property
    def matches(self):
        """How many rows pass each query's filter."""
        return self.masks.sum(axis=1)[self.of]

    @property
    def share(self):
        """The mean share of the rows that pass."""
        return float(self.matches.mean() / self.masks.shape[1])

    def groups(self):
        """(expression, the queries that have it), the ones without queries left out."""
        for number in range(len(self.masks)):
            asking = np.flatnonzero(self.of == number)
            if len(asking):
                yield number, asking


def labels(part):
    """Classes of the pictures, from the IDX file beside them."""
    path = FASHION_MNIST / f"{part}-labels-idx1-ubyte.gz"
    with gzip.open(path) as file:
        magic, count = struct.unpack(">II", file.read(8))
        if magic != 0x801:
            raise SystemExit(f"{path} is no IDX file of labels")
        return np.frombuffer(file.read(count), dtype=np.uint8).astype(np.int64)


@functools.cache
def columns():
    """The fields of all rows, by name; the floats are the same numbers in 4 and in 8 bytes."""
    label = labels("train")
    draw = np.random.default_rng(SEED)
    count = len(label)
    return {
        "share": as_float32((draw.permutation(count) + 0.5) / count),
        "label": label,
        "colour": np.array(COLOURS)[draw.choice(len(COLOURS), count, p=COLOUR_SHARES)],
        "price": as_float32(draw.lognormal(3, 1, count)),
    }


def as_float32(column):
    """The nearest numbers of 4 bytes, in 8."""
    return column.astype(np.float32).astype(np.float64)


def payloads():
    """The payload of every row, in order."""
    lists = [column.tolist() for column in columns().values()]
    return [dict(zip(FIELDS, values, strict=True)) for values in zip(*lists, strict=True)]


def cases():
    """All cases, the one without a filter first."""
    same = np.zeros(QUERIES, dtype=np.int32)
    of_class = labels("t10k")[:QUERIES].astype(np.int32)
    found = [case(NONE, [[]], same)]
    found += [case(f"random-{share:g}", [[Condition("share", "<", share)]], same)
              for share in SHARES]
    for name, kind, away in (
        ("own-class", "=", 0),
        ("other-class", "=", CLASSES // 2),
        ("all-other-classes", "not =", 0),
    ):
        filters = [[Condition("label", kind, (one + away) % CLASSES)] for one in range(CLASSES)]
        found.append(case(name, filters, of_class))
    return [*found, case("three-fields", [conjunction()], same)]


def case(name, filters, of):
    """A case, its masks worked out."""
    rows = len(columns()["label"])
    masks = np.ones((len(filters), rows), dtype=bool)
    for mask, conditions in zip(masks, filters, strict=True):
        for one in conditions:
            mask &= one.mask(columns())
    return Case(name, filters, of, masks)


def conjunction():
    """Conditions on three fields that together keep CONJUNCTION_SHARE of the rows."""
    first = [Condition("label", "in", list(TOPS)), Condition("colour", "=", COLOURS[0])]
    passing = first[0].mask(columns()) & first[1].mask(columns())
    bound = np.quantile(columns()["price"][passing], CONJUNCTION_SHARE / passing.mean())
    return [*first, Condition("price", "<", round(float(bound), 2))]


def exact(one, vectors, queries):
    """The exact K nearest that pass, int64 [queries, K]; -1 where there are fewer."""
    truth = np.full((len(queries), K), -1, dtype=np.int64)
    for number, asking in one.groups():
        passing = np.flatnonzero(one.masks[number])
        kept = min(K, len(passing))
        if kept:
            near = exact_nearest(vectors[passing], queries[asking], DATA.metric, kept)
            truth[asking, :kept] = passing[near]
    return truth


def prepare(again=False):
    """Writes the folder of the cases where it does not hold these yet; the cases."""
    found = cases()
    stamp = stamp_of(found)
    stamp_file = FOLDER / "stamp.txt"
    # Written last: the folder is whole where it has a stamp.
    if not again and stamp_file.exists() and stamp_file.read_text(encoding="utf-8") == stamp:
        return found
    stamp_file.unlink(missing_ok=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    listed = [{"name": one.name, "expressions": one.expressions}
              for one in found if one.name != NONE]
    (FOLDER / "cases.json").write_text(json.dumps(listed), encoding="utf-8")
    vectors = np.load(DATA.folder / "vectors.npy")
    queries = np.load(DATA.folder / "queries.npy")[:QUERIES]
    np.save(FOLDER / "queries.npy", queries)
    lines = [json.dumps(payload) + "\n" for payload in payloads()]
    (FOLDER / "payloads.jsonl").write_text("".join(lines), encoding="utf-8")
    for one in found:
        np.save(FOLDER / f"{one.name}.of.npy", one.of)
        np.save(FOLDER / f"{one.name}.truth.npy", exact(one, vectors, queries))
    stamp_file.write_text(stamp, encoding="utf-8")
    return found


def stamp_of(found):
    """What the folder was made of: fields, filters, and who asks which."""
    digest = hashlib.sha256(json.dumps(payloads()).encode())
    for one in found:
        digest.update(json.dumps([one.name, one.expressions]).encode())
        digest.update(one.of.tobytes() + np.packbits(one.masks).tobytes())
    return digest.hexdigest()


def truth_of(one):
    """The exact answer of a case that was prepared."""
    return np.load(FOLDER / f"{one.name}.truth.npy")


if __name__ == "__main__":
    for one in prepare(again="--again" in sys.argv[1:]):
        print(f"{one.name:18} {one.share:9.4%}  {', '.join(one.expressions[:2])}")
