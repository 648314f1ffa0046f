"""Sockets, in the clear or under TLS, as `Connection` wants them: not blocking."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Protocol

from .errors import ConnectionFailed

_PROTOCOL = "palate/1"
#: Bytes joined for one write under TLS, which takes one buffer at a time.
_JOIN_BYTES = 256 << 10


class Transport(Protocol):
    """What a connection needs of a socket."""

    def fileno(self) -> int: ...
    def setblocking(self, blocking: bool, /) -> None: ...
    def sendmsg(self, parts: list[memoryview], /) -> int: ...
    def recv(self, byte_count: int, /) -> bytes: ...
    def close(self) -> None: ...


class Secured:
    """A socket under TLS that waits like a plain one.

    `is_wanted` is what the last call waited for: a write may have to read first. `pending` bytes
    are here already, though the socket has none.
    """

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, name: str) -> None:
        self._socket = context.wrap_socket(plain, server_hostname=name)

    def fileno(self) -> int:
        return self._socket.fileno()

    def setblocking(self, blocking: bool) -> None:
        self._socket.setblocking(blocking)

    def close(self) -> None:
        self._socket.close()

    @property
    def pending(self) -> int:
        """Bytes that were decrypted and not read."""
        return self._socket.pending()

    def sendmsg(self, parts: Sequence[memoryview]) -> int:
        joined = bytearray()
        for part in parts:
            joined += part[: _JOIN_BYTES - len(joined)]
            if len(joined) >= _JOIN_BYTES:
                break
        try:
            return self._socket.send(joined)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def recv(self, byte_count: int) -> bytes:
        try:
            return self._socket.recv(byte_count)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error
        except ssl.SSLZeroReturnError:
            return b""


def context(
    tls: bool | ssl.SSLContext, ca_file: str | None, certificate: tuple[str, str] | None
) -> ssl.SSLContext | None:
    """How to speak TLS; None = not at all."""
    if isinstance(tls, ssl.SSLContext):
        return tls
    if not tls and ca_file is None:
        return None
    made = ssl.create_default_context(cafile=ca_file)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.set_alpn_protocols([_PROTOCOL])
    if certificate is not None:
        made.load_cert_chain(*certificate)
    return made


def is_local(address: str) -> bool:
    """Whether what travels there stays on this machine."""
    host = address.rpartition(":")[0].strip("[]")
    return address.startswith("unix:") or host in ("localhost", "::1") or host.startswith("127.")


def connect(
    address: str, timeout: float, tls: ssl.SSLContext | None, server_hostname: str | None
) -> Transport:
    """Connects; raises ConnectionFailed, with the reason and without secrets."""
    try:
        if address.startswith("unix:"):
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connected.settimeout(timeout)
            connected.connect(address.removeprefix("unix:"))
            return connected
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        connected = socket.create_connection((host, int(port)), timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected if tls is None else Secured(connected, tls, server_hostname or host)
    except OSError as error:
        raise ConnectionFailed(f"cannot connect to {address}: {error}") from error
