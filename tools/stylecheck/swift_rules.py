"""Rules for Swift sources that swift-format and the compiler do not check."""

import re

from . import scopes

# The addresses of unsafe code: a folder ends with a slash.
UNSAFE_ADDRESSES = (
    "Sources/PalateKernels/",
    "Sources/PalateChecksum/",
    "Sources/PalateStorage/",
    "Sources/PalateModel/ChecksumColumn.swift",
    "Sources/PalateModel/ItemColumn.swift",
    "Sources/PalateModel/RawSpan+Bytes.swift",
    "Sources/PalateModel/ReservedBytes.swift",
    "Sources/PalateModel/ReadWriteLock.swift",
    "Sources/PalateGraph/BeamKernel.swift",
    "Sources/PalateGraph/LinkArena.swift",
    "Sources/PalateGraph/LinkArena+Eligible.swift",
    "Sources/PalateGraph/LinkArena+Estimates.swift",
    "Sources/PalateGraph/RawSpan+Words.swift",
    "Sources/PalateWire/RawBytes.swift",
)

_BANNED = (
    (re.compile(r"\btry!"), "try!"),
    (re.compile(r"\bas!"), "as!"),
    (re.compile(r"\bfatalError\s*\("), "fatalError"),
    (re.compile(r"(?<=[\w)\]}>?\"])!(?!=)"), "force unwrap"),
)
_FOUNDATION = re.compile(
    r"^\s*(?:@\w+\s+)*(?:\w+\s+)?import\s+(?:\w+\s+)?Foundation(?!Essentials)\w*\b"
)
_UNSAFE = re.compile(r"(?<![.\w])unsafe\b(?!\s*:)|@unchecked\b")


def _swift(file, sources_only=True):
    return file.language == "swift" and (file.is_source or not sources_only)


def foundation(file):
    """Sources do not import Foundation: it costs start-up time and size; Essentials cost little."""
    if not _swift(file):
        return
    for index, line in enumerate(file.code_lines):
        if _FOUNDATION.match(line):
            yield file.problem(index, "foundation", line.strip())


def banned(file):
    """Sources never trap on data: no `try!`, `as!`, force unwrap or `fatalError`."""
    if not _swift(file):
        return
    for index, line in enumerate(file.code_lines):
        code = re.sub(r"\b(try|as)!", r"\1 ", line)
        for pattern, name in _BANNED:
            if pattern.search(line if name in {"try!", "as!"} else code):
                yield file.problem(index, "banned", name)


def unsafe_address(file):
    """Unsafe code stays in the files of `UNSAFE_ADDRESSES`."""
    if not _swift(file) or file.path.startswith(UNSAFE_ADDRESSES):
        return
    for index, line in enumerate(file.code_lines):
        found = _UNSAFE.search(line)
        if found and found.group(0) == "unsafe":
            yield file.problem(index, "unsafe-address", line.strip())


def unsafe_reason(file):
    """`unsafe` and `@unchecked` have a `SAFETY:` comment.

    Before them in the same function or property or directly above it, or after them before the
    next blank line (inside the closure that they open). Where it holds for all of a type: at the
    type's head (directly above it, or its first lines), or above a stored property.
    """
    if not _swift(file) or not _UNSAFE.search(file.code):
        return
    bodies = scopes.swift_bodies(file)
    types = scopes.swift_types(file)
    for index, line in enumerate(file.code_lines):
        if not _UNSAFE.search(line):
            continue
        around = [type for type in types if type.first <= index <= type.last]
        ends = [(type.first, _head_end(file, type)) for type in around]
        ends += [
            (body.first, _paragraph_end(file, index, body.last))
            for body in bodies
            if body.first <= index <= body.last
        ]
        ends.append((index, index))
        if not any(_has_reason(file, first, last) for first, last in ends) and not any(
            _has_stored_reason(file, type) for type in around
        ):
            yield file.problem(index, "unsafe-reason", line.strip())


def _has_reason(file, first, last):
    """Whether lines first to last, or the comments directly above, give a reason."""
    first = _comment_start(file, first)
    return any("SAFETY:" in line for line in file.lines[first : last + 1])


def _has_stored_reason(file, type):
    """Whether a stored property of the type has a reason above it: an invariant of the type."""
    indent = len(file.lines[type.first]) - len(file.lines[type.first].lstrip()) + 4
    for index in range(type.first, type.last):
        if not file.lines[index].startswith(" " * indent + "// SAFETY:"):
            continue
        while file.lines[index].strip().startswith(("//", "@")):
            index += 1
        if re.match(r"\s*(?:\w+(?:\(\w+\))?\s+)*(?:let|var)\b[^{]*$", file.code_lines[index]):
            return True
    return False


def _paragraph_end(file, index, last):
    """The last line before the next blank one, and not after `last`."""
    while index < last and file.lines[index + 1].strip():
        index += 1
    return index


def _head_end(file, type):
    """The last of the comment lines that open a type's body, or the type's own line."""
    last = next(
        index for index in range(type.first, type.last + 1) if "{" in file.code_lines[index]
    )
    while file.lines[last + 1].strip().startswith("//"):
        last += 1
    return last


def _comment_start(file, index):
    """The first line of the comments and attributes directly above a line."""
    while index > 0:
        line = file.lines[index - 1].strip()
        if not line.startswith(("//", "@", "#if")):
            break
        index -= 1
    return index
