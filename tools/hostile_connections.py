"""Attacks of `hostile.py` on connections: slow, half-open, reset, too many, too much in flight."""

import select
import socket
import struct
import time

import numpy as np
import rawframes as raw

UNSUPPORTED, OUT_OF_RANGE, ANSWER_TOO_LARGE, OVERLOADED = 2, 3, 18, 64
CANCELLED, REQUEST_ID_IN_USE = 68, 137
CANCEL = 18
# What the server of these attacks is started with, so that they are over soon.
PER_ADDRESS, IN_FLIGHT, PATIENCE = 256, 128, 1
SETTINGS = {
    "limits.stall-timeout": f"{PATIENCE}s",
    "limits.hello-timeout": f"{PATIENCE}s",
    "limits.connections-per-address": PER_ADDRESS,
    "limits.requests-in-flight": IN_FLIGHT,
}
# How much longer than its patience the server may take.
GRACE = 6


def sockets(context, count, source=None):
    """So many connections that have said nothing yet."""
    host, port = context.server.address.rsplit(":", 1)
    place = (source, 0) if source else None
    return [
        socket.create_connection((host, int(port)), timeout=30, source_address=place)
        for _ in range(count)
    ]


def await_ends(held, seconds, trickle=b""):
    """Waits until the server has ended all connections; `trickle` is sent a byte at a time."""
    left, sent, deadline = set(held), 0, time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        for one in select.select(list(left), [], [], 0.1)[0]:
            try:
                ended = not one.recv(1 << 16)
            except OSError:
                ended = True
            if ended:
                left.discard(one)
        for one in list(left) if sent < len(trickle) else ():
            try:
                one.sendall(trickle[sent : sent + 1])
            except OSError:
                left.discard(one)
        sent += 1
    for one in held:
        one.close()
    assert not left, f"{len(left)} of {len(held)} connections were not ended in {seconds} s"


def costly(context):
    """A QUERY that is work for a worker: 400 lists at the widest beam."""
    vectors = np.resize(context.vectors, (400, context.vectors.shape[1]))
    return raw.vector_query(context.handle, vectors, k=500, beam=2_000)


def silent(context):
    """Connections on which nothing is ever said."""
    await_ends(sockets(context, 100), PATIENCE + GRACE)
    return 100


def slow_headers(context):
    """HELLO at ten bytes a second."""
    await_ends(sockets(context, 100), PATIENCE + GRACE, raw.frame(raw.HELLO, raw.hello()))
    return 100


def slow_bodies(context):
    """A body of 64 KiB at ten bytes a second."""
    held = [context.connect() for _ in range(40)]
    for one in held:
        one.send(raw.header(raw.QUERY, 5, 1 << 16))
    await_ends([one.socket for one in held], PATIENCE + GRACE, bytes(200))
    return len(held)


def resets(context):
    """Connections reset in the middle of a frame."""
    whole = raw.frame(raw.QUERY, context.query())
    for _ in range(200):
        connection = context.connect()
        connection.send(whole[: context.generator.randrange(1, len(whole))])
        linger = struct.pack("ii", 1, 0)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()
    return 200


def half_open(context):
    """Connections closed for sending: in the middle of a frame, and behind a whole one."""
    whole = raw.frame(raw.QUERY, context.query(), 7)
    held = [context.connect() for _ in range(40)]
    for one in held:
        one.send(whole[:50])
        one.socket.shutdown(socket.SHUT_WR)
    await_ends([one.socket for one in held], PATIENCE + GRACE)
    for _ in range(40):
        with context.connect() as connection:
            connection.send(whole)
            connection.socket.shutdown(socket.SHUT_WR)
            answer = connection.receive()
            assert answer.request == 7 and answer.code is None, "asked, and not answered"
    return 80


def connect_floods(context):
    """Thousands of connections opened and closed at once."""
    for _ in range(30):
        for one in sockets(context, 100):
            one.close()
    return 3_000


def crowds(context):
    """More connections from one address than it may have; others come in."""
    crowd = sockets(context, PER_ADDRESS + 40, source="127.0.0.9")
    for one in crowd:
        try:
            one.sendall(raw.frame(raw.HELLO, raw.hello()))
        except OSError:
            pass
    greeted = 0
    for one in crowd:
        try:
            greeted += bool(one.recv(32))
        except OSError:
            pass
    assert greeted <= PER_ADDRESS, f"{greeted} connections where {PER_ADDRESS} are allowed"
    assert greeted >= PER_ADDRESS - 1, f"only {greeted} of {PER_ADDRESS} allowed ones served"
    context.connect().close()
    for one in crowd:
        one.close()
    return len(crowd)


