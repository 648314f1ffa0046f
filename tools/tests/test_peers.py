"""The comparison with other libraries: its data, its arithmetic, its words, and each rival."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

PEERS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "peers"
sys.path[:0] = [str(PEERS), str(PEERS.parent), str(PEERS.parents[1] / "tools")]

import palate_rows  # noqa: E402
import results_log  # noqa: E402
import shows  # noqa: E402
import worker  # noqa: E402
from clusters import Clusters  # noqa: E402
from datasets import DATA_SETS, DataSet, hold_out  # noqa: E402
from measured import Measured, beams_beside, from_json, median_lines  # noqa: E402
from prepare import exact_nearest  # noqa: E402
from rivals import RIVALS, rivals_for  # noqa: E402
from tables import table  # noqa: E402


def measured(name, points, megabytes=10, own=False, seconds=1.0, **beside):
    """A library of 1,000 rows with these (recall, rate) points."""
    lines = [
        {"beam": 10 * place, "recall": recall, "qps": rate, "p50_us": 1e6 / rate, "p99_us": 99.0}
        for place, (recall, rate) in enumerate(points, start=1)
    ]
    size = int(megabytes * 1e6)
    return Measured(name, own, 1_000, seconds, size, size, lines, beside)


@pytest.mark.parametrize("metric", ["l2", "ip", "cosine"])
def test_exact_nearest_agrees_with_a_full_sort(metric):
    random = np.random.default_rng(7)
    vectors = random.integers(0, 4, size=(300, 5)).astype(np.uint8) + 1
    queries = random.integers(0, 4, size=(20, 5)).astype(np.uint8) + 1
    found = exact_nearest(vectors, queries, metric, nearest=10)
    rows, asked = vectors.astype(np.float64), queries.astype(np.float64)
    if metric == "cosine":
        # As the comparison does: to float32 unit rows first.
        rows, asked = (
            (part / np.linalg.norm(part.astype(np.float32), axis=1, keepdims=True))
            .astype(np.float32).astype(np.float64)
            for part in (vectors.astype(np.float32), queries.astype(np.float32))
        )
    for query, near in zip(asked, found):
        exact = ((rows - query) ** 2).sum(axis=1) if metric == "l2" else -(rows @ query)
        order = np.sort(exact)[:10]
        assert np.allclose(exact[near], order, atol=1e-12) and len(set(near)) == 10
        if metric != "cosine":
            assert np.array_equal(near, np.lexsort((np.arange(len(exact)), exact))[:10])


def test_later_rounds_take_the_beams_beside_the_compared_recalls():
    recalls = {10: 0.7, 20: 0.91, 30: 0.949, 40: 0.96, 50: 0.97, 60: 0.98, 70: 0.992, 80: 0.998}
    lines = [{"beam": beam, "recall": recall} for beam, recall in recalls.items()]
    assert beams_beside(lines[::-1]) == [10, 20, 30, 40, 60, 70, 80]
    assert beams_beside(lines[6:]) == [70, 80]


def test_hold_out_splits_without_loss_and_the_same_way_every_time():
    table_ = np.arange(50)[:, None]
    vectors, queries = hold_out(table_, 8)
    assert len(queries) == 8 and sorted([*vectors[:, 0], *queries[:, 0]]) == list(range(50))
    assert np.array_equal(queries, hold_out(table_, 8)[1])


def test_clusters_are_unit_vectors_of_one_law():
    first, again = (Clusters(16, seed=3).draw(2_000) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)


def test_medians_are_taken_by_beam():
    rounds = [
        [{"beam": 20, "recall": 0.9, "qps": rate}, {"beam": 10, "recall": 0.8, "qps": 2 * rate}]
        for rate in (100.0, 900.0, 300.0)
    ]
    assert median_lines(rounds) == [
        {"beam": 10, "recall": 0.8, "qps": 600.0},
        {"beam": 20, "recall": 0.9, "qps": 300.0},
    ]


def test_lines_come_back_from_json_as_they_were():
    libraries = [
        measured("palate-sq8", [(0.9, 1000.0), (0.99, 500.0)], own=True, kernel="avx512"),
        measured("hnswlib", [(0.95, 100.0)], built="2026-11-24"),
    ]
    lines = [line for one in libraries for line in json.loads(json.dumps(one.json_lines("glove")))]
    assert list(from_json(lines)["glove"].values()) == libraries


def test_recording_drops_what_it_replaces(tmp_path, monkeypatch):
    monkeypatch.setattr(results_log, "RESULTS", tmp_path)
    results_log.record("a.jsonl", [{"name": "peers/a/x/1"}, {"name": "peers/b/x/1"}])
    results_log.record("a.jsonl", [{"name": "peers/a/y/1"}], instead_of="peers/a/")
    assert [line["name"] for line in results_log.read("a.jsonl")] == ["peers/a/y/1", "peers/b/x/1"]


def test_the_table_is_markdown_with_the_fastest_first():
    slow = measured("slow", [(0.92, 4000.0), (0.995, 1000.0)], megabytes=20)
    fast = measured("fast", [(0.96, 9000.0), (0.992, 5000.0)], own=True)
    lines = table([slow, fast]).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| **fast**", "| slow"]
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    # Bytes by item, a lower bound, a rate that is interpolated, and one that nothing reaches.
    assert "| 20 | 20,000 | > 4,000 |" in lines[3]
    assert lines[2].split(" | ")[4:8] == ["> 9,000", "> 9,000", "5,200", "-"]


def test_the_plot_is_the_same_svg_every_time(tmp_path):
    pytest.importorskip("matplotlib")
    import plots

    libraries = [
        measured("hnswlib", [(0.85, 4000.0), (0.99, 1000.0), (1.0, 10.0)]),
        measured("palate-sq8", [(0.9, 9000.0), (0.97, 5000.0)], own=True),
    ]
    pictures = []
    for name in ("first.svg", "second.svg"):
        plots.draw("glove", libraries, tmp_path / name)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1] and b"<svg" in pictures[0]


def test_shows_judge_by_memory_and_rate():
    curve = [(0.9, 2000.0), (0.95, 1000.0), (0.999, 100.0)]
    libraries = [
        measured("symphonyqg", curve, megabytes=400),
        measured("hnswlib", [(recall, rate / 2) for recall, rate in curve], megabytes=79),
        measured("palate-sq8", [(recall, 2 * rate) for recall, rate in curve], 150, own=True),
        measured("palate-large", [(recall, 9 * rate) for recall, rate in curve], 161, own=True),
        measured("palate-small", [(recall, rate / 4) for recall, rate in curve], 60, own=True),
    ]
    verdicts = [verdict for verdict in shows.judge({"fashion-mnist": libraries})]
    ratios = [(verdict.ratio, verdict.passed) for verdict in verdicts if verdict.show == 1]
    # Within 160 MB twice SymphonyQG's rate; among the small ones half of hnswlib's.
    assert [passed for _, passed in ratios] == [True] * 3 + [False] * 3
    assert np.allclose([ratio for ratio, _ in ratios], [2] * 3 + [0.5] * 3)
    assert str(verdicts[0]).startswith("Show 1: 2.00 x best rival (palate-sq8, 150 MB, symphonyqg")
    assert str(verdicts[0]).endswith("at 0.95 on fashion-mnist (bar >= 1.25): passed")


def test_shows_say_when_palate_does_not_reach_a_recall():
    libraries = [
        measured("symphonyqg", [(0.9, 2000.0), (0.999, 100.0)], megabytes=400),
        measured("palate-sq8", [(0.9, 2000.0), (0.97, 1000.0)], own=True),
    ]
    verdicts = [one for one in shows.judge({"clusters-1m": libraries}) if one.show == 2]
    assert [verdict.passed for verdict in verdicts] == [True, False, False]
    assert "none reaches it" in str(verdicts[-1])


def test_building_is_judged_on_one_thread_and_on_two():
    curve = [(0.9, 2000.0), (0.999, 100.0)]
    twice = {"wall_build_seconds": 8, "build_seconds_two_threads": 5}
    libraries = [
        measured("hnswlib", curve, seconds=10),
        measured("faiss-fastscan", curve, seconds=2),
        measured("quick-and-wrong", [(0.9, 9000.0)], seconds=1),
        measured("palate-sq8", curve, own=True, seconds=8, **twice),
    ]
    verdicts = [one for one in shows.judge({"glove": libraries}) if one.show == 5]
    found = [(one.ratio, one.passed) for one in verdicts]
    assert found == [(0.8, True), (4, False), (1.6, False)]


def test_every_data_set_has_rivals_and_rows_of_palate():
    for data in DATA_SETS.values():
        assert {"symphonyqg", "hnswlib"} <= set(rivals_for(data, 50_000, 64))
        assert palate_rows.EIGHT_BIT in palate_rows.rows_for(data)


def test_a_curve_ends_where_wider_beams_tell_nothing():
    rising = [0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98]
    assert not worker.is_enough(rising)
    assert worker.is_enough([*rising, 0.9996])
    assert worker.is_enough([*rising, 0.9801, 0.9801])
    assert not worker.is_enough([0.98, 0.98, 0.98])


TRY = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from rivals import RIVALS
table = np.load(sys.argv[2] + "/rows.npy")
def make():
    rival = RIVALS[sys.argv[3]]()
    rival.dimensions, rival.integers = table.shape[1], sys.argv[4] == "l2"
    return rival
metric = "l2" if sys.argv[4] == "l2" else make().unit_metric
make().build(table, metric, sys.argv[2])
rival = make()
rival.load(lambda: table, metric, sys.argv[2])
rival.use(rival.beams[-5])
queries = table[:50]
found = {"many": rival.search(queries, 5), "one": [rival.search_one(one, 5) for one in queries]}
found = {key: np.asarray(rows).astype(int).tolist() for key, rows in found.items()}
open(sys.argv[2] + "/found.json", "w").write(json.dumps(found))
"""


@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_finds_rows_it_was_given(name, tmp_path):
    rival = RIVALS[name]()
    if importlib.util.find_spec(rival.module.split(".")[0]) is None:
        pytest.skip(f"{rival.package} is not installed: tools/setup --benchmarks")
    random = np.random.default_rng(11)
    unit, pixels = DataSet("unit", "cosine", "", None), DataSet("p", "l2", "", None, integers=True)
    # As few rows as the rival is meant for.
    data, count = next(
        (data, count)
        for count in (1_000, 12_000)
        for data in (unit, pixels)
        if rival.suits(data, count, 64)
    )
    metric = data.metric
    rows = random.standard_normal((count, 64)).astype(np.float32)
    if metric == "l2":
        rows = np.clip(rows * 40 + 128, 0, 255).round()
    else:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.save(tmp_path / "rows.npy", rows)
    line = [sys.executable, "-c", TRY, str(PEERS), str(tmp_path), name, metric]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "found.json").read_text())
    for rows_found in found.values():
        first = [near[0] for near in rows_found]
        assert np.mean(np.array(first) == np.arange(50)) >= 0.9
        assert all(len(set(near)) == 5 for near in rows_found)
