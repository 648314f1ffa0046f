"""usearch: HNSW over 8-bit integers or float16."""

import numpy as np

from .contract import BUILD_BEAM, NEIGHBOURS, Rival, file_in


class USearch(Rival):
    """`codes` is i8 or f16; whole numbers from 0 to 255 become int8 by subtracting 128."""

    package = "usearch"
    module = "usearch.index"
    # int8 of unit rows keeps directions, so their cosine is what it can compare.
    unit_metric = "ip"

    def __init__(self, codes):
        self.settings = {"connectivity": NEIGHBOURS, "expansion_add": BUILD_BEAM, "codes": codes}

    def make(self, metric):
        """An empty index."""
        from usearch.index import Index

        kind = "l2sq" if metric == "l2" else "cos"
        return Index(
            ndim=self.dimensions,
            metric=kind,
            dtype=self.settings["codes"],
            connectivity=NEIGHBOURS,
            expansion_add=BUILD_BEAM,
        )

    def suits(self, data_set, rows, dimensions):
        # Floats of arbitrary length do not fit int8 as usearch casts them.
        return data_set.metric != "l2" or self.settings["codes"] != "i8" or data_set.integers

    def as_kept(self, table):
        """A table in the type that costs no conversion."""
        whole = self.integers and self.settings["codes"] == "i8"
        return (table - 128).astype(np.int8) if whole else table

    def build(self, rows, metric, folder):
        index = self.make(metric)
        index.add(np.arange(len(rows), dtype=np.uint64), self.as_kept(rows), threads=1)
        index.save(file_in(folder))

    def load(self, read_rows, metric, folder):
        self.index = self.make(metric)
        self.index.load(file_in(folder))

    def use(self, beam):
        self.index.expansion_search = beam

    def search(self, queries, k):
        return self.index.search(self.as_kept(queries), k, threads=1).keys.reshape(len(queries), k)
