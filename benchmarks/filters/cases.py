"""The filters that are compared, drawn from a seed: rows' fields, expressions, and exact answers.

Rows of fashion-mnist have `share` (even over 0 to 1), `label` (their class), `colour` (five, 40 to
5 % of the rows) and `price` (log-normal). Everything lies in `scratch/filters/fashion-mnist`, as
`palate bench filters` reads it.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import pathlib
import sys

import numpy as np
import numpy.typing as npt

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "peers")]

from datasets import DATA_SETS, FASHION_MNIST, SCRATCH  # noqa: E402

FOLDER = SCRATCH / "filters" / "fashion-mnist"
FIELDS = ("share:float", "label:int", "colour:keyword", "price:float")
K = 10
QUERIES = 2_000
SHARES = (0.9, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 0.0001)
COLOURS = ("red", "blue", "green", "grey", "gold")
COLOUR_SHARES = (0.4, 0.3, 0.15, 0.1, 0.05)
LABELS_WANTED = (0, 2, 4, 6)

Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Case:
    """One filter, or one per class of queries.

    Attributes:
        name: in the table.
        expressions: as `palate` reads them.
        conditions: the same as Qdrant reads them: (kind, field, value) each, all to hold; kinds
            are `lt`, `is`, `not` and `any`.
        masks: the rows that pass each expression.
        of: the expression of each query.
    """

    name: str
    expressions: list[str]
    conditions: list[list[tuple[str, str, object]]]
    masks: list[Mask]
    of: npt.NDArray[np.int32]

    @property
    def share(self) -> float:
        """The mean share of the rows that pass."""
        return float(np.mean([self.masks[int(one)].mean() for one in self.of]))


@dataclasses.dataclass(frozen=True)
class Rows:
    """The fields of the rows."""

    share: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    colour: npt.NDArray[np.int64]
    price: npt.NDArray[np.float64]

    @classmethod
    def drawn(cls) -> Rows:
        """The same every time."""
        label = labels("train")
        generator = np.random.default_rng(20_261_126)
        count = len(label)
        return cls(
            np.round(generator.random(count), 9),
            label,
            generator.choice(len(COLOURS), count, p=COLOUR_SHARES),
            np.round(generator.lognormal(3, 1, count), 2),
        )

    def payload(self, row: int) -> dict[str, object]:
        """The fields of one row."""
        return {
            "share": float(self.share[row]),
            "label": int(self.label[row]),
            "colour": COLOURS[int(self.colour[row])],
            "price": float(self.price[row]),
        }


def labels(part: str) -> npt.NDArray[np.int64]:
    """Classes of the pictures, from the files beside them."""
    with gzip.open(FASHION_MNIST / f"{part}-labels-idx1-ubyte.gz") as file:
        return np.frombuffer(file.read()[8:], np.uint8).astype(np.int64)


def cases(rows: Rows) -> list[Case]:
    """All that are compared; the first has no filter."""
    everything = np.ones(len(rows.label), np.bool_)
    none = np.zeros(QUERIES, np.int32)
    found = [Case("none", [], [[]], [everything], none)]
    for share in SHARES:
        name = f"random {share * 100:g} %"
        condition = [("lt", "share", share)]
        found.append(
            Case(name, [f"share < {share}"], [condition], [rows.share < share], none)
        )
    classes = labels("t10k")[:QUERIES].astype(np.int32)
    numbers = range(10)
    found.append(
        Case(
            "own class", [f"label = {n}" for n in numbers],
            [[("is", "label", n)] for n in numbers], [rows.label == n for n in numbers], classes,
        )
    )  # fmt: skip
    others = [(n + 5) % 10 for n in numbers]
    found.append(
        Case(
            "another class", [f"label = {n}" for n in others],
            [[("is", "label", n)] for n in others], [rows.label == n for n in others], classes,
        )
    )  # fmt: skip
    found.append(
        Case(
            "all but own class", [f"not label = {n}" for n in numbers],
            [[("not", "label", n)] for n in numbers], [rows.label != n for n in numbers], classes,
        )
    )  # fmt: skip
    return [*found, conjunction(rows, none)]


def conjunction(rows: Rows, of: npt.NDArray[np.int32]) -> Case:
    """Three fields, together some 5 % of the rows."""
    wanted = np.isin(rows.label, LABELS_WANTED) & (rows.colour == 0)
    price = float(np.round(np.quantile(rows.price[wanted], 0.05 / wanted.mean()), 2))
    text = f'label in {list(LABELS_WANTED)} and colour = "red" and price < {price}'
    conditions = [("any", "label", list(LABELS_WANTED)), ("is", "colour", "red"),
                  ("lt", "price", price)]  # fmt: skip
    return Case("three fields", [text], [conditions], [wanted & (rows.price < price)], of)


def exact(case: Case, distances: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The nearest rows that pass, ties by row; -1 where there are fewer."""
    truth = np.full((QUERIES, K), -1, np.int64)
    for number, mask in enumerate(case.masks):
        passing = np.flatnonzero(mask)
        if not len(passing):
            continue
        for query in np.flatnonzero(case.of == number):
            near = distances[query, passing]
            kept = min(K, len(passing))
            bound = np.partition(near, kept - 1)[kept - 1]
            close = np.flatnonzero(near <= bound)
            order = np.lexsort((passing[close], near[close]))[:kept]
            truth[query, :kept] = passing[close[order]]
    return truth


def prepare() -> list[Case]:
    """Writes what is not there yet; the cases."""
    data = DATA_SETS["fashion-mnist"]
    rows = Rows.drawn()
    found = cases(rows)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if (FOLDER / "cases.json").exists():
        return found
    queries = np.load(data.folder / "queries.npy")[:QUERIES]
    np.save(FOLDER / "queries.npy", queries)
    with open(FOLDER / "payloads.jsonl", "w", encoding="utf-8") as file:
        for row in range(len(rows.label)):
            file.write(json.dumps(rows.payload(row)) + "\n")
    vectors = np.load(data.folder / "vectors.npy").astype(np.float32)
    wanted = queries.astype(np.float32)
    # Whole numbers below 2^24 are exact in float32; the query's own square changes no order.
    distances = (vectors**2).sum(axis=1) - 2 * wanted @ vectors.T
    for case in found:
        np.save(FOLDER / f"{case.name}.of.npy", case.of)
        np.save(FOLDER / f"{case.name}.truth.npy", exact(case, distances))
    listed = [{"name": c.name, "expressions": c.expressions} for c in found if c.expressions]
    (FOLDER / "cases.json").write_text(json.dumps(listed), encoding="utf-8")
    return found


def truth(case: Case) -> npt.NDArray[np.int64]:
    """The exact answer of a case that was prepared."""
    return np.load(FOLDER / f"{case.name}.truth.npy")
