"""Qdrant's own engine, in process (PyPI `qdrant-edge-py`), an index on every field.

Two collections: float32 rows under 8-bit codes, searched with and without rescoring; and rows
stored as bytes, which lose nothing on pixels. Both with and without ACORN, its search for filters.
"""

import importlib.metadata
import shutil

import numpy as np
from cases import FIELDS, FOLDER, K, payloads
from engines import BUILT, Engine, rows_of_data
from rivals.contract import BUILD_BEAM, NEIGHBOURS

INSERTED_AT_ONCE = 2_000
BEAMS = (10, 16, 24, 32, 48, 64, 96, 128, 256, 512)
SCHEMAS = {"float": "Float", "int": "Integer", "keyword": "Keyword"}
# Kilobytes of rows below which it scans instead of walking the graph: its own default.
FULL_SCAN_KILOBYTES = 10_000


class Qdrant(Engine):
    """One collection; `kinds` are the series it is searched by."""

    def __init__(self, name, kinds):
        self.name = name
        self.series = {kind: BEAMS for kind in kinds}

    def folder(self):
        # It holds the fields as well: another drawing of them is another collection.
        stamp = (FOLDER / "stamp.txt").read_text(encoding="utf-8")[:16]
        version = importlib.metadata.version("qdrant-edge-py")
        return BUILT / stamp / f"{self.name}-{version}"

    def build(self, cpu):
        import qdrant_edge as qdrant

        if self.folder().exists():
            return
        # A name of its own until it is whole.
        unfinished = self.folder().with_name(self.folder().name + "-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        rows = rows_of_data()
        shard = qdrant.EdgeShard.create(str(unfinished), self.config(rows.shape[1]))
        for field, kind in FIELDS.items():
            schema = getattr(qdrant.PayloadSchemaType, SCHEMAS[kind])
            shard.update(qdrant.UpdateOperation.create_field_index(field, schema))
        fields = payloads()
        for first in range(0, len(rows), INSERTED_AT_ONCE):
            part = range(first, min(first + INSERTED_AT_ONCE, len(rows)))
            points = [qdrant.Point(row, rows[row].tolist(), fields[row]) for row in part]
            shard.update(qdrant.UpdateOperation.upsert_points(points))
        shard.optimize()
        shard.flush()
        shard.close()
        unfinished.rename(self.folder())

    def config(self, width):
        """A segment, a thread, all in memory."""
        import qdrant_edge as qdrant

        if self.name == "qdrant-bytes":
            kept = {"datatype": qdrant.VectorStorageDatatype.Uint8}
        else:
            kept = {"quantization_config": qdrant.ScalarQuantizationConfig(
                qdrant.ScalarType.Int8, quantile=1.0, always_ram=True)}
        return qdrant.EdgeConfig(
            vectors=qdrant.EdgeVectorParams(width, qdrant.Distance.Euclid, **kept),
            hnsw_config=qdrant.HnswIndexConfig(
                m=NEIGHBOURS,
                ef_construct=BUILD_BEAM,
                full_scan_threshold=FULL_SCAN_KILOBYTES,
                max_indexing_threads=1,
            ),
            optimizers=qdrant.EdgeOptimizersConfig(default_segment_number=1),
            max_search_threads=1,
        )

    def load(self):
        import qdrant_edge as qdrant

        self.shard = qdrant.EdgeShard.load(str(self.folder()))

    def made_filter(self, case, number):
        import qdrant_edge as qdrant

        must, must_not = [], []
        for one in case.filters[number]:
            if one.kind == "<":
                rule = {"range": qdrant.RangeFloat(lt=one.value)}
            elif one.kind == "in":
                rule = {"match": qdrant.MatchAny(one.value)}
            else:
                rule = {"match": qdrant.MatchValue(one.value)}
            condition = qdrant.FieldCondition(key=one.field, **rule)
            (must_not if one.kind == "not =" else must).append(condition)
        return qdrant.Filter(must=must or None, must_not=must_not or None)

    def ask(self, queries, made, most, setting):
        import qdrant_edge as qdrant

        kind, beam = setting
        parameters = qdrant.SearchParams(
            hnsw_ef=beam,
            quantization=qdrant.QuantizationSearchParams(rescore="rescored" in kind),
            acorn=qdrant.AcornSearchParams(enable="acorn" in kind),
        )
        return qdrant.QueryBatchRequest([
            qdrant.QueryRequest(
                limit=K, query=qdrant.Query.Nearest(query), filter=made, params=parameters
            )
            for query in queries.tolist()
        ])

    def answer(self, request):
        return self.shard.query_batch(request)

    def rows(self, answer):
        found = np.full((len(answer), K), -1, dtype=np.int64)
        for row, points in zip(found, answer, strict=True):
            row[: len(points)] = [point.id for point in points]
        return found


def qdrant_codes():
    """8-bit codes over float32 rows."""
    return Qdrant("qdrant-codes", ("rescored", "plain", "plain-acorn"))


def qdrant_bytes():
    """Rows stored as bytes."""
    return Qdrant("qdrant-bytes", ("plain", "plain-acorn"))
