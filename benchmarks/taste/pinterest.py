#!/usr/bin/env python3
"""Does taste help? The whole table on a real Pinterest graph, over the protocol.

benchmarks/taste/pinterest.py [--data PATH] [--users N] [--ablate] [--check] [--record]

One fifth of each user's saves is held out (`split.py`). The item vectors become a collection
(cosine, 8-bit codes), the other saves become events, and everybody is asked for, their history
excluded:

- plain: a query by the mean of the user's item vectors
- one row a term: RECOMMEND by user with that term's weight 1 and the others' 0. The candidates are
  those of the blend: medoids' neighbours and the walk's finds
- blend: RECOMMEND by user with the default weights

Beside them the exact rankings of `baselines.py` on the same split. `--ablate` asks for the blend
without each term, and says with a 95 % interval what each is worth.

The vectors given with the data are made of all saves, those held out here among them: a ranking by
them has seen its answers. So they are computed again of the known saves (`--vectors given` for the
others). The data's licence allows no copy in the project: PATH is a folder that holds `train.npz`
and `items.svd128.f16.npy`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import baselines  # noqa: E402
import serving  # noqa: E402
from figures import HEADINGS, Judge, Lists, Truth, paired, table_line  # noqa: E402
from histories import Floats, Histories, Ints, item_vectors, unit_rows  # noqa: E402
from palate import Client, Results  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402
from split import split  # noqa: E402

# Terms of the blend that a request by user can weigh; those unknown to the client or the server
# are named and skipped. The query's own term has no query to speak of here.
TERMS = ("taste", "graph", "association", "popularity", "negative", "fatigue")
COLLECTION = "pins"
DIMENSIONS = 128
K = 20
NAME = "taste/pinterest37k"
# What is claimed: Recall@20 of the blend over plain search, and over EASE.
LEAST_OVER_PLAIN, LEAST_OVER_EASE = 1.6, 1.0
# Of a score, what its parts may be off.
MOST_OFF = 1e-5


@dataclasses.dataclass(frozen=True)
class Task:
    """The split, whom to rank for, and what to measure with."""

    vectors: Floats
    known: Histories
    users: Ints
    judge: Judge


def prepare(data: pathlib.Path, vectors: str = "known", sample: int = 0) -> Task:
    """Reads and splits the graph; `vectors` is known or given, `sample` 0 for everybody."""
    pairs = np.load(data / "train.npz")["train"]
    given = np.load(data / "items.svd128.f16.npy").astype(np.float32)
    known_lists, held = split(pairs)
    user_count = int(pairs[:, 0].max()) + 1
    known = Histories.of_lists(known_lists, user_count, len(given))
    rows = item_vectors(known, DIMENSIONS) if vectors == "known" else given
    users = np.array(sorted(held))
    if sample:
        users = np.sort(np.random.default_rng(2).permutation(users)[:sample])
    truth = Truth([held[int(user)] for user in users], len(given))
    return Task(rows, known, users, Judge(truth, known.popularity, user_count, rows))


def start_collection(
    address: str, task: Task, settings: dict[str, float] | None = None, builder: str = ""
) -> float:
    """Loads the items and plays the known saves; returns events per second."""
    users = np.repeat(np.arange(len(task.known)), task.known.lengths)
    # As they would come in: not user by user.
    order = np.random.default_rng(1).permutation(len(users))
    times = np.full(len(users), int(time.time() * 1000), dtype=np.int64)
    with Client(address) as client:
        serving.load_items(client, COLLECTION, task.vectors)
        client.taste_settings(COLLECTION, settings)
        rate = serving.play(
            client, COLLECTION, users[order], task.known.items[order], "save", times
        )
    with Client(address, timeout=3_600) as client:
        figures = client.refresh_taste(COLLECTION, builder)
        print(", ".join(f"{name} {value:,.1f}" for name, value in figures.items()))
    return rate


def plain_question(task: Task) -> serving.Question:
    """Search by the mean vector, the history excluded by the caller."""

    def ask(client: Client, user: int) -> Results:
        history = task.known[user]
        mean = task.vectors[history].mean(axis=0, keepdims=True)
        return client.query(COLLECTION, vectors=mean, k=K, exclude=history + serving.FIRST_ID)

    return ask


@dataclasses.dataclass
class Sums:
    """How far the parts of scores are from the scores, over every result.

    Attributes:
        results: how many there were.
        furthest: the largest difference.
    """

    results: int = 0
    furthest: float = 0.0
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def add(self, answer: Results) -> None:
        """Takes the results of an answer that has its parts."""
        assert answer.parts is not None
        there = np.arange(answer.ids.shape[1]) < answer.counts[:, None]
        sums = np.sum([part[there].astype(np.float64) for part in answer.parts.values()], axis=0)
        differences = np.abs(sums - answer.scores[there])
        with self.lock:
            self.results += int(there.sum())
            self.furthest = max(self.furthest, float(differences.max(initial=0)))


SUMS = Sums()


def taste_question(weights: dict[str, float] | None) -> serving.Question:
    """RECOMMEND by user, explained; None = the default weights."""
    options: dict[str, Any] = {} if weights is None else {"taste": weights}

    def ask(client: Client, user: int) -> Results:
        answer = client.recommend(
            COLLECTION, user + serving.FIRST_ID, k=K, parts=True, **options
        )
        SUMS.add(answer)
        return answer

    return ask


def known_terms(address: str, user: int) -> list[str]:
    """The terms that the server takes a weight of; says which it does not."""
    terms = []
    with Client(address) as client:
        for term in TERMS:
            ask = taste_question({term: 1.0})
            missing = serving.what_is_missing(lambda ask=ask: ask(client, user), f"term {term}")
            if missing:
                print(missing)
            else:
                terms.append(term)
    return terms


def questions(task: Task, address: str, arguments: argparse.Namespace) -> Iterator[tuple]:
    """Names and questions of the served rows, the blend last but for the ablations."""
    terms = known_terms(address, int(task.users[0]))
    nothing = dict.fromkeys(("query", *terms), 0.0)
    yield "plain", plain_question(task)
    for term in terms:
        if term != "negative":  # Nobody has rejected anything here.
            yield f"term {term}", taste_question({**nothing, term: 1.0})
    yield "blend", taste_question(arguments.taste)
    if arguments.ablate:
        for term in terms:
            yield f"without {term}", taste_question({**(arguments.taste or {}), term: 0.0})


def baseline_rows(task: Task, ridges: list[float]) -> Iterator[tuple[str, Lists]]:
    """Names and lists of the exact rankings; one matrix at a time is in memory."""
    makers = {
        "popularity": lambda: baselines.popularity(task.known),
        "mean vector, exact": lambda: baselines.mean_vector(task.vectors),
        "log-sum-exp, exact": lambda: baselines.log_sum_exp(task.vectors),
        "item cosine": lambda: baselines.item_cosine(task.known),
        "RP3beta": lambda: baselines.rp3beta(task.known),
    }
    for ridge in ridges:
        makers[f"EASE {ridge:g}"] = lambda ridge=ridge: baselines.ease(task.known, ridge)
    for name, make in makers.items():
        yield name, baselines.top_lists(make(), task.known, task.users, K)


def measure(task: Task, arguments: argparse.Namespace) -> tuple[dict, dict, float]:
    """Prints the table as it comes; returns lines and lists by row name, and events per second."""
    lines: dict[str, dict[str, float]] = {}
    lists: dict[str, Lists] = {}

    def keep(name: str, found: Lists, serving_figures: dict[str, float]) -> None:
        lists[name] = found
        lines[name] = {**task.judge.figures(found), **serving_figures}
        print(table_line(name, lines[name]), flush=True)

    with tempfile.TemporaryDirectory(prefix="palate-taste-") as scratch:
        with Server(f"{scratch}/data") as server:
            rate = start_collection(
                server.address, task, arguments.settings, arguments.builder
            )
            print(f"{task.known.item_count} items; {rate:,.0f} events/s; {len(task.users)} users")
            asked = list(questions(task, server.address, arguments))
            print(HEADINGS)
            for name, question in asked:
                answers = serving.ask_all(
                    server.address, task.users, question, K, arguments.connections
                )
                serving.check_unseen(answers.lists, task.users, task.known)
                keep(name, answers.lists, answers.figures())
    if not arguments.no_baselines:
        for name, found in baseline_rows(task, arguments.ridge):
            keep(name, found, {})
    return lines, lists, rate


def print_ablation(task: Task, lists: dict[str, Lists]) -> None:
    """What each term adds to the blend: the blend less the blend without it."""
    print("what a term is worth, blend - blend without it, 95 % intervals over users:")
    blend = lists["blend"]
    for name in lists:
        if not name.startswith("without "):
            continue
        truth = task.judge.truth
        recall = paired(truth.recall(blend), truth.recall(lists[name]))
        gain = paired(truth.gain(blend), truth.gain(lists[name]))
        differing = float((lists[name] != blend).any(axis=1).mean())
        if not differing:
            said = "no list differs"
        else:
            said = ("earns its place" if recall.mean > 0 else "costs") if recall.is_clear else \
                "no clear difference"
            said += f" ({differing:.1%} of the lists differ)"
        term = name.removeprefix("without ")
        print(f"{term:<12} Recall@20 {recall}  NDCG@20 {gain}  {said}")


def verdicts(task: Task, lines: dict, lists: dict[str, Lists]) -> bool:
    """Prints what is claimed and whether it holds; True where all does."""
    recall, truth = {name: line["recall_at_20"] for name, line in lines.items()}, task.judge.truth
    adds_up = SUMS.furthest <= MOST_OFF
    print(f"{'holds' if adds_up else 'FAILS'}: parts add up to the score of {SUMS.results:,} "
          f"results, at most {SUMS.furthest:.1e} off")
    rivals = [("plain", LEAST_OVER_PLAIN)]
    ridges = [name for name in recall if name.startswith("EASE")]
    if ridges:
        rivals.append((max(ridges, key=recall.__getitem__), LEAST_OVER_EASE))
    holds = adds_up
    for rival, least in rivals:
        ratio = recall["blend"] / recall[rival]
        difference = paired(truth.recall(lists["blend"]), truth.recall(lists[rival]))
        holds &= ratio >= least
        print(f"{'holds' if ratio >= least else 'FAILS'}: blend / {rival} {ratio:.3f} >= "
              f"{least:g} in Recall@20; difference {difference}")
    return holds


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=default_data())
    parser.add_argument("--users", type=int, default=0, help="a sample of so many; 0 = all")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--vectors", choices=("known", "given"), default="known")
    parser.add_argument("--taste", type=json.loads, help='the blend, as {"taste": 1.0}')
    parser.add_argument("--settings", type=json.loads, default={}, help="of the collection's taste")
    parser.add_argument("--builder", default="", help="of item-item edges")
    parser.add_argument("--ridge", type=float, nargs="*", default=[baselines.RIDGE],
                        help="of EASE; of several the best on this very split is compared with")
    parser.add_argument("--ablate", action="store_true", help="also the blend without each term")
    parser.add_argument("--no-baselines", action="store_true", help="the served rows alone")
    parser.add_argument("--check", action="store_true", help="fail where a verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    task = prepare(arguments.data, arguments.vectors, arguments.users)
    lines, lists, rate = measure(task, arguments)
    if arguments.ablate:
        print_ablation(task, lists)
    holds = verdicts(task, lines, lists)
    if arguments.record:
        beside = {"events_per_second": rate, "vectors": arguments.vectors}
        kept = [
            {"name": f"{NAME}/{name.replace(' ', '-').replace(',', '')}", **line, **beside}
            for name, line in lines.items()
        ]
        record("taste.jsonl", kept, instead_of=f"{NAME}/")
    return 0 if holds or not arguments.check else 1


def default_data() -> pathlib.Path:
    """The project's shared data, beside or above the checkout."""
    name = pathlib.Path("shared", "data", "pinterest37k")
    found = [parent / name for parent in HERE.parents if (parent / name).is_dir()]
    return found[0] if found else HERE.parents[1].parent / name


if __name__ == "__main__":
    sys.exit(main())
