#!/usr/bin/env python3
"""One rival's filtered searches, in a process of its own: `engines.py NAME FOLDER OUTPUT`.

FOLDER keeps what was built. OUTPUT gets a line of JSON per case and setting: case, setting, recall,
rate (queries per second of processor time, one thread), complete. The filters are made before the
clock runs, where a library takes them ready made: bitmaps for faiss, a callback for hnswlib.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import time

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "peers")]

import cases as drawn  # noqa: E402
import numpy as np  # noqa: E402
from cases import K, QUERIES, Case  # noqa: E402
from datasets import DATA_SETS  # noqa: E402

BEAMS = (10, 16, 32, 64, 128, 256, 512)
NEIGHBOURS, BUILD_BEAM = 16, 100
#: A setting is not tried where the last one took longer than this for all queries.
PATIENCE_SECONDS = 12.0


class HNSWLib:
    """float32; the filter is a Python function, called for every row that is met."""

    settings = BEAMS

    def __init__(self, folder: pathlib.Path, vectors: np.ndarray) -> None:
        import hnswlib

        self.index = hnswlib.Index(space="l2", dim=vectors.shape[1])
        path = folder / "hnswlib.index"
        if path.exists():
            self.index.load_index(str(path))
        else:
            self.index.init_index(
                len(vectors), M=NEIGHBOURS, ef_construction=BUILD_BEAM, random_seed=100
            )
            self.index.add_items(vectors, num_threads=1)
            self.index.save_index(str(path))
        self.index.set_num_threads(1)

    def make_filter(self, case: Case, number: int):
        if case.name == "none":
            return None
        return case.masks[number].tolist().__getitem__

    def search(self, queries, made, beam):
        self.index.set_ef(beam)
        try:
            return self.index.knn_query(queries, k=K, num_threads=1, filter=made)[0]
        except RuntimeError:
            # It has no answer where it finds fewer than k.
            return np.full((len(queries), K), -1)


class FaissHNSW:
    """8-bit codes that lose nothing on pixels; the filter is a bitmap."""

    settings = BEAMS

    def __init__(self, folder: pathlib.Path, vectors: np.ndarray) -> None:
        import faiss

        self.faiss = faiss
        faiss.omp_set_num_threads(1)
        path = folder / f"{type(self).__name__}.index"
        if path.exists():
            self.index = faiss.read_index(str(path))
        else:
            self.index = self.make(vectors)
            self.index.train(vectors)
            self.index.add(vectors)
            faiss.write_index(self.index, str(path))

    def make(self, vectors):
        codes = self.faiss.ScalarQuantizer.QT_8bit_direct
        index = self.faiss.IndexHNSWSQ(vectors.shape[1], codes, NEIGHBOURS)
        index.hnsw.efConstruction = BUILD_BEAM
        return index

    def make_filter(self, case: Case, number: int):
        if case.name == "none":
            return None
        bits = np.packbits(case.masks[number], bitorder="little")
        selector = self.faiss.IDSelectorBitmap(
            len(case.masks[number]), self.faiss.swig_ptr(bits)
        )
        return bits, selector

    def parameters(self, made, beam):
        selector = {} if made is None else {"sel": made[1]}
        return self.faiss.SearchParametersHNSW(efSearch=beam, **selector)

    def search(self, queries, made, beam):
        return self.index.search(queries, K, params=self.parameters(made, beam))[1]


class FaissScan(FaissHNSW):
    """All 8-bit codes that the bitmap has."""

    settings = (0,)

    def make(self, vectors):
        codes = self.faiss.ScalarQuantizer.QT_8bit_direct
        return self.faiss.IndexScalarQuantizer(vectors.shape[1], codes)

    def parameters(self, made, beam):
        return None if made is None else self.faiss.SearchParameters(sel=made[1])


class Qdrant:
    """Qdrant's own engine: 8-bit codes with rescoring, an index of every field."""

    settings = (16, 32, 64, 128, 256)
    schema = {"share": "Float", "label": "Integer", "colour": "Keyword", "price": "Float"}

    def __init__(self, folder: pathlib.Path, vectors: np.ndarray) -> None:
        import qdrant_edge as qdrant

        self.qdrant = qdrant
        path = folder / "qdrant"
        if path.exists():
            self.shard = qdrant.EdgeShard.load(str(path))
            return
        codes = qdrant.ScalarQuantizationConfig(
            qdrant.ScalarType.Int8, quantile=1.0, always_ram=True
        )
        config = qdrant.EdgeConfig(
            vectors=qdrant.EdgeVectorParams(
                size=vectors.shape[1], distance=qdrant.Distance.Euclid, quantization_config=codes
            ),
            hnsw_config=qdrant.HnswIndexConfig(
                m=NEIGHBOURS, ef_construct=BUILD_BEAM, full_scan_threshold=10_000,
                max_indexing_threads=1,
            ),
            optimizers=qdrant.EdgeOptimizersConfig(default_segment_number=1),
            max_search_threads=1,
        )  # fmt: skip
        self.shard = qdrant.EdgeShard.create(str(path), config)
        for field, kind in self.schema.items():
            schema = getattr(qdrant.PayloadSchemaType, kind)
            self.shard.update(qdrant.UpdateOperation.create_field_index(field, schema))
        rows = drawn.Rows.drawn()
        for first in range(0, len(vectors), 2_000):
            points = [
                qdrant.Point(row, vectors[row].tolist(), rows.payload(row))
                for row in range(first, min(first + 2_000, len(vectors)))
            ]
            self.shard.update(qdrant.UpdateOperation.upsert_points(points))
        self.shard.optimize()
        self.shard.flush()

    def make_filter(self, case: Case, number: int):
        if case.name == "none":
            return None
        q = self.qdrant
        must, must_not = [], []
        for kind, field, value in case.conditions[number]:
            if kind == "lt":
                must.append(q.FieldCondition(key=field, range=q.RangeFloat(lt=value)))
            elif kind == "any":
                must.append(q.FieldCondition(key=field, match=q.MatchAny(value)))
            else:
                condition = q.FieldCondition(key=field, match=q.MatchValue(value))
                (must if kind == "is" else must_not).append(condition)
        return q.Filter(must=must or None, must_not=must_not or None)

    def search(self, queries, made, beam):
        q = self.qdrant
        parameters = q.SearchParams(
            hnsw_ef=beam, quantization=q.QuantizationSearchParams(rescore=True)
        )
        found = np.full((len(queries), K), -1)
        requests = [
            q.QueryRequest(
                limit=K, query=q.Query.Nearest(query), filter=made, params=parameters
            )
            for query in self.lists(queries)
        ]
        self.begin()
        answers = self.shard.query_batch(q.QueryBatchRequest(requests))
        self.end()
        for row, points in enumerate(answers):
            found[row, : len(points)] = [point.id for point in points]
        return found

    # Making lists of Python numbers is the binding's cost, not the engine's: it is left out.
    spent = 0.0

    def lists(self, queries):
        return queries.tolist()

    def begin(self):
        self.started = time.process_time()

    def end(self):
        Qdrant.spent += time.process_time() - self.started


