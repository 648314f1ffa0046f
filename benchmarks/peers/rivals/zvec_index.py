"""zvec: HNSW over codes of 8 or 4 bits, refined from full vectors where asked to."""

import numpy as np

from .contract import BUILD_BEAM, NEIGHBOURS, Rival, file_in

FIELD = "vector"
INSERTED_AT_ONCE = 1_000


class Zvec(Rival):
    """`codes` is the quantizer's name in zvec. Called for internal ids, its cheapest path.

    The collection is opened read-only, as that path asks; an internal id is the row's place in
    the order of insertion. There is no call for many queries.
    """

    package = "zvec"
    module = "zvec"

    def __init__(self, codes, refined):
        self.settings = {"m": NEIGHBOURS, "ef_construction": BUILD_BEAM, "codes": codes}
        self.shares = f"zvec-{codes}"
        self.refined = refined

    def library(self):
        """The library on one thread; it may be initialised once."""
        import zvec

        try:
            zvec.init(query_threads=1, optimize_threads=1, log_level=zvec.LogLevel.ERROR)
        except RuntimeError:
            pass
        return zvec

    def build(self, rows, metric, folder):
        zvec = self.library()
        index = zvec.HnswIndexParam(
            metric_type=getattr(zvec.MetricType, metric.upper()),
            m=NEIGHBOURS,
            ef_construction=BUILD_BEAM,
            quantize_type=getattr(zvec.QuantizeType, self.settings["codes"]),
            use_contiguous_memory=True,
        )
        vectors = zvec.VectorSchema(FIELD, zvec.DataType.VECTOR_FP32, rows.shape[1], index)
        schema = zvec.CollectionSchema("peers", vectors=vectors)
        collection = zvec.create_and_open(file_in(folder), schema)
        for first in range(0, len(rows), INSERTED_AT_ONCE):
            part = range(first, min(len(rows), first + INSERTED_AT_ONCE))
            collection.insert([zvec.Doc(str(row), vectors={FIELD: rows[row]}) for row in part])
        collection.optimize(zvec.OptimizeOption(1))
        collection.flush()
        collection.close()

    def load(self, read_rows, metric, folder):
        zvec = self.library()
        self.index = zvec.open(file_in(folder), zvec.CollectionOption(read_only=True))
        if self.index.resolve_internal_ids([0, 1]) != ["0", "1"]:
            raise RuntimeError("zvec's internal ids are not the order of insertion")

    def use(self, beam):
        zvec = self.library()
        self.query = zvec.Query
        self.parameters = zvec.HnswQueryParam(ef=beam, is_using_refiner=self.refined)

    def search(self, queries, k):
        return np.array([self.search_one(query, k) for query in queries])

    def search_one(self, query, k):
        asked = self.query(FIELD, vector=query, param=self.parameters)
        return self.index.query_internal_ids(asked, topk=k)
