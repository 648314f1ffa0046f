"""Bodies of requests about fields, good and bad, for the attacks of `hostile.py`."""

import struct

# Codes of PROTOCOL.md's table.
MALFORMED, UNSUPPORTED, OUT_OF_RANGE, UNKNOWN_HANDLE = 1, 2, 3, 5
UNKNOWN_FIELD, FIELD_NOT_READY, WRONG_FIELD_TYPE, FIELD_EXISTS, BAD_FIELD = 28, 29, 30, 31, 32
FIELDS_DECLARE, FIELDS_LIST, COUNT, SCROLL, DELETE_MATCHING = 21, 22, 23, 24, 38


def node(operation, argument=0, content=b""):
    """A node of a filter."""
    return struct.pack("<BBH", operation, 0, argument) + content


def count(context, *nodes, nodes_said=None):
    """A COUNT by a filter of these nodes."""
    said = len(nodes) if nodes_said is None else nodes_said
    return struct.pack("<IIIHH", context.handle, 1, 0, said, 0) + b"".join(nodes)


def declare(context, name, kind, path):
    """A FIELDS_DECLARE of one field."""
    texts = b"".join(struct.pack("<H", len(text)) + text for text in (name, path))
    return struct.pack("<IHHHBB", context.handle, 1, 0, 0, kind, 0) + texts


def bad_requests(context):
    """Fields that must not be declared, filters that are too much, and what they name wrongly.

    Returns: (opcode, body, code) each.
    """
    deep = [node(1), *[node(18)] * 17]
    return [
        (FIELDS_DECLARE, declare(context, b"id", 1, b"/id"), BAD_FIELD),
        (FIELDS_DECLARE, declare(context, b"a/b", 1, b"/a"), BAD_FIELD),
        (FIELDS_DECLARE, declare(context, b"x", 1, b"no slash"), BAD_FIELD),
        (FIELDS_DECLARE, declare(context, b"x", 99, b"/x"), UNSUPPORTED),
        (FIELDS_DECLARE, declare(context, b"price", 3, b"/price"), FIELD_EXISTS),
        (FIELDS_LIST, struct.pack("<I", 0xDEAD_BEEF), UNKNOWN_HANDLE),
        (COUNT, count(context, node(2, 77)), UNKNOWN_FIELD),
        (COUNT, count(context, node(7, 1, b"\1")), WRONG_FIELD_TYPE),
        (COUNT, count(context, *deep), OUT_OF_RANGE),
        (COUNT, count(context, *[node(1)] * 256, node(16, 256)), OUT_OF_RANGE),
        (COUNT, count(context, node(1), node(1)), MALFORMED),
        (COUNT, count(context, node(16, 5)), MALFORMED),
        (COUNT, count(context, node(1), nodes_said=200), MALFORMED),
        (COUNT, count(context, node(55)), UNSUPPORTED),
        (COUNT, count(context, node(10, 0, struct.pack("<I", 65_537))), OUT_OF_RANGE),
        (COUNT, count(context, node(10, 0, struct.pack("<I", 65_536))), MALFORMED),
        (COUNT, count(context, node(3, 1, struct.pack("<IH", 1, 513))), OUT_OF_RANGE),
        (COUNT, count(context, node(6, 1, struct.pack("<2d", float("nan"), 1))), MALFORMED),
        (COUNT, count(context, node(6, 1, struct.pack("<2d", 2, 1))), MALFORMED),
        (SCROLL, struct.pack("<IIHHIQq", context.handle, 0, 0, 0, 0, 0, 0), OUT_OF_RANGE),
        (SCROLL, struct.pack("<IIHHIQq", context.handle, 1, 0, 0, 0, 5, 0), MALFORMED),
        (DELETE_MATCHING, struct.pack("<IIHH", context.handle, 0, 1, 0) + node(1), OUT_OF_RANGE),
    ]


def largest(context):
    """Filters as large as they may be."""
    price = struct.pack("<2d", 0, 1)
    ids = struct.pack("<I65536Q", 65_536, *range(65_536))
    return [
        count(context, *[node(1)] * 255, node(17, 255)),
        count(context, node(10, 0, ids)),
        count(context, *[node(6, 1, price)] * 200, node(17, 200)),
    ]


def mutable(context):
    """Good requests, for mutations: (opcode, body) each."""
    everything = struct.pack("<HH", 1, 0) + node(1)
    one = struct.pack("<HH", 1, 0) + node(10, 0, struct.pack("<IQ", 1, 7))
    return [
        (COUNT, count(context, node(2, 1), node(6, 1, bytes(16)), node(16, 2), node(18))),
        (SCROLL, struct.pack("<IIHHIQq", context.handle, 5, 9, 1, 0, 3, 0) + everything),
        (FIELDS_DECLARE, declare(context, b"mutant", 4, b"/mutant")),
        (DELETE_MATCHING, struct.pack("<II", context.handle, 1) + one),
    ]
