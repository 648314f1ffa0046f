"""Rankings beside Palate and the measures over them, on graphs small enough to do by hand."""

import math
import pathlib
import sys

import numpy as np
import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "taste")]

import baselines  # noqa: E402
import figures  # noqa: E402
from histories import Histories, item_vectors, unit_rows  # noqa: E402
from split import measures  # noqa: E402

# Three people, four items; the last item is nobody's.
KNOWN = Histories.of_lists({0: np.array([0, 1]), 1: np.array([0, 1, 2]), 2: np.array([2])}, 3, 4)
TABLE = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0]], dtype=np.float64)


def random_known(users=60, items=25, seed=5):
    """A random graph, as histories and as a table."""
    table = np.random.default_rng(seed).random((users, items)) < 0.2
    who, what = np.nonzero(table)
    return Histories.of_pairs(who, what, users, items), table.astype(np.float64)


def test_histories_of_each_user_and_popularity():
    assert [KNOWN[user].tolist() for user in range(3)] == [[0, 1], [0, 1, 2], [2]]
    assert KNOWN.popularity.tolist() == [2, 2, 2, 0]
    assert KNOWN.lengths.tolist() == [2, 3, 1]
    assert len(Histories.of_lists({}, 2, 4)[1]) == 0


def test_co_occurrence_is_the_product_of_the_table():
    known, table = random_known()
    weights = np.arange(len(table)) / 7
    assert np.allclose(known.co_occurrence(), table.T @ table)
    assert np.allclose(known.co_occurrence(weights), table.T @ (weights[:, None] * table))


def test_ease_is_the_closed_form():
    known, table = random_known()
    inverse = np.linalg.inv(table.T @ table + 3 * np.eye(table.shape[1]))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    assert np.allclose(baselines.ease(known, ridge=3), expected, atol=1e-4)


def test_rp3beta_is_three_steps_of_the_walk():
    known, table = random_known()
    step = (table / table.sum(axis=0)).T ** 0.6
    back = (table / np.maximum(table.sum(axis=1, keepdims=True), 1)) ** 0.6
    expected = step @ back / table.sum(axis=0) ** 0.4
    np.fill_diagonal(expected, 0)
    assert np.allclose(baselines.rp3beta(known, 0.6, 0.4), expected, atol=1e-5)


def test_item_cosine_by_hand():
    matrix = baselines.item_cosine(KNOWN, neighbours=4, shrink=0)
    assert matrix[0].tolist() == pytest.approx([0, 1, 0.5, 0])
    assert baselines.item_cosine(KNOWN, neighbours=4, shrink=2)[0, 1] == pytest.approx(0.5)
    # Of item 2 only one neighbour is kept: one of two that are as near.
    nearest = baselines.item_cosine(KNOWN, neighbours=1, shrink=0)
    assert np.count_nonzero(nearest[:, 2]) == 1
    assert nearest[0, 1] == pytest.approx(1)


def test_vectors_rank_by_mean_and_by_log_sum_exp():
    vectors = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], dtype=np.float32)
    mean = baselines.mean_vector(vectors)[[0, 1]].sum(axis=0)
    cosines = unit_rows(vectors) @ vectors[[0, 1]].mean(axis=0)
    assert np.argmax(mean) == 2 and np.allclose(mean, 2 * cosines)
    sharp = np.log(baselines.log_sum_exp(vectors, 0.1)[[0, 1]].sum(axis=0)) * 0.1 + 1
    expected = 0.1 * np.log(math.exp(1 / 0.1) + math.exp(0))
    assert sharp[0] == pytest.approx(expected, abs=1e-4)


def test_lists_leave_out_the_history_and_take_the_lower_number_first():
    lists = baselines.top_lists(baselines.popularity(KNOWN), KNOWN, np.array([0, 2]), 3)
    assert lists.tolist() == [[2, 3, -1], [0, 1, 3]]
    nobody = Histories.of_lists({0: np.array([1])}, 2, 4)
    assert baselines.top_lists(baselines.popularity(KNOWN), nobody, [1], 2).tolist() == [[-1, -1]]


def test_vectors_of_the_known_part_bring_together_what_goes_together():
    groups = {user: np.arange(8) + 8 * (user % 3) for user in range(30)}
    known = Histories.of_lists({user: items[user % 5 :] for user, items in groups.items()}, 30, 25)
    vectors = item_vectors(known, 2)
    assert vectors[5] @ vectors[7] > 0.9 > 0.5 > vectors[5] @ vectors[13]
    assert not vectors[24].any()


def test_truth_agrees_with_the_measures_of_one_list():
    random = np.random.default_rng(3)
    held = [random.choice(50, size=size, replace=False) for size in (1, 3, 30)]
    lists = np.array([random.choice(50, size=20, replace=False) for _ in held], dtype=np.int32)
    lists[1, 15:] = -1
    truth = figures.Truth(held, 50)
    for row, items in enumerate(held):
        listed = [item for item in lists[row].tolist() if item >= 0]
        assert measures(listed, items, 20) == pytest.approx(
            (truth.recall(lists)[row], truth.gain(lists)[row])
        )


def test_a_missing_place_is_no_hit_of_the_row_before():
    truth = figures.Truth([np.array([3]), np.array([0])], 4)
    assert truth.recall(np.array([[3, -1], [-1, -1]], dtype=np.int32)).tolist() == [1, 0]


def test_estimates_by_hand():
    estimate = figures.Estimate.of(np.array([1.0, 2.0, 3.0, 4.0]))
    assert estimate.mean == 2.5 and estimate.error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert not figures.Estimate(0.1, 0.06).is_clear and figures.Estimate(0.1, 0.05).is_clear
    # Two people with two values each: their sums are -2 and 2 away from the mean.
    grouped = figures.Estimate.of(np.array([1.0, 2.0, 3.0, 4.0]), np.array([7, 7, 9, 9]))
    assert grouped.mean == 2.5 and grouped.error == pytest.approx(math.sqrt(2 * 8) / 4)
    same = figures.paired(np.array([0.2, 0.4]), np.array([0.1, 0.3]))
    assert same.mean == pytest.approx(0.1) and same.error == pytest.approx(0)


def test_what_accuracy_does_not_see_by_hand():
    lists = np.array([[0, 1], [0, -1]], dtype=np.int32)
    popularity = np.array([4, 1, 0, 2])
    assert figures.coverage(lists, 4) == 0.5
    assert figures.popular_share(lists, popularity) == pytest.approx(2 / 3)
    assert figures.novelty(lists, popularity, 8) == pytest.approx((1 + 3 + 1) / 3)
    assert figures.percentiles(np.array([0.001, 0.003])) == pytest.approx((2, 2.98))


def test_spread_by_hand():
    vectors = np.array([[2, 0], [0, 1], [3, 3]], dtype=np.float32)
    lists = np.array([[0, 1, 2], [0, 1, -1], [2, -1, -1]], dtype=np.int32)
    found = figures.spread(lists, vectors)
    assert found[:2].tolist() == pytest.approx([1 - 2 * math.sqrt(0.5) / 3, 1])
    assert math.isnan(found[2])
