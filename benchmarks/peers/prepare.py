#!/usr/bin/env python3
"""Prepares fashion-mnist for the comparison: `benchmarks/peers/prepare.py [OUTPUT]`.

Reads the images of Debian's `dataset-fashion-mnist` (MIT licence) and writes, into
`scratch/fashion-mnist` (ignored by git) or OUTPUT:

- `vectors.npy` uint8 [60000, 784], `queries.npy` uint8 [10000, 784]
- `truth.npy` int32 [10000, 100]: rows of the exact nearest by squared Euclidean distance, nearest
  first, the lower row first where two are as near. About a minute on two cores.
"""

import gzip
import pathlib
import struct
import sys

import numpy as np

SOURCE = pathlib.Path("/usr/share/datasets/fashion-mnist")
DEFAULT = pathlib.Path(__file__).resolve().parents[2] / "scratch" / "fashion-mnist"
NEAREST = 100
# float32 distances choose this many candidates, integer distances order them.
SHORTLIST = 128
BLOCK = 500


def read_images(path):
    """An IDX file of images as uint8 rows."""
    with gzip.open(path) as file:
        magic, count, height, width = struct.unpack(">IIII", file.read(16))
        if magic != 0x803:
            raise SystemExit(f"{path} is no IDX file of images")
        pixels = np.frombuffer(file.read(), dtype=np.uint8)
    return pixels.reshape(count, height * width)


def exact_nearest(vectors, queries):
    """Exact nearest rows, shape [queries, NEAREST], int32."""
    rows = vectors.astype(np.float32)
    norms = (rows * rows).sum(axis=1)
    truth = np.empty((len(queries), NEAREST), dtype=np.int32)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        distances = norms - 2 * (block.astype(np.float32) @ rows.T)
        shortlist = np.argpartition(distances, SHORTLIST, axis=1)[:, :SHORTLIST]
        for place, near in enumerate(shortlist):
            differences = vectors[near].astype(np.int64) - block[place].astype(np.int64)
            order = np.lexsort((near, (differences * differences).sum(axis=1)))
            truth[start + place] = near[order[:NEAREST]]
    return truth


def main():
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    if not SOURCE.is_dir():
        raise SystemExit("dataset-fashion-mnist is not installed: tools/setup --benchmarks")
    output.mkdir(parents=True, exist_ok=True)
    vectors = read_images(SOURCE / "train-images-idx3-ubyte.gz")
    queries = read_images(SOURCE / "t10k-images-idx3-ubyte.gz")
    np.save(output / "vectors.npy", vectors)
    np.save(output / "queries.npy", queries)
    np.save(output / "truth.npy", exact_nearest(vectors, queries))
    print(f"{len(vectors)} vectors, {len(queries)} queries and their truth are in {output}")


if __name__ == "__main__":
    main()
