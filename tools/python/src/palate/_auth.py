"""Who a client says it is: AUTH of PROTOCOL.md."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import _codec as codec

AUTHENTICATE = 2
_KEY, _TOKEN = 1, 2
_SECRET_BYTES = range(1, 4_001)


@dataclass(frozen=True)
class Access:
    """What a credential allows, as the server sees it."""

    subject: str
    scopes: frozenset[str]
    expiry_ms: int | None


class Credential:
    """An API key or a token; never printed."""

    def __init__(self, kind: int, secret: str | Callable[[], str]) -> None:
        self._kind = kind
        self._secret = secret

    def __repr__(self) -> str:
        return "Credential(api_key)" if self._kind == _KEY else "Credential(token)"

    @property
    def has_source(self) -> bool:
        """Whether it can be asked for another token."""
        return callable(self._secret)

    def secret(self) -> str:
        """The key or token; a fresh one where there is a source of them."""
        return self._secret() if callable(self._secret) else self._secret

    def body(self, secret: str) -> codec.Body:
        """AUTH."""
        data = secret.encode()
        if len(data) not in _SECRET_BYTES:
            raise ValueError(f"a credential of {len(data)} bytes, expected 1 to 4000")
        return [struct.pack("<B3xI", self._kind, len(data)) + data]


def credential(api_key: str | None, token: str | Callable[[], str] | None) -> Credential | None:
    """What the arguments of a client say; one of them at most."""
    if api_key is not None and token is not None:
        raise ValueError("give either api_key or token")
    if api_key is not None:
        return Credential(_KEY, api_key)
    return None if token is None else Credential(_TOKEN, token)


def renewal_time(expiry_ms: int, now: float) -> float:
    """When to ask for the next token: a tenth of what is left before the end, a minute at most."""
    left = expiry_ms / 1_000 - now
    return now + (max(1.0, left - min(left / 10, 60)) if left > 0 else 5.0)


def decode_access(body: memoryview) -> Access:
    """The answer to AUTH."""
    scopes, subject_bytes, expiry = struct.unpack_from("<IH2xq", body)
    names = ("query", "write", "events", "admin")
    return Access(
        subject=bytes(body[16 : 16 + subject_bytes]).decode(),
        scopes=frozenset(name for bit, name in enumerate(names) if scopes >> bit & 1),
        expiry_ms=expiry or None,
    )
