"""The client against a scripted peer: pipelining, splitting, order, errors. No Palate server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import palate
from palate import Client
from palate import _codec as codec
from palate._batches import encode_payloads, row_slices
from palate._crc32c import crc32c, crc32c_small


@dataclass
class Frame:
    opcode: int
    flags: int
    request: int
    micros: int
    body: bytes


Reply = tuple[int, int, int, bytes]


class Peer:
    """Accepts connections one after the other and answers by a function of all frames waiting."""

    def __init__(
        self, answer: Callable[[Frame], bytes | Exception | None], *,
        largest_body: int = 16 << 20, in_flight: int = 64, hold: int = 1,
    ) -> None:  # fmt: skip
        self.answer = answer
        self.largest_body = largest_body
        self.in_flight = in_flight
        self.hold = hold
        self.frames: list[Frame] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError, EOFError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        held: list[Reply] = []
        while True:
            frame = self._read(stream)
            if frame.opcode == codec.HELLO:
                name, server = b"peer", bytes(range(16))
                limits = (self.largest_body, self.in_flight)
                welcome = struct.pack("<HHIII16s", 1, len(name), 0, *limits, server)
                connection.sendall(encode(frame, welcome + name))
                continue
            self.frames.append(frame)
            answer = self.answer(frame)
            if answer is None:
                raise EOFError
            if isinstance(answer, Refusal):
                reply = encode(frame, answer.body(), codec.FAILED)
            else:
                assert isinstance(answer, bytes)
                reply = encode(frame, answer)
            held.append((0, 0, 0, reply))
            # Answers leave in reverse, as a server may send them.
            if len(held) >= self.hold or frame.opcode in (codec.OPEN, codec.LOAD_BEGIN):
                for *_, data in reversed(held):
                    connection.sendall(data)
                held.clear()

    @staticmethod
    def _read(stream: Any) -> Frame:
        head = stream.read(32)
        if len(head) < 32:
            raise EOFError
        magic, opcode, version, flags, length, request, micros, crc, _ = struct.unpack(
            "<4sBBHIIIII", head[:28]
        )
        assert magic == b"PLT1" and version == 1
        assert int.from_bytes(head[28:], "little") == crc32c_small(head[:28])
        body = stream.read(length)
        if flags & codec.BODY_CRC:
            assert crc == crc32c(body)
        return Frame(opcode, flags, request, micros, body)


class Refusal(Exception):
    def __init__(self, code: int, kind: int = 1) -> None:
        self.code = code
        self.kind = kind

    def body(self) -> bytes:
        return struct.pack("<HBBIIHH", self.code, self.kind, 0, 0, 0, 3, 0) + b"bad"


def encode(frame: Frame, body: bytes, flags: int = 0) -> bytes:
    head = struct.pack(
        "<4sBBHIIIII", b"PLT1", frame.opcode, 1, flags | codec.RESPONSE | codec.BODY_CRC,
        len(body), frame.request, 7, crc32c(body), 0,
    )  # fmt: skip
    return head + crc32c_small(head).to_bytes(4, "little") + body


INFO = struct.pack("<IIQIHHBBBBI", 9, 0, 1, 4, 16, 200, 4, 2, 3, 0, 0) + b"pinsl2sq8"


def echo_query(frame: Frame) -> bytes:
    """One result per query: the first component of its vector, or its id."""
    kind, count = frame.body[4], struct.unpack_from("<I", frame.body, 12)[0]
    offset = struct.unpack_from("<I", frame.body, 100)[0]
    if kind == 0:
        ids = np.frombuffer(frame.body, "<f4", count * 4, offset)[::4].astype("<u8")
    else:
        ids = np.frombuffer(frame.body, "<u8", count, offset)
    head = struct.pack("<IIQQQIIQ", count, count, 1, 5, count, 0, 0, 0)
    offsets = np.arange(count + 1, dtype="<u4")
    return head + ids.tobytes() + ids.astype("<f4").tobytes() + offsets.tobytes()


def receipt(changed: int) -> bytes:
    return struct.pack("<QQQ", 12, changed, 1)


def standard(frame: Frame) -> bytes | Exception | None:
    match frame.opcode:
        case codec.OPEN | codec.CREATE:
            return INFO
        case codec.PING:
            return frame.body
        case codec.QUERY:
            return echo_query(frame)
        case codec.UPSERT:
            return receipt(struct.unpack_from("<I", frame.body, 8)[0])
        case codec.DELETE | codec.EVENT:
            return receipt(struct.unpack_from("<I", frame.body, 4)[0])
        case codec.LOAD_BEGIN:
            return struct.pack("<QQII", 0, 300, 2, 0)
        case codec.LOAD_DATA:
            return struct.pack("<QQ", 0, 0)
        case codec.LOAD_COMMIT:
            return receipt(struct.unpack_from("<Q", frame.body, 24)[0])
        case codec.LIST:
            return struct.pack("<II", 1, 0) + INFO
    return Refusal(2)


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer(standard)
    yield peer
    peer.close()


def test_hello_says_what_holds(peer: Peer) -> None:
    with Client(peer.address) as client:
        server = client.server()
        assert server["id"] == bytes(range(16)).hex()
        assert server["largest_body"] == 16 << 20
        assert client.ping() < 5


def test_one_frame_for_a_batch(peer: Peer) -> None:
    vectors = np.arange(400, dtype=np.float32).reshape(100, 4)
    with Client(peer.address) as client:
        ids, scores = client.query("pins", vectors, k=1)
    assert ids[:, 0].tolist() == list(range(0, 400, 4))
    assert scores.dtype == np.float32
    assert [frame.opcode for frame in peer.frames] == [codec.OPEN, codec.QUERY]


@pytest.mark.parametrize("hold", [1, 2, 5])
def test_large_batches_are_split_pipelined_and_joined_in_order(hold: int) -> None:
    peer = Peer(standard, largest_body=4096, in_flight=hold, hold=hold)
    # 10 frames, so that held answers never wait for a frame that does not come.
    per_frame = (4096 - 1024) // 16
    vectors = np.arange(per_frame * 10 * 4, dtype=np.float32).reshape(-1, 4)
    with Client(peer.address) as client:
        results = client.query("pins", vectors, k=1)
    assert np.array_equal(results.ids[:, 0], vectors[:, 0].astype(np.uint64))
    assert sum(frame.opcode == codec.QUERY for frame in peer.frames) == 10
    assert results.visited == len(vectors)
    peer.close()


def test_an_answer_that_is_too_large_is_asked_for_in_halves() -> None:
    def answer(frame: Frame) -> bytes | Exception | None:
        if frame.opcode == codec.QUERY and struct.unpack_from("<I", frame.body, 12)[0] > 3:
            return Refusal(18)
        return standard(frame)

    peer = Peer(answer)
    with Client(peer.address) as client:
        results = client.query("pins", ids=range(20, 31), k=1)
    assert results.ids[:, 0].tolist() == list(range(20, 31))
    peer.close()


def test_a_forgotten_handle_is_opened_again() -> None:
    seen: list[int] = []

    def answer(frame: Frame) -> bytes | Exception | None:
        seen.append(frame.opcode)
        if seen.count(codec.QUERY) == 1 and frame.opcode == codec.QUERY:
            return Refusal(5)
        return standard(frame)

    peer = Peer(answer)
    with Client(peer.address) as client:
        client.query("pins", ids=[4], k=1)
    assert seen == [codec.OPEN, codec.QUERY, codec.OPEN, codec.QUERY]
    peer.close()


def test_errors_have_their_type_and_leave_the_connection_usable() -> None:
    def answer(frame: Frame) -> bytes | Exception | None:
        return Refusal(4) if frame.opcode == codec.OPEN else standard(frame)

    peer = Peer(answer)
    with Client(peer.address) as client:
        with pytest.raises(palate.UnknownCollection, match="bad") as caught:
            client.query("nothing", ids=[1])
        assert caught.value.name == "unknownCollection"
        client.ping()
    assert peer.connections == 1
    peer.close()


def test_a_broken_connection_is_reported_and_reopened() -> None:
    pings: list[int] = []

    def answer(frame: Frame) -> bytes | Exception | None:
        pings.append(frame.request)
        return None if len(pings) == 1 else standard(frame)

    peer = Peer(answer)
    client = Client(peer.address, retries=0)
    with pytest.raises(palate.ConnectionFailed):
        client.ping()
    client.ping()
    assert peer.connections == 2
    client.close()
    peer.close()


def test_no_answer_times_out() -> None:
    peer = Peer(standard, hold=2)
    client = Client(peer.address, timeout=0.2)
    with pytest.raises(palate.TimedOut):
        client.ping()
    peer.close()


def test_nobody_there_is_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(palate.ConnectionFailed):
        Client(f"127.0.0.1:{port}").ping()


def test_a_load_keeps_to_its_credit_and_commits_what_it_sent(peer: Peer) -> None:
    ids = np.arange(11, dtype=np.uint64)
    vectors = np.zeros((11, 4), np.float32)
    steps: list[tuple[int, int]] = []
    with Client(peer.address, checksum=False) as client:
        receipt = client.load(
            "pins", ids, vectors, [{"n": i} for i in range(11)], progress=lambda *s: steps.append(s)
        )
    assert receipt.changed == 11
    assert steps == [(rows, 11) for rows in (2, 4, 6, 8, 10, 11)]
    data = [frame for frame in peer.frames if frame.opcode == codec.LOAD_DATA]
    assert [struct.unpack_from("<Q", frame.body, 16)[0] for frame in data] == [1, 2, 3, 4, 5, 6]
    assert all(frame.flags & codec.BODY_CRC for frame in data)
    commit = peer.frames[-1].body
    assert struct.unpack_from("<I", commit, 4)[0] == crc32c(ids)


def test_a_resumed_load_skips_what_is_durable() -> None:
    def answer(frame: Frame) -> bytes | Exception | None:
        if frame.opcode == codec.LOAD_BEGIN:
            return struct.pack("<QQII", 4, 1 << 20, 2, 0)
        return standard(frame)

    peer = Peer(answer)
    with Client(peer.address) as client:
        client.load(
            "pins", np.arange(11), np.zeros((11, 4)), loader_id=1, epoch=2, resume=True
        )
        with pytest.raises(ValueError, match="loader_id"):
            client.load("pins", [1], np.zeros((1, 4)), resume=True)
    data = [frame for frame in peer.frames if frame.opcode == codec.LOAD_DATA]
    assert [struct.unpack_from("<Q", frame.body, 16)[0] for frame in data] == [5, 6]
    peer.close()


def test_writes_are_split_by_bytes_and_summed_up() -> None:
    peer = Peer(standard, largest_body=4096)
    with Client(peer.address) as client:
        payloads = [b"x" * 1000, b"y" * 3000, b"", *([b"z" * 10] * 197)]
        receipt = client.upsert("pins", np.arange(200), np.zeros((200, 4)), payloads)
        assert receipt.changed == 200
        assert client.delete("pins", np.arange(2000)).changed == 2000
        assert client.delete("pins", []).changed == 0
        assert client.events("pins", np.arange(500), np.arange(500), "save").changed == 500
    assert max(len(frame.body) for frame in peer.frames) <= 4096
    peer.close()


def test_half_and_byte_vectors_travel_as_they_are(peer: Peer) -> None:
    with Client(peer.address) as client:
        client.upsert("pins", [1], np.zeros((1, 4), np.float16))
        client.upsert("pins", [1], np.zeros((1, 4), np.uint8))
        client.upsert("pins", [1], [[0.0, 1.0, 2.0, 3.0]])
    writes = [frame.body for frame in peer.frames if frame.opcode == codec.UPSERT]
    assert [(body[4], len(body)) for body in writes] == [(1, 48), (4, 44), (0, 56)]


def test_the_budget_travels_in_microseconds(peer: Peer) -> None:
    with Client(peer.address, budget=0.002) as client:
        client.query("pins", ids=[1])
    assert peer.frames[-1].micros == 2000


def test_arguments_are_checked_before_anything_is_sent(peer: Peer) -> None:
    client = Client(peer.address)
    with pytest.raises(ValueError, match="not both"):
        client.query("pins", vectors=[[1.0]], ids=[1])
    with pytest.raises(ValueError, match="vectors, ids or a user"):
        client.query("pins")
    with pytest.raises(ValueError, match="unsigned"):
        client.get("pins", [-1])
    with pytest.raises(ValueError, match="integers"):
        client.get("pins", np.array([1.5]))
    with pytest.raises(TypeError):
        client.get("pins", [1.5])
    with pytest.raises(ValueError, match="event type 'like'"):
        client.events("pins", [1], [2], "like")
    with pytest.raises(ValueError, match="2 ids for 1 vectors"):
        client.upsert("pins", [1, 2], [[1.0]])
    with pytest.raises(ValueError, match="1 payloads for 2 rows"):
        client.upsert("pins", [1, 2], [[1.0], [2.0]], ["a"])
    assert peer.connections == 0


def test_payloads_become_bytes() -> None:
    payloads = ["é", {"a": [1]}, b"\x00", None]
    assert encode_payloads(payloads, 4) == ["é".encode(), b'{"a":[1]}', b"\x00", b""]
    assert encode_payloads(None, 4) is None


@pytest.mark.parametrize("seed", range(5))
def test_row_slices_cover_all_rows_within_their_limits(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 300, 200)
    payloads = [bytes(int(length)) for length in lengths]
    slices = list(row_slices(200, 40, payloads, 500, 7))
    rows = [row for part in slices for row in range(part.start, part.stop)]
    assert rows == list(range(200))
    for part in slices:
        size = sum(44 + int(length) for length in lengths[part])
        assert part.stop - part.start <= 7
        assert size <= 500 or part.stop - part.start == 1
