"""The attacks of `hostile.py`: each sends bad input and states the error that must answer it.

An attack is a function of a `Context` that returns how many inputs it tried and raises
AssertionError where an answer is not the expected one. The codes are PROTOCOL.md's.
"""

import dataclasses
import random
import struct

import hostile_access as access
import hostile_fields as fields
import numpy as np
import rawframes as raw
from served import Server

TARGET = "target"
DIMENSIONS = 24
# Codes of PROTOCOL.md's table.
MALFORMED, UNSUPPORTED, OUT_OF_RANGE, UNKNOWN_COLLECTION, UNKNOWN_HANDLE = 1, 2, 3, 4, 5
COLLECTION_EXISTS, BAD_NAME, UNKNOWN_CHOICE, WRONG_DIMENSIONS, BAD_COMPONENT = 6, 7, 8, 9, 10
UNEQUAL_COLUMNS, UNKNOWN_ITEM, MISSING_USER, NO_TASTE = 11, 12, 13, 14
LOAD_SEQUENCE, STALE_EPOCH, LOAD_MISMATCH = 15, 16, 17
BAD_MAGIC, HEADER_CHECKSUM, BODY_CHECKSUM, FRAME_TOO_LARGE = 128, 129, 130, 131
HELLO_EXPECTED, HELLO_REPEATED, VERSION_MISMATCH, WRONG_SERVER, REQUEST_ID_ZERO = (
    132, 133, 134, 135, 136,
)
ALL_CODES = {*range(1, 35), *range(64, 69), *range(96, 99), *range(128, 138)}
# Codes that a mutated request must never get: they would mean damage or a defect.
DEFECTS = {96, 97, 98}


@dataclasses.dataclass
class Context:
    """What an attack needs."""

    server: Server
    handle: int
    vectors: np.ndarray
    generator: random.Random
    mutations: int

    def connect(self, greet=True):
        """A new connection."""
        return raw.Connection(self.server.address, greet=greet)

    def query(self, **head):
        """A good QUERY body."""
        return raw.vector_query(self.handle, self.vectors[:1], **head)

    def rows(self, count=2):
        """Good columns of rows."""
        ids = range(1, count + 1)
        return raw.rows(self.handle, ids, self.vectors[:count], [b"payload"] * count)


def expect_closed(connection, data, code):
    """The bytes are answered with ERROR on id 0 and this code, and the connection is closed."""
    try:
        connection.send(data)
    except ConnectionError:
        pass  # closed before all was sent; the answer is still there to read
    answer = connection.receive()
    got = (answer.opcode, answer.request, answer.code)
    assert got == (raw.ERROR, 0, code), f"got opcode, id and code {got}, expected code {code}"
    try:
        extra = connection.receive()
    except ConnectionError:
        return
    raise AssertionError(f"the connection stayed open after code {code}: {extra}")


def expect_refused(connection, opcode, body, code, **fields):
    """The request is answered with this code on its own id, and the connection stays."""
    answer = connection.exchange(opcode, body, **fields)
    codes = code if isinstance(code, set) else {code}
    got = (answer.opcode, answer.code)
    message = answer.message if answer.code is not None else ""
    assert answer.request != 0 and answer.opcode == opcode and answer.code in codes, (
        f"got opcode and code {got} ({message}), expected {opcode} and one of {codes}"
    )
    assert message, "an error without a message"
    connection.ask(raw.PING, bytes(8))


def garbage(context):
    """Bytes that are no frames, and other protocols' greetings."""
    texts = [b"GET / HTTP/1.1\r\nHost: palate\r\n\r\n", bytes.fromhex("16030100f8010000f40303"),
             b"*1\r\n$4\r\nPING\r\n", b"\0" * 64, b"plt1" + bytes(60)]
    texts += [b"\xff" + context.generator.randbytes(context.generator.randrange(31, 9_000))
              for _ in range(40)]
    for text in texts:
        with context.connect(greet=False) as connection:
            expect_closed(connection, text, BAD_MAGIC)
        with context.connect() as connection:
            expect_closed(connection, text, BAD_MAGIC)
    return 2 * len(texts)


def bad_checksums(context):
    """One flipped bit in a header or in a checksummed body."""
    good = raw.frame(raw.PING, bytes(8), 9, checked=True)
    for place in range(4, 32):
        bad = bytearray(good)
        bad[place] ^= 1 << context.generator.randrange(8)
        with context.connect() as connection:
            expect_closed(connection, bytes(bad), HEADER_CHECKSUM)
    for place in range(32, 40):
        bad = bytearray(good)
        bad[place] ^= 1 << context.generator.randrange(8)
        with context.connect() as connection:
            expect_closed(connection, bytes(bad), BODY_CHECKSUM)
    return 36


