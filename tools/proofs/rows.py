"""What a row of a test holds: any row can be made up again from its item and two stamps."""

import functools
import random
from typing import NamedTuple

import numpy as np

from palate._crc32c import crc32c

DIMENSIONS = 16
# One in so many payloads is empty, and one in so many is long: a value of its own pages.
EMPTY_EVERY, LONG_EVERY = 11, 29


class Row(NamedTuple):
    """Which write made the vector, and which the payload: the same unless one was patched."""

    vector: int
    payload: int


def make_vector(item, stamp):
    """Sixteenths between -8 and 8: exact in float32, and no two alike."""
    generator = np.random.default_rng((item, stamp))
    return (generator.integers(-128, 129, DIMENSIONS) / 16).astype(np.float32)


def make_payload(item, stamp):
    """JSON that names its row; empty for some, and for some longer than a page."""
    if stamp % EMPTY_EVERY == 0:
        return b""
    text = "palate " * (stamp % 40)
    if stamp % LONG_EVERY == 0:
        text = random.Random(f"{item} {stamp}").randbytes(3_000).hex()
    return f'{{"item":{item},"stamp":{stamp},"text":"{text}"}}'.encode()


def content(item, row):
    """The bytes that GET must answer: payload and vector."""
    return make_payload(item, row.payload), make_vector(item, row.vector).tobytes()


@functools.lru_cache(maxsize=200_000)
def checksums(item, row):
    """What `palate dump` must print: CRC32C of payload and vector."""
    payload, vector = content(item, row)
    return crc32c(payload), crc32c(vector)
