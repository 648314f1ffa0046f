"""The arithmetic of the benchmarks, on examples small enough to do by hand."""

import json
import math
import pathlib
import sys

import numpy as np
import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "taste")]

import results_log  # noqa: E402
from recall import rate_at, recall  # noqa: E402
from split import HELD_OUT, measures, split  # noqa: E402


def test_recall_counts_the_true_among_the_first_k():
    found = np.array([[1, 2, 3, 9], [7, 8, 9, 0]], dtype=np.uint64)
    truth = np.array([[3, 1, 4], [1, 2, 3]], dtype=np.int32)
    assert recall(found, truth, 3) == pytest.approx(2 / 6)
    assert recall(found, truth, 1) == 0


def test_rate_is_interpolated_in_its_logarithm():
    points = [(0.9, 1000.0), (1.0, 100.0)]
    assert rate_at(points, 0.95) == pytest.approx(math.sqrt(1000 * 100))
    assert rate_at(points, 1.0) == pytest.approx(100)


def test_rate_beyond_the_points():
    points = [(0.9, 1000.0), (0.95, 500.0)]
    assert rate_at(points, 0.99) is None
    assert rate_at(points, 0.5) == 1000


def test_points_that_another_beats_in_both_do_not_count():
    points = [(0.9, 1000.0), (0.91, 300.0), (0.95, 500.0)]
    assert rate_at(points, 0.91) == rate_at([(0.9, 1000.0), (0.95, 500.0)], 0.91)


def test_split_holds_out_a_fifth_of_each_user_and_loses_nothing():
    pairs = np.array([(user, item) for user in range(30) for item in range(user)], dtype=np.int32)
    known, held = split(pairs)
    for user in range(1, 30):
        parts = [set(part.get(user, np.array([])).tolist()) for part in (known, held)]
        assert parts[0] | parts[1] == set(range(user)) and not parts[0] & parts[1]
        assert len(parts[1]) == round(user * HELD_OUT)
    again = split(pairs)
    assert all(np.array_equal(held[user], again[1][user]) for user in held)


def test_measures_by_hand():
    figures = measures([5, 1, 2], np.array([1, 9]), 3)
    assert figures[0] == 0.5
    assert figures[1] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert measures([], np.array([1]), 20) == (0, 0)
    assert measures([1, 9], np.array([1, 9]), 20) == (1, 1)


def test_results_keep_the_last_line_of_each_name(tmp_path, monkeypatch):
    monkeypatch.setattr(results_log, "RESULTS", tmp_path)
    results_log.record("a.jsonl", [{"name": "b", "qps": 1}, {"name": "a", "qps": 2}])
    results_log.record("a.jsonl", [{"name": "b", "qps": 3}])
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [(line["name"], line["qps"]) for line in lines] == [("a", 2), ("b", 3)]
    assert all(line["cpu"] and line["day"] and "commit" in line for line in lines)
