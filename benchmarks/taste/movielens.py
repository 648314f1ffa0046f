#!/usr/bin/env python3
"""Does decay earn its keep? MovieLens-100K by time, over the protocol.

benchmarks/taste/movielens.py [--cuts 0.5 ... 0.9] [--blocks N] [--no-replay] [--record]

Two questions, neither split at random:

- At each cut (a share of all ratings, by time) the ratings before it are played as events, times
  moved such that the cut is now, and item-item edges are derived from them. To be found: all that
  people with a positive past (4 or 5) rate 4 or 5 after it. Few people are there before and after
  a cut (they rate their films in a sitting or two), so several cuts are pooled; a person's figures
  at several cuts count as one observation for the intervals.
- The last tenth is replayed event by event (`replay.py`): is the next positive item in the list?

Rows: `variants.py` (decay on, off, recent events alone); popularity; EASE and item-cosine of the
positive past. What is known of a film comes from the past alone: who rated it, and genres. What a
person has rated before, in whatever way, is not listed.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import baselines  # noqa: E402
import movielens_data  # noqa: E402
import replay  # noqa: E402
import serving  # noqa: E402
import variants  # noqa: E402
from figures import Estimate, Lists, Numbers, Truth, paired  # noqa: E402
from histories import Histories, Ints  # noqa: E402
from movielens_data import POSITIVE, Ratings  # noqa: E402
from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

K = 20
CUTS = (0.5, 0.6, 0.7, 0.8, 0.9)
NAME = "taste/movielens-100k"
BASE = "decay off"
# The best of these on the very events is EASE's row, which favours it.
RIDGES = (50.0, 200.0, 500.0)


@dataclasses.dataclass(frozen=True)
class Cut:
    """One cut: what was before, and what was to be found after it."""

    past: Ratings
    time: int
    liked: Histories
    seen: Histories
    users: Ints
    truth: Truth

    @classmethod
    def at(cls, ratings: Ratings, share: float) -> Cut:
        """The cut after this share of all ratings."""
        place = int(share * len(ratings))
        past, future = ratings.part(slice(0, place)), ratings.part(slice(place, None))
        liked, wanted = past.histories(POSITIVE), future.histories(POSITIVE)
        users = np.flatnonzero((liked.lengths > 0) & (wanted.lengths > 0))
        truth = Truth([wanted[int(user)] for user in users], ratings.item_count)
        return cls(past, int(ratings.times[place]), liked, past.histories(), users, truth)

    def sittings(self) -> float:
        """The share of people whose past begins and ends within a day."""
        first = np.full(len(self.seen), np.iinfo(np.int64).max)
        last = np.zeros(len(self.seen), dtype=np.int64)
        np.minimum.at(first, self.past.users, self.past.times)
        np.maximum.at(last, self.past.users, self.past.times)
        return float((last - first < movielens_data.DAY)[self.users].mean())


def baseline_lists(cut: Cut) -> dict[str, Lists]:
    """The exact rankings of the positive past."""
    matrices = {"none (popularity)": baselines.popularity(cut.liked)}
    matrices["item cosine"] = baselines.item_cosine(cut.liked)
    for ridge in RIDGES:
        matrices[f"EASE {ridge:g}"] = baselines.ease(cut.liked, ridge)
    return {
        name: baselines.top_lists(matrix, cut.liked, cut.users, K, cut.seen)
        for name, matrix in matrices.items()
    }


def served_lists(address: str, cut: Cut, kinds: list[variants.Variant]) -> dict[str, Lists]:
    """The variants' lists; whoever a variant does not know gets the popular items."""
    popular = baselines.top_lists(
        baselines.popularity(cut.liked), cut.liked, cut.users, K, cut.seen
    )
    vectors = movielens_data.vectors_of(cut.past)
    lists = {}
    for kind in kinds:
        with Client(address) as client:
            played = variants.start(
                client, "films", kind, cut.past, cut.time, vectors, refreshed=True
            )

        def ask(client: Client, user: int) -> serving.Results:
            exclude = cut.seen[user] + serving.FIRST_ID
            return client.recommend("films", user + serving.FIRST_ID, k=K, exclude=exclude)

        answers = serving.ask_all(address, cut.users, ask, K)
        serving.check_unseen(answers.lists, cut.users, cut.seen)
        unknown = (answers.lists < 0).all(axis=1)
        answers.lists[unknown] = popular[unknown]
        lists[kind.name] = answers.lists
        if unknown.any():
            print(f"  {kind.name}: {unknown.sum()} of {len(cut.users)} people had no taste left "
                  "and got the popular items")
        with Client(address) as client:
            client.drop(played.name)
    return lists


