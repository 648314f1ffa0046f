#!/usr/bin/env python3
"""The demo: one picture, three people, three slates, and a server that remembers.

Starts `palate serve` on a scratch directory, loads `sample/`, plays what a gardener and a sailor
saved and looked at in the last weeks, and prints what each of them, and somebody unknown, is shown
beside the same picture. Then restarts the server and asks again. Exits with 1 when the slates do
not differ as they should. `tools/demo` builds the server first.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time

import numpy as np
from demo_page import make_page
from palate import Client
from served import ROOT, Server

COLLECTION = "openclipart"
SAMPLE = ROOT / "sample"
K = 10
DAY_MILLISECONDS = 86_400_000
# A picture with something in it for both: grass for the gardener, a flag for the sailor.
PICTURE = "Golf flag in hole on green"
# Taste weighs as much as the picture: the plain default leans towards the picture.
WEIGHTS = {"query": 1.0, "taste": 1.0}


class Person:
    """Somebody whose interest is a set of keywords."""

    def __init__(self, name, user, keywords):
        self.name = name
        self.user = user
        self.keywords = set(keywords)

    def likes(self, payload):
        """Whether a picture is about this person's interest."""
        return bool(self.keywords & set(payload["keywords"]))

    def events(self, payloads, now):
        """Every second picture of the interest: a save or a longer look, one a day, newest first.

        The other half stays unseen, so that there is something left to find.
        """
        items = [payload["id"] for payload in payloads if self.likes(payload)][::2]
        types = ["closeup" if place % 3 == 2 else "save" for place in range(len(items))]
        times = [now - place * DAY_MILLISECONDS for place in range(len(items))]
        return {
            "users": np.full(len(items), self.user, dtype=np.uint64),
            "items": np.array(items, dtype=np.uint64),
            "types": types,
            "times": np.array(times, dtype=np.int64),
        }


GARDENER = Person("the gardener", 1, ["plant", "flower", "garden", "tree", "leaf", "fern"])
SAILOR = Person("the sailor", 2, ["boat", "sailing", "anchor", "navy", "signalflag", "semaphore"])


def read_sample():
    """Ids, vectors and payloads of the sample."""
    with open(SAMPLE / "payloads.jsonl", encoding="utf-8") as file:
        payloads = [json.loads(line) for line in file]
    return np.load(SAMPLE / "ids.npy"), np.load(SAMPLE / "vectors.npy"), payloads


def load(client, ids, vectors, payloads):
    """Creates the collection, loads the sample, plays the events."""
    client.create_collection(COLLECTION, dim=vectors.shape[1], metric="cosine", quantizer="sq8")
    client.load(COLLECTION, ids, vectors.astype(np.float32), payloads)
    # Interests are not made anew in the background: that could come between two askings.
    client.taste_settings(COLLECTION, {"recluster_events": 0})
    now = int(time.time() * 1000)
    for person in (GARDENER, SAILOR):
        events = person.events(payloads, now)
        client.events(COLLECTION, **events)
        print(f"{person.name} saved or looked at {len(events['items'])} pictures")


def ask(client, picture):
    """The three slates: nobody's, the gardener's, the sailor's."""
    question = {"ids": [picture], "k": K, "payload": True, "parts": True}
    taste = {"taste": WEIGHTS}
    return {
        "nobody": client.query(COLLECTION, **question),
        GARDENER.name: client.query(COLLECTION, user=GARDENER.user, **taste, **question),
        SAILOR.name: client.query(COLLECTION, user=SAILOR.user, **taste, **question),
    }


def titles_of(slate):
    """The payloads of a slate, parsed."""
    return [json.loads(payload) for payload in slate.payloads[0]]


def show(name, slate):
    """Prints one slate: score, its parts, title and keywords in columns."""
    parts = {term: values[0] for term, values in slate.parts.items() if np.any(values)}
    print(f"\nfor {name}:")
    heads = "".join(f"{term:>11}" for term in parts)
    print(f"  {'#':>2}{'score':>9}{heads}  picture")
    for place, payload in enumerate(titles_of(slate)):
        columns = "".join(f"{values[place]:>11.3f}" for values in parts.values())
        marks = [person.name[4] for person in (GARDENER, SAILOR) if person.likes(payload)]
        mark = "".join(marks) or " "
        text = f"{payload['title'][:34]:<34} {', '.join(payload['keywords'][:3])[:36]}"
        print(f"  {place + 1:>2}{slate.scores[0, place]:>9.3f}{columns}  {mark} {text}")


def check(slates):
    """What must be true of the slates; the broken ones, in words."""
    lists = {name: list(map(int, slate.ids[0])) for name, slate in slates.items()}
    broken = [
        f"{name}'s slate has {len(set(found))} pictures, not {K}"
        for name, found in lists.items()
        if len(set(found)) != K
    ]
    if len({tuple(found) for found in lists.values()}) != 3:
        broken.append("two slates are the same")
    for person in (GARDENER, SAILOR):
        plain = sum(map(person.likes, titles_of(slates["nobody"])))
        personal = sum(map(person.likes, titles_of(slates[person.name])))
        print(f"pictures for {person.name}: {plain} of {K} in nobody's slate, {personal} in theirs")
        if personal <= plain:
            broken.append(f"{person.name}'s slate has no more of their interest than nobody's")
    return broken


def run(picture_title, page):
    """The demo; returns what went wrong, in words."""
    ids, vectors, payloads = read_sample()
    picture = next(entry["id"] for entry in payloads if entry["title"] == picture_title)
    with tempfile.TemporaryDirectory(prefix="palate-demo-") as scratch:
        server = Server(f"{scratch}/data")
        with server, Client(server.address) as client:
            started = time.monotonic()
            load(client, ids, vectors, payloads)
            print(f"{len(ids)} pictures loaded in {time.monotonic() - started:.2f} s")
            first = ask(client, picture)
            client.close()
            code = server.stop()
        print(f"\nbeside the picture: {picture_title}")
        for name, slate in first.items():
            show(name, slate)
        print()
        broken = check(first)
        if page:
            shown = {name: (slate, titles_of(slate)) for name, slate in first.items()}
            page.write_text(make_page(SAMPLE, ids, picture, picture_title, shown))
            print(f"the slates with their pictures are in {page}")
        if code != 0:
            broken.append(f"the server ended with {code} on SIGTERM")
        with server, Client(server.address) as client:
            again = ask(client, picture)
        for name, slate in first.items():
            if not np.array_equal(slate.ids, again[name].ids):
                broken.append(f"after the restart {name}'s slate is another")
        if not broken:
            print("the server was restarted, and remembers: the same three slates")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", default=PICTURE, help="title of a picture of the sample")
    parser.add_argument("--html", type=pathlib.Path, help="write a page with the pictures, too")
    arguments = parser.parse_args()
    broken = run(arguments.picture, arguments.html)
    for text in broken:
        print(f"demo: {text}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
