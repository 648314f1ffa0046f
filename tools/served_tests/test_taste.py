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


def test_settings_and_weight_profiles_are_the_collections_own(pictures):
    client = pictures[0]
    before = client.taste_settings("taste")
    assert client.taste_settings("taste", {"weight.save": 9})["weight.save"] == 9
    with pytest.raises(palate.RequestRefused, match="weight.sav"):
        client.taste_settings("taste", {"weight.sav": 9})
    assert client.taste_settings("taste", reset=True) == before
    weights = client.weight_profile("taste", "ours", {"taste": 3})
    assert weights["taste"] == 3 and "ours" in client.weight_profiles("taste")
    save_some(pictures, user=61, cluster=4)
    found = client.recommend("taste", 61, k=5, taste={"profile": "ours"}, parts=True)
    assert found.parts["taste"].max() == 3
    client.weight_profile("taste", "ours", delete=True)
    with pytest.raises(palate.RequestRefused, match="ours"):
        client.recommend("taste", 61, k=5, taste={"profile": "ours"})


def test_experiments_split_people_and_gauges_count_what_came_of_it(pictures):
    client = pictures[0]
    arms = {"discover": 1.0, "convert": 1.0}
    assert client.experiment("taste", "feed", arms) == arms
    assert client.experiment("taste", "feed") == arms
    assert client.experiments("taste")["feed"] == 1
    people = range(70, 90)
    saved = 0
    for user in people:
        save_some(pictures, user, cluster=user % 5)
        found = client.recommend("taste", user, k=5, taste={"profile": "feed"})
        client.events("taste", np.full(5, user), found.ids[0], "impression")
        if user % 2:
            client.events("taste", [user], found.ids[0][:1], "save")
            saved += 1
    served = client.served_profiles("taste")
    figures = [client.gauges("taste", profile) for profile in arms if profile in served]
    assert sum(f["impressions"] for f in figures) == 5 * len(people)
    assert sum(f["save"] for f in figures) == saved
    for f in figures:
        assert f["save.low"] <= f["save.rate"] <= f["save.high"]
    gauges = client.gauges("taste")
    assert gauges["drift.people"] > 0 and 0 <= gauges["head_share"] <= 1
    with pytest.raises(palate.RequestRefused, match="nobody"):
        client.experiment("taste", "feed", {"nobody": 1})
    assert client.experiment("taste", "feed", delete=True) == {}
    with pytest.raises(palate.RequestRefused, match="feed"):
        client.recommend("taste", 70, k=5, taste={"profile": "feed"})


@pytest.mark.parametrize("reranker", ["blend", "rrf"])
def test_rerankers_put_terms_together(pictures, reranker):
    save_some(pictures, user=91, cluster=4)
    found = pictures[0].recommend(
        "taste", 91, k=10, taste={"reranker": reranker, "taste": 1.0}, parts=True
    )
    assert np.allclose(sum(found.parts.values()), found.scores, atol=1e-5)
    with pytest.raises(palate.RequestRefused, match="blend, rrf"):
        pictures[0].recommend("taste", 91, taste={"reranker": "sum"})


def test_a_person_is_told_exported_and_forgotten(pictures):
    client = pictures[0]
    seen = save_some(pictures, user=62, cluster=5)
    client.events("taste", [62, 62], seen[:2], ["hide", "impression"], ids=[900, 901])
    assert client.events("taste", [62], seen[:1], "hide", ids=[900]).changed == 0
    profile = client.profile("taste", 62)
    assert profile.liked == 11 and profile.other == 1 and profile.exposures == 1
    assert sum(interest.members for interest in profile.interests) == 11
    assert list(profile.negatives) == [seen[0]]
    history = client.history("taste", 62)
    assert history.items.tolist() == [*seen.tolist(), seen[0], seen[1]]
    assert client.forget("taste", 62).changed == 14
    assert len(client.history("taste", 62)) == 0
    assert client.profile("taste", 62).liked == 0
    with pytest.raises(palate.NoTaste):
        client.recommend("taste", 62)


