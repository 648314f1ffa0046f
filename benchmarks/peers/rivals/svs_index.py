"""scalable-vs: Intel's Vamana. Its LVQ and LeanVec codes refuse processors that are not Intel's."""

import numpy as np

from .contract import BUILD_BEAM, DEGREE, Rival, file_in


class SVS(Rival):
    """`element` is what a component is kept in: uint8 for pixels, float16 else."""

    package = "scalable-vs"
    module = "svs"
    # The pruning factor as its makers suggest, on L2 distances; unit rows have the same order.
    alpha = 1.2

    def __init__(self, element):
        self.settings = {"graph_max_degree": DEGREE, "window_size": BUILD_BEAM,
                         "alpha": self.alpha, "element": element}

    def suits(self, data_set, rows, dimensions):
        return data_set.integers == (self.settings["element"] == "uint8")

    def build(self, rows, metric, folder):
        import svs

        parameters = svs.VamanaBuildParameters(
            alpha=self.alpha, graph_max_degree=DEGREE, window_size=BUILD_BEAM
        )
        kept = rows.astype(self.settings["element"])
        index = svs.Vamana.build(parameters, kept, svs.DistanceType.L2, 1)
        index.save(*(file_in(folder, part) for part in ("config", "graph", "data")))

    def load(self, read_rows, metric, folder):
        import svs

        config, graph, data = (file_in(folder, part) for part in ("config", "graph", "data"))
        element = self.settings["element"]
        kind = getattr(svs.DataType, element)
        self.query_type = np.dtype("uint8" if element == "uint8" else "float32")
        self.index = svs.Vamana(
            config,
            svs.GraphLoader(graph),
            svs.VectorDataLoader(data, kind),
            svs.DistanceType.L2,
            query_type=getattr(svs.DataType, self.query_type.name),
            num_threads=1,
        )

    def use(self, beam):
        import svs

        self.index.search_parameters = svs.VamanaSearchParameters(
            svs.SearchBufferConfig(beam), search_buffer_visited_set=False
        )

    def search(self, queries, k):
        # The conversion of integers is the caller's: their own type is what they come in.
        return self.index.search(queries.astype(self.query_type, copy=False), k)[0]
