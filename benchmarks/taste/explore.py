#!/usr/bin/env python3
"""Does exploring explore, and can it be trusted? Novelty, propensities and what they estimate.

benchmarks/taste/explore.py [--data PATH] [--users N] [--check] [--record]

The Pinterest split of `pinterest.py`; RECOMMEND by user with surprise 0, 0.25 ... 1, with score
parts and reasons. Held-out saves are the clicks. Verdicts:

- the parts add up to the score within 1e-5 on every result of the evaluation
- novelty (1 - the largest cosine to the person's saves) rises with surprise
- every propensity is a probability, and 1 where chance had no say
- Recall@20 of the slate without surprise, estimated from the explored slates by inverse propensity
  (Horvitz-Thompson), agrees with the direct figure within the 95 % interval of all levels of
  surprise together (Bonferroni: four are looked at)
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import pinterest

from palate import Client, Results
from results_log import record
from served import Server

SURPRISES = (0.0, 0.25, 0.5, 0.75, 1.0)
TOLERANCE = 1e-5
# Of a normal, two-sided, 1 - 0.05 / 4: one of four intervals of 95 % fails in a fifth of all runs.
DEVIATIONS = 2.498


def held_out(task: pinterest.Task) -> list[set[int]]:
    """The ids held out, a person."""
    truth = task.judge.truth
    ends = np.cumsum(truth.counts)
    items = truth.keys % truth.item_count + pinterest.serving.FIRST_ID
    return [
        set(items[end - count : end].tolist())
        for end, count in zip(ends, truth.counts, strict=True)
    ]


def ask(client: Client, task: pinterest.Task, surprise: float) -> list[Results]:
    """One slate a person."""
    return [
        client.recommend(
            pinterest.COLLECTION, int(user) + pinterest.serving.FIRST_ID, k=pinterest.K,
            parts=True, reasons=True, surprise=surprise, seed=int(user) + 1,
        )
        for user in task.users
    ]  # fmt: skip


def imbalance(answers: list[Results]) -> float:
    """The largest difference between a score and the sum of its parts."""
    worst = 0.0
    for answer in answers:
        filled = np.isfinite(answer.scores)
        total = sum(answer.parts.values())
        worst = max(worst, float(np.abs(answer.scores - total)[filled].max(initial=0)))
    return worst


def novelty(task: pinterest.Task, answers: list[Results]) -> float:
    """1 - the largest cosine of a result to the person's saves, mean over results."""
    units = task.vectors / np.maximum(np.linalg.norm(task.vectors, axis=1, keepdims=True), 1e-9)
    means = []
    for user, answer in zip(task.users, answers, strict=True):
        items = answer.ids[0][answer.ids[0] > 0].astype(np.int64) - pinterest.serving.FIRST_ID
        cosines = units[items] @ units[task.known[int(user)]].T
        means.append(float(np.mean(1 - cosines.max(axis=1))))
    return float(np.mean(means))


def are_probabilities(answers: list[Results]) -> bool:
    """Whether all propensities are, and are 1 wherever chance had no say."""
    return all(
        0 < reason.propensity <= 1 and ("explored" in reason.names or reason.propensity == 1)
        for answer in answers
        for reason in answer.reasons[0]
    )


def recall(clicks: list[set[int]], target: list[Results], logged: list[Results]) -> np.ndarray:
    """Recall@20 of `target` a person, estimated from what was clicked in `logged`."""
    shares = []
    for held, wanted, shown in zip(clicks, target, logged, strict=True):
        slate = set(wanted.ids[0].tolist())
        credit = sum(
            1 / reason.propensity
            for item, reason in zip(shown.ids[0].tolist(), shown.reasons[0], strict=False)
            if item in slate and item in held
        )
        shares.append(credit / len(held))
    return np.array(shares)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=pinterest.default_data())
    parser.add_argument("--users", type=int, default=4_000, help="a sample of so many; 0 = all")
    parser.add_argument("--check", action="store_true", help="fail where a verdict does")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    task = pinterest.prepare(arguments.data, sample=arguments.users)
    clicks = held_out(task)
    lines, holds = [], True
    with tempfile.TemporaryDirectory(prefix="palate-explore-") as scratch:
        with Server(f"{scratch}/data") as server:
            pinterest.start_collection(server.address, task)
            with Client(server.address) as client:
                answers = {surprise: ask(client, task, surprise) for surprise in SURPRISES}
    direct = recall(clicks, answers[0.0], answers[0.0])
    print(f"{len(task.users)} people; Recall@20 without surprise {direct.mean():.4f}")
    novelties = []
    for surprise in SURPRISES:
        worst, new = imbalance(answers[surprise]), novelty(task, answers[surprise])
        estimate = recall(clicks, answers[0.0], answers[surprise])
        difference = estimate - direct
        interval = DEVIATIONS * difference.std(ddof=1) / np.sqrt(len(difference))
        valid = are_probabilities(answers[surprise])
        agrees = abs(difference.mean()) <= interval + 1e-9
        novelties.append(new)
        own = np.mean([len(set(a.ids[0].tolist()) & c) / len(c)
                       for a, c in zip(answers[surprise], clicks, strict=True)])  # fmt: skip
        print(f"surprise {surprise:4.2f}  novelty {new:.4f}  own Recall@20 {own:.4f}  estimated "
              f"{estimate.mean():.4f} (difference {difference.mean():+.4f} ± {interval:.4f})  "
              f"parts off by {worst:.1e}  propensities {'valid' if valid else 'NOT VALID'}")
        holds = holds and worst <= TOLERANCE and valid and agrees
        lines.append({"name": f"taste/explore/{surprise}", "users": len(task.users),
                      "novelty": new, "own_recall_at_20": float(own),
                      "estimated_recall_at_20": float(estimate.mean()),
                      "difference": float(difference.mean()), "interval": float(interval),
                      "parts_off_by": worst})  # fmt: skip
    rises = all(low < high for low, high in zip(novelties, novelties[1:], strict=False))
    print(f"{'holds' if rises else 'FAILS'}: novelty rises with surprise")
    print(f"{'holds' if holds else 'FAILS'}: parts add up, propensities are probabilities, "
          "estimates agree")
    if arguments.record:
        record("taste.jsonl", lines)
    return 0 if (rises and holds) or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
