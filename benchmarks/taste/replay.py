"""MovieLens-100K, its last tenth event by event: is the next positive item in the list?

Time passes for a replay as it did then: evenly spaced blocks of events are taken, each in a fresh
collection whose past is as old as it was at the block's start. The block's own events are sent
between the queries as they happen, so inside a block ages are short by at most its length.
"""

from __future__ import annotations

import dataclasses

import baselines
import movielens_data
import numpy as np
import numpy.typing as npt
import serving
import variants
from figures import Lists, Numbers
from histories import Floats, Ints
from movielens_data import POSITIVE, Ratings
from palate import Client, NoTaste

LAST = 0.1
SHORT, LONG = 10, 20
HOUR = 3_600_000


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which events are replayed.

    Attributes:
        ratings: all of them.
        first: place of the first of the last tenth; models are made of what is before.
        starts: places of the blocks' first events.
        size: events of a block.
    """

    ratings: Ratings
    first: int
    starts: Ints
    size: int

    @classmethod
    def of(cls, ratings: Ratings, blocks: int, size: int) -> Plan:
        """Blocks spread evenly over the last tenth, without overlap."""
        first = len(ratings) - int(LAST * len(ratings))
        possible = (len(ratings) - first) // size
        chosen = np.unique(np.linspace(0, possible - 1, min(blocks, possible)).astype(np.int64))
        return cls(ratings, first, first + chosen * size, size)

    def asked(self) -> list[Ints]:
        """Per block the places of the events to predict: positive, by who was positive before."""
        places = []
        for start in self.starts.tolist():
            liked = self.ratings.part(slice(0, start)).histories(POSITIVE).lengths.copy()
            block = []
            for place in range(start, start + self.size):
                user = self.ratings.users[place]
                if self.ratings.ratings[place] >= POSITIVE:
                    if liked[user]:
                        block.append(place)
                    liked[user] += 1
            places.append(np.array(block, dtype=np.int64))
        return places

    def hits(self, asked: Ints, lists: Lists) -> list[Numbers]:
        """HR@10 and HR@20, [asked] each."""
        found = lists == self.ratings.items[asked][:, None]
        return [found[:, :k].any(axis=1).astype(np.float64) for k in (SHORT, LONG)]


def run(
    address: str, plan: Plan, kinds: list[variants.Variant], ridges: tuple[float, ...]
) -> tuple[dict[str, list[Numbers]], Ints]:
    """Hits by row name, [HR@10, HR@20] each [asked]; and whose they are."""
    ratings = plan.ratings
    asked = plan.asked()
    spans = (ratings.times[plan.starts + plan.size - 1] - ratings.times[plan.starts]) / HOUR
    print(f"replay: {len(plan.starts)} blocks of {plan.size} events, median length "
          f"{np.median(spans):.2f} h, {sum(map(len, asked))} next items", flush=True)
    places = np.concatenate(asked)
    lists = {kind.name: np.full((len(places), LONG), -1, dtype=np.int32) for kind in kinds}
    vectors = movielens_data.vectors_of(ratings.part(slice(0, plan.first)))
    with Client(address) as client:
        for kind in kinds:
            strangers = 0
            for start, block in zip(plan.starts.tolist(), asked, strict=True):
                found, unknown = replay_block(client, plan, kind, start, block, vectors)
                lists[kind.name][np.searchsorted(places, block)] = found
                strangers += unknown
            if strangers:
                print(f"  {kind.name}: {strangers} of {len(places)} times no taste was left and "
                      "the popular items were listed", flush=True)
    lists |= baseline_lists(plan, places, ridges)
    return {name: plan.hits(places, found) for name, found in lists.items()}, ratings.users[places]


def replay_block(
    client: Client, plan: Plan, kind: variants.Variant, start: int, block: Ints, vectors: Floats
) -> tuple[Lists, int]:
    """Lists before each asked event of one block, and how often there was no taste."""
    ratings = plan.ratings
    past = ratings.part(slice(0, start))
    played = variants.start(client, "replay", kind, past, int(ratings.times[start]), vectors)
    popular = past.histories(POSITIVE).popularity
    lists = np.full((len(block), LONG), -1, dtype=np.int32)
    strangers, wanted = 0, set(block.tolist())
    for place in range(start, start + plan.size):
        if place in wanted:
            row = int(np.searchsorted(block, place))
            seen = seen_before(ratings, place)
            user = int(ratings.users[place]) + serving.FIRST_ID
            try:
                found = client.recommend("replay", user, LONG, exclude=seen + serving.FIRST_ID)
                items = serving.listed(found)
                lists[row, : len(items)] = items
            except NoTaste:
                strangers += 1
                lists[row] = top(popular, seen)
        played.add(client, ratings.part(slice(place, place + 1)))
    client.drop("replay")
    return lists, strangers


def seen_before(ratings: Ratings, place: int) -> Ints:
    """What the user of the event at `place` had rated before it."""
    return ratings.items[:place][ratings.users[:place] == ratings.users[place]]


def top(scores: npt.NDArray[np.number], seen: Ints) -> npt.NDArray[np.int32]:
    """The best items not seen yet."""
    row = scores.astype(np.float32)[None].copy()
    row[0, seen] = -np.inf
    return baselines.best(row, LONG)[0]


def baseline_lists(plan: Plan, places: Ints, ridges: tuple[float, ...]) -> dict[str, Lists]:
    """Rankings by models of what is before the last tenth, from each user's history as of then."""
    known = plan.ratings.part(slice(0, plan.first)).histories(POSITIVE)
    matrices = {"none (popularity)": baselines.popularity(known)}
    matrices["item cosine"] = baselines.item_cosine(known)
    matrices |= {f"EASE {ridge:g}": baselines.ease(known, ridge) for ridge in ridges}
    lists = {name: np.full((len(places), LONG), -1, dtype=np.int32) for name in matrices}
    for row, place in enumerate(places.tolist()):
        seen = seen_before(plan.ratings, place)
        mine = plan.ratings.users[:place] == plan.ratings.users[place]
        liked = plan.ratings.items[:place][mine & (plan.ratings.ratings[:place] >= POSITIVE)]
        for name, matrix in matrices.items():
            lists[name][row] = top(matrix[liked].sum(axis=0), seen)
    return lists
