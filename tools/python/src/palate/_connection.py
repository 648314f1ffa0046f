"""One socket: frames out, frames in, answers in any order."""

from __future__ import annotations

import math
import select
import ssl
import time
from dataclasses import dataclass

from . import _answers, _auth, _transport
from . import _codec as codec
from ._crc32c import flat
from .errors import ConnectionFailed, PalateError, TimedOut

_READ_BYTES = 256 << 10
#: A body below this is joined with its header: one buffer is cheaper to write than many.
_JOIN_BYTES = 16 << 10


@dataclass(frozen=True)
class Answer:
    """One response."""

    header: codec.Header
    body: memoryview


class Connection:
    """A connected socket after HELLO.

    Not for use by two threads at once: ``Client`` holds a lock.
    """

    def __init__(
        self,
        address: str,
        timeout: float,
        checksum: bool,
        largest_body: int,
        server_id: bytes,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        credential: _auth.Credential | None = None,
    ) -> None:
        self.timeout = timeout
        self.checksum = checksum
        self.closing: str | None = None
        self._next_id = 1
        self._answers: dict[int, Answer] = {}
        self._waiting: set[int] = set()
        self._received = bytearray()
        self._consumed = 0
        self._largest_body = codec.BODY_BYTES_BEFORE_HELLO
        self._in_flight = 1
        self.access: _auth.Access | None = None
        self._credential = credential
        self._secret = ""
        self._renewal = math.inf
        self._socket = _transport.connect(address, timeout, tls, server_hostname)
        self._socket.setblocking(False)
        try:
            hello = codec.hello("palate-python 0.1", largest_body, server_id)
            request = self.send(codec.HELLO, hello)
            self.welcome = _answers.decode_welcome(self.wait(request).body)
            if credential is not None:
                self._authenticate(credential)
        except BaseException:
            self.close()
            raise
        self._largest_body = self.welcome.largest_body
        self._in_flight = self.welcome.requests_in_flight

    def _authenticate(self, credential: _auth.Credential) -> None:
        """Sends AUTH; nothing where the source has no newer token than the one in use."""
        secret = credential.secret()
        if secret != self._secret:
            request = self.send(_auth.AUTHENTICATE, credential.body(secret))
            self._secret = secret
            self.access = _auth.decode_access(self.wait(request).body)
        if credential.has_source and self.access and self.access.expiry_ms:
            self._renewal = _auth.renewal_time(self.access.expiry_ms, time.time())

    def renew(self) -> None:
        """Sends the next token where the one in use ends soon."""
        if self._credential is None or time.time() < self._renewal:
            return
        self._renewal = time.time() + 1
        try:
            self._authenticate(self._credential)
        except ConnectionFailed:
            raise
        except PalateError:
            # Refused: the one in use holds as long as it did, and the next request says so.
            pass

    @property
    def largest_body(self) -> int:
        """Bytes that a request's body may have."""
        return self._largest_body

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._socket.fileno() >= 0 and self.closing is None

    def close(self) -> None:
        """Closes; unanswered requests are lost."""
        self._socket.close()

    def send(
        self,
        opcode: int,
        body: codec.Body,
        budget: float = 0.0,
        deadline: float | None = None,
    ) -> int:
        """Sends a request and returns its id; reads meanwhile, so that neither side stalls.

        Without a deadline it may take as long as any step, the timeout.
        """
        deadline = time.monotonic() + self.timeout if deadline is None else deadline
        while len(self._waiting) >= self._in_flight:
            self._progress([], deadline)
        length = codec.byte_count(body)
        if length > self._largest_body:
            raise ValueError(f"a request of {length} bytes, the server takes {self._largest_body}")
        request = self._take_id()
        if length <= _JOIN_BYTES:
            body = [b"".join(map(flat, body))]
        checksum = self.checksum or opcode == codec.LOAD_DATA
        micros = min(int(budget * 1e6), 0xFFFFFFFF)
        header = codec.encode_header(opcode, request, micros, body, checksum)
        parts = [header + flat(body[0])] if length <= _JOIN_BYTES else [header, *body]
        pending = [part for part in map(flat, parts) if len(part)]
        self._waiting.add(request)
        while pending:
            self._progress(pending, deadline)
        return request

    def wait(self, request: int, deadline: float | None = None) -> Answer:
        """The answer to a request, by a deadline as of ``send``; raises the server's error."""
        deadline = time.monotonic() + self.timeout if deadline is None else deadline
        while request not in self._answers:
            self._progress([], deadline)
        answer = self._answers.pop(request)
        if answer.header.flags & codec.FAILED:
            raise _answers.decode_error(answer.body)
        return answer

    def discard(self, requests: list[int]) -> None:
        """Reads and drops answers that nobody wants any more."""
        for request in requests:
            try:
                self.wait(request)
            except ConnectionFailed:
                raise
            except PalateError:
                continue

    def _take_id(self) -> int:
        while self._next_id in self._waiting or self._next_id in self._answers:
            self._next_id = self._next_id % 0xFFFFFFFF + 1
        request = self._next_id
        self._next_id = self._next_id % 0xFFFFFFFF + 1
        return request

    def _progress(self, pending: list[memoryview], deadline: float) -> None:
        """Writes what can be written and reads what is there; blocks until one is possible."""
        try:
            if pending:
                self._write(pending)
                if not pending:
                    return
            # What TLS has decrypted already is not the socket's to say.
            has_more = bool(getattr(self._socket, "pending", 0))
            remaining = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(
                [self._socket],
                [self._socket] if pending else [],
                [],
                0 if has_more else remaining,
            )
            if ready or has_more:
                self._read()
            elif not remaining:
                # Only here: an answer that is there already is not late.
                raise TimedOut("no answer in time")
        except PalateError:
            self.close()
            raise
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionFailed(str(error)) from error

    def _write(self, pending: list[memoryview]) -> None:
        try:
            written = self._socket.sendmsg(pending[:16])
        except BlockingIOError:
            return
        while written:
            if written < len(pending[0]):
                pending[0] = pending[0][written:]
                return
            written -= len(pending.pop(0))

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionFailed(self.closing or "the server closed the connection")
        self._received += data
        while self._take_frame():
            pass
        if self._consumed:
            del self._received[: self._consumed]
            self._consumed = 0

    def _take_frame(self) -> bool:
        start = self._consumed + codec.HEADER_BYTES
        if len(self._received) < start:
            return False
        header = codec.decode_header(bytes(self._received[self._consumed : start]))
        if len(self._received) < start + header.length:
            return False
        self._consumed = start + header.length
        body = memoryview(bytes(memoryview(self._received)[start : self._consumed]))
        codec.check_body(header, body)
        if header.request_id == 0:
            self._about_connection(header, body)
        elif header.request_id in self._waiting:
            self._waiting.discard(header.request_id)
            self._answers[header.request_id] = Answer(header, body)
        else:
            raise ConnectionFailed(f"an answer to request {header.request_id}, which nobody sent")
        return True

    def _about_connection(self, header: codec.Header, body: memoryview) -> None:
        if header.opcode == codec.GOAWAY:
            _, reason = _answers.decode_go_away(body)
            self.closing = f"the server is closing: {reason}"
        else:
            raise _answers.decode_error(body)