def test_two_slates_are_compared_side_by_side(pictures):
    client = pictures[0]
    save_some(pictures, user=95, cluster=3)
    client.sandbox("taste", "other")
    items = pictures[3][pictures[2] == 7][:12]
    client.sandbox_events("taste", "other", np.full(12, 95), items, "save")
    same = client.compare("taste", {}, {}, user=95, k=10)
    assert same.overlap.tolist() == [1.0]
    assert all(before == after for before, after in same.moves[0].values())
    both = client.compare("taste", {}, {"sandbox": "other"}, user=95, k=10)
    assert both.overlap[0] < 1
    gone = [item for item, (_, after) in both.moves[0].items() if after is None]
    new = [item for item, (before, _) in both.moves[0].items() if before is None]
    assert set(gone) <= set(both.left.ids[0].tolist())
    assert set(new) <= set(both.right.ids[0].tolist())
    assert len(gone) == len(new) == round(10 * (1 - both.overlap[0]))
    client.drop_sandbox("taste", "other")


def test_sandboxes_what_ifs_and_the_past_leave_the_person_alone(pictures):
    client, _, clusters, ids = pictures
    save_some(pictures, user=63, cluster=6, days_ago=10)
    before = client.recommend("taste", 63, k=10)
    other = ids[clusters == 7][:20]
    what_if = [(int(item), "purchase") for item in other]
    assert share(pictures, client.recommend("taste", 63, k=10, what_if=what_if), 7) > 0.5
    client.sandbox("taste", "box")
    client.sandbox_events("taste", "box", np.full(20, 63), other, "purchase")
    assert client.sandboxes("taste") == {"box": 20}
    assert share(pictures, client.recommend("taste", 63, k=10, sandbox="box"), 7) > 0.5
    assert client.recommend("taste", 63, k=10).ids.tolist() == before.ids.tolist()
    client.drop_sandbox("taste", "box")
    client.events("taste", np.full(20, 63), other, "save")
    past = int(time.time() * 1000) - 5 * DAY
    then = client.recommend("taste", 63, k=10, as_of=past)
    assert share(pictures, then, 6) == share(pictures, before, 6)
    assert share(pictures, client.recommend("taste", 63, k=10), 7) > 0.5


def test_sessions_examples_and_reasons(pictures):
    client, _, clusters, ids = pictures
    item = int(ids[clusters == 8][0])
    alike = client.query("taste", examples={item: 4}, k=10, reasons=True)
    assert share(pictures, alike, 8) >= 0.9
    assert alike.reasons[0][0].medoid == item and "medoid" in alike.reasons[0][0].names
    assert client.session("taste", 70, examples={item: 4}) == 1
    assert client.query("taste", session=70, k=10).ids.tolist() == alike.ids.tolist()
    assert client.merge_session("taste", 70, user=64) == 1
    assert client.profile("taste", 64).liked == 1
    with pytest.raises(palate.RequestRefused, match="session 70"):
        client.query("taste", session=70, k=10)


@pytest.mark.parametrize("builder", ["cooccurrence", "ridge", "spectral"])
def test_edges_lead_to_what_is_liked_together(pictures, builder):
    client, _, _, ids = pictures
    together = ids[[3, 403, 803, 1203, 1603]]
    for user in range(100, 130):
        client.events("taste", np.full(4, user), np.delete(together, user % 5), "save")
    figures = client.refresh_taste("taste", builder)
    assert figures["people"] >= 30 and figures["edges"] > 0
    found = client.recommend("taste", 100, k=5, parts=True, reasons=True)
    assert found.ids[0][0] == together[0]
    assert found.parts["association"][0][0] > 0
    assert "association" in found.reasons[0][0].names


def test_explored_slots_say_how_probable_they_were(pictures):
    client = pictures[0]
    save_some(pictures, user=65, cluster=9)
    slate = client.recommend("taste", 65, k=20, surprise=1.0, seed=3, reasons=True).reasons[0]
    explored = [reason for reason in slate if "explored" in reason.names]
    assert len(explored) == 10
    assert all(0 < reason.propensity <= 1 for reason in explored)
    assert any(reason.propensity < 1 for reason in explored)
