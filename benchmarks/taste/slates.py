#!/usr/bin/env python3
"""What diversity costs: accuracy against intra-list diversity, over the protocol.

benchmarks/taste/slates.py [--data PATH] [--users N] [--methods ssd mmr ...] [--check] [--record]

The Pinterest split of `pinterest.py`, a sample of users; RECOMMEND by user with each slate method
at diversity 0, 0.1 ... 1. ILD is 1 - mean pairwise cosine of a list's item vectors. The verdict: at
0.3 `ssd` gains 15 % of ILD and loses at most 1 % of Recall@20, beside diversity 0.
"""

from __future__ import annotations

import argparse
import functools
import pathlib
import sys
import tempfile

import numpy as np
import pinterest
import serving
from figures import Numbers, paired, spread
from palate import Client, Results
from pinterest import COLLECTION, NAME, Task
from results_log import record
from served import Server

K = pinterest.K
METHODS = ("ssd", "mmr", "dpp", "calibrated")
STEPS = tuple(step / 10 for step in range(11))
# The claim, and where on the curve it is made.
CLAIMED, CLAIMED_AT = "ssd", 0.3
LEAST_GAIN, MOST_LOSS = 0.15, 0.01

Point = dict[str, Numbers]


def question(method: str, diversity: float, client: Client, user: int) -> Results:
    """RECOMMEND by user, its slate spread by the method."""
    knob = {"diversity": diversity, "method": method}
    return client.recommend(COLLECTION, user + serving.FIRST_ID, k=K, diversity=knob)


def curve(address: str, task: Task, method: str, connections: int) -> dict[float, Point]:
    """Figures per user at each diversity; prints them as they come."""
    points: dict[float, Point] = {}
    for step in STEPS:
        ask = functools.partial(question, method, step)
        answers = serving.ask_all(address, task.users, ask, K, connections)
        serving.check_unseen(answers.lists, task.users, task.known)
        truth = task.judge.truth
        points[step] = {
            "recall": truth.recall(answers.lists),
            "ndcg": truth.gain(answers.lists),
            "ild": spread(answers.lists, task.vectors),
        }
        means, first = averages(points[step]), averages(points[STEPS[0]])
        served = answers.figures()
        print(f"{method:<11} {step:>4.1f}  Recall@20 {means['recall']:.4f} "
              f"({means['recall'] / first['recall'] - 1:+6.1%})  NDCG@20 {means['ndcg']:.4f} "
              f"({means['ndcg'] / first['ndcg'] - 1:+6.1%})  ILD {means['ild']:.4f} "
              f"({means['ild'] / first['ild'] - 1:+6.1%})  p50 {served['p50_ms']:.2f} ms",
              flush=True)
    return points


def averages(point: Point) -> dict[str, float]:
    """Means over users."""
    return {name: float(np.nanmean(values)) for name, values in point.items()}


def verdict(points: dict[float, Point]) -> bool:
    """Prints the claim and whether it holds."""
    base, spread_out = points[STEPS[0]], points[CLAIMED_AT]
    before, after = averages(base), averages(spread_out)
    gain = after["ild"] / before["ild"] - 1
    loss = 1 - after["recall"] / before["recall"]
    holds = gain >= LEAST_GAIN and loss <= MOST_LOSS
    print(f"{'holds' if holds else 'FAILS'}: {CLAIMED} at {CLAIMED_AT}: ILD {gain:+.1%} (at least "
          f"{LEAST_GAIN:+.0%}), Recall@20 lost {loss:.1%} (at most {MOST_LOSS:.0%}); difference of "
          f"Recall@20 {paired(spread_out['recall'], base['recall'])}")
    return holds


def record_lines(curves: dict[str, dict[float, Point]], users: int) -> list[dict]:
    """Lines for the record."""
    names = {"recall": "recall_at_20", "ndcg": "ndcg_at_20", "ild": "diversity"}
    lines = []
    for method, points in curves.items():
        for step, point in points.items():
            figures = {names[key]: value for key, value in averages(point).items()}
            lines.append(
                {"name": f"taste/slates/{method}/{step:.1f}", "users": users, **figures}
            )
    return lines


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=pinterest.default_data())
    parser.add_argument("--users", type=int, default=4_000, help="a sample of so many; 0 = all")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--check", action="store_true", help="fail where the verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    task = pinterest.prepare(arguments.data, sample=arguments.users)
    curves = {}
    with tempfile.TemporaryDirectory(prefix="palate-slates-") as scratch:
        with Server(f"{scratch}/data") as server:
            pinterest.start_collection(server.address, task)
            print(f"{NAME}: {len(task.users)} users")
            for method in arguments.methods:
                with Client(server.address) as client:
                    ask = functools.partial(question, method, 0.5, client, int(task.users[0]))
                    missing = serving.what_is_missing(ask, f"slate method {method}")
                if missing:
                    print(missing)
                else:
                    curves[method] = curve(
                        server.address, task, method, arguments.connections
                    )
    holds = CLAIMED in curves and verdict(curves[CLAIMED])
    if arguments.record:
        record("taste.jsonl", record_lines(curves, len(task.users)), instead_of="taste/slates/")
    return 0 if holds or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
