"""Measures over ranked lists: accuracy with its uncertainty, and what accuracy does not see.

A ranking is int [users, k] of item numbers, best first, -1 where a list is short.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from histories import Floats, Ints, unit_rows

Lists = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]

# Of the normal distribution: users are many.
DEVIATIONS_95 = 1.959964
# The bestsellers: this share of the catalogue.
POPULAR_SHARE = 0.01
# List rows whose vectors are held at a time.
BLOCK = 4_096


class Truth:
    """What is to be found, for the users of a ranking, in their order."""

    def __init__(self, held: Sequence[npt.NDArray[np.integer]], item_count: int) -> None:
        """Takes per user the items held out, distinct, at least one."""
        self.item_count = item_count
        self.counts = np.array([len(items) for items in held], dtype=np.int64)
        if len(self.counts) == 0 or self.counts.min() == 0:
            raise ValueError("every user of a ranking needs something to find")
        rows = np.repeat(np.arange(len(held), dtype=np.int64), self.counts)
        self.keys = np.sort(rows * item_count + np.concatenate(list(held)))

    def hits(self, lists: Lists) -> npt.NDArray[np.bool_]:
        """bool [users, k]: which places hold what was to be found."""
        keys = np.arange(len(lists), dtype=np.int64)[:, None] * self.item_count + lists
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return (self.keys[places] == keys) & (lists >= 0)

    def recall(self, lists: Lists) -> Numbers:
        """[users]: hits over all that was held out."""
        return self.hits(lists).sum(axis=1) / self.counts

    def gain(self, lists: Lists) -> Numbers:
        """[users]: NDCG at the lists' length, binary gains, ideal of min(k, held out) hits."""
        discounts = 1 / np.log2(np.arange(2, lists.shape[1] + 2))
        ideals = np.cumsum(discounts)[np.minimum(self.counts, lists.shape[1]) - 1]
        return self.hits(lists) @ discounts / ideals


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over users and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: npt.NDArray[np.floating], groups: Ints | None = None) -> Estimate:
        """The mean of values; the error is NaN of a single one.

        With `groups`, values of one group (a user's, say) may depend on each other: the error is
        that of the groups' sums, as if each were one observation.
        """
        mean = float(np.mean(values))
        sums = np.asarray(values, dtype=np.float64) - mean
        if groups is not None:
            sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=sums)
        if len(sums) < 2:
            return cls(mean, float("nan"))
        scale = len(sums) / (len(sums) - 1)
        return cls(mean, float(np.sqrt(scale * (sums**2).sum())) / len(values))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        width = DEVIATIONS_95 * self.error
        return self.mean - width, self.mean + width

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        low, high = self.interval
        return low > 0 or high < 0

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def paired(values: Numbers, others: Numbers, groups: Ints | None = None) -> Estimate:
    """The difference of two rankings' figures over the same users."""
    if values.shape != others.shape:
        raise ValueError(f"{len(values)} users beside {len(others)}")
    return Estimate.of(values - others, groups)


def coverage(lists: Lists, item_count: int) -> float:
    """The share of the catalogue that is in any list."""
    return len(np.unique(lists[lists >= 0])) / item_count


def popular_share(lists: Lists, popularity: Ints, share: float = POPULAR_SHARE) -> float:
    """The share of all places taken by the most popular items (at least one of them)."""
    count = max(1, round(share * len(popularity)))
    is_popular = np.zeros(len(popularity), dtype=bool)
    is_popular[np.argsort(-popularity, kind="stable")[:count]] = True
    listed = lists[lists >= 0]
    return float(is_popular[listed].mean()) if len(listed) else 0.0


def novelty(lists: Lists, popularity: Ints, user_count: int) -> float:
    """Mean -log2 of the share of users who have the item; an unknown one counts as had by one."""
    listed = lists[lists >= 0]
    shares = np.maximum(popularity[listed], 1) / user_count
    return float(-np.log2(shares).mean()) if len(listed) else 0.0


def spread(lists: Lists, vectors: Floats) -> Numbers:
    """Intra-list diversity, 1 - mean cosine of two different places; NaN of lists below two.

    The sum over all pairs is the squared length of the sum of unit vectors.
    """
    # The last row, of zeros, stands for the missing ones at -1.
    units = np.vstack([unit_rows(vectors), np.zeros((1, vectors.shape[1]), np.float32)])
    figures = np.full(len(lists), np.nan)
    for start in range(0, len(lists), BLOCK):
        part = lists[start : start + BLOCK]
        rows = units[part].astype(np.float64)
        own = (rows * rows).sum(axis=(1, 2))
        sums = (rows.sum(axis=1) ** 2).sum(axis=1)
        counts = (part >= 0).sum(axis=1)
        enough = counts > 1
        pairs = counts[enough] * (counts[enough] - 1)
        figures[start : start + BLOCK][enough] = 1 - (sums - own)[enough] / pairs
    return figures


def percentiles(seconds: npt.NDArray[np.floating]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return float(p50), float(p99)


@dataclasses.dataclass(frozen=True)
class Judge:
    """Everything that a ranking is measured against.

    Attributes:
        truth: what was to be found.
        popularity: int64 [items]: how many users have each item.
        user_count: users that popularity is counted over.
        vectors: [items, dimensions] for diversity.
    """

    truth: Truth
    popularity: Ints
    user_count: int
    vectors: Floats

    def figures(self, lists: Lists) -> dict[str, float]:
        """The figures of one ranking, by the names they are recorded under."""
        recall = Estimate.of(self.truth.recall(lists))
        gain = Estimate.of(self.truth.gain(lists))
        return {
            "users": len(lists),
            "recall_at_20": recall.mean,
            "recall_at_20_error": recall.error,
            "ndcg_at_20": gain.mean,
            "ndcg_at_20_error": gain.error,
            "coverage": coverage(lists, len(self.popularity)),
            "popular_share": popular_share(lists, self.popularity),
            "novelty_bits": novelty(lists, self.popularity, self.user_count),
            "diversity": float(np.nanmean(spread(lists, self.vectors))),
        }


HEADINGS = (
    f"{'':<22} {'Recall@20':>15} {'NDCG@20':>15} {'cover':>6} {'top1%':>6} "
    f"{'novel':>6} {'ILD':>6} {'p50 ms':>7} {'p99 ms':>7} {'1/s':>7}"
)


def table_line(name: str, line: dict[str, float]) -> str:
    """One row of the table; figures of serving are blank where nothing was served."""
    text = (
        f"{name:<22} {line['recall_at_20']:.4f} ± {line['recall_at_20_error']:.4f} "
        f"{line['ndcg_at_20']:.4f} ± {line['ndcg_at_20_error']:.4f} {line['coverage']:>6.3f} "
        f"{line['popular_share']:>6.3f} {line['novelty_bits']:>6.2f} {line['diversity']:>6.3f}"
    )
    if "qps" in line:
        text += f" {line['p50_ms']:>7.2f} {line['p99_ms']:>7.2f} {line['qps']:>7,.0f}"
    return text
