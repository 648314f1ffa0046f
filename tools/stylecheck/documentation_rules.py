"""The rule that every declaration others can see says what it is."""

import re

from . import scopes

_MEMBER = (
    r"(?:func\s+(?P<func>[^\s(<]+)|(?:var|let)\s+(?P<var>\w+)|(?P<init>init|subscript)\b"
    r"|typealias\s+(?P<alias>\w+)|associatedtype\s+(?P<associated>\w+))"
)
_DECLARATION = re.compile(
    r"^\s*(?:@\w+(?:\([^()]*\))?\s+)*(?:\w+(?:\(\w+\))?\s+)*?(?:package|public)\s+"
    r"(?:\w+(?:\(\w+\))?\s+)*?(?:" + _MEMBER + r"|(?:struct|class|enum|protocol|actor|macro)\b)"
)
_REQUIREMENT = re.compile(r"^\s*(?:\w+\s+)*?" + _MEMBER)
_PROTOCOL = re.compile(r"\bprotocol\s+(\w+)[^{]*\{")
_CONFORMANCE = re.compile(
    r"\b(?:struct|class|enum|actor|extension|protocol)\s+(\w+)[^:{]*:([^{]*)\{"
)


def documentation(files):
    """Every package or public declaration has a `///` line above its attributes.

    A member that fulfils a requirement of one of the project's protocols is documented there.
    """
    swift = [file for file in files if file.language == "swift"]
    requirements = _requirements(swift)
    conformances = _conformances(swift)
    for file in swift:
        if not file.is_source and not file.path.startswith("Tests/TestKit/"):
            continue
        types = scopes.swift_types(file)
        for index, line in enumerate(file.code_lines):
            found = _DECLARATION.match(line)
            if not found or _has_documentation(file, index):
                continue
            protocols = _protocols_around(types, index, conformances)
            if not any(_name(found) in requirements.get(name, ()) for name in protocols):
                yield file.problem(index, "documentation", line.strip())


def _name(match):
    """The member's name, or None for a type."""
    return next((name for name in match.groupdict().values() if name), None)


def _requirements(files):
    """The names that each protocol of the project requires."""
    found = {}
    for file in files:
        for protocol in _PROTOCOL.finditer(file.code):
            closing = scopes.closing_brace(file.code, protocol.end() - 1)
            lines = file.code[protocol.end() : closing].split("\n")
            names = {_name(match) for match in map(_REQUIREMENT.match, lines) if match}
            found.setdefault(protocol.group(1), set()).update(names)
    return found


def _conformances(files):
    """What each type or protocol says it conforms to, in its head and in extensions anywhere."""
    found = {}
    for file in files:
        for type_name, clause in _CONFORMANCE.findall(file.code):
            found.setdefault(type_name, set()).update(re.findall(r"\w+", clause))
    return found


def _protocols_around(types, index, conformances):
    """The protocols of the innermost type around a line, those that they refine among them.

    In an extension of a protocol that is the protocol itself: its defaults fulfil requirements.
    """
    around = [scope for scope in types if scope.first < index <= scope.last]
    if not around:
        return set()
    innermost = max(around, key=lambda scope: scope.first)
    found, left = set(), {innermost.name}
    while left:
        found |= left
        left = set().union(*(conformances.get(name, set()) for name in left)) - found
    return found


def _has_documentation(file, index):
    depth = 0
    while index > 0:
        index -= 1
        line = file.lines[index].strip()
        code = file.code_lines[index].strip()
        depth += code.count(")") - code.count("(")
        if line.startswith("///"):
            return True
        attribute = code.startswith(("@", "#if", "#else", "#endif"))
        if not (depth > 0 or attribute or line.startswith("//")):
            return False
    return False
