"""BACKUP: what to send, what comes back."""

from __future__ import annotations

import time
import struct
from dataclasses import dataclass

from . import _answers
from . import _codec as codec
from ._session import Session

_HEAD = struct.Struct("<QBBBBI")


@dataclass(frozen=True)
class Backup:
    """A durable backup.

    Attributes:
        files: the manifest not counted.
        manifest: CRC32C of the manifest, which has the checksums of all files.
        size: bytes of the files.
        entries: of all tables.
        seconds: time it took.
    """

    files: int
    manifest: int
    size: int
    entries: int
    seconds: float


def encode(name: str, collection: str, as_file: bool, bytes_per_second: int) -> codec.Body:
    """The request."""
    names = [name.encode(), collection.encode()]
    if max(map(len, names)) > 255:
        raise ValueError("names have at most 64 bytes")
    return [_HEAD.pack(bytes_per_second, as_file, *map(len, names), 0, 0) + b"".join(names)]


def decode(body: memoryview) -> Backup:
    """The answer."""
    files, manifest, size, entries, microseconds = _answers.unpack(body, "<IIQQQ")
    return Backup(files, manifest, size, entries, microseconds / 1e6)


def ask(session: Session, body: codec.Body, timeout: float) -> Backup:
    """Waits for a backup, which takes as long as its bytes need at its rate."""
    connection = session.connected()
    request = connection.send(codec.BACKUP, body)
    return decode(connection.wait(request, time.monotonic() + timeout).body)


class BackupCalls:
    """The part of a client that asks for backups."""

    _session: Session

    def backup(
        self,
        name: str,
        collection: str = "",
        *,
        as_file: bool = False,
        bytes_per_second: int = 0,
        timeout: float = 86_400.0,
    ) -> Backup:
        """Has the server make a backup in its directory of backups; returns when it is durable.

        Args:
            name: what it is called there, by the rule for collections' names.
            collection: the only one to copy; all of them without it.
            as_file: one file instead of a directory.
            bytes_per_second: at most; 0 = the server's usual rate.
            timeout: seconds until this call gives up, whatever the client's own timeout.
        """
        body = encode(name, collection, as_file, bytes_per_second)
        with self._session.lock:
            return ask(self._session, body, timeout)
