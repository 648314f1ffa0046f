"""What can go wrong, as exceptions that carry the server's own words."""

from __future__ import annotations


class PalateError(Exception):
    """Base of every error of this package.

    Attributes:
        code: the wire's code; 0 where no server was involved.
        name: the code's name, as in PROTOCOL.md.
        retryable: whether the same request may succeed later, unchanged.
        retry_after: seconds the server advises to wait; 0 without advice.
        offset: where in the request's body the offence is, for malformed requests.
    """

    code: int = 0
    name: str = "client"
    retryable: bool = False
    retry_after: float = 0.0
    offset: int = 0


class ConnectionFailed(PalateError):
    """No connection, or a connection that ended or broke the protocol; the next call reconnects."""

    name = "connectionFailed"
    retryable = True


class TimedOut(ConnectionFailed):
    """No answer within the client's timeout; the connection is closed."""

    name = "timedOut"


class RequestRefused(PalateError):
    """The request is wrong; sending it again will not help."""


class UnknownCollection(RequestRefused):
    """No collection of this name."""


class UnknownHandle(RequestRefused):
    """The collection was dropped, or the server restarted; the client opens it again by itself."""


class CollectionExists(RequestRefused):
    """The name is taken by a collection with another schema."""


class UnknownItem(RequestRefused):
    """The collection has no such item."""


class VersionConflict(RequestRefused):
    """An item was written since the version that a patch expects."""


class NoTaste(RequestRefused):
    """The user has no positive events, and nothing else was given to start from."""


class AnswerTooLarge(RequestRefused):
    """The answer would not fit a frame; the client splits a batch by itself, but not one query."""


class LoadFailed(RequestRefused):
    """A load's sequence, epoch, count or checksum is not what the server has."""


class NoGeneration(RequestRefused):
    """The collection has no candidate, or no previous generation."""


class CandidateExists(RequestRefused):
    """Another candidate generation is there: drop it first."""


class CandidateChanged(RequestRefused):
    """The candidate was written to while it was checked: check it again."""


class NotAuthenticated(PalateError):
    """The credential is missing, unknown, or no longer holds."""


class Forbidden(PalateError):
    """The credential is good, for something else."""


class Overloaded(PalateError):
    """The server has too much to do."""


class Unavailable(PalateError):
    """The server cannot do it now: it is closing, behind, or full."""


class StorageFull(Unavailable):
    """The disk or the map is full: deletes work, and writes again once there is room."""


class ServerFailed(PalateError):
    """A defect or a failed write on the server."""


class DataLoss(PalateError):
    """Stored bytes are damaged."""


#: Names of codes, as in PROTOCOL.md.
CODES: dict[int, str] = {
    1: "malformed", 2: "unsupported", 3: "outOfRange", 4: "unknownCollection",
    5: "unknownHandle", 6: "collectionExists", 7: "badName", 8: "unknownChoice",
    9: "wrongDimensions", 10: "badComponent", 11: "unequalColumns", 12: "unknownItem",
    13: "missingUser", 14: "noTaste", 15: "loadSequence", 16: "staleEpoch", 17: "loadMismatch",
    18: "answerTooLarge", 19: "versionConflict", 20: "unknownSandbox", 21: "unknownSession",
    22: "unknownProfile", 23: "badNumber",
    24: "noGeneration", 25: "candidateExists", 26: "candidateChanged", 27: "backupExists",
    28: "unknownField", 29: "fieldNotReady", 30: "wrongFieldType", 31: "fieldExists",
    32: "badField", 33: "notAuthenticated", 34: "forbidden",
    64: "overloaded", 65: "shuttingDown", 66: "versionNotReached", 67: "storageFull",
    68: "cancelled",
    96: "storageFailed", 97: "corrupt", 98: "internalFailure",
    128: "badMagic", 129: "headerChecksum", 130: "bodyChecksum", 131: "frameTooLarge",
    132: "helloExpected", 133: "helloRepeated", 134: "versionMismatch", 135: "wrongServer",
    136: "requestIDZero", 137: "requestIDInUse",
}  # fmt: skip

_BY_CODE: dict[int, type[PalateError]] = {
    4: UnknownCollection, 5: UnknownHandle, 6: CollectionExists, 12: UnknownItem, 14: NoTaste,
    15: LoadFailed, 16: LoadFailed, 17: LoadFailed, 18: AnswerTooLarge, 19: VersionConflict,
    24: NoGeneration, 25: CandidateExists, 26: CandidateChanged,
    33: NotAuthenticated, 34: Forbidden, 67: StorageFull,
}  # fmt: skip

_BY_CLASS: dict[int, type[PalateError]] = {
    1: RequestRefused, 2: NotAuthenticated, 3: Overloaded, 4: Unavailable, 5: ServerFailed,
    6: DataLoss, 7: ConnectionFailed,
}  # fmt: skip


def error_from_report(
    code: int, failure_class: int, retryable: bool, retry_after: float, offset: int, message: str
) -> PalateError:
    """The exception for an error report; unknown codes fall back to their class."""
    kind = _BY_CODE.get(code) or _BY_CLASS.get(failure_class, PalateError)
    error = kind(message)
    error.code = code
    error.name = CODES.get(code, f"code{code}")
    error.retryable = retryable
    error.retry_after = retry_after
    error.offset = offset
    return error
