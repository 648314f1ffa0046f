"""Reads the files under check: their list, their text, and Swift with comments blanked out."""

import dataclasses
import functools
import pathlib
import re
import subprocess

CODE_SUFFIXES = {".swift", ".c", ".h", ".py", ".sh"}


@dataclasses.dataclass(frozen=True)
class Problem:
    """One broken rule."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class SourceFile:
    """One text file, with the views of it that rules need, each made once."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8")
        self.lines = self.text.splitlines()

    @property
    def language(self):
        """`swift`, `c`, `python`, `shell`, or None for anything else."""
        suffix = pathlib.PurePath(self.path).suffix
        if suffix == ".swift":
            return "swift"
        if suffix in {".c", ".h"}:
            return "c"
        if suffix == ".py" or self.text.startswith("#!/usr/bin/env python3"):
            return "python"
        if suffix == ".sh" or self.text.startswith("#!/usr/bin/env bash"):
            return "shell"
        return None

    @property
    def is_source(self):
        """True below `Sources/`, where the strictest rules hold."""
        return self.path.startswith("Sources/")

    @functools.cached_property
    def code(self):
        """The text with comments and the insides of strings turned to spaces, line for line."""
        return blank(self.text) if self.language in {"swift", "c"} else self.text

    @functools.cached_property
    def code_lines(self):
        """`code`, line by line."""
        return self.code.split("\n")

    def problem(self, index, rule, text):
        """A problem at the line with this zero-based index."""
        return Problem(self.path, index + 1, rule, text)


_BLANKED = re.compile(
    r'//[^\n]*'  # line comment
    r'|/\*.*?\*/'  # block comment
    r'|(?P<hashes>#*)"""(?:\\.|.)*?"""(?P=hashes)'  # multi-line string
    r'|(?P<raw>#+)"[^\n]*?"(?P=raw)'  # raw string
    r'|"(?:\\.|[^"\\\n])*"',  # string
    re.DOTALL,
)


def blank(text):
    """Turns comments and strings to spaces; quotes stay, so that a string still looks like one."""

    def spaces(match):
        found = match.group(0)
        blanked = re.sub(r"[^\n]", " ", found)
        if not found.startswith("/"):
            blanked = '"' + blanked[1:-1] + '"'
        return blanked

    return _BLANKED.sub(spaces, text)


def list_paths(root):
    """Paths, relative to the root, of the files that are or could be committed; sorted."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"],
            check=True,
            capture_output=True,
        ).stdout.decode()
        found = [path for path in listed.split("\0") if path]
    else:
        found = [str(path.relative_to(root)) for path in root.rglob("*")]
    return sorted(path for path in set(found) if (root / path).is_file())


def read_files(root):
    """All text files of the project; a file that is not UTF-8 is data and has no style."""
    files = []
    for path in list_paths(root):
        try:
            file = SourceFile(root, path)
        except UnicodeDecodeError:
            continue
        if "\0" not in file.text[:4096]:
            files.append(file)
    return files
