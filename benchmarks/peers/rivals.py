"""The rivals of the comparison, each behind the same two calls: `build` and `search`.

One thread each, queries in one call of the library (one after the other inside it: no Python
between two queries). Adding a rival is one class and one row in `RIVALS`.
"""

import os
import time

import numpy as np

NEIGHBOURS = 16
BUILD_BEAM = 200


class HNSWLib:
    """hnswlib: HNSW over float32, by the authors of the paper."""

    name = "hnswlib"
    beams = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 400)

    def build(self, vectors):
        """Builds the index; returns seconds of processor time."""
        import hnswlib

        rows = vectors.astype(np.float32)
        started = time.process_time()
        self.index = hnswlib.Index(space="l2", dim=rows.shape[1])
        self.index.init_index(len(rows), M=NEIGHBOURS, ef_construction=BUILD_BEAM, random_seed=100)
        self.index.set_num_threads(1)
        self.index.add_items(rows, num_threads=1)
        return time.process_time() - started

    def index_bytes(self):
        """Bytes of the index, vectors included, as hnswlib would save it."""
        return int(self.index.index_file_size())

    def search(self, queries, k, beam):
        """Row numbers, shape [queries, k]."""
        self.index.set_ef(max(beam, k))
        labels, _ = self.index.knn_query(queries, k=k, num_threads=1)
        return labels


class Faiss:
    """faiss HNSW over 8-bit codes.

    `codes` is the quantizer's name in faiss: `QT_8bit` learns a range per dimension;
    `QT_8bit_direct` keeps integers from 0 to 255 as they are, so it loses nothing on pixels.
    """

    beams = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256)

    def __init__(self, name, codes):
        self.name = name
        self.codes = codes

    def build(self, vectors):
        """Trains and builds the index; returns seconds of processor time."""
        import faiss

        faiss.omp_set_num_threads(1)
        rows = vectors.astype(np.float32)
        started = time.process_time()
        codes = getattr(faiss.ScalarQuantizer, self.codes)
        self.index = faiss.IndexHNSWSQ(rows.shape[1], codes, NEIGHBOURS)
        self.index.hnsw.efConstruction = BUILD_BEAM
        self.index.train(rows)
        self.index.add(rows)
        return time.process_time() - started

    def index_bytes(self):
        """Bytes of the index, vectors included, as faiss would save it."""
        import faiss

        return int(faiss.serialize_index(self.index).nbytes)

    def search(self, queries, k, beam):
        """Row numbers, shape [queries, k]."""
        self.index.hnsw.efSearch = max(beam, k)
        return self.index.search(queries, k)[1]


# The order of a round. Show 2 of the main job compares with the first.
RIVALS = {
    "hnswlib": HNSWLib,
    "faiss-sq8": lambda: Faiss("faiss-sq8", "QT_8bit"),
    "faiss-direct": lambda: Faiss("faiss-direct", "QT_8bit_direct"),
}


def limit_threads():
    """One thread in every library that reads its count from the environment; before importing."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
