"""Reads a body front to back."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ConnectionFailed


class Reader:
    """Columns of a body, front to back; a short or long body is a broken server."""

    def __init__(self, body: memoryview) -> None:
        self.body = body
        self.offset = 0

    def column(self, dtype: str, count: int) -> npt.NDArray[Any]:
        size = np.dtype(dtype).itemsize * count
        return np.frombuffer(self.take(size), dtype)

    def unpack(self, layout: str | struct.Struct) -> tuple[Any, ...]:
        layout = struct.Struct(layout) if isinstance(layout, str) else layout
        return layout.unpack(self.take(layout.size))

    def take(self, count: int) -> memoryview:
        if count < 0 or self.offset + count > len(self.body):
            raise ConnectionFailed(f"an answer of {len(self.body)} bytes is too short")
        part = self.body[self.offset : self.offset + count]
        self.offset += count
        return part

    def text(self, count: int) -> str:
        return str(self.take(count), "utf-8")

    def payloads(self, count: int, size: int) -> list[bytes]:
        lengths = self.column("<u4", count)
        return self.split(lengths, size)

    def split(self, lengths: npt.NDArray[Any], size: int) -> list[bytes]:
        if int(lengths.sum(dtype=np.uint64)) != size:
            raise ConnectionFailed("an answer's payload lengths do not add up")
        content = bytes(self.take(size))
        ends = np.cumsum(lengths, dtype=np.int64).tolist()
        return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def finish(self) -> None:
        if self.offset != len(self.body):
            raise ConnectionFailed(f"an answer has {len(self.body) - self.offset} bytes too many")
