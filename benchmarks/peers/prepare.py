#!/usr/bin/env python3
"""Prepares data sets for the comparison: `benchmarks/peers/prepare.py [NAME...] [--again]`.

Without a name, all of `datasets.py`. Writes, into `scratch/NAME` (ignored by git):

- `vectors.npy`, `queries.npy` as the source has them
- `truth.npy` int32 [queries, 100]: rows of the exact nearest, nearest first, the lower row first
  where two are as near. About two minutes for the million, one for the others together.

A data set that is there already is left alone, unless `--again` says otherwise.
"""

import argparse
import sys

import numpy as np
from datasets import DATA_SETS, PARTS, unit_rows

NEAREST = 100
# float32 products choose this many candidates, float64 distances order them.
SHORTLIST = 128
# Products held at a time, 4 bytes each.
PRODUCTS = 1 << 27


def exact_nearest(vectors, queries, metric, nearest=NEAREST):
    """Exact nearest rows, shape [queries, nearest], int32; metric is l2, ip or cosine."""
    rows, asked = (np.asarray(table, dtype=np.float32) for table in (vectors, queries))
    if metric == "cosine":
        rows, asked = unit_rows(rows), unit_rows(asked)
    # Half the squared distance, less the query's own part; or the product, turned around.
    offsets = (rows * rows).sum(axis=1) / 2 if metric == "l2" else np.float32(0)
    width = min(SHORTLIST, len(rows))
    truth = np.empty((len(asked), nearest), dtype=np.int32)
    block = max(1, PRODUCTS // len(rows))
    for start in range(0, len(asked), block):
        part = asked[start : start + block]
        distances = offsets - part @ rows.T
        shortlist = np.argpartition(distances, width - 1, axis=1)[:, :width]
        for place, near in enumerate(shortlist):
            exact = exact_distances(rows[near], part[place], metric)
            truth[start + place] = near[np.lexsort((near, exact))[:nearest]]
    return truth


def exact_distances(rows, query, metric):
    """float64 distances of a few rows; whole numbers up to 255 are exact in them."""
    rows, query = rows.astype(np.float64), query.astype(np.float64)
    if metric == "l2":
        differences = rows - query
        return (differences * differences).sum(axis=1)
    return -(rows @ query)


def prepare(data):
    """Draws one data set and finds its truth."""
    data.folder.mkdir(parents=True, exist_ok=True)
    vectors, queries = data.draw()
    truth = exact_nearest(vectors, queries, data.metric)
    for part, table in zip(PARTS, (vectors, queries, truth)):
        np.save(data.folder / f"{part}.npy", table)
    print(f"{data.name}: {len(vectors)} vectors of {vectors.shape[1]}, {len(queries)} queries "
          f"and their truth are in {data.folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DATA_SETS))
    parser.add_argument("--again", action="store_true", help="also what is there already")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(DATA_SETS)
    if unknown:
        parser.error(f"no data set {', '.join(sorted(unknown))}")
    for name in arguments.names or DATA_SETS:
        data = DATA_SETS[name]
        if not arguments.again and all((data.folder / f"{part}.npy").exists() for part in PARTS):
            print(f"{name}: there already, in {data.folder}")
            continue
        prepare(data)


if __name__ == "__main__":
    sys.exit(main())