def at_the_cuts(address: str, ratings: Ratings, shares: list[float],
                kinds: list[variants.Variant]) -> tuple[dict[str, list[Numbers]], Ints]:
    """Figures by row name, [recall, NDCG] each [observations]; and whose they are."""
    rows: dict[str, list[list[Numbers]]] = {}
    people = []
    for share in shares:
        cut = Cut.at(ratings, share)
        people.append(cut.users)
        print(f"cut at {share:g}: {len(cut.past)} events before, {len(cut.users)} people, "
              f"{cut.truth.counts.sum()} items to find; the past of {cut.sittings():.0%} of them "
              "is of one day: decay cannot reorder it", flush=True)
        lists = {**served_lists(address, cut, kinds), **baseline_lists(cut)}
        for name, found in lists.items():
            rows.setdefault(name, []).append([cut.truth.recall(found), cut.truth.gain(found)])
    joined = {
        name: [np.concatenate(column) for column in zip(*parts, strict=True)]
        for name, parts in rows.items()
    }
    return joined, np.concatenate(people)


def best_ease(rows: dict[str, list[Numbers]]) -> dict[str, list[Numbers]]:
    """Leaves the best EASE alone, by its first figure."""
    ridges = [name for name in rows if name.startswith("EASE")]
    best = max(ridges, key=lambda name: rows[name][0].mean())
    return {name: row for name, row in rows.items() if name not in ridges or name == best}


def report(title: str, measures: list[str], rows: dict[str, list[Numbers]],
           people: Ints) -> list[dict]:
    """Prints the rows beside decay off; returns lines for the record."""
    print(f"{title}: {len(people)} observations of {len(np.unique(people))} people; differences "
          f"to {BASE} with 95 % intervals over people")
    lines = []
    for name, figures in rows.items():
        text, line = f"  {name:<18}", {"name": f"{NAME}/{title}/{name.replace(' ', '-')}"}
        for measure, values, base in zip(measures, figures, rows[BASE], strict=True):
            estimate = Estimate.of(values, people)
            text += f"  {measure} {estimate.mean:.4f} ± {estimate.error:.4f}"
            if name != BASE:
                text += f"  {paired(values, base, people)}"
            key = measure.lower().replace("@", "_at_")
            line |= {key: estimate.mean, f"{key}_error": estimate.error}
        print(text)
        lines.append({**line, "observations": len(people)})
    return lines


def verdict(measure: str, rows: dict[str, list[Numbers]], place: int, people: Ints) -> None:
    """Says what the figures show of decay, and what they do not."""
    for name in ("decay on", *(name for name in rows if name.startswith("last "))):
        difference = paired(rows[name][place], rows[BASE][place], people)
        if not difference.is_clear:
            said = "no clear difference"
        else:
            said = "better" if difference.mean > 0 else "worse"
        print(f"{measure}: {name} beside {BASE}: {said} ({difference})")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=float, nargs="*", default=list(CUTS))
    parser.add_argument("--blocks", type=int, default=50, help="of the replay")
    parser.add_argument("--block-events", type=int, default=60)
    parser.add_argument("--no-replay", action="store_true")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    ratings = movielens_data.read()
    lines = []
    with tempfile.TemporaryDirectory(prefix="palate-movielens-") as scratch:
        with Server(f"{scratch}/data") as server:
            with Client(server.address) as client:
                kinds = variants.present(client)
            if arguments.cuts:
                rows, people = at_the_cuts(server.address, ratings, arguments.cuts, kinds)
                rows = best_ease(rows)
                lines += report("at-the-cut", ["Recall@20", "NDCG@20"], rows, people)
                verdict("Recall@20 at the cut", rows, 0, people)
            if not arguments.no_replay:
                plan = replay.Plan.of(ratings, arguments.blocks, arguments.block_events)
                rows, people = replay.run(server.address, plan, kinds, RIDGES)
                rows = best_ease(rows)
                lines += report("next-item", ["HR@10", "HR@20"], rows, people)
                verdict("HR@20 of the next item", rows, 1, people)
    if arguments.record:
        record("taste.jsonl", lines, instead_of=f"{NAME}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