def oversize(context):
    """A header that promises more than the connection allows, with a good checksum."""
    lengths = [(16 << 20) + 1, (64 << 20) + 1, 0x7FFF_FFFF, 0xFFFF_FFFF]
    for length in lengths:
        with context.connect() as connection:
            expect_closed(connection, raw.header(raw.QUERY, 5, length), FRAME_TOO_LARGE)
    with context.connect(greet=False) as connection:
        expect_closed(connection, raw.header(raw.HELLO, 5, 4_097), FRAME_TOO_LARGE)
    return len(lengths) + 1


def handshakes(context):
    """Everything that must not happen around HELLO."""
    body = context.query()
    tries = [
        (False, raw.frame(raw.PING, bytes(8)), HELLO_EXPECTED),
        (False, raw.frame(raw.QUERY, body), HELLO_EXPECTED),
        (False, raw.frame(raw.HELLO, raw.hello(oldest=99, newest=99)), VERSION_MISMATCH),
        (False, raw.frame(raw.HELLO, raw.hello(server=b"another server's")), WRONG_SERVER),
        (True, raw.frame(raw.HELLO, raw.hello(), 2), HELLO_REPEATED),
        (True, raw.frame(raw.PING, bytes(8), request=0), REQUEST_ID_ZERO),
    ]
    for greet, data, code in tries:
        with context.connect(greet) as connection:
            expect_closed(connection, data, code)
    return len(tries)


def truncated_streams(context):
    """Connections that end in the middle of a frame."""
    whole = raw.frame(raw.QUERY, context.query()) + raw.frame(raw.UPSERT, context.rows())
    for _ in range(60):
        with context.connect() as connection:
            connection.send(whole[: context.generator.randrange(1, len(whole))])
    return 60


