"""Bad AUTH and CANCEL bodies, and the codes that must answer them: (opcode, body, codes)."""

import struct

AUTH, CANCEL = 2, 18
MALFORMED, UNSUPPORTED, OUT_OF_RANGE, NOT_AUTHENTICATED, OVERLOADED = 1, 2, 3, 33, 64


def credential(kind, secret, length=None, reserved=b"\0\0\0"):
    """A body of AUTH; `length` is what it says of the secret's."""
    said = len(secret) if length is None else length
    return struct.pack("<B3sI", kind, reserved, said) + secret


def tries():
    """Every way to say it wrongly, then guesses until the server makes the address wait."""
    guess = {NOT_AUTHENTICATED, OVERLOADED}
    return [
        (AUTH, b"", {MALFORMED}),
        (AUTH, b"\1\0\0", {MALFORMED}),
        (AUTH, credential(0, b"key"), {UNSUPPORTED}),
        (AUTH, credential(3, b"key"), {UNSUPPORTED}),
        (AUTH, credential(1, b"key", reserved=b"\0\1\0"), {UNSUPPORTED}),
        (AUTH, credential(1, b""), {OUT_OF_RANGE, MALFORMED}),
        (AUTH, credential(1, b"k" * 4_001), {OUT_OF_RANGE, MALFORMED}),
        (AUTH, credential(1, b"key", length=1 << 31), {OUT_OF_RANGE, MALFORMED}),
        (AUTH, credential(1, b"key", length=4), {MALFORMED}),
        (AUTH, credential(1, b"key", length=2), {MALFORMED}),
        (AUTH, credential(1, b"\xff\xfe"), {MALFORMED}),
        (CANCEL, b"", {MALFORMED}),
        (CANCEL, b"\0\0\0", {MALFORMED}),
        (CANCEL, bytes(8), {MALFORMED}),
        *((AUTH, credential(kind, b"plt_abcdefgh_" + b"0" * 64), guess) for kind in (1, 2) * 10),
    ]
