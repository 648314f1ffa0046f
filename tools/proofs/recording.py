"""Reads what recorder.c wrote: everything done to the files of a directory, in one order."""

import dataclasses
import enum
import struct

_HEAD = struct.Struct("<IHHQQQIHH")
_MAGIC = 0x434F5250


class Kind(enum.IntEnum):
    """What a call did."""

    CREATE = 1
    WRITE = 2
    SYNC = 3
    SYNC_DIRECTORY = 4
    TRUNCATE = 5
    MAKE_DIRECTORY = 6
    RENAME = 7
    REMOVE = 8


@dataclasses.dataclass(frozen=True)
class Record:
    """One call that succeeded.

    Attributes:
        kind: what it did.
        is_synced: a write whose return means that it is durable.
        begun: CLOCK_MONOTONIC in ns, before the call.
        inode: of the file.
        offset: of a write; of TRUNCATE, the new size.
        data: what was written.
        path: of CREATE, SYNC_DIRECTORY and the calls on names.
        other: the new path of RENAME.
    """

    kind: Kind
    is_synced: bool
    begun: int
    inode: int
    offset: int
    data: bytes
    path: str
    other: str


def parse(log):
    """The records of a log's bytes; one that was cut off at the end is not returned."""
    records, place = [], 0
    while place + _HEAD.size <= len(log):
        magic, kind, synced, begun, inode, offset, *counts = _HEAD.unpack_from(log, place)
        if magic != _MAGIC:
            raise ValueError(f"the log has no record at byte {place}")
        length, path_length, other_length = counts
        path_end = place + _HEAD.size + path_length
        data_start = path_end + other_length
        end = data_start + length
        if end > len(log):
            break
        path = log[place + _HEAD.size : path_end].decode()
        other = log[path_end:data_start].decode()
        data = log[data_start:end]
        records.append(
            Record(Kind(kind), bool(synced), begun, inode, offset, data, path, other)
        )
        place = end
    return records
