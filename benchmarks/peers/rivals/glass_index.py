"""Glass (pyglass-portable): HNSW built on float32, searched on codes, refined in more bits."""

import numpy as np

from .contract import BUILD_BEAM, DEGREE, Rival, file_in


class Glass(Rival):
    """`codes` lead the search, `refined` orders its end (empty: the codes do)."""

    package = "pyglass-portable"
    module = "glass"

    def __init__(self, codes, refined):
        self.settings = {"R": DEGREE, "L": BUILD_BEAM, "codes": codes, "refined": refined}

    def build(self, rows, metric, folder):
        import glass

        glass.set_num_threads(1)
        index = glass.Index("HNSW", metric.upper(), "FP32", DEGREE, BUILD_BEAM)
        index.build(rows).save(file_in(folder))
        # Training the codes is part of the building, though they are not saved.
        self.searcher(rows, metric, folder)

    def searcher(self, rows, metric, folder):
        """Graph and codes together."""
        import glass

        graph = glass.Graph(file_in(folder))
        return glass.Searcher(
            graph, rows, metric.upper(), self.settings["codes"], self.settings["refined"]
        )

    def load(self, read_rows, metric, folder):
        import glass

        glass.set_num_threads(1)
        self.index = self.searcher(read_rows(), metric, folder)
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
