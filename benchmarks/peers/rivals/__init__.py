"""The rivals of the comparison: a module per library, a row here per setting.

Each row is built, loaded and searched in a process of its own (`worker.py`), so that memory is its
own and a crash takes nothing else with it. Adding a rival is one class and one row.
"""

from .faiss_index import FaissFastScan, FaissHNSW
from .glass_index import Glass
from .hnswlib_index import HNSWLib
from .rabitq import HNSWRaBitQ, SymphonyQG
from .svs_index import SVS
from .usearch_index import USearch
from .voyager_index import Voyager
from .zvec_index import Zvec

# In the order of a round.
RIVALS = {
    "symphonyqg": lambda: SymphonyQG(bits=0),
    "symphonyqg-8bit": lambda: SymphonyQG(bits=8),
    "hnsw-rabitq": lambda: HNSWRaBitQ(bits=8),
    "glass-sq4": lambda: Glass("SQ4U", "FP16"),
    "glass-sq8": lambda: Glass("SQ8U", "FP16"),
    "glass-sq8-only": lambda: Glass("SQ8U", ""),
    "svs-uint8": lambda: SVS("uint8"),
    "svs-float16": lambda: SVS("float16"),
    "faiss-direct": lambda: FaissHNSW("QT_8bit_direct"),
    "faiss-sq8": lambda: FaissHNSW("QT_8bit"),
    "faiss-fastscan": lambda: FaissFastScan("SQfp16"),
    "zvec-uint8": lambda: Zvec("UNIFORM_UINT8", refined=False),
    "zvec-uint8-refined": lambda: Zvec("UNIFORM_UINT8", refined=True),
    "usearch-i8": lambda: USearch("i8"),
    "usearch-f16": lambda: USearch("f16"),
    "hnswlib": HNSWLib,
    "voyager": Voyager,
}


def rivals_for(data_set, rows, dimensions):
    """The names of the rows that suit a data set."""
    return [name for name, make in RIVALS.items() if make().suits(data_set, rows, dimensions)]


__all__ = ["RIVALS", "rivals_for"]
