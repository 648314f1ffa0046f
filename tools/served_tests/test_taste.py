"""What people did changes what they are shown: through the Python client and a real server."""

import time

import data
import numpy as np
import palate
import pytest

ROWS = 2_000
DAY = 86_400_000


@pytest.fixture(scope="module")
def pictures(server):
    """Vectors, clusters and ids of one collection for the module; people's numbers differ."""
    vectors, clusters = data.clustered(ROWS, seed=11)
    ids = np.arange(ROWS, dtype=np.uint64) + 1
    with palate.Client(server.address) as client:
        client.create_collection("taste", data.DIMENSIONS, "cosine")
        client.load("taste", ids, vectors)
        yield client, vectors, clusters, ids


def save_some(pictures, user, cluster, count=12, type="save", days_ago=0):
    """The person saves some pictures of one cluster; returns their ids."""
    client, _, clusters, ids = pictures
    items = ids[clusters == cluster][:count]
    now = int(time.time() * 1000) - days_ago * DAY
    client.events("taste", np.full(len(items), user), items, type, np.full(len(items), now))
    return items


def share(pictures, found, cluster):
    """The share of a slate that is of a cluster."""
    _, _, clusters, _ = pictures
    return float(np.mean(clusters[found.ids[0].astype(np.int64) - 1] == cluster))


def test_recommends_what_a_person_likes_and_not_what_they_have_seen(pictures):
    seen = save_some(pictures, user=1, cluster=3)
    found = pictures[0].recommend("taste", 1, k=20)
    assert found.counts.tolist() == [20]
    assert share(pictures, found, 3) >= 0.9
    assert not set(found.ids[0].tolist()) & set(seen.tolist())


def test_the_next_query_knows_the_event(pictures):
    client, vectors, _, _ = pictures
    between = vectors[:1]
    # Taste orders the query's own candidates: all rows, so that every cluster is among them.
    weights = {"query": 0.5, "taste": 2.0, "candidates": ROWS}
    for user, cluster in ((21, 5), (22, 6)):
        save_some(pictures, user, cluster)
        mine = client.query("taste", between, user=user, taste=weights, k=10)
        plain = client.query("taste", between, k=10)
        assert share(pictures, mine, cluster) > share(pictures, plain, cluster)


def test_parts_add_up_to_the_score(pictures):
    client, vectors, _, _ = pictures
    save_some(pictures, user=3, cluster=7)
    found = client.query("taste", vectors[:1], user=3, taste=True, k=15, parts=True)
    total = sum(found.parts.values())
    assert np.allclose(total, found.scores, atol=1e-4)
    assert np.any(found.parts["taste"])


def test_a_hidden_picture_does_not_come_back_to_this_person_alone(pictures):
    client, _, _, _ = pictures
    for user in (41, 42):
        save_some(pictures, user, cluster=8)
    first = client.recommend("taste", 41, k=10).ids[0]
    client.events("taste", [41], first[:1], "hide")
    assert first[0] not in client.recommend("taste", 41, k=10).ids
    assert first[0] in client.recommend("taste", 42, k=10).ids


def test_new_likes_outweigh_old_ones(pictures):
    save_some(pictures, user=5, cluster=9, days_ago=700)
    save_some(pictures, user=5, cluster=10)
    found = pictures[0].recommend("taste", 5, k=20)
    assert share(pictures, found, 10) > share(pictures, found, 9)


def test_diversity_spreads_a_slate(pictures):
    client, vectors, _, _ = pictures
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def likeness(found):
        chosen = units[found.ids[0].astype(np.int64) - 1]
        return float((chosen @ chosen.T)[np.triu_indices(len(chosen), 1)].mean())

    plain = client.query("taste", vectors[:1], k=10)
    for method in ("ssd", "mmr"):
        knob = {"diversity": 0.9, "method": method}
        spread = client.query("taste", vectors[:1], k=10, diversity=knob)
        assert len(set(spread.ids[0].tolist())) == 10
        assert likeness(spread) < likeness(plain)


def test_somebody_unknown_has_no_taste_yet(pictures):
    with pytest.raises(palate.NoTaste):
        pictures[0].recommend("taste", 999, k=5)
