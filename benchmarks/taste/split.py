"""The validation split of the Pinterest graph, and the measures over it."""

import numpy as np

HELD_OUT = 0.2
SEED = 20_260_101


def split(pairs):
    """Holds out one fifth of each user's items, rounded to the nearest, at random by `SEED`.

    pairs: int32 [n, 2] of (user, item), rows distinct. Returns two dictionaries from user to an
    array of items: what is known, and what is held out (only users who have both).
    """
    order = np.random.default_rng(SEED).permutation(len(pairs))
    pairs = pairs[order]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    users, starts = np.unique(pairs[:, 0], return_index=True)
    known, held = {}, {}
    for user, items in zip(users.tolist(), np.split(pairs[:, 1], starts[1:])):
        count = round(len(items) * HELD_OUT)
        known[user] = items[count:]
        if 0 < count < len(items):
            held[user] = items[:count]
    return known, held


def measures(found, held, k):
    """Recall@k and NDCG@k of one user's list.

    Recall is hits over all held-out items. NDCG has a binary gain, and its ideal list is of
    min(k, held out) hits.
    """
    relevant = set(held.tolist())
    hits = np.array([item in relevant for item in found[:k]], dtype=float)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = discounts[: min(k, len(relevant))].sum()
    return hits.sum() / len(relevant), (hits * discounts[: len(hits)]).sum() / ideal
