"""What the comparison asks of a rival, whichever library is behind it."""

import importlib.metadata
import pathlib

# Beam widths of graphs, from 0.9 recall at a blink to 0.999 on the hardest data.
BEAMS = (10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 400, 600, 1000)
# HNSW as all its makers suggest it: M, so 32 links at level 0, and efConstruction.
NEIGHBOURS, DEGREE, BUILD_BEAM = 16, 32, 200


class Rival:
    """One library under one setting: builds into a folder, loads from it, searches.

    A subclass names its `package` (as pip does), its `module` (as Python does) and `settings`:
    these and the package's version say whether a built index may be used again. `rows` is float32
    [count, dimensions]; metric is l2 or ip. `integers` says that the rows are whole numbers from 0
    to 255.
    """

    package = ""
    module = ""
    settings = {}
    # Rivals of the same name here search one built index, each in its way; None: its own.
    shares = None
    # How unit rows are compared. Products and distances put them in one order, and estimates of
    # distances err less: SymphonyQG finds 0.992 of openclipart's nearest where it finds 0.952 by
    # products at the same beam (0.965 and 0.93 of clusters-1m's); Glass and faiss gain as well.
    unit_metric = "l2"
    # What the data is, set before `build` and `load`.
    dimensions = 0
    integers = False
    beams = BEAMS
    # Rows the library can be asked to build in reasonable time.
    most_rows = 10_000_000

    def suits(self, data_set, rows, dimensions):
        """Whether this setting makes sense for a data set."""
        return rows <= self.most_rows

    def build(self, rows, metric, folder):
        """Builds on one thread, and leaves in `folder` whatever `load` needs."""
        raise NotImplementedError

    def load(self, read_rows, metric, folder):
        """Makes the index ready; `read_rows()` gives the rows to those that keep them outside."""
        raise NotImplementedError

    def use(self, beam):
        """Sets the beam width (or lists probed) of the searches that follow."""
        self.beam = beam

    def search(self, queries, k):
        """Row numbers [queries, k], by the library's own call for many queries, on one thread."""
        raise NotImplementedError

    def search_one(self, query, k):
        """Row numbers [k] of one query, by the library's cheapest call for one."""
        return self.search(query[None, :], k)[0]

    def index_bytes(self, folder):
        """Bytes of what `build` left."""
        files = pathlib.Path(folder).rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file())

    def stamp(self):
        """What a built index was made by: it is built anew when this changes."""
        version = importlib.metadata.version(self.package)
        return {"package": f"{self.package} {version}", "settings": self.settings}


def file_in(folder, name="index"):
    """A path as libraries take it: text."""
    return str(pathlib.Path(folder) / name)
