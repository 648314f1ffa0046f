"""What Palate is measured beside: exact rankings of the whole catalogue, numpy alone.

Each is a matrix [items, items] whose row says what a known item speaks for; a user's scores are
the sum of the rows of their history. So one function ranks for all of them, in chunks of users:

- `popularity`     how many people have the item, the same for everybody
- `mean_vector`    cosine to the mean of the history's vectors
- `log_sum_exp`    sum over the history of exp(cosine / 0.1)
- `item_cosine`    nearest neighbours by shrunk cosine of the items' columns (ItemKNN)
- `rp3beta`        three steps of a random walk, damped by popularity, not sampled
- `ease`           closed-form linear autoencoder (Steck, arXiv:1905.03375)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from histories import Floats, Histories, Ints, unit_rows

Matrix = npt.NDArray[np.float32]

TEMPERATURE = 0.1
# Neighbours per item, and what is added to the product of lengths. On the split of pinterest37k
# Recall@20 is 0.130 with 0, 0.135 with 10, 50 and 200; 200 neighbours give 0.139.
NEIGHBOURS, SHRINK = 100, 10.0
# Exponents of the walk's probabilities and of popularity.
ALPHA, BETA = 0.6, 0.4
# On that split 100 gives 0.137, 200 0.142, 400 0.144; 800 is as good as 400, 1,600 is worse.
RIDGE = 500.0
# Scores held at a time, 4 bytes each.
SCORES = 1 << 24


def popularity(known: Histories) -> Matrix:
    """Every row the same: no memory, and the ranking is everybody's."""
    counts = known.popularity.astype(np.float32)
    return np.broadcast_to(counts, (known.item_count, known.item_count))


def mean_vector(vectors: Floats) -> Matrix:
    """Products with unit rows: their sum over a history ranks as the cosine to its mean."""
    return np.asarray(vectors, dtype=np.float32) @ unit_rows(vectors).T


def log_sum_exp(vectors: Floats, temperature: float = TEMPERATURE) -> Matrix:
    """exp((cosine - 1) / temperature): the logarithm of the sum does not change the order."""
    units = unit_rows(vectors)
    matrix = units @ units.T
    matrix -= 1
    matrix /= np.float32(temperature)
    return np.exp(matrix, out=matrix)


def item_cosine(
    known: Histories, neighbours: int = NEIGHBOURS, shrink: float = SHRINK
) -> Matrix:
    """Shrunk cosine, of each ranked item its nearest neighbours alone."""
    matrix = known.co_occurrence()
    lengths = np.sqrt(known.popularity).astype(np.float32)
    matrix /= np.outer(lengths, lengths) + np.float32(max(shrink, 1e-9))
    np.fill_diagonal(matrix, 0)
    if neighbours < known.item_count:
        for row in matrix:
            row[np.argpartition(-row, neighbours)[neighbours:]] = 0
    # Rows belong to the ranked item; the caller sums over the history.
    return np.ascontiguousarray(matrix.T)


def rp3beta(known: Histories, alpha: float = ALPHA, beta: float = BETA) -> Matrix:
    """sum over users of d_i^-alpha * d_u^-alpha, divided by d_j^beta; exact (RP3beta, 2017)."""
    matrix = known.co_occurrence(np.maximum(known.lengths, 1) ** -alpha)
    degrees = np.maximum(known.popularity, 1).astype(np.float32)
    matrix *= (degrees ** np.float32(-alpha))[:, None]
    matrix *= (degrees ** np.float32(-beta))[None, :]
    np.fill_diagonal(matrix, 0)
    return matrix


def ease(known: Histories, ridge: float = RIDGE) -> Matrix:
    """B = -P / diag(P) with P = (X'X + ridge)^-1 and no diagonal; float32, n^3 work."""
    matrix = known.co_occurrence()
    matrix[np.diag_indices(known.item_count)] += np.float32(ridge)
    matrix = np.linalg.inv(matrix)
    matrix /= -np.diag(matrix).copy()[None, :]
    np.fill_diagonal(matrix, 0)
    return matrix


def top_lists(
    matrix: Matrix, known: Histories, users: Ints, k: int, seen: Histories | None = None
) -> npt.NDArray[np.int32]:
    """The k best items of each user, best first, the lower number first among equals.

    Args:
        matrix: [items, items], summed over the rows of a history.
        known: whose rows are summed.
        users: [n] of those to rank for; who has nothing known gets an empty list.
        k: results.
        seen: what must not be listed; None = what is known.

    Returns:
        int32 [n, k]; -1 where there is no result.
    """
    seen = known if seen is None else seen
    lists = np.full((len(users), k), -1, dtype=np.int32)
    block = max(1, SCORES // known.item_count)
    for start in range(0, len(users), block):
        part = np.asarray(users[start : start + block])
        scores = np.full((len(part), known.item_count), -np.inf, dtype=np.float32)
        for row, user in enumerate(part):
            history = known[user]
            if len(history):
                np.sum(matrix[history], axis=0, out=scores[row])
                scores[row, seen[user]] = -np.inf
        lists[start : start + block] = best(scores, k)
    return lists


def best(scores: Matrix, k: int) -> npt.NDArray[np.int32]:
    """Columns of the k largest scores of each row, best first; -1 in place of -inf."""
    width = min(k, scores.shape[1])
    found = np.full((len(scores), k), -1, dtype=np.int32)
    chosen = np.sort(np.argpartition(-scores, width - 1, axis=1)[:, :width], axis=1)
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    chosen, values = (np.take_along_axis(table, order, axis=1) for table in (chosen, values))
    found[:, :width] = np.where(np.isfinite(values), chosen, -1)
    return found
