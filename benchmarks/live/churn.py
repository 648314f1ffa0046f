#!/usr/bin/env python3
"""Churn: what rounds of deleting and inserting do to recall, memory and disk.

benchmarks/live/churn.py [--rounds 20] [--share 0.1] [--by random|class] [--beam 32] [--record]

A served collection holds Fashion-MNIST but for what is out at the time. In every round a share of
the items is deleted, at random or a whole class, and as many come in under new ids: those that
went the round before. After it, recall@10 at one beam, without rescoring, against exact search,
beside that of a collection freshly loaded with the same items, and how many of 5,000 items do not
find themselves in either. Ends with an error where recall falls 0.5 point below the fresh one's,
where an item that is deleted comes back, or where one live item in a thousand is lost.
"""

import argparse
import gzip
import pathlib
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "peers"), str(HERE.parents[1] / "tools")]

from datasets import DATA_SETS, FASHION_MNIST  # noqa: E402
from palate import Client  # noqa: E402
from prepare import exact_nearest  # noqa: E402
from results_log import record  # noqa: E402
from served import Server  # noqa: E402

SEED = 20261125
K = 10
QUERIES = 1_000
# Items that are asked for by their own vector, and the share of them that may be found in a fresh
# build and not here.
OWN, LOST_SHARE = 5_000, 0.001
# The most that recall may lie below a fresh build's.
TOLERANCE = 0.005
LIVE, FRESH = "churned", "fresh"


class Pool:
    """Pictures, which of them are in, and under which ids."""

    def __init__(self, vectors, out):
        self.vectors = vectors
        self.item = np.arange(len(vectors), dtype=np.uint64)
        self.is_in = np.ones(len(vectors), bool)
        self.is_in[out] = False
        self.waiting = np.array(out)
        self.next_id = len(vectors)

    def replace(self, leaving):
        """Takes rows out and those that wait in; returns the ids gone and the rows come in."""
        arriving, self.waiting = self.waiting, leaving
        gone = self.item[leaving].copy()
        self.is_in[leaving], self.is_in[arriving] = False, True
        self.item[arriving] = np.arange(self.next_id, self.next_id + len(arriving))
        self.next_id += len(arriving)
        return gone, arriving

    def truth(self, queries):
        """Ids of the exact nearest, shape [queries, K]."""
        rows = np.flatnonzero(self.is_in)
        return self.item[rows[exact_nearest(self.vectors[rows], queries, "l2", K)]]


def labels():
    """The class of every picture."""
    with gzip.open(FASHION_MNIST / "train-labels-idx1-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=8)


def found(client, name, queries, beam):
    """Ids found, shape [queries, K]."""
    return client.query(name, vectors=queries, k=K, beam=beam, rescore=0).ids


def recall(ids, truth):
    """Mean share of the true ten among the ten found."""
    hits = [len(np.intersect1d(got, true)) for got, true in zip(ids, truth, strict=True)]
    return sum(hits) / truth.size


def lost(client, name, items, vectors, beam):
    """How many items a search for their own vector does not find."""
    ids = found(client, name, vectors.astype(np.float32), beam)
    return sum(item not in got for item, got in zip(items, ids, strict=True))


def measure(client, pool, queries, beam, generator):
    """The figures after a round, and what is wrong."""
    truth = pool.truth(queries)
    rows = np.flatnonzero(pool.is_in)
    client.create_collection(FRESH, dim=pool.vectors.shape[1], metric="l2")
    client.load(FRESH, pool.item[rows], pool.vectors[rows])
    ids = found(client, LIVE, queries, beam)
    live = pool.item[rows]
    own = generator.choice(len(rows), OWN, replace=False)
    figures = {
        "recall": recall(ids, truth),
        "fresh": recall(found(client, FRESH, queries, beam), truth),
        "lost": lost(client, LIVE, live[own], pool.vectors[rows[own]], 4 * beam),
        "fresh_lost": lost(client, FRESH, live[own], pool.vectors[rows[own]], 4 * beam),
        "phantoms": int((~np.isin(ids, live)).sum()),
    }
    client.drop(FRESH)
    stats = client.stats(LIVE)
    figures |= {
        "live": stats["live_items"],
        "index_mb": stats["index_bytes"] / 1e6,
        "stored_mb": stats["stored_bytes"] / 1e6,
    }
    return figures


def problems(figures, expected):
    """What a round's figures must not show."""
    checks = {
        "recall fell below the fresh build's": figures["recall"] < figures["fresh"] - TOLERANCE,
        "live items are not found": figures["lost"] > figures["fresh_lost"] + OWN * LOST_SHARE,
        "deleted items come back": figures["phantoms"] > 0,
        "another number of live items": figures["live"] != expected,
    }
    return [name for name, is_so in checks.items() if is_so]


def churn(client, arguments):
    """Runs the rounds; returns their figures and what went wrong."""
    vectors, queries, _ = DATA_SETS["fashion-mnist"].load()
    generator = np.random.default_rng(SEED)
    queries = queries[:QUERIES].astype(np.float32)
    kind = labels()
    count = int(len(vectors) * arguments.share)
    by_class = arguments.by == "class"
    out = np.flatnonzero(kind == 9) if by_class else generator.choice(len(vectors), count, False)
    pool = Pool(vectors.astype(np.float32), out)
    rows = np.flatnonzero(pool.is_in)
    client.create_collection(LIVE, dim=vectors.shape[1], metric="l2")
    client.load(LIVE, pool.item[rows], pool.vectors[rows])
    lines, wrong = [], []
    print("round  recall  fresh   lost  fresh  live    index MB  stored MB")
    for number in range(arguments.rounds + 1):
        if number:
            live = np.flatnonzero(pool.is_in)
            leaving = (
                np.flatnonzero(pool.is_in & (kind == (number - 1) % 10)) if by_class
                else generator.choice(live, count, replace=False)
            )
            gone, arriving = pool.replace(leaving)
            client.delete(LIVE, gone)
            client.upsert(LIVE, pool.item[arriving], pool.vectors[arriving])
        if number % arguments.every and number != arguments.rounds:
            continue
        figures = measure(client, pool, queries, arguments.beam, generator)
        print(f"{number:5}  {figures['recall']:.4f}  {figures['fresh']:.4f}  "
              f"{figures['lost']:4}  {figures['fresh_lost']:5}  {figures['live']:,}  "
              f"{figures['index_mb']:8.1f}  {figures['stored_mb']:9.1f}", flush=True)
        lines.append({"name": f"churn/{arguments.by}/round{number}", "beam": arguments.beam,
                      **figures})
        wrong += [f"round {number}: {text}" for text in problems(figures, int(pool.is_in.sum()))]
    first, last = lines[0], lines[-1]
    for field in ("index_mb", "stored_mb"):
        if last[field] > 2 * first[field]:
            wrong.append(f"{field} grew from {first[field]:.1f} to {last[field]:.1f}")
    return lines, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--every", type=int, default=1, help="rounds from one measurement on")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--by", choices=("random", "class"), default="random")
    parser.add_argument("--beam", type=int, default=32)
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    print(f"seed {SEED}, by {arguments.by}, beam {arguments.beam}")
    with tempfile.TemporaryDirectory(prefix="palate-churn-") as scratch:
        with Server(f"{scratch}/data") as server, Client(server.address, timeout=600) as client:
            lines, wrong = churn(client, arguments)
    if arguments.record:
        record("live.jsonl", lines)
    for text in wrong:
        print(f"WRONG {text}")
    print(f"churn: {arguments.rounds} rounds, {len(wrong)} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