ENGINES = {
    "hnswlib": HNSWLib, "faiss-hnsw": FaissHNSW, "faiss-scan": FaissScan, "qdrant": Qdrant,
}  # fmt: skip


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Of all true neighbours, the share that was found."""
    hits = (found[:, :, None] == np.where(truth < 0, -2, truth)[:, None, :]).any(axis=1)
    return float((hits & (truth >= 0)).sum() / (truth >= 0).sum())


def measure(rival, case: Case, setting: int, queries: np.ndarray) -> dict:
    """One case at one setting."""
    made = [rival.make_filter(case, number) for number in range(len(case.masks))]
    groups = [np.flatnonzero(case.of == number) for number in range(len(case.masks))]
    found = np.full((QUERIES, K), -1)
    Qdrant.spent = 0.0
    started = time.process_time()
    for one, group in zip(made, groups, strict=True):
        if len(group):
            found[group] = rival.search(queries[group], one, setting)
    seconds = Qdrant.spent or time.process_time() - started
    truth = drawn.truth(case)
    return {
        "case": case.name,
        "setting": setting,
        "recall": recall(found, truth),
        "rate": QUERIES / seconds,
        "complete": bool(((found >= 0).sum(axis=1) == (truth >= 0).sum(axis=1)).all()),
        "seconds": seconds,
    }


def main() -> int:
    """The command."""
    name, folder, output = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    folder.mkdir(parents=True, exist_ok=True)
    data = DATA_SETS["fashion-mnist"]
    vectors = np.load(data.folder / "vectors.npy").astype(np.float32)
    queries = np.load(drawn.FOLDER / "queries.npy").astype(np.float32)
    rival = ENGINES[name](folder, vectors)
    with open(output, "w", encoding="utf-8") as file:
        for case in drawn.prepare():
            for setting in rival.settings:
                line = measure(rival, case, setting, queries)
                file.write(json.dumps(line) + "\n")
                if line["recall"] >= 0.995 or line["seconds"] > PATIENCE_SECONDS:
                    break
    return 0


if __name__ == "__main__":
    sys.exit(main())
