"""Rules for every language: lengths, unfinished work, names of machines."""

import re

from . import scopes

LINE_LENGTH = 100
FUNCTION_LINES = 70
FILE_LINES = 400

# Markers of unfinished work, spelt so that this file does not find itself.
_UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b(?![^\n]*#\d+)")
# Folders of one machine, and hosts of package registries.
_MACHINE = re.compile(
    r"(?<![\w.$}/])/(?:wo" r"rk|o" r"pt|ro" r"ot|ho" r"me)/"
    r"|\bpy" r"pi\.org\b|\bpython" r"hosted\.org\b|\bdeb\.deb" r"ian\.org\b"
    r"|\bregistry\.npm" r"js\.org\b"
)


def line_length(file):
    """A line of code has at most 100 columns."""
    if file.language is None:
        return
    for index, line in enumerate(file.lines):
        if len(line) > LINE_LENGTH:
            yield file.problem(index, "line-length", f"{len(line)} columns, {LINE_LENGTH} at most")


def function_length(file):
    """A function has at most 70 lines, head and braces included."""
    if file.language is None:
        return
    for scope in scopes.BY_LANGUAGE[file.language](file):
        lines = scope.last - scope.first + 1
        if lines > FUNCTION_LINES:
            text = f"{scope.name} has {lines} lines, {FUNCTION_LINES} at most"
            yield file.problem(scope.first, "function-length", text)


def file_length(file):
    """A file of code has at most 400 lines."""
    if file.language is not None and len(file.lines) > FILE_LINES:
        text = f"{len(file.lines)} lines, {FILE_LINES} at most"
        yield file.problem(FILE_LINES, "file-length", text)


def unfinished(file):
    """Unfinished work names the issue that will finish it."""
    for index, line in enumerate(file.lines):
        if _UNFINISHED.search(line):
            yield file.problem(index, "unfinished", "names no issue (#N)")


def machine_names(file):
    """No file names a folder of one machine or the host of a package registry."""
    for index, line in enumerate(file.lines):
        found = _MACHINE.search(line)
        if found:
            yield file.problem(index, "machine-name", found.group(0))
