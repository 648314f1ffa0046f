"""rabitqlib: SymphonyQG and HNSW-RaBitQ, by the authors of RaBitQ."""

import numpy as np

from .contract import BUILD_BEAM, DEGREE, NEIGHBOURS, Rival, file_in


# The fewest dimensions its rotation takes; zeros change no distance.
LEAST_DIMENSIONS = 64


def padded(table):
    """Rows with zeros up to LEAST_DIMENSIONS."""
    missing = LEAST_DIMENSIONS - table.shape[1]
    return table if missing <= 0 else np.pad(table, ((0, 0), (0, missing)))


class SymphonyQG(Rival):
    """A graph with 1-bit codes of all neighbours beside every node's links.

    `bits` is what a node's own vector is kept in: 0 for float32, or 8.
    """

    package = "rabitqlib"
    module = "rabitqlib"

    def __init__(self, bits):
        self.settings = {
            "max_degree": DEGREE,
            "quantization_bits": bits,
            "ef_construction": BUILD_BEAM,
            "init": "pipnn",
        }

    def build(self, rows, metric, folder):
        import rabitqlib

        rows = padded(rows)
        index = rabitqlib.SymqgIndex(
            rows.shape[1],
            self.settings["max_degree"],
            metric,
            self.settings["quantization_bits"],
        )
        index.build(rows, self.settings["ef_construction"], 1, self.settings["init"])
        index.save(file_in(folder))

    def load(self, read_rows, metric, folder):
        import rabitqlib

        self.index = rabitqlib.SymqgIndex.load(file_in(folder))

    def search(self, queries, k):
        return self.index.search_batch(padded(queries), k, self.beam, 1)[0]


class HNSWRaBitQ(Rival):
    """HNSW over codes of one bit and `bits` - 1 more, against the nearest of 16 centroids."""

    package = "rabitqlib"
    module = "rabitqlib"
    centroids = 16

    def __init__(self, bits):
        self.settings = {"M": NEIGHBOURS, "ef_construction": BUILD_BEAM, "nbits": bits}

    def build(self, rows, metric, folder):
        import rabitqlib

        rows = padded(rows)
        clustering = rabitqlib.RaBitQKMeans(
            rows.shape[1],
            self.centroids,
            num_threads=1,
            seed=42,
            final_assignment=rabitqlib.FinalAssignmentMode.Exact,
        )
        clustering.train(rows)
        index = rabitqlib.HnswIndex(
            dim=rows.shape[1],
            max_elements=len(rows),
            nbits=self.settings["nbits"],
            M=self.settings["M"],
            ef_construction=self.settings["ef_construction"],
            metric=metric,
        )
        index.build(rows, clustering.centroids, clustering.assignments, num_threads=1)
        index.save(file_in(folder))

    def load(self, read_rows, metric, folder):
        import rabitqlib

        self.index = rabitqlib.HnswIndex.load(file_in(folder))

    def search(self, queries, k):
        return self.index.search(padded(queries), k, ef=self.beam, num_threads=1)[0]
