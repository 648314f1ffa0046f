"""The vectorised checksum against the one byte by byte."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from palate._crc32c import crc32c, crc32c_small


def test_the_check_value_of_the_standard() -> None:
    assert crc32c(b"123456789") == crc32c_small(b"123456789") == 0xE3069283


@pytest.mark.parametrize(
    "count",
    [0, 1, 3, 63, 64, 65, 1023, 1024, 1025, 1028, 8191, 8192, 8193, 65_535, 65_540, 140_001],
)  # fmt: skip
def test_it_agrees_with_the_byte_loop(count: int) -> None:
    data = random.Random(count).randbytes(count)
    assert crc32c(data) == crc32c_small(data)
    cut = count // 3
    assert crc32c(data[cut:], crc32c(data[:cut])) == crc32c_small(data)


def test_it_takes_arrays_of_any_type_and_views() -> None:
    array = np.arange(3000, dtype="<u8").reshape(30, 100)
    assert crc32c(array) == crc32c_small(array.tobytes())
    assert crc32c(memoryview(array.tobytes())[1:]) == crc32c_small(array.tobytes()[1:])
    assert crc32c(np.empty((0, 4), np.float32)) == 0


def test_a_large_buffer_is_checked_at_300_megabytes_per_second() -> None:
    data = bytes(16 << 20)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        crc32c(data)
        seconds.append(time.perf_counter() - start)
    assert len(data) / min(seconds) > 300e6
