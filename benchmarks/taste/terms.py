#!/usr/bin/env python3
"""What the parts of taste that need a rich past are worth: MovieLens-100K by time.

benchmarks/taste/terms.py [--cuts 0.5 ... 0.9] [--record]

As `movielens.py` at its cuts, over the protocol: the collection's own settings, and beside them one
change at a time, with the difference to them and its 95 % interval over people. Here everybody has
dozens of likes (pinterest37k has 17 a person), and films have genres for a field of keywords.

- clusters as events came: `recluster_events` 0
- interest W: the genres as interests, the term's weight W
- rrf: reciprocal rank fusion in place of the blend
- edges by ridge, by co-occurrence: other builders of item-item edges
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
import tempfile
import time
from typing import Any

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import movielens_data  # noqa: E402
import serving  # noqa: E402
import variants  # noqa: E402
from figures import Estimate, Lists, Numbers, paired  # noqa: E402
from histories import Ints  # noqa: E402
from movielens import CUTS, Cut, K  # noqa: E402
from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

COLLECTION = "films"
NAME = "taste/movielens-100k/terms"
BASE = "as it comes"


@dataclasses.dataclass(frozen=True)
class Change:
    """One thing done otherwise.

    Attributes:
        name: in the table.
        settings: of the collection, before the first event.
        taste: of the queries.
        builder: of item-item edges.
        interests: genres are the collection's field of interests.
    """

    name: str
    settings: dict[str, float] = dataclasses.field(default_factory=dict)
    taste: dict[str, Any] = dataclasses.field(default_factory=dict)
    builder: str = ""
    interests: bool = False


CHANGES = (
    Change(BASE),
    Change("clusters as events came", settings={"recluster_events": 0}),
    Change("interest 0.1", taste={"interest": 0.1}, interests=True),
    Change("interest 0.3", taste={"interest": 0.3}, interests=True),
    Change("interest 1", taste={"interest": 1.0}, interests=True),
    Change("rrf", taste={"reranker": "rrf"}),
    Change("edges by ridge", builder="ridge"),
    Change("edges by co-occurrence", builder="cooccurrence"),
)
# Clusters are made anew at a tenth of a core: 943 people take two seconds.
SETTLING_SECONDS = 4


def lists_of(address: str, cut: Cut, change: Change, genres: list[list[str]]) -> Lists:
    """Everybody's list."""
    vectors = movielens_data.vectors_of(cut.past)
    with Client(address, timeout=600) as client:
        kind = variants.Variant(change.name, settings=change.settings)
        played = variants.start(client, COLLECTION, kind, cut.past, cut.time, vectors)
        if change.interests:
            client.declare_fields(COLLECTION, {"genres": ("keywords", None)})
            ids = np.arange(len(vectors), dtype=np.uint64) + serving.FIRST_ID
            client.upsert(COLLECTION, ids, vectors, columns={"genres": genres})
            number = client.fields(COLLECTION)["genres"].id
            client.taste_settings(COLLECTION, {"interest_field": number})
        client.refresh_taste(COLLECTION, change.builder)
        time.sleep(SETTLING_SECONDS)

    def ask(client: Client, user: int) -> serving.Results:
        return client.recommend(
            COLLECTION,
            user + serving.FIRST_ID,
            k=K,
            exclude=cut.seen[user] + serving.FIRST_ID,
            taste=change.taste or True,
        )

    answers = serving.ask_all(address, cut.users, ask, K)
    serving.check_unseen(answers.lists, cut.users, cut.seen)
    with Client(address) as client:
        client.drop(played.name)
    return answers.lists


def report(rows: dict[str, list[Numbers]], people: Ints) -> list[dict[str, Any]]:
    """Prints the table; returns its lines."""
    lines = []
    for name, figures in rows.items():
        text, line = f"{name:<24}", {"name": f"{NAME}/{name.replace(' ', '-')}"}
        for measure, values, base in zip(
            ("recall_at_20", "ndcg_at_20"), figures, rows[BASE], strict=True
        ):
            estimate = Estimate.of(values, people)
            text += f"  {measure} {estimate.mean:.4f} ± {estimate.error:.4f}"
            line |= {measure: estimate.mean, f"{measure}_error": estimate.error}
            if name != BASE:
                difference = paired(values, base, people)
                text += f"  {difference}"
                line[f"{measure}_difference"] = difference.mean
        print(text)
        lines.append({**line, "observations": len(people)})
    return lines


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=float, nargs="*", default=list(CUTS))
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    ratings = movielens_data.read()
    genres = movielens_data.genre_names()
    parts: dict[str, list[list[Numbers]]] = {}
    people = []
    with tempfile.TemporaryDirectory(prefix="palate-terms-") as scratch:
        with Server(f"{scratch}/data") as server:
            for share in arguments.cuts:
                cut = Cut.at(ratings, share)
                people.append(cut.users)
                print(f"cut at {share:g}: {len(cut.users)} people", flush=True)
                for change in CHANGES:
                    found = lists_of(server.address, cut, change, genres)
                    parts.setdefault(change.name, []).append(
                        [cut.truth.recall(found), cut.truth.gain(found)]
                    )
    rows = {
        name: [np.concatenate(column) for column in zip(*found, strict=True)]
        for name, found in parts.items()
    }
    lines = report(rows, np.concatenate(people))
    if arguments.record:
        record("taste.jsonl", lines, instead_of=f"{NAME}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
