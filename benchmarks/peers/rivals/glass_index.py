"""Glass (pyglass-portable): HNSW built on float32, searched on codes, refined in more bits."""

import numpy as np

from .contract import BUILD_BEAM, DEGREE, Rival, file_in


class Glass(Rival):
    """`codes` lead the search, `refined` orders its end (empty: the codes do).

    Codes are made at each load, from the rows; the seconds of building are the graph's alone.
    """

    package = "pyglass-portable"
    module = "glass"

    shares = "glass"
    settings = {"R": DEGREE, "L": BUILD_BEAM, "graph": "float32"}

    def __init__(self, codes, refined):
        self.codes, self.refined = codes, refined

    def build(self, rows, metric, folder):
        import glass

        glass.set_num_threads(1)
        index = glass.Index("HNSW", metric.upper(), "FP32", DEGREE, BUILD_BEAM)
        index.build(rows).save(file_in(folder))

    def load(self, read_rows, metric, folder):
        import glass

        glass.set_num_threads(1)
        graph = glass.Graph(file_in(folder))
        self.index = glass.Searcher(graph, read_rows(), metric.upper(), self.codes, self.refined)
        self.index.set_ef(32)
        # Chooses the prefetch distances on sample queries.
        self.index.optimize(1)

    def use(self, beam):
        self.index.set_ef(beam)

    def search(self, queries, k):
        found = self.index.batch_search(queries, k, 1)
        return np.asarray(found[0] if isinstance(found, tuple) else found).reshape(len(queries), k)

    def search_one(self, query, k):
        found = self.index.search(query, k)
        return np.asarray(found[0] if isinstance(found, tuple) else found)[:k]

    def index_bytes(self, folder):
        """Not known: only the graph is saved, codes and refining vectors are made at each load."""
        return None
