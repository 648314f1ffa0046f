"""voyager: Spotify's HNSW over float32, or over 8-bit floats."""

from .contract import BUILD_BEAM, NEIGHBOURS, Rival, file_in


class Voyager(Rival):
    """Float32 rows: its 8-bit kinds lose more recall than they bring speed."""

    package = "voyager"
    module = "voyager"
    # On exact vectors the product is the cheaper one of two equals.
    unit_metric = "ip"
    settings = {"M": NEIGHBOURS, "ef_construction": BUILD_BEAM}
    most_rows = 400_000

    def build(self, rows, metric, folder):
        import voyager

        space = voyager.Space.Euclidean if metric == "l2" else voyager.Space.InnerProduct
        index = voyager.Index(
            space, num_dimensions=rows.shape[1], max_elements=len(rows), **self.settings
        )
        index.add_items(rows, num_threads=1)
        index.save(file_in(folder))

    def load(self, read_rows, metric, folder):
        import voyager

        self.index = voyager.Index.load(file_in(folder))

    def search(self, queries, k):
        return self.index.query(queries, k=k, num_threads=1, query_ef=self.beam)[0]
