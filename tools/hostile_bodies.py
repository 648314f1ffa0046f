"""Attacks of `hostile.py` by bodies that are well-formed, and as large or odd as can be."""

import base64
import json
import struct

import hostile_access as access
import numpy as np
import rawframes as raw

MALFORMED, UNSUPPORTED, OUT_OF_RANGE, BAD_NAME = 1, 2, 3, 7
NOT_AUTHENTICATED, OVERLOADED = 33, 64
BACKUP, EXCLUDE_SECTION, SECTIONS_MAX = 20, 4, 65_535
EXCLUSIONS_MAX = 1_000_000


def expect(connection, opcode, body, codes, **fields):
    """The request gets one of the codes (None = no error), and the connection stays."""
    answer = connection.exchange(opcode, body, **fields)
    message = "" if answer.code is None else answer.message
    assert answer.request != 0 and answer.code in codes, f"{answer.code} {message}, not {codes}"
    connection.ask(raw.PING, bytes(8))


def exclusions(context):
    """Lists of exclusions that are too long, fall, or repeat; and the longest there may be."""
    vectors = (raw.VECTORS_SECTION, raw.CRITICAL, context.vectors[:1].tobytes())

    def excluding(ids):
        section = (EXCLUDE_SECTION, raw.CRITICAL, np.asarray(ids, dtype="<u8").tobytes())
        dimensions = context.vectors.shape[1]
        return raw.query(context.handle, [vectors, section], dimensions=dimensions)

    refused = {MALFORMED, OUT_OF_RANGE}
    with context.connect() as connection:
        expect(connection, raw.QUERY, excluding(np.arange(EXCLUSIONS_MAX + 1)), refused)
        expect(connection, raw.QUERY, excluding([3, 2, 1]), refused)
        expect(connection, raw.QUERY, excluding([7, 7]), refused)
        expect(connection, raw.QUERY, excluding(np.arange(EXCLUSIONS_MAX)), {None})
    return 4


def many_sections(context):
    """A table of as many sections as can be said, empty or not there at all."""
    dimensions = context.vectors.shape[1]
    table = [(999, 0, b"")] * SECTIONS_MAX
    promised = bytearray(context.query())
    struct.pack_into("<I", promised, 88, SECTIONS_MAX)
    with context.connect() as connection:
        empty = raw.query(context.handle, table, dimensions=dimensions)
        expect(connection, raw.QUERY, empty, {MALFORMED, OUT_OF_RANGE})
        expect(connection, raw.QUERY, bytes(promised), {MALFORMED, OUT_OF_RANGE})
    return 2


def odd_vectors(context):
    """Vectors of zeros, of the least and the largest numbers, and all alike."""
    dimensions = context.vectors.shape[1]
    values = (0, -0.0, 1e-45, 1e-38, 1e15, -1e15)
    with context.connect() as connection:
        for number, value in enumerate(values):
            vectors = np.full((64, dimensions), value, dtype=np.float32)
            expect(connection, raw.QUERY, raw.vector_query(context.handle, vectors), {None})
            ids = np.arange(64) + 10_000 * (number + 1)
            expect(connection, raw.UPSERT, raw.rows(context.handle, ids, vectors), {None})
            deleted = struct.pack("<II", context.handle, len(ids)) + ids.astype("<u8").tobytes()
            expect(connection, raw.DELETE, deleted, {None})
    return 3 * len(values)


def backups_outside(context):
    """Backups that would be written somewhere else."""
    names = (b"../up", b"/etc/palate", b".hidden", b"a/b", b"nul\0byte", b"")
    with context.connect() as connection:
        for name in names:
            body = struct.pack("<QBBB5x", 0, 0, len(name), 0) + name
            expect(connection, BACKUP, body, {MALFORMED, OUT_OF_RANGE, BAD_NAME})
    return len(names)


def far_times(context):
    """Events of the far past and future, and at the ends of the clock."""
    times = (-(2**63), -1, 1, 4_102_444_800_000, 2**63 - 1)
    with context.connect() as connection:
        for when in times:
            event = struct.pack("<IIIIQQqB", context.handle, 1, 0, 0, 9, 1, when, 1)
            expect(connection, raw.EVENT, event, {None, MALFORMED, OUT_OF_RANGE})
    return len(times)


def forged_tokens(context):
    """Tokens without a signature, with one that is none, and as long as can be."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"sub": "root", "exp": 4_102_444_800, "scopes": ["admin"]}
    tokens = [
        part({"alg": algorithm}) + b"." + part(claims) + b"." + signature
        for algorithm in ("none", "None", "HS256", "RS256", "ES256", "EdDSA", "")
        for signature in (b"", b"AAAA")
    ]
    tokens += [b".", b"..", b"a.b.c", b"." * 4_000, part(claims) * 40]
    codes = {NOT_AUTHENTICATED, OVERLOADED, MALFORMED, OUT_OF_RANGE}
    with context.connect() as connection:
        for token in tokens:
            expect(connection, access.AUTH, access.credential(2, token[:4_000]), codes)
    return len(tokens)


def empty_bodies(context):
    """Every opcode there may be, with nothing in it."""
    # HELLO ends a connection that has said it; these mean something without a body.
    spared = {1, 10}
    with context.connect() as connection:
        for opcode in set(range(256)) - spared:
            answer = connection.exchange(opcode)
            assert answer.code in (MALFORMED, UNSUPPORTED, BAD_NAME), f"{opcode}: {answer.code}"
    return 256 - len(spared)


ATTACKS = [
    ("exclusions", exclusions),
    ("many sections", many_sections),
    ("odd vectors", odd_vectors),
    ("backups outside", backups_outside),
    ("far times", far_times),
    ("forged tokens", forged_tokens),
    ("empty bodies", empty_bodies),
]
