"""Frames of the wire protocol made by hand from the tables of PROTOCOL.md.

For tests that must control every byte, and as a second reading of the page: nothing here is shared
with the Python client or the server. Bodies are bytes; answers come back as `Answer`.
"""

import dataclasses
import socket
import struct

import numpy as np

MAGIC = b"PLT1"
HELLO, PING, OPEN, CREATE, STATS = 1, 3, 4, 8, 11
QUERY, GET, UPSERT, DELETE = 16, 19, 32, 33
LOAD_BEGIN, LOAD_DATA, LOAD_COMMIT, EVENT, GOAWAY, ERROR = 35, 36, 37, 48, 57, 63
RESPONSE, FAILED, ZSTD, BODY_CRC = 1, 2, 4, 8
HEADER = struct.Struct("<4sBBHIIII4x")
BY_VECTORS, BY_IDS, BY_USER = 0, 1, 2
HAS_USER = 1
VECTORS_SECTION, IDS_SECTION, TASTE_SECTION, CRITICAL = 1, 2, 5, 1


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data, seed=0):
    """CRC-32C, byte by byte; `seed` is the checksum of what came before."""
    value = seed ^ 0xFFFFFFFF
    for byte in data:
        value = _CRC_TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def header(opcode, request, length, body_crc=0, flags=0, version=1, budget=0, magic=MAGIC):
    """The 32 bytes before a body, with the header's own checksum."""
    head = HEADER.pack(magic, opcode, version, flags, length, request, budget, body_crc)
    return head + struct.pack("<I", crc32c(head))


def frame(opcode, body=b"", request=1, flags=0, checked=False, **fields):
    """A whole frame; `checked` adds the body's checksum."""
    body_crc = crc32c(body) if checked else 0
    flags |= BODY_CRC if checked else 0
    return header(opcode, request, len(body), body_crc, flags, **fields) + body


def hello(oldest=1, newest=1, largest=16 << 20, server=bytes(16), name=b"raw"):
    """Body of HELLO."""
    return struct.pack("<HHIIHH16s", oldest, newest, 0, largest, len(name), 0, server) + name


def schema(name, dimensions, metric=b"l2", quantizer=b"sq8", neighbours=16, build_beam=100):
    """Body of COLLECTION_CREATE."""
    lengths = (len(name), len(metric), len(quantizer))
    head = struct.pack("<IHHBBB5x", dimensions, neighbours, build_beam, *lengths)
    return head + name + metric + quantizer


def rows(handle, ids, vectors, payloads=None):
    """The columns of UPSERT and LOAD_DATA; float32."""
    vectors = np.ascontiguousarray(vectors, dtype="<f4")
    lengths = np.array([len(payload) for payload in payloads or []], dtype="<u4")
    head = struct.pack(
        "<IBBHIIQQ", handle, 0, 0, 1 if payloads else 0, *vectors.shape, int(lengths.sum()), 0
    )
    columns = np.asarray(ids, dtype="<u8").tobytes() + vectors.tobytes() + lengths.tobytes()
    return head + columns + b"".join(payloads or [])


def query(handle, sections, kind=BY_VECTORS, dimensions=0, count=1, k=10, **head):
    """Body of QUERY; sections are (type, flags, bytes); `head` is for the rarer fields."""
    fixed = struct.pack(
        "<IBBHIIIIIIfIQQII16sQII",
        *(handle, kind, head.get("element", 0), head.get("flags", 0), dimensions, count, k),
        *(head.get("beam", 0), 0, head.get("parts", 0), 0.0, head.get("reserved", 0)),
        *(head.get("user", 0), 0, 0, 0, bytes(16), 0, len(sections), 0),
    )
    position = len(fixed) + 12 * len(sections)
    table, content = b"", b""
    for kind_of_section, flags, data in sections:
        padding = -position % 16
        table += struct.pack("<HHII", kind_of_section, flags, position + padding, len(data))
        content += bytes(padding) + data
        position += padding + len(data)
    return fixed + table + content


def vector_query(handle, vectors, k=10, **head):
    """Body of QUERY by float32 vectors, shape [count, dimensions]."""
    vectors = np.ascontiguousarray(vectors, dtype="<f4")
    count, dimensions = vectors.shape
    section = (VECTORS_SECTION, CRITICAL, vectors.tobytes())
    return query(handle, [section], BY_VECTORS, dimensions, count, k, **head)


def load_begin(handle, loader, epoch):
    """Body of LOAD_BEGIN."""
    return struct.pack("<IIQQ", handle, 0, loader, epoch)


def load_data(loader, epoch, sequence, columns):
    """Body of LOAD_DATA; `columns` come from `rows`."""
    return struct.pack("<QQQQ", loader, epoch, sequence, 0) + columns


def load_commit(handle, loader, epoch, count, ids_crc):
    """Body of LOAD_COMMIT."""
    return struct.pack("<IIQQQ", handle, ids_crc, loader, epoch, count)


@dataclasses.dataclass(frozen=True)
class Answer:
    """One frame from the server."""

    opcode: int
    flags: int
    request: int
    body: bytes

    @property
    def code(self):
        """The error report's code, or None where the answer is no error."""
        return struct.unpack_from("<H", self.body)[0] if self.flags & FAILED else None

    @property
    def message(self):
        """The error report's text."""
        return self.body[16:].decode()


class Connection:
    """A socket that speaks frames; HELLO is said unless told otherwise."""

    def __init__(self, address, greet=True, timeout=30):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.next_request = 1
        if greet:
            self.ask(HELLO, hello())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the socket."""
        self.socket.close()

    def send(self, data):
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def _receive_exactly(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise ConnectionError("the server closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self):
        """The next frame, its checksums verified; ConnectionError at the end of the stream."""
        head = self._receive_exactly(32)
        magic, opcode, _, flags, length, request, _, body_crc = HEADER.unpack(head[:28])
        if magic != MAGIC or struct.unpack("<I", head[28:])[0] != crc32c(head[:28]):
            raise AssertionError(f"the server sent a bad header: {head.hex()}")
        body = self._receive_exactly(length)
        if flags & BODY_CRC and crc32c(body) != body_crc:
            raise AssertionError("the server sent a body with a bad checksum")
        return Answer(opcode, flags, request, body)

    def exchange(self, opcode, body=b"", **fields):
        """Sends one request under a fresh id and returns its answer, an error or not."""
        request = self.next_request
        self.next_request += 1
        self.send(frame(opcode, body, request, **fields))
        while True:
            answer = self.receive()
            is_notice = answer.opcode == GOAWAY and answer.request == 0
            if answer.request in (request, 0) and not is_notice:
                return answer

    def ask(self, opcode, body=b"", **fields):
        """As `exchange`, but an error is raised; returns the answer's body."""
        answer = self.exchange(opcode, body, **fields)
        if answer.flags & FAILED:
            raise RuntimeError(f"opcode {opcode}: {answer.code} {answer.message}")
        return answer.body

    def create(self, name, dimensions, **fields):
        """Creates a collection (or finds it there, the same) and returns its handle."""
        info = self.ask(CREATE, schema(name.encode(), dimensions, **fields))
        return struct.unpack_from("<I", info)[0]

    def search(self, handle, vectors, k=10, **head):
        """Ids of every list, by vectors: a list of arrays."""
        body = self.ask(QUERY, vector_query(handle, vectors, k, **head))
        lists, total = struct.unpack_from("<II", body)
        ids = np.frombuffer(body, "<u8", total, 48)
        offsets = np.frombuffer(body, "<u4", lists + 1, 48 + 12 * total)
        return [ids[start:end] for start, end in zip(offsets[:-1], offsets[1:])]
