#!/usr/bin/env python3
"""The quick start of the Python client's README, against the server at HOST:PORT."""

import sys

import numpy as np

from palate import Client

COUNT, DIM = 500, 32

vectors = np.random.default_rng(1).normal(size=(COUNT, DIM)).astype(np.float32)
with Client(sys.argv[1]) as client:
    client.create_collection("pins", dim=DIM, metric="cosine")
    client.load("pins", np.arange(COUNT), vectors, payloads=[{"n": n} for n in range(COUNT)])
    client.events("pins", users=[42], items=[7], types="save")
    results = client.query("pins", vectors=vectors[:20], k=3)
    assert results.ids[:, 0].tolist() == list(range(20)), results.ids[:, 0]
    ids, _ = client.recommend("pins", user=42)
    assert len(ids) > 0
    client.drop("pins")
print(f"quick start: {COUNT} items written, 20 queries, each found itself")