def duplicate_ids(context):
    """A request under the id of one that is not answered yet."""
    question = raw.frame(raw.QUERY, costly(context), 5)
    with context.connect() as connection:
        connection.send(question + raw.frame(raw.PING, bytes(8), 5))
        answer = connection.receive()
        got = (answer.request, answer.code)
        assert got == (0, REQUEST_ID_IN_USE), f"got id and code {got}"
    return 1


def cancel_floods(context):
    """CANCEL of requests that there are not, pipelined."""
    with context.connect() as connection:
        for _ in range(20):
            numbers = range(1_000, 2_000)
            body = struct.pack("<I", 77)
            connection.send(b"".join(raw.frame(CANCEL, body, number) for number in numbers))
            for _ in numbers:
                assert connection.receive().code is None, "CANCEL of an unknown id is no error"
    return 20_000


def too_many_in_flight(context):
    """More unanswered requests than the connection may have, all given up again."""
    body, count = costly(context), IN_FLIGHT + 32
    with context.connect() as connection:
        for number in range(count):
            connection.send(raw.frame(raw.QUERY, body, number + 100))
        for number in range(count):
            connection.send(raw.frame(CANCEL, struct.pack("<I", number + 100), number + 5_000))
        answers = [connection.receive() for _ in range(2 * count)]
    codes = [answer.code for answer in answers if answer.opcode == raw.QUERY]
    refused, cancelled = codes.count(OVERLOADED), codes.count(CANCELLED)
    assert refused >= 32 and refused + cancelled + codes.count(None) == count, f"{codes}"
    assert cancelled > IN_FLIGHT / 2, f"{cancelled} of {IN_FLIGHT} waiting requests given up"
    kept = [answer.code for answer in answers if answer.opcode == CANCEL and answer.code]
    assert not kept, f"CANCEL was refused: {kept[0]}"
    return count


def impossible_budgets(context):
    """Costly requests that must be answered within a microsecond."""
    with context.connect() as connection:
        for _ in range(20):
            answer = connection.exchange(raw.QUERY, costly(context), budget=1)
            assert answer.code in (None, OVERLOADED), answer.message
    return 20


def answers_too_large(context):
    """Requests whose answers pass the frame, refused before they are made."""
    vectors = np.resize(context.vectors, (20_000, context.vectors.shape[1]))
    with context.connect() as connection:
        body = raw.vector_query(context.handle, vectors, k=10_000)
        answer = connection.exchange(raw.QUERY, body)
        assert answer.code == ANSWER_TOO_LARGE, f"{answer.code}"
    return 1


def floods_of_errors(context):
    """Refused requests, pipelined by the thousand."""
    bad = context.query(k=0)
    with context.connect() as connection:
        for _ in range(50):
            connection.send(b"".join(raw.frame(raw.QUERY, bad, 100 + n) for n in range(100)))
            for _ in range(100):
                answer = connection.receive()
                assert answer.code == OUT_OF_RANGE, f"{answer.code} {answer.message}"
    return 5_000


def unread_answers(context):
    """Somebody who asks for a lot and reads nothing."""
    big = raw.vector_query(context.handle, context.vectors[:64], k=500, parts=2)
    with context.connect() as connection:
        connection.socket.settimeout(0.5)
        deadline = time.monotonic() + 2
        sent = 0
        try:
            while time.monotonic() < deadline and sent < 400:
                sent += 1
                connection.send(raw.frame(raw.QUERY, big, request=1_000 + sent))
        except OSError:
            pass  # back-pressure: the server stopped reading, or closed
    return sent


def compressed_frames(context):
    """Bodies said to be compressed: refused by the flag, whatever they would become."""
    body = bytes.fromhex("28b52ffd") + bytes(1_020)
    opcodes = (raw.PING, raw.OPEN, raw.CREATE, raw.QUERY, raw.GET, raw.UPSERT, raw.EVENT)
    with context.connect() as connection:
        for opcode in opcodes:
            answer = connection.exchange(opcode, body, flags=raw.ZSTD)
            assert answer.code == UNSUPPORTED, f"{answer.code} {answer.message}"
    return len(opcodes)


ATTACKS = [
    ("silent connections", silent),
    ("slow headers", slow_headers),
    ("slow bodies", slow_bodies),
    ("resets in frames", resets),
    ("half-open connections", half_open),
    ("connect floods", connect_floods),
    ("crowds from one address", crowds),
    ("duplicate request ids", duplicate_ids),
    ("cancel floods", cancel_floods),
    ("too many in flight", too_many_in_flight),
    ("impossible budgets", impossible_budgets),
    ("answers too large", answers_too_large),
    ("floods of errors", floods_of_errors),
    ("unread answers", unread_answers),
    ("compressed frames", compressed_frames),
]
