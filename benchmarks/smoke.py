#!/usr/bin/env python3
"""Runs every benchmark's path once on the sample, in seconds: do they work, are results right?

No threshold on speed: the machines of a gate are shared. Recall has one.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "serve"), str(HERE.parent / "tools")]

import compare  # noqa: E402
from served import ROOT, run_palate  # noqa: E402

QUERIES = 200
FIELDS = {
    "beam", "recall", "qps", "cpu_qps", "p50_us", "p99_us", "build_seconds", "cpu_build_seconds",
    "rows_scored", "index_bytes", "resident_bytes", "kernel", "threads",
}
# 128 candidates of two thousand rows: anything less is a defect, not bad luck.
LEAST_RECALL = {
    "float32": 0.98, "sq8": 0.95, "sq4": 0.85, "sq4+f16": 0.98, "sq4+sq16": 0.98, "rq1+f16": 0.95,
    "pca128.sq8+f16": 0.95, "sq4+sq13": 0.98, "sq4+sq13 --sketches": 0.97,
}
# Of answers over the socket and in process, by the same links.
LEAST_SAME = 0.99
# Of filtered queries at a beam of 32, and at the planner's.
LEAST_FILTERED = 0.95


def prepare(folder):
    """The sample as a benchmark's data: every eleventh vector, moved a little, is a query."""
    vectors = np.load(ROOT / "sample" / "vectors.npy").astype(np.float32)
    queries = vectors[::11][:QUERIES]
    queries = queries + 0.3 * np.roll(queries, 1, axis=0)
    lengths = np.linalg.norm(vectors, axis=1)
    truth = np.argsort(-(queries @ vectors.T) / lengths, axis=1)[:, :100].astype(np.int32)
    for name, table in (("vectors", vectors), ("queries", queries), ("truth", truth)):
        np.save(folder / f"{name}.npy", table)


def search(folder):
    """`palate bench search` on the rungs of the ladder; what is wrong with its lines."""
    for rung, least in LEAST_RECALL.items():
        quantizer, *flags = rung.split()
        output = run_palate(
            *("bench", "search", "--vectors", folder / "vectors.npy"),
            *("--queries", folder / "queries.npy", "--truth", folder / "truth.npy"),
            *("--metric", "cosine", "--quantizer", quantizer, "--k", 10, "--beam", "10,128"),
            *flags,
        )
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        if [line.get("beam") for line in lines] != [10, 128]:
            yield f"{rung}: not one line per beam: {output!r}"
            continue
        for line in lines:
            print(f"{rung:<19} beam {line['beam']:>3}  recall {line['recall']:.4f}  "
                  f"{line['qps']:,.0f}/s  {line['kernel']}")
            if FIELDS - set(line):
                yield f"{rung}: fields are missing: {sorted(FIELDS - set(line))}"
        if lines[1]["recall"] < least:
            yield f"{rung}: recall {lines[1]['recall']} at beam 128, {least} expected"


def filter_cases(payloads):
    """Names, expressions and the rows that pass."""
    return [
        ("none", "", np.ones(len(payloads), bool)),
        ("keyword", 'category = "animals"',
         np.array([p["category"] == "animals" for p in payloads])),
        ("keywords", "keywords in [animal, flower]",
         np.array([not {"animal", "flower"}.isdisjoint(p["keywords"]) for p in payloads])),
        ("others", 'not (category = "animals" or keywords in [flower]) and number < 4000',
         np.array([p["category"] != "animals" and "flower" not in p["keywords"]
                   and p["id"] < 4_000 for p in payloads])),
        ("few", "number in [3, 99, 100]", np.array([p["id"] in (3, 99, 100) for p in payloads])),
    ]  # fmt: skip


def filters(folder):
    """`palate bench filters` on the sample; what is wrong with its answers."""
    lines = (ROOT / "sample" / "payloads.jsonl").read_text(encoding="utf-8").splitlines()
    payloads = [json.loads(line) for line in lines]
    for payload in payloads:
        payload["number"] = payload["id"]
    (folder / "payloads.jsonl").write_text(
        "".join(json.dumps(payload) + "\n" for payload in payloads), encoding="utf-8"
    )
    vectors, queries = (np.load(folder / f"{name}.npy") for name in ("vectors", "queries"))
    scores = (queries @ vectors.T) / np.linalg.norm(vectors, axis=1)
    cases = filter_cases(payloads)
    for name, _, mask in cases:
        order = np.argsort(np.where(mask, -scores, np.inf), axis=1)[:, :10].astype(np.int64)
        np.save(folder / f"{name}.truth.npy", np.where(mask[order], order, -1))
        np.save(folder / f"{name}.of.npy", np.zeros(len(queries), np.int32))
    listed = [{"name": name, "expressions": [text]} for name, text, _ in cases if text]
    (folder / "cases.json").write_text(json.dumps(listed), encoding="utf-8")
    output = run_palate(
        *("bench", "filters", "--metric", "cosine", "--cases", folder, "--beams", 0, 32),
        *("--vectors", folder / "vectors.npy", "--queries", folder / "queries.npy"),
        *("--payloads", folder / "payloads.jsonl", "--passes", 1),
        *("--fields", "category:keyword", "keywords:keywords", "number:int"),
    )
    measured = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if len(measured) != 2 * len(cases):
        yield f"filters: {len(measured)} lines, expected {2 * len(cases)}"
    for line in measured:
        print(f"{line['case']:<14} beam {line['beam']:>3}  recall {line['recall']:.4f}  "
              f"{line['rate']:,.0f}/s  {line['plan']}")
        if line["recall"] < LEAST_FILTERED or not line["complete"]:
            yield f"filter {line['case']}: recall {line['recall']}, complete {line['complete']}"


def serve(folder):
    """`palate bench serve` beside `bench search`; what is wrong with the answers."""
    parser = argparse.ArgumentParser()
    compare.add_arguments(parser)
    # The search core rescores nothing: the others must not either, or they find more.
    quick = ["--metric", "cosine", "--beams", "128", "--rescore", "0"]
    quick += ["--seconds", "1", "--rounds", "1"]
    arguments = parser.parse_args(quick)
    sides, client_figures = compare.compare(folder, arguments)
    compare.report(sides, client_figures, arguments.recall)
    # Of the only round.
    found = {name: rounds[0][-1] for name, rounds in sides.items()}
    found["Python client"] = client_figures
    least = found["search core"]["recall"]
    for name, line in found.items():
        if abs(line["recall"] - least) > 0.01:
            yield f"{name}: recall {line['recall']}, the search core's {least}"
    if client_figures["same"] < LEAST_SAME:
        yield f"Python client: {client_figures['same']:.2%} of the answers are those in process"


def main():
    with tempfile.TemporaryDirectory(prefix="palate-smoke-") as scratch:
        folder = pathlib.Path(scratch)
        prepare(folder)
        broken = [*search(folder), *filters(folder), *serve(folder)]
    for text in broken:
        print(f"smoke: {text}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
