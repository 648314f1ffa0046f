"""The rivals with filters: what is asked of each, and those that take a filter ready made.

A rival has `series`: settings of one kind in order of cost, from the cheapest. What a caller can
do before a query comes (a bitmap, a list of rows, requests as objects) is done before the clock
runs, and all queries of one filter go in one call: both are to the rivals' benefit.
"""

import contextlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "peers"),
                str(HERE.parents[1] / "tools")]

import numpy as np  # noqa: E402
import runs  # noqa: E402
from cases import DATA, FOLDER, NONE, K  # noqa: E402
from rivals import RIVALS  # noqa: E402
from rivals.contract import file_in  # noqa: E402

BEAMS = (10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
# Lists of inverted files, and how many of them are probed.
LISTS = (256, 1024)
PROBES = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 128, 256)
BUILT = FOLDER / "built"


class Engine:
    """One library: `build` once, `load` in each process, then `ask`, `answer`, `rows`."""

    series = {}

    def build(self, cpu):
        """Builds what `load` reads, where it is not there from before."""

    def load(self):
        """Makes the index ready."""
        raise NotImplementedError

    def filter_for(self, case, number):
        """An expression of a case as the library takes it; None where all rows pass."""
        if case.name == NONE:
            return None
        return self.made_filter(case, number)

    def made_filter(self, case, number):
        """The filter of a case that has one."""
        raise NotImplementedError

    def ask(self, queries, made, most, setting):
        """The request, made before the clock runs; at most `most` rows pass."""
        return queries, made, most, setting

    def answer(self, request):
        """The answer to a request; this is what the clock measures."""
        raise NotImplementedError

    def rows(self, answer):
        """Row numbers [queries, K], -1 where there are fewer."""
        return padded(answer)


def padded(found):
    """Row numbers in K columns, -1 where there is none."""
    rows = np.full((len(found), K), -1, dtype=np.int64)
    rows[:, : found.shape[1]] = found
    return rows


class Peer(Engine):
    """A library of `benchmarks/peers`, its index built and kept there."""

    peer = ""

    def build(self, cpu):
        runs.built(DATA, self.peer, cpu)

    def load(self):
        folder, _ = runs.built(DATA, self.peer, cpu=None)
        self.rival = RIVALS[self.peer]()
        self.rival.dimensions = rows_of_data().shape[1]
        self.rival.load(rows_of_data, DATA.metric, folder)


class HNSWLib(Peer):
    """float32; its filter is a Python callback, called for every row that the search meets.

    The cheapest there is: the method of a list that gives its element.
    """

    peer = "hnswlib"
    series = {"ef": BEAMS}

    def made_filter(self, case, number):
        return case.masks[number].tolist().__getitem__

    def answer(self, request):
        queries, made, most, (_, beam) = request
        index = self.rival.index
        index.set_ef(beam)
        with contextlib.suppress(RuntimeError):
            return index.knn_query(queries, k=min(K, most), num_threads=1, filter=made)[0]
        # It gives no answer at all where one query of a call finds fewer than k: one by one.
        found = np.full((len(queries), K), -1, dtype=np.int64)
        for row, query in zip(found, queries, strict=True):
            with contextlib.suppress(RuntimeError):
                one = index.knn_query(query, k=min(K, most), num_threads=1, filter=made)[0]
                row[: one.shape[1]] = one[0]
        return found


class FaissHNSW(Peer):
    """8-bit codes that lose nothing on pixels; a bitmap of the rows that pass.

    With its own bounded queue, as it comes: the other queue looks at no filter (1.15.1).
    """

    peer = "faiss-direct"
    series = {"efSearch": BEAMS}

    def made_filter(self, case, number):
        return bitmap(case.masks[number])

    def answer(self, request):
        import faiss

        queries, made, _, (_, beam) = request
        parameters = faiss.SearchParametersHNSW(efSearch=beam, **selector(made))
        return self.rival.index.search(queries, K, params=parameters)[1]


class FaissIVF(Engine):
    """Inverted lists of the same codes, few or many; a bitmap looked up for each row of a list."""

    series = {f"lists-{lists}": PROBES for lists in LISTS}

    def path(self, kind):
        """Where the index of a series is."""
        return file_in(BUILT, f"faiss-{kind}.index")

    def build(self, cpu):
        import faiss

        missing = [lists for lists in LISTS
                   if not pathlib.Path(self.path(f"lists-{lists}")).exists()]
        rows = rows_of_data() if missing else None
        BUILT.mkdir(parents=True, exist_ok=True)
        faiss.omp_set_num_threads(1)
        for lists in missing:
            width, codes = rows.shape[1], faiss.ScalarQuantizer.QT_8bit_direct
            coarse = faiss.IndexFlatL2(width)
            index = faiss.IndexIVFScalarQuantizer(
                coarse, width, lists, codes, faiss.METRIC_L2, False
            )
            index.train(rows)
            index.add(rows)
            faiss.write_index(index, self.path(f"lists-{lists}"))

    def load(self):
        import faiss

        faiss.omp_set_num_threads(1)
        self.indexes = {kind: faiss.read_index(self.path(kind)) for kind in self.series}

    def made_filter(self, case, number):
        return bitmap(case.masks[number])

    def answer(self, request):
        import faiss

        queries, made, _, (kind, probes) = request
        parameters = faiss.SearchParametersIVF(nprobe=probes, **selector(made))
        return self.indexes[kind].search(queries, K, params=parameters)[1]


class FaissExact(Engine):
    """Every row that passes: 8-bit codes by the bitmap, or float32 by the list of the rows.

    Given the list, faiss computes those rows' distances and meets no other; of the two the faster
    counts, case by case.
    """

    series = {"codes-by-bitmap": (0,), "float32-by-list": (0,)}

    def load(self):
        import faiss

        faiss.omp_set_num_threads(1)
        rows = rows_of_data()
        width = rows.shape[1]
        self.indexes = {
            "codes-by-bitmap": faiss.IndexScalarQuantizer(
                width, faiss.ScalarQuantizer.QT_8bit_direct
            ),
            "float32-by-list": faiss.IndexFlatL2(width),
        }
        for index in self.indexes.values():
            index.train(rows)
            index.add(rows)

    def made_filter(self, case, number):
        return {"codes-by-bitmap": bitmap(case.masks[number]),
                "float32-by-list": listed(case.masks[number])}

    def answer(self, request):
        import faiss

        queries, made, _, (kind, _) = request
        parameters = faiss.SearchParameters(**selector(made[kind])) if made else None
        return self.indexes[kind].search(queries, K, params=parameters)[1]


def bitmap(mask):
    """A selector by bits, and the bits, which have to outlive it."""
    import faiss

    bits = np.packbits(mask, bitorder="little")
    return bits, faiss.IDSelectorBitmap(len(mask), faiss.swig_ptr(bits))


def listed(mask):
    """A selector by a list of rows, and the list, which has to outlive it."""
    import faiss

    passing = np.flatnonzero(mask).astype(np.int64)
    return passing, faiss.IDSelectorArray(len(passing), faiss.swig_ptr(passing))


def selector(made):
    """The arguments of search parameters: none where nothing is filtered."""
    return {} if made is None else {"sel": made[1]}


def rows_of_data():
    """All rows, float32."""
    return DATA.for_rivals(np.load(DATA.folder / "vectors.npy"))
