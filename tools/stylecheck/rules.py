"""The registry of the style check: every rule, and the command that runs them."""

import pathlib
import sys

from . import documentation_rules, project_rules, size_rules, swift_rules
from .sources import read_files

# Rules that look at one file at a time.
FILE_RULES = (
    size_rules.line_length,
    size_rules.function_length,
    size_rules.file_length,
    size_rules.unfinished,
    size_rules.machine_names,
    swift_rules.foundation,
    swift_rules.banned,
    swift_rules.unsafe_address,
    swift_rules.unsafe_reason,
)

# Rules that look at all files together.
PROJECT_RULES = (
    documentation_rules.documentation,
    project_rules.arrows,
    project_rules.registries,
    project_rules.kernel_rows,
    project_rules.architecture,
)


def check(root):
    """All problems of the project at `root`, ordered by file and line."""
    files = read_files(pathlib.Path(root))
    problems = [problem for rule in FILE_RULES for file in files for problem in rule(file)]
    problems += [problem for rule in PROJECT_RULES for problem in rule(files)]
    return files, sorted(problems, key=lambda found: (found.path, found.line, found.rule))


def main(arguments):
    """Checks the named project, or the one that holds this file; returns the exit code."""
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parents[2]
    files, problems = check(root)
    for problem in problems:
        print(problem)
    verdict = f"{len(problems)} problems" if problems else "no problem"
    count = len(FILE_RULES) + len(PROJECT_RULES)
    print(f"style: {len(files)} files, {count} rules, {verdict}", file=sys.stderr)
    return 1 if problems else 0
