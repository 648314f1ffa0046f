#!/usr/bin/env python3
"""Does taste help? Recall@20 and NDCG@20 on a real Pinterest graph, over the protocol.

benchmarks/taste/evaluate.py [--data PATH] [--users N] [--record]

One fifth of each user's saves is held out (`split.py`). The item vectors become a collection
(cosine, 8-bit codes), the other saves become events, and each user is asked for twice:

- plain: a query by the mean of the user's item vectors, the user's items excluded
- taste: RECOMMEND by user, which excludes what the user has seen by itself

The data's licence allows no copy in the project: PATH is a folder that holds `train.npz` and
`items.svd128.f16.npy`.
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

from palate import Client  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402
from split import measures, split  # noqa: E402

COLLECTION = "pins"
K = 20
EVENTS_PER_CALL = 50_000
# Ids in the collection start at 1: 0 stands for "no result" in the client's arrays.
FIRST_ID = 1


def load(client, vectors, known):
    """Loads the items and plays the known saves; returns events per second."""
    client.create_collection(COLLECTION, dim=vectors.shape[1], metric="cosine", quantizer="sq8")
    client.load(COLLECTION, np.arange(len(vectors), dtype=np.uint64) + FIRST_ID, vectors)
    users = np.repeat(list(known), [len(items) for items in known.values()]).astype(np.uint64)
    items = np.concatenate(list(known.values())).astype(np.uint64)
    # As they would come in: not user by user.
    order = np.random.default_rng(1).permutation(len(users))
    users, items = users[order] + FIRST_ID, items[order] + FIRST_ID
    times = np.full(EVENTS_PER_CALL, int(time.time() * 1000), dtype=np.int64)
    started = time.perf_counter()
    for start in range(0, len(users), EVENTS_PER_CALL):
        batch = slice(start, start + EVENTS_PER_CALL)
        count = len(users[batch])
        client.events(COLLECTION, users[batch], items[batch], ["save"] * count, times[:count])
    return len(users) / (time.perf_counter() - started)


def ask_all(address, users, connections, question):
    """Asks `question(client, user)` for every user; returns lists of items, and seconds."""

    def ask_some(some):
        with Client(address) as client:
            return [answer(question(client, user)) for user in some]

    def answer(result):
        return [int(found) - FIRST_ID for found in np.asarray(result.ids).ravel() if found]

    shares = [users[place::connections] for place in range(connections)]
    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        answers = list(pool.map(ask_some, shares))
    seconds = time.perf_counter() - started
    lists = {
        user: items
        for share, some in zip(shares, answers)
        for user, items in zip(share, some)
    }
    return lists, seconds


def score(lists, known, held):
    """Mean Recall@20 and NDCG@20; a list that holds a known item is a defect and stops the run."""
    figures = []
    for user, items in lists.items():
        if set(items) & set(known[user].tolist()):
            raise SystemExit(f"user {user} was shown items of their own history")
        figures.append(measures(items, held[user], K))
    recall, ndcg = np.mean(figures, axis=0)
    return float(recall), float(ndcg)


def evaluate(address, vectors, known, held, arguments):
    """Both ways of asking; returns lines for people and for the record."""
    users = list(held)
    if arguments.users:
        users = np.random.default_rng(2).permutation(users)[: arguments.users].tolist()

    def plain(client, user):
        mean = vectors[known[user]].mean(axis=0, keepdims=True)
        history = known[user].astype(np.uint64) + FIRST_ID
        return client.query(COLLECTION, vectors=mean, k=K, exclude=history)

    def taste(client, user):
        weights = {"taste": arguments.taste} if arguments.taste else {}
        return client.recommend(COLLECTION, user + FIRST_ID, k=K, **weights)

    lines = []
    for name, question in (("plain", plain), ("taste", taste)):
        lists, seconds = ask_all(address, users, arguments.connections, question)
        recall, ndcg = score(lists, known, held)
        line = {"users": len(users), "recall_at_20": recall, "ndcg_at_20": ndcg}
        line["qps"] = len(users) / seconds
        lines.append({"name": f"taste/pinterest37k/{name}", **line})
        print(f"{name:<6} Recall@20 {recall:.4f}  NDCG@20 {ndcg:.4f}  {line['qps']:,.0f} queries/s")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = HERE.parents[1].parent / "shared" / "data" / "pinterest37k"
    parser.add_argument("--data", type=pathlib.Path, default=default)
    parser.add_argument("--users", type=int, default=0, help="a sample of so many; 0 = all")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--taste", type=json.loads, help='weights, as {"taste": 1.0}')
    parser.add_argument("--least", type=float, default=0, help="fail below this ratio of Recall@20")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()

    pairs = np.load(arguments.data / "train.npz")["train"]
    vectors = np.load(arguments.data / "items.svd128.f16.npy").astype(np.float32)
    known, held = split(pairs)
    with tempfile.TemporaryDirectory(prefix="palate-taste-") as scratch:
        with Server(f"{scratch}/data") as server:
            with Client(server.address) as client:
                rate = load(client, vectors, known)
            print(f"{len(vectors)} items; {rate:,.0f} events/s")
            lines = evaluate(server.address, vectors, known, held, arguments)
    plain, taste = lines
    ratio = taste["recall_at_20"] / plain["recall_at_20"]
    print(f"taste / plain: Recall@20 {ratio:.3f}, "
          f"NDCG@20 {taste['ndcg_at_20'] / plain['ndcg_at_20']:.3f}")
    if arguments.record:
        record("taste.jsonl", [{**line, "events_per_second": rate} for line in lines])
    return 0 if ratio >= arguments.least else 1


if __name__ == "__main__":
    sys.exit(main())
