"""faiss-cpu: HNSW over 8-bit codes, and inverted lists with FastScan codes refined in float16."""

import math

from .contract import BUILD_BEAM, NEIGHBOURS, Rival, file_in


class Faiss(Rival):
    """What its two kinds share: faiss's own file format, and one thread."""

    package = "faiss-cpu"
    module = "faiss"

    def faiss(self):
        """The library on one thread."""
        import faiss

        faiss.omp_set_num_threads(1)
        return faiss

    def metric_type(self, metric):
        """faiss's number for l2 or ip."""
        faiss = self.faiss()
        return faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT

    def load(self, read_rows, metric, folder):
        self.index = self.faiss().read_index(file_in(folder))

    def search(self, queries, k):
        return self.index.search(queries, k)[1]


class FaissHNSW(Faiss):
    """HNSW over 8-bit codes.

    `codes` is the quantizer's name in faiss: `QT_8bit` learns a range per dimension;
    `QT_8bit_direct` keeps integers from 0 to 255 as they are, so it loses nothing on pixels.
    """

    def __init__(self, codes):
        self.settings = {"M": NEIGHBOURS, "efConstruction": BUILD_BEAM, "codes": codes}

    def suits(self, data_set, rows, dimensions):
        return self.settings["codes"] != "QT_8bit_direct" or data_set.integers

    def build(self, rows, metric, folder):
        faiss = self.faiss()
        codes = getattr(faiss.ScalarQuantizer, self.settings["codes"])
        index = faiss.IndexHNSWSQ(rows.shape[1], codes, NEIGHBOURS, self.metric_type(metric))
        index.hnsw.efConstruction = BUILD_BEAM
        index.train(rows)
        index.add(rows)
        faiss.write_index(index, file_in(folder))

    def use(self, beam):
        self.index.hnsw.efSearch = beam


class FaissFastScan(Faiss):
    """Inverted lists of 4-bit product codes scanned from registers, the best refined.

    Two dimensions a code of 4 bits; about twice the square root of the rows in lists, a power of
    two; `refined` vectors (SQfp16, Flat) order the best REFINED x k.
    """

    beams = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
    refine_factor = 12

    def __init__(self, refined):
        self.settings = {"lists": "2 sqrt(rows)", "dimensions a code": 2, "refined": refined,
                         "k_factor": self.refine_factor}

    def suits(self, data_set, rows, dimensions):
        return dimensions % 2 == 0 and rows > 10_000

    def build(self, rows, metric, folder):
        faiss = self.faiss()
        lists = 1 << (math.isqrt(4 * len(rows)).bit_length() - 1)
        description = f"IVF{lists},PQ{rows.shape[1] // 2}x4fs,Refine({self.settings['refined']})"
        index = faiss.index_factory(rows.shape[1], description, self.metric_type(metric))
        index.train(rows)
        index.add(rows)
        faiss.write_index(index, file_in(folder))

    def load(self, read_rows, metric, folder):
        super().load(read_rows, metric, folder)
        self.index.k_factor = self.refine_factor
        self.lists = self.faiss().extract_index_ivf(self.index)

    def use(self, beam):
        self.lists.nprobe = beam
