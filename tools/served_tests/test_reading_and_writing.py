"""Rows and searches through the Python client and a real server."""

import json

import data
import numpy as np
import palate
import pytest

FIRST_ID = 1_000
ROWS = 3_000


def fill(client, name, metric="l2", quantizer="sq8", rows=ROWS, seed=5):
    """A collection of clustered rows with payloads; returns ids and vectors."""
    vectors, _ = data.clustered(rows, seed)
    ids = np.arange(rows, dtype=np.uint64) + FIRST_ID
    client.create_collection(name, data.DIMENSIONS, metric, quantizer)
    client.load(name, ids, vectors, [{"row": row} for row in range(rows)])
    return ids, vectors


@pytest.fixture
def client(server):
    with palate.Client(server.address) as connected:
        yield connected


# By inner product a long vector is everybody's neighbour and a short one nobody's: graphs of links
# between near rows reach fewer of the answers there.
FLOORS = [("l2", 0.98), ("ip", 0.95), ("cosine", 0.98)]


@pytest.mark.parametrize("metric, floor", FLOORS)
@pytest.mark.parametrize("quantizer", ["float32", "sq8"])
def test_finds_neighbours_and_scores_them_as_brute_force_does(client, metric, floor, quantizer):
    name = f"recall-{metric}-{quantizer}"
    ids, vectors = fill(client, name, metric, quantizer)
    queries, _ = data.clustered(100, seed=6)
    found = client.query(name, queries, k=10, beam=200)
    expected = data.nearest(metric, queries, vectors, 10)
    assert found.ids.shape == found.scores.shape == (100, 10)
    assert data.recall(found.ids.astype(np.int64) - FIRST_ID, expected) >= floor
    exact = data.scores(metric, queries, vectors)
    rows = found.ids.astype(np.int64) - FIRST_ID
    assert np.allclose(found.scores, np.take_along_axis(exact, rows, axis=1), rtol=1e-3, atol=1e-3)
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_one_batch_answers_as_single_queries_do(client):
    fill(client, "batch")
    queries, _ = data.clustered(50, seed=7)
    together = client.query("batch", queries, k=7, beam=64)
    for row, query in enumerate(queries):
        alone = client.query("batch", query, k=7, beam=64)
        assert np.array_equal(alone.ids[0], together.ids[row])


def test_element_types_that_hold_the_same_numbers_find_the_same(client):
    generator = np.random.default_rng(8)
    vectors = generator.integers(0, 256, (500, 16)).astype(np.uint8)
    client.create_collection("types", 16, "l2")
    client.upsert("types", np.arange(1, 501), vectors)
    answers = [
        client.query("types", vectors[:20].astype(kind), k=5, beam=100)
        for kind in (np.float32, np.float16, np.uint8)
    ]
    assert np.array_equal(answers[0].ids[:, 0], np.arange(1, 21))
    for answer in answers[1:]:
        assert np.array_equal(answer.ids, answers[0].ids)


def test_gives_rows_back_as_written(client):
    ids, vectors = fill(client, "get", rows=300)
    items = client.get("get", [*ids[:5], 7, *ids[-2:]], vectors=True)
    assert items.found.tolist() == [True] * 5 + [False] + [True] * 2
    assert np.array_equal(items.vectors[0], vectors[0])
    assert json.loads(items.payloads[4]) == {"row": 4}
    assert not items.payloads[5] and not items.vectors[5].any()


def test_replaces_and_deletes_at_once(client):
    ids, vectors = fill(client, "replace", rows=400)
    far = np.full((1, data.DIMENSIONS), 50, np.float32)
    client.upsert("replace", ids[:1], far, ["moved"])
    assert client.query("replace", far, k=1, payload=True).payloads[0] == [b"moved"]
    assert client.query("replace", vectors[:1], k=1, beam=100).ids[0, 0] != ids[0]
    client.delete("replace", ids[:1])
    assert ids[0] not in client.query("replace", far, k=10).ids
    assert not client.get("replace", ids[:1]).found[0]
    assert client.stats("replace")["live_items"] == 399


def test_leaves_out_the_excluded_and_the_item_itself(client):
    ids, vectors = fill(client, "exclude", rows=500)
    first = client.query("exclude", vectors[:1], k=20, beam=100).ids[0]
    rest = client.query("exclude", vectors[:1], k=20, beam=100, exclude=first[:10]).ids[0]
    assert not set(rest.tolist()) & set(first[:10].tolist())
    assert rest[:5].tolist() == first[10:15].tolist()
    assert ids[3] not in client.query("exclude", ids=ids[3:4], k=20).ids


def test_returns_all_rows_where_fewer_than_k_are_there(client):
    ids, vectors = fill(client, "few", rows=6)
    found = client.query("few", vectors[:1], k=10)
    assert found.counts.tolist() == [6]
    assert set(found.ids[0, :6].tolist()) == set(ids.tolist())
    client.create_collection("none", 4, "l2")
    assert client.query("none", np.zeros((2, 4)), k=3).counts.tolist() == [0, 0]


def test_refuses_with_typed_errors(client):
    fill(client, "errors", rows=50)
    zeros = np.zeros((1, data.DIMENSIONS))
    with pytest.raises(palate.UnknownCollection):
        client.query("nowhere", zeros)
    with pytest.raises(palate.UnknownItem):
        client.query("errors", ids=[1])
    with pytest.raises(palate.CollectionExists):
        client.create_collection("errors", data.DIMENSIONS + 1, "l2")
    for bad in (lambda: client.query("errors", np.zeros((1, 3))),
                lambda: client.query("errors", zeros, k=0),
                lambda: client.query("errors", zeros * np.nan)):
        with pytest.raises(palate.RequestRefused):
            bad()
    assert client.query("errors", zeros, k=1).counts.tolist() == [1]


def test_remembers_everything_after_a_restart(own_server):
    queries, _ = data.clustered(20, seed=9)
    with palate.Client(own_server.address) as client:
        ids, _ = fill(client, "kept")
        client.delete("kept", ids[:100])
        client.events("kept", [4] * 5, ids[200:205], "save")
        before = client.query("kept", queries, k=10, beam=100)
        liked = client.recommend("kept", 4, k=10)
    assert own_server.stop() == 0
    own_server.start()
    with palate.Client(own_server.address) as client:
        after = client.query("kept", queries, k=10, beam=100)
        assert np.array_equal(before.ids, after.ids)
        assert np.array_equal(liked.ids, client.recommend("kept", 4, k=10).ids)
        assert client.stats("kept")["live_items"] == ROWS - 100
