"""Palate's rows of the comparison: a name, and the arguments of `palate bench search`.

Adding a configuration is one row; `only` limits it to some data sets.
"""

import dataclasses
import json

from served import run_palate

BEAMS = "10,12,16,20,24,28,32,40,48,64,80,96,128,192,256,400"


@dataclasses.dataclass(frozen=True)
class PalateRow:
    """One configuration: `arguments` of `palate bench search`, on the data sets `only` names."""

    name: str
    arguments: tuple
    # Empty: all of them.
    only: tuple = ()
    beams: str = BEAMS


# The first row is the plain 8-bit index that Show 4 measures the small ones by.
EIGHT_BIT = "palate-sq8"
FLOATS = ("clusters-1m", "openclipart", "glove")
ROWS = (
    PalateRow(EIGHT_BIT, ("--quantizer", "sq8", "--order")),
    # Pixels are whole numbers: 8 bits lose nothing, and nothing finer is needed.
    PalateRow("palate-sq4+sq8", ("--quantizer", "sq4+sq8", "--order"), ("fashion-mnist",)),
    PalateRow("palate-sq4+f16", ("--quantizer", "sq4+f16", "--order"), FLOATS),
    PalateRow("palate-sq8+f16", ("--quantizer", "sq8+f16", "--order"), ("openclipart", "glove")),
    PalateRow("palate-rq1+f16", ("--quantizer", "rq1+f16", "--order"), FLOATS[1:]),
    PalateRow("palate-rq2", ("--quantizer", "rq2", "--order"), ("openclipart",)),
)


def rows_for(data_set):
    """The rows of a data set, by name."""
    return {row.name: row for row in ROWS if not row.only or data_set.name in row.only}


def search(row, data, questions, k, beams, threads=1, cpu=None, kernels=None):
    """One build and every beam once, shaped as `worker.py` reports a rival.

    `questions` is the folder of queries and truth; `kernels` forces a level. Where `palate bench
    search` tells them, processor time (`cpu_qps`, `cpu_build_seconds`) and the memory the index
    caused (`index_resident_bytes`) count, as for rivals; else the clock, and what codes and links
    add up to.
    """
    output = run_palate(
        *("bench", "search", "--vectors", data.folder / "vectors.npy"),
        *("--queries", questions / "queries.npy", "--truth", questions / "truth.npy"),
        *("--metric", data.metric, "--k", k, "--beam", beams),
        *("--threads", threads, "--passes", 1, *row.arguments),
        cpu=cpu,
        environment={"PALATE_KERNELS": kernels} if kernels else None,
    )
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"{row.name}: palate bench search printed no line: {output!r}")
    first = lines[0]
    return {
        "lines": [
            {
                "beam": line["beam"],
                "recall": line["recall"],
                "qps": line.get("cpu_qps", line["qps"]),
                "wall_qps": line["qps"],
                "p50_us": line["p50_us"],
                "p99_us": line["p99_us"],
            }
            for line in lines
        ],
        "build_seconds": first.get("cpu_build_seconds", first["build_seconds"]),
        "wall_build_seconds": first["build_seconds"],
        "resident_bytes": first.get("index_resident_bytes", first["index_bytes"]),
        "index_bytes": first["index_bytes"],
        "kernel": first["kernel"],
    }
