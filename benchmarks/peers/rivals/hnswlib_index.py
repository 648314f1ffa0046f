"""hnswlib: HNSW over float32, by the authors of the paper."""

from .contract import BUILD_BEAM, NEIGHBOURS, Rival, file_in


class HNSWLib(Rival):
    """Float32 rows, as the library keeps them."""

    package = "hnswlib"
    module = "hnswlib"
    # On exact vectors the product is the cheaper one of two equals.
    unit_metric = "ip"
    settings = {"M": NEIGHBOURS, "ef_construction": BUILD_BEAM}

    def build(self, rows, metric, folder):
        import hnswlib

        index = hnswlib.Index(space=metric, dim=rows.shape[1])
        index.init_index(len(rows), random_seed=100, **self.settings)
        index.add_items(rows, num_threads=1)
        index.save_index(file_in(folder))

    def load(self, read_rows, metric, folder):
        import hnswlib

        self.index = hnswlib.Index(space=metric, dim=self.dimensions)
        self.index.load_index(file_in(folder))
        self.index.set_num_threads(1)

    def use(self, beam):
        self.index.set_ef(beam)

    def search(self, queries, k):
        return self.index.knn_query(queries, k=k, num_threads=1)[0]
