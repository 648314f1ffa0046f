"""Seeded data with neighbours worth finding, and the brute force that knows them."""

import numpy as np

DIMENSIONS = 32
CLUSTERS = 20


def clustered(count, seed):
    """float32 [count, DIMENSIONS]: points around `CLUSTERS` centres, and each point's cluster."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((CLUSTERS, DIMENSIONS))
    clusters = generator.integers(0, CLUSTERS, count)
    noise = 0.4 * generator.standard_normal((count, DIMENSIONS))
    return (centres[clusters] + noise).astype(np.float32), clusters


def scores(metric, queries, vectors):
    """What the server calls scores, larger is better, for every pair: float64 [q, n]."""
    queries, vectors = queries.astype(np.float64), vectors.astype(np.float64)
    products = queries @ vectors.T
    if metric == "ip":
        return products
    if metric == "cosine":
        lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)
        return products / lengths
    squares = (queries**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1)
    return 2 * products - squares


def nearest(metric, queries, vectors, k):
    """Rows of the k best, best first: int64 [q, k]."""
    return np.argsort(-scores(metric, queries, vectors), axis=1, kind="stable")[:, :k]


def recall(found, expected):
    """The mean share of each expected row that is among the found."""
    pairs = zip(found.tolist(), expected.tolist())
    return float(np.mean([len(set(one) & set(other)) / len(other) for one, other in pairs]))
