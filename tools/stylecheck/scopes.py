"""Where functions begin and end, in Swift, C, Python and shell."""

import ast
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Scope:
    """Zero-based line indices, both included, of one body with its head."""

    name: str
    first: int
    last: int


_MODIFIERS = (
    r"^[ \t]*(?:@\w+(?:\([^()\n]*\))?[ \t]+)*"
    r"(?:(?:package|public|private|fileprivate|internal|static|class|final|override|mutating"
    r"|borrowing|consuming|nonisolated|convenience|required|prefix|postfix|isolated)"
    r"(?:\([a-z]+\))?[ \t]+)*"
)
_FUNCTION = re.compile(
    _MODIFIERS + r"(?P<name>func\s+[^\s(<]+|func\s+`[^`\n]+`|init\b(?=[?<(])|deinit\b|subscript\b)",
    re.MULTILINE,
)
_PROPERTY = re.compile(_MODIFIERS + r"(?P<name>var\s+\w+)[^={\n]*\{", re.MULTILINE)
_TYPE = re.compile(
    _MODIFIERS + r"(?P<name>(?:struct|class|enum|actor|extension)\s+\w+)[^{;]*\{", re.MULTILINE
)
_CONTINUES = re.compile(r"\s*(?:\{|->|throws\b|rethrows\b|async\b|where\b|\()")


def swift_functions(file):
    """Functions, initialisers and subscripts that have a body."""
    return _swift_scopes(file, _FUNCTION)


def swift_bodies(file):
    """`swift_functions`, and computed properties."""
    return swift_functions(file) + _swift_scopes(file, _PROPERTY)


def swift_types(file):
    """Types and extensions."""
    return _swift_scopes(file, _TYPE)


def _swift_scopes(file, pattern):
    code = file.code
    scopes = []
    for match in pattern.finditer(code):
        start = match.start("name")
        opening = match.end() - 1 if code[match.end() - 1] == "{" else _body(code, match.end())
        if opening is None:
            continue
        closing = closing_brace(code, opening)
        first = code.count("\n", 0, start)
        last = code.count("\n", 0, closing)
        name = match.group("name").split(None, 1)[-1]
        scopes.append(Scope(name, first, last))
    return scopes


def _body(code, position):
    """The index of the brace that opens the body, or None for a declaration without one."""
    depth = 0
    while position < len(code):
        character = code[position]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth < 0:
                return None
        elif character == "{" and depth == 0:
            return position
        elif character == "}" and depth == 0:
            return None
        elif character == "\n" and depth == 0:
            head = code[:position].rstrip()
            if not (_CONTINUES.match(code, position) or head.endswith(("->", ",", "where", "&"))):
                return None
        position += 1
    return None


def closing_brace(code, opening):
    """The index of the brace that closes the one at `opening`."""
    depth = 0
    for position in range(opening, len(code)):
        if code[position] == "{":
            depth += 1
        elif code[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return len(code) - 1


def c_functions(file):
    """C functions: a head that starts in column 0, a brace at its end, a brace in column 0."""
    scopes = []
    first = None
    for index, line in enumerate(file.code_lines):
        if first is None:
            if re.match(r"[A-Za-z_]", line) and "(" in line and not line.rstrip().endswith(";"):
                first = index
        elif line.startswith("}"):
            name = re.search(r"(\w+)\s*\(", file.code_lines[first])
            scopes.append(Scope(name.group(1), first, index))
            first = None
        elif line.rstrip().endswith(");") and not line.startswith(" "):
            first = None
    return scopes


def python_functions(file):
    """Every `def`, by the parser."""
    return [
        Scope(node.name, node.lineno - 1, node.end_lineno - 1)
        for node in ast.walk(ast.parse(file.text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def shell_functions(file):
    """`name() {` in column 0 up to `}` in column 0."""
    scopes = []
    open_scope = None
    for index, line in enumerate(file.lines):
        match = re.match(r"(\w+)\(\) *[{(]", line)
        if match:
            open_scope = (match.group(1), index)
        elif line[:1] in {"}", ")"} and open_scope:
            scopes.append(Scope(*open_scope, index))
            open_scope = None
    return scopes


BY_LANGUAGE = {
    "swift": swift_functions,
    "c": c_functions,
    "python": python_functions,
    "shell": shell_functions,
}
