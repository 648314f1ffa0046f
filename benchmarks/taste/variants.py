"""Ways to treat time on MovieLens: how a variant's past reaches a collection.

A server's clock is the wall's, so all times are moved such that the moment of the cut is now.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import movielens_data
import numpy as np
import numpy.typing as npt
import serving
from histories import Floats
from movielens_data import DAY, Ratings
from palate import Client

FOREVER = {f"half_life.{kind}": math.inf for kind in ("closeup", "save", "skip")}


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way to treat time.

    Attributes:
        name: in the table.
        settings: of the collection, applied before the first event.
        days: only so much of the past is played.
        flat: where the client has no call for settings, play every event as of one day ago
            instead: all fade alike, and none is fresh, so the session's boost is off as well.
    """

    name: str
    settings: dict[str, float] = dataclasses.field(default_factory=dict)
    days: float = math.inf
    flat: bool = False


VARIANTS = (
    Variant("decay on"),
    Variant("decay off", settings=FOREVER, flat=True),
    Variant("no session boost", settings={"session_boost": 0.0}),
    Variant("last 90 days", days=90),
    Variant("last 30 days", days=30),
)


@dataclasses.dataclass(frozen=True)
class Played:
    """A collection that has a past.

    Attributes:
        name: of the collection.
        flat: every event is one day old, also those to come.
    """

    name: str
    flat: bool

    def times(self, count: int, ages: npt.NDArray[np.int64] | int = 0) -> npt.NDArray[np.int64]:
        """Times of events that are so old, in milliseconds."""
        return np.full(count, now(), dtype=np.int64) - (DAY if self.flat else ages)

    def add(self, client: Client, ratings: Ratings, ages: npt.NDArray[np.int64] | int = 0) -> None:
        """Plays ratings as events that are so many milliseconds old."""
        times = self.times(len(ratings), ages)
        serving.play(client, self.name, ratings.users, ratings.items, ratings.types, times)


def start(
    client: Client, name: str, variant: Variant, past: Ratings, cut: int, vectors: Floats,
    refreshed: bool = False,
) -> Played:
    """Makes a collection and plays the past in it, as if `cut` were now.

    Refreshed edges know the past up to the cut.
    """
    serving.load_items(client, name, vectors)
    can_set = hasattr(client, "taste_settings")
    if variant.settings and can_set:
        settings: Any = client
        settings.taste_settings(name, variant.settings)
    played = Played(name, flat=variant.flat and not can_set)
    ages = cut - past.times
    recent = ages <= variant.days * DAY
    played.add(client, past.part(recent), ages[recent])
    if refreshed:
        client.refresh_taste(name)
    return played


def present(client: Client, variants: tuple[Variant, ...] = VARIANTS) -> list[Variant]:
    """The variants that this server can be brought to; says which not, and what is simulated."""
    found = []
    can_set = hasattr(client, "taste_settings")
    for variant in variants:
        if not variant.settings:
            found.append(variant)
        elif can_set:
            missing = serving.what_is_missing(lambda v=variant: _try(client, v), variant.name)
            if missing:
                print(missing)
            else:
                found.append(variant)
        elif variant.flat:
            print(f"not there: settings of a collection; {variant.name}: every event is played "
                  "as one day old")
            found.append(variant)
        else:
            print(f"not there: settings of a collection ({variant.name})")
    return found


def _try(client: Client, variant: Variant) -> None:
    name = "settings-tried"
    vectors = np.eye(movielens_data.DIMENSIONS, dtype=np.float32)
    serving.load_items(client, name, vectors)
    try:
        settings: Any = client
        settings.taste_settings(name, variant.settings)
    finally:
        client.drop(name)


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
