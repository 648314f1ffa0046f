"""The record of benchmark results: `benchmarks/results/NAME.jsonl`, one JSON object a line.

A line's `name` says what was measured (`peers/fashion-mnist/palate-sq8/beam24`); a file keeps the
last accepted line of each name. Beside the figures stand the commit, the processor and the day.
"""

import datetime
import json
import pathlib
import subprocess

RESULTS = pathlib.Path(__file__).resolve().parent / "results"


def cpu_model():
    """The processor's name for people."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith(("model name", "CPU part")):
                return line.split(":", 1)[1].strip()
    return "unknown"


def commit():
    """The short commit, with `+` when the work tree differs from it."""

    def git(*arguments):
        command = ["git", "-C", str(RESULTS.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")


def read(file_name):
    """The lines of a results file, as objects in name order; none where there is no file."""
    path = RESULTS / file_name
    if not path.exists():
        return []
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def facts():
    """What stands beside every figure: commit, processor, day."""
    return {
        "commit": commit(),
        "cpu": cpu_model(),
        "day": datetime.date.today().isoformat(),
    }


def record(file_name, lines, instead_of=None):
    """Replaces the lines of the same names in a results file, keeps the others, in name order.

    Lines whose name begins with `instead_of` are dropped even where no new one has their name.
    """
    path = RESULTS / file_name
    kept = {
        line["name"]: line
        for line in read(file_name)
        if instead_of is None or not line["name"].startswith(instead_of)
    }
    beside = facts()
    kept.update((line["name"], {**line, **beside}) for line in lines)
    path.parent.mkdir(exist_ok=True)
    texts = [json.dumps(kept[name]) + "\n" for name in sorted(kept)]
    path.write_text("".join(texts), encoding="utf-8")
    print(f"{len(lines)} lines recorded in benchmarks/results/{file_name}")
