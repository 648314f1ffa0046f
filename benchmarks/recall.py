"""Recall, and rates at equal recall."""

import math

import numpy as np


def recall(found, truth, k):
    """The mean share of the true k nearest among the first k found.

    found: integer ids, shape [queries, >= k]; truth: row numbers, shape [queries, >= k].
    """
    found, truth = np.asarray(found)[:, :k], np.asarray(truth)[:, :k]
    hits = (found[:, :, None].astype(np.int64) == truth[:, None, :]).any(axis=2)
    return float(hits.sum() / truth.size)


def rate_at(points, target):
    """The rate at a recall, from (recall, rate) points; None where no point reaches it.

    Interpolates the logarithm of the rate between the two points around the target, over those
    points that no other beats in both. Where the smallest beam is above the target already, that
    beam's rate: the true one is higher.
    """
    front = []
    for point in sorted(points, key=lambda point: -point[1]):
        if not front or point[0] > front[-1][0]:
            front.append(point)
    below = [point for point in front if point[0] < target]
    above = [point for point in front if point[0] >= target]
    if not above:
        return None
    if not below:
        return above[0][1]
    (low, fast), (high, slow) = below[-1], above[0]
    share = (target - low) / (high - low)
    return math.exp(math.log(fast) + share * (math.log(slow) - math.log(fast)))
