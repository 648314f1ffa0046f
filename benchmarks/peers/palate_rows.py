"""Palate's rows of the comparison: a name, and the arguments of `palate bench search`.

Adding a configuration is one row; `only` limits it to some data sets.
"""

import dataclasses

from search_process import SearchProcess

BEAMS = (4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192, 256, 400)


@dataclasses.dataclass(frozen=True)
class PalateRow:
    """One configuration: `arguments` of `palate bench search`, on the data sets `only` names."""

    name: str
    arguments: tuple
    # Empty: all of them.
    only: tuple = ()
    beams: tuple = BEAMS


# The first row is the plain 8-bit index that Show 4 measures the small ones by.
EIGHT_BIT = "palate-sq8"
FLOATS = ("clusters-1m", "openclipart", "glove")
ROWS = (
    PalateRow(EIGHT_BIT, ("--quantizer", "sq8", "--order")),
    # Pixels are whole numbers: 8 bits lose nothing, and nothing finer is needed.
    PalateRow("palate-sq4+sq8", ("--quantizer", "sq4+sq8", "--order"), ("fashion-mnist",)),
    # Of 784 pixels, 128 principal components hold what ten neighbours take at recall 0.95, 192 at
    # 0.99; 8 bits of all pixels refine.
    PalateRow(
        "palate-pca128.sq4+sq8",
        ("--quantizer", "pca128.sq4+sq8", "--order"),
        ("fashion-mnist",),
    ),
    PalateRow(
        "palate-pca192.sq4+sq8",
        ("--quantizer", "pca192.sq4+sq8", "--order"),
        ("fashion-mnist",),
    ),
    PalateRow("palate-sq4+f16", ("--quantizer", "sq4+f16", "--order"), FLOATS),
    # float16 ends at recall 0.9989. A wider build beam pays at high recall (17,900 queries/s at
    # 0.999 for 13,400) and costs at low recall (39,800 at 0.95 for 40,600) and building (14 %).
    PalateRow(
        "palate-sq4+sq16",
        ("--quantizer", "sq4+sq16", "--order", "--build-beam", "120"),
        ("clusters-1m",),
    ),
    PalateRow(
        "palate-sq4+sq16-140",
        ("--quantizer", "sq4+sq16", "--order", "--build-beam", "140"),
        ("clusters-1m",),
    ),
    # 13 bits, of which four are those of sq4, and sketches of links: 965 bytes a row.
    PalateRow(
        "palate-sq4+sq13-sketched",
        ("--quantizer", "sq4+sq13", "--order", "--build-beam", "120", "--sketches"),
        ("clusters-1m",),
    ),
    PalateRow(
        "palate-sq4+sq13-sketched-140",
        ("--quantizer", "sq4+sq13", "--order", "--build-beam", "140", "--sketches"),
        ("clusters-1m",),
    ),
    PalateRow("palate-sq8+f16", ("--quantizer", "sq8+f16", "--order"), ("openclipart", "glove")),
    # Built in 0.88 of the time, for 0.96 of the rate at 0.95 and 0.91 at 0.99.
    PalateRow(
        "palate-sq8+f16-80",
        ("--quantizer", "sq8+f16", "--order", "--build-beam", "80"),
        ("glove",),
    ),
    PalateRow("palate-rq1+f16", ("--quantizer", "rq1+f16", "--order"), FLOATS[1:]),
    PalateRow("palate-rq2", ("--quantizer", "rq2", "--order"), ("openclipart",)),
)


def rows_for(data_set):
    """The rows of a data set, by name."""
    return {row.name: row for row in ROWS if not row.only or data_set.name in row.only}


class OwnIndex(SearchProcess):
    """One configuration built in a process of its own, and searched as often as it is asked to.

    `questions` is the folder of queries and truth; `kernels` forces a level. `built` holds what
    building took, shaped as `worker.py` reports a rival: seconds of processor time, and as memory
    what codes and links add up to.
    """

    def __init__(self, row, data, questions, k, threads=1, cpu=None, kernels=None):
        self.name = row.name
        arguments = (
            *("--vectors", data.folder / "vectors.npy", "--metric", data.metric),
            *("--queries", questions / "queries.npy", "--truth", questions / "truth.npy"),
            *("--k", k, "--beam", 10, "--threads", threads, "--passes", 1, *row.arguments),
        )
        super().__init__(arguments, cpu, {"PALATE_KERNELS": kernels} if kernels else None)
        self.built = {
            "build_seconds": self.first["cpu_build_seconds"],
            "wall_build_seconds": self.first["build_seconds"],
            "resident_bytes": self.first["index_bytes"],
            "index_bytes": self.first["index_bytes"],
            "kernel": self.first["kernel"],
        }

    def search(self, beams):
        """Every beam once, shaped as `worker.py` reports a rival."""
        lines = [
            {
                "beam": line["beam"],
                "recall": line["recall"],
                "qps": line["cpu_qps"],
                "wall_qps": line["qps"],
                "p50_us": line["p50_us"],
                "p99_us": line["p99_us"],
            }
            for line in self.lines(beams)
        ]
        return {"lines": lines, **self.built}