def truncated_bodies(context):
    """Whole frames whose body is shorter or longer than its columns say."""
    bodies = [(raw.QUERY, context.query()), (raw.UPSERT, context.rows()), (raw.PING, bytes(8)),
              (raw.GET, struct.pack("<IIIIQ", context.handle, 0, 1, 0, 1)),
              (raw.DELETE, struct.pack("<IIQ", context.handle, 1, 999_999))]
    count = 0
    with context.connect() as connection:
        for opcode, body in bodies:
            for cut in sorted({0, 1, 7, len(body) // 2, len(body) - 1}):
                expect_refused(connection, opcode, body[:cut], {MALFORMED, UNEQUAL_COLUMNS})
                count += 1
            expect_refused(connection, opcode, body + b"\0", MALFORMED)
            count += 1
    return count


def bad_vectors(context):
    """Wrong dimensions, NaN, infinities, absurd magnitudes."""
    with context.connect() as connection:
        sizes = (1, DIMENSIONS - 1, DIMENSIONS + 1, 4 * DIMENSIONS)
        for size in sizes:
            body = raw.vector_query(context.handle, np.ones((1, size)))
            expect_refused(connection, raw.QUERY, body, WRONG_DIMENSIONS)
            columns = raw.rows(context.handle, [1], np.ones((1, size)))
            expect_refused(connection, raw.UPSERT, columns, WRONG_DIMENSIONS)
        values = (np.nan, np.inf, -np.inf, 1e30, -2e15)
        for value in values:
            bad = context.vectors[:2].copy()
            bad[1, context.generator.randrange(DIMENSIONS)] = value
            body = raw.vector_query(context.handle, bad)
            expect_refused(connection, raw.QUERY, body, BAD_COMPONENT)
            columns = raw.rows(context.handle, [1, 2], bad)
            expect_refused(connection, raw.UPSERT, columns, BAD_COMPONENT)
    return 2 * (len(sizes) + len(values))


def bad_numbers(context):
    """Numbers outside their limits, one at a time."""
    section = (raw.VECTORS_SECTION, raw.CRITICAL, context.vectors[:1].tobytes())
    bodies = [
        (context.query(k=0), OUT_OF_RANGE),
        (context.query(k=10_001), OUT_OF_RANGE),
        (context.query(k=0xFFFF_FFFF), OUT_OF_RANGE),
        (context.query(beam=65_536), OUT_OF_RANGE),
        (raw.query(context.handle, [section], dimensions=DIMENSIONS, count=0), OUT_OF_RANGE),
        (raw.query(context.handle, [section], dimensions=DIMENSIONS, count=70_000), OUT_OF_RANGE),
        (context.query(reserved=1), UNSUPPORTED),
        (context.query(element=2), UNSUPPORTED),
        (context.query(element=200), UNSUPPORTED),
        (context.query(flags=0x8000), {UNSUPPORTED, MALFORMED}),
        (context.query(parts=1 << 31), {UNSUPPORTED, MALFORMED}),
        (raw.query(context.handle, [], kind=9), {UNSUPPORTED, MALFORMED}),
    ]
    with context.connect() as connection:
        for body, code in bodies:
            expect_refused(connection, raw.QUERY, body, code)
        empty = raw.rows(context.handle, [], np.empty((0, DIMENSIONS)))
        expect_refused(connection, raw.UPSERT, empty, OUT_OF_RANGE)
    return len(bodies) + 1


def bad_sections(context):
    """Sections that overlap, lie outside, come twice, or are unknown and critical."""
    good = context.query()
    first = struct.unpack_from("<I", good, 96 + 4)[0]
    moved = [bytearray(good) for _ in range(4)]
    struct.pack_into("<I", moved[0], 96 + 4, first + 16)
    struct.pack_into("<I", moved[1], 96 + 4, 0)
    struct.pack_into("<I", moved[2], 96 + 8, 0xFFFF_FFF0)
    struct.pack_into("<I", moved[3], 88, 17)
    vectors = (raw.VECTORS_SECTION, raw.CRITICAL, context.vectors[:1].tobytes())
    with context.connect() as connection:
        for body in moved:
            expect_refused(connection, raw.QUERY, bytes(body), {MALFORMED, OUT_OF_RANGE})
        twice = raw.query(context.handle, [vectors, vectors], dimensions=DIMENSIONS)
        expect_refused(connection, raw.QUERY, twice, MALFORMED)
        none = raw.query(context.handle, [], dimensions=DIMENSIONS)
        expect_refused(connection, raw.QUERY, none, MALFORMED)
        critical = raw.query(context.handle, [vectors, (999, raw.CRITICAL, b"")],
                             dimensions=DIMENSIONS)
        expect_refused(connection, raw.QUERY, critical, UNSUPPORTED)
        skipped = raw.query(context.handle, [vectors, (999, 0, b"1234")], dimensions=DIMENSIONS)
        connection.ask(raw.QUERY, skipped)
    return len(moved) + 4


def unknown_things(context):
    """Opcodes, collections, handles, items and users that there are not."""
    with context.connect() as connection:
        opcodes = (0, 5, 17, 56, 57, 58, 59, 63, 64, 200, 255)
        for opcode in opcodes:
            expect_refused(connection, opcode, bytes(8), UNSUPPORTED)
        expect_refused(connection, raw.PING, bytes(8), UNSUPPORTED, version=7)
        expect_refused(connection, raw.PING, bytes(8), UNSUPPORTED, flags=raw.ZSTD)
        expect_refused(connection, raw.OPEN, b"nowhere", UNKNOWN_COLLECTION)
        expect_refused(connection, raw.STATS, b"nowhere", UNKNOWN_COLLECTION)
        stranger = raw.vector_query(0xDEAD_BEEF, context.vectors[:1])
        expect_refused(connection, raw.QUERY, stranger, UNKNOWN_HANDLE)
        ids = (raw.IDS_SECTION, raw.CRITICAL, struct.pack("<Q", 1 << 60))
        by_item = raw.query(context.handle, [ids], raw.BY_IDS)
        expect_refused(connection, raw.QUERY, by_item, UNKNOWN_ITEM)
        nobody = raw.query(context.handle, [], raw.BY_USER)
        expect_refused(connection, raw.QUERY, nobody, MISSING_USER)
        fresh = raw.query(context.handle, [], raw.BY_USER, flags=raw.HAS_USER, user=1 << 50)
        expect_refused(connection, raw.QUERY, fresh, NO_TASTE)
        events = struct.pack("<IIIIQQqB", context.handle, 1, 0, 0, 1, 1, 0, 99)
        codes = {MALFORMED, UNSUPPORTED, OUT_OF_RANGE, UNKNOWN_CHOICE}
        expect_refused(connection, raw.EVENT, events, codes)
        # About people: what is cut short, and what names a handle that nobody opened.
        for opcode in range(49, 56):
            expect_refused(connection, opcode, bytes(8), codes | {UNKNOWN_HANDLE})
            expect_refused(connection, opcode, b"\xff" * 64, codes | {UNKNOWN_HANDLE})
    return len(opcodes) + 9 + 14


def bad_schemas(context):
    """Collections that must not be made."""
    tries = [
        (raw.schema(b"../outside", 8), BAD_NAME),
        (raw.schema(b".hidden", 8), BAD_NAME),
        (raw.schema(b"a/b", 8), BAD_NAME),
        (raw.schema(b"nul\0byte", 8), BAD_NAME),
        (raw.schema(b"bad", 8, metric=b"taxicab"), UNKNOWN_CHOICE),
        (raw.schema(b"bad", 8, quantizer=b"sq3"), UNKNOWN_CHOICE),
        (raw.schema(b"bad", 0), OUT_OF_RANGE),
        (raw.schema(b"bad", 16_385), OUT_OF_RANGE),
        (raw.schema(b"bad", 8, neighbours=1), OUT_OF_RANGE),
        (raw.schema(b"bad", 8, build_beam=5_000), OUT_OF_RANGE),
        (raw.schema(TARGET.encode(), DIMENSIONS + 1), COLLECTION_EXISTS),
    ]
    with context.connect() as connection:
        for body, code in tries:
            expect_refused(connection, raw.CREATE, body, code)
    return len(tries)


def bad_fields(context):
    """What fields and filters must not be, and filters as large as they may be."""
    tries, largest = fields.bad_requests(context), fields.largest(context)
    with context.connect() as connection:
        price = fields.declare(context, b"price", 4, b"/price")
        connection.ask(fields.FIELDS_DECLARE, price)
        for opcode, body, code in tries:
            expect_refused(connection, opcode, body, {code, fields.FIELD_NOT_READY})
        for body in largest:
            answer = connection.exchange(fields.COUNT, body)
            assert answer.code in (None, fields.FIELD_NOT_READY), answer.message
    return 1 + len(tries) + len(largest)


def bad_loads(context):
    """Loads that skip, go back, or do not add up."""
    with context.connect() as connection:
        begin = raw.load_begin(context.handle, 5, 2)
        connection.ask(raw.LOAD_BEGIN, begin)
        second = raw.load_data(5, 2, 2, context.rows())
        expect_refused(connection, raw.LOAD_DATA, second, LOAD_SEQUENCE, checked=True)
        unchecked = raw.load_data(5, 2, 1, context.rows())
        expect_refused(connection, raw.LOAD_DATA, unchecked, {MALFORMED, UNSUPPORTED})
        connection.ask(raw.LOAD_DATA, unchecked, checked=True)
        older = raw.load_begin(context.handle, 5, 1)
        expect_refused(connection, raw.LOAD_BEGIN, older, STALE_EPOCH)
        wrong_count = raw.load_commit(context.handle, 5, 2, 3, raw.crc32c(b""))
        expect_refused(connection, raw.LOAD_COMMIT, wrong_count, LOAD_MISMATCH)
        wrong_ids = raw.load_commit(context.handle, 5, 2, 2, 0x1234_5678)
        expect_refused(connection, raw.LOAD_COMMIT, wrong_ids, LOAD_MISMATCH)
    return 5


def mutations(context):
    """Good requests with a few bytes changed: any valid answer or typed error will do."""
    generator = context.generator
    bodies = [
        (raw.QUERY, context.query()),
        (raw.QUERY, raw.query(context.handle, [(raw.IDS_SECTION, 1, struct.pack("<Q", 3))], 1)),
        (raw.UPSERT, context.rows(5)),
        (raw.GET, struct.pack("<IIII3Q", context.handle, 1, 3, 0, 1, 2, 3)),
        (raw.EVENT, struct.pack("<IIQQqB", context.handle, 1, 1, 1, 0, 5)),
        (raw.LOAD_BEGIN, raw.load_begin(context.handle, 9, 9)),
        (raw.CREATE, raw.schema(b"mutant", 8)),
        *fields.mutable(context),
    ]
    connection = context.connect()
    for _ in range(context.mutations):
        opcode, body = generator.choice(bodies)
        mutant = bytearray(body)
        for _ in range(generator.randrange(1, 5)):
            mutant[generator.randrange(len(mutant))] = generator.choice(
                (0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256))
            )
        if generator.random() < 0.2:
            del mutant[generator.randrange(len(mutant)) :]
        answer = connection.exchange(opcode, bytes(mutant))
        assert answer.code is None or answer.code in ALL_CODES - DEFECTS, (
            f"opcode {opcode}, body {bytes(mutant).hex()}: {answer.code} {answer.message}"
        )
        if answer.request == 0:
            connection.close()
            connection = context.connect()
    connection.close()
    return context.mutations


def bad_credentials(context):
    """Credentials said wrongly and guessed; what can be asked without one goes on."""
    with context.connect() as connection:
        for opcode, body, codes in access.tries():
            expect_refused(connection, opcode, body, codes)
            connection.ask(raw.PING, bytes(8))
    return len(access.tries())


# What runs, in this order.
ATTACKS = [
    ("garbage", garbage),
    ("bad checksums", bad_checksums),
    ("oversize frames", oversize),
    ("handshakes", handshakes),
    ("truncated streams", truncated_streams),
    ("truncated bodies", truncated_bodies),
    ("bad vectors", bad_vectors),
    ("bad numbers", bad_numbers),
    ("bad sections", bad_sections),
    ("unknown things", unknown_things),
    ("bad schemas", bad_schemas),
    ("bad fields", bad_fields),
    ("bad loads", bad_loads),
    ("bad credentials", bad_credentials),
    ("mutations", mutations),
]
