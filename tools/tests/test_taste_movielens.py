"""MovieLens by time: the cut, the replay's plan and the variants, on a few ratings."""

import pathlib
import sys

import numpy as np

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "taste"), str(BENCHMARKS.parent / "tools")]

import movielens  # noqa: E402
import serving  # noqa: E402
import variants  # noqa: E402
from movielens_data import DAY, Ratings, vectors_of  # noqa: E402
from replay import Plan, seen_before, top  # noqa: E402


def few_ratings():
    """Two people and five films, a day between ratings."""
    users = np.array([0, 0, 1, 0, 1, 0, 1, 0, 1, 1])
    items = np.array([0, 1, 0, 2, 1, 3, 2, 4, 3, 4])
    ratings = np.array([5, 2, 4, 3, 1, 4, 5, 5, 2, 4])
    genres = np.eye(5, 3, dtype=np.float32)
    return Ratings(users, items, ratings, np.arange(10) * DAY, genres, 2)


class Recorder:
    """Stands for a client: keeps what it was sent."""

    def __init__(self):
        self.sent = []

    def create_collection(self, *_, **__):
        """Nothing to make."""

    def load(self, *_):
        """Nothing to load."""

    def events(self, _, users, items, types, times):
        """Keeps the events."""
        self.sent += list(zip(users.tolist(), items.tolist(), types, times.tolist(), strict=True))


class Settable(Recorder):
    """A client that can set what a collection does."""

    def taste_settings(self, name, settings):
        """Keeps the settings in the order of the events."""
        self.sent.append((name, settings))


def test_a_cut_asks_for_positives_after_it_of_people_who_had_some_before():
    cut = movielens.Cut.at(few_ratings(), 0.5)
    assert cut.users.tolist() == [0, 1] and cut.time == 5 * DAY
    assert cut.truth.counts.tolist() == [2, 2]
    assert cut.liked[0].tolist() == [0] and cut.seen[0].tolist() == [0, 1, 2]
    assert cut.sittings() == 0


def test_a_replay_predicts_positives_from_what_was_before_them():
    ratings = few_ratings()
    plan = Plan(ratings, 4, np.array([4]), 6)
    assert [block.tolist() for block in plan.asked()] == [[5, 6, 7, 9]]
    assert seen_before(ratings, 7).tolist() == [0, 1, 2, 3]
    short, long = plan.hits(np.array([5, 6]), np.array([[0] * 10 + [3], [2] * 11]))
    assert short.tolist() == [0, 1] and long.tolist() == [1, 1]
    assert top(np.array([3, 9, 5, 1]), np.array([1]))[:4].tolist() == [2, 0, 3, -1]
    blocks = Plan.of(ratings.part(np.arange(400) % 10), 3, 10)
    assert blocks.starts.tolist() == [360, 370, 390]


def test_events_are_as_old_as_they_were_at_the_cut():
    client, past = Recorder(), few_ratings().part(slice(0, 4))
    before = variants.now()
    variants.start(client, "films", variants.Variant("on"), past, 4 * DAY, np.eye(5))
    ages = [before - sent[3] for sent in client.sent]
    assert [round(age / DAY) for age in ages] == [4, 3, 2, 1]
    assert [sent[2] for sent in client.sent] == ["save", "skip", "save", "closeup"]
    assert client.sent[0][:2] == (serving.FIRST_ID, serving.FIRST_ID)


def test_recent_events_alone_and_no_decay():
    past = few_ratings().part(slice(0, 4))
    recent, flat = Recorder(), Recorder()
    variants.start(recent, "films", variants.Variant("r", days=2), past, 4 * DAY, np.eye(5))
    assert len(recent.sent) == 2
    off = next(kind for kind in variants.VARIANTS if kind.flat)
    played = variants.start(flat, "films", off, past, 4 * DAY, np.eye(5))
    assert played.flat and {round((variants.now() - sent[3]) / DAY) for sent in flat.sent} == {1}
    settable = Settable()
    assert not variants.start(settable, "films", off, past, 4 * DAY, np.eye(5)).flat
    assert settable.sent[0] == ("films", off.settings) and len(settable.sent) == 5


def test_films_that_nobody_rated_have_a_vector():
    vectors = vectors_of(few_ratings().part(slice(0, 2)))
    assert vectors.shape[0] == 5 and np.linalg.norm(vectors[2]) > 0
