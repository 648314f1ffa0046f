#!/usr/bin/env python3
"""Filtered searches of fashion-mnist: Palate beside its rivals, in one run, on one core.

benchmarks/filters/compare.py [--rivals hnswlib,faiss-hnsw,faiss-scan,qdrant] [--cpu N]
    [--quantizer sq8] [--batch N] [--record]

`tools/setup --benchmarks` comes first. Each library runs in a process of its own on the same core,
one thread, one after the other; rates are queries per second of processor time at recall@10 0.95
against exact filtered search, interpolated between settings as in `benchmarks/peers`. Palate's
queries go one per request along the path that served queries take, the filter evaluated each time;
rivals get all queries of a filter in one call, and their filters ready made.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [
    str(HERE), str(HERE.parent), str(HERE.parent / "peers"), str(HERE.parents[1] / "tools"),
]  # fmt: skip

import cases as drawn  # noqa: E402
import engines  # noqa: E402
from datasets import DATA_SETS  # noqa: E402
from hardware import hardware  # noqa: E402
from recall import rate_at  # noqa: E402
from results_log import record  # noqa: E402
from served import pinned  # noqa: E402

TARGET = 0.95
BEAMS = (7, 10, 14, 20, 32, 48, 64, 128)
PALATE = HERE.parents[1] / ".build" / "release" / "palate"
SECONDS = 3_600


def run(command: list[str], cpu: int) -> str:
    """Runs a command on one core; its output."""
    done = subprocess.run(
        pinned(cpu, command), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-2_000:]}")
    return done.stdout


def palate_lines(arguments: argparse.Namespace) -> list[dict]:
    """What `palate bench filters` measures."""
    text = run(
        [
            str(PALATE), "bench", "filters",
            "--vectors", str(DATA_SETS["fashion-mnist"].folder / "vectors.npy"),
            "--queries", str(drawn.FOLDER / "queries.npy"),
            "--payloads", str(drawn.FOLDER / "payloads.jsonl"),
            "--fields", *drawn.FIELDS,
            "--cases", str(drawn.FOLDER),
            "--quantizer", arguments.quantizer,
            "--batch", str(arguments.batch),
            "--beams", "0", *map(str, BEAMS),
            *(["--rescore", "0"] if arguments.quantizer == "sq8" else []),
        ],
        arguments.cpu,
    )  # fmt: skip
    return [json.loads(line) for line in text.splitlines()]


def rival_lines(name: str, cpu: int) -> list[dict]:
    """What one rival measures."""
    folder = drawn.FOLDER / "built"
    with tempfile.NamedTemporaryFile(prefix="palate-filters-", suffix=".jsonl") as output:
        run([sys.executable, str(HERE / "engines.py"), name, str(folder), output.name], cpu)
        text = pathlib.Path(output.name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def rate(lines: list[dict], case: str) -> tuple[float | None, float]:
    """The rate at the target, None where it is out of reach; and the best recall."""
    own = [line for line in lines if line["case"] == case and line.get("beam") != 0]
    if not own:
        return None, 0.0
    points = [(line["recall"], line["rate"]) for line in own]
    return rate_at(points, TARGET), max(recall for recall, _ in points)


def cell(lines: list[dict], case: str) -> str:
    """A rate, or the best recall."""
    found, best = rate(lines, case)
    return f"recall {best:.3f}" if found is None else f"{found:,.0f}"


def report(measured: dict[str, list[dict]], found: list[drawn.Case]) -> bool:
    """Prints the table and a verdict; whether every bar holds."""
    own = measured["palate"]
    names = [name for name in measured if name != "palate"]
    unfiltered, _ = rate(own, "none")
    print(f"queries/s at recall@10 {TARGET} ({hardware()})\n")
    print("| filter | rows | Palate | of unfiltered | planner's own: recall, rate, plan | "
          + " | ".join(names) + " |")  # fmt: skip
    print("|---|---|---|---|---|" + "---|" * len(names))
    holds = True
    for case in found:
        fast, _ = rate(own, case.name)
        default = next(
            line for line in own if line["case"] == case.name and line["beam"] == 0
        )
        plan = max(default["plan"], key=default["plan"].get)
        share = f"{fast / unfiltered:.2f}" if fast and unfiltered else "-"
        print(
            f"| {case.name} | {case.share:.2%} | {cell(own, case.name)} | {share} | "
            f"{default['recall']:.4f}, {default['rate']:,.0f}, {plan} | "
            + " | ".join(cell(measured[name], case.name) for name in names) + " |"
        )  # fmt: skip
        rates = [rate(measured[name], case.name)[0] or 0 for name in names]
        complete = all(line["complete"] for line in own if line["case"] == case.name)
        is_ahead = case.name == "none" or (fast or 0) > max(rates, default=0)
        holds &= bool(fast and complete and is_ahead and fast * 4 >= (unfiltered or 0))
    print(f"\nPalate at recall {TARGET} or better, always min(k, matches), at a quarter of its "
          f"unfiltered rate or more, ahead of all with every filter: {'yes' if holds else 'NO'}")
    return holds


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rivals", default=",".join(engines.ENGINES))
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--quantizer", default="sq8")
    parser.add_argument("--batch", type=int, default=1, help="Palate's queries per request")
    parser.add_argument("--record", action="store_true", help="keep the lines in results/")
    arguments = parser.parse_args()
    found = drawn.prepare()
    measured = {"palate": palate_lines(arguments)}
    for name in filter(None, arguments.rivals.split(",")):
        print(f"measuring {name}", file=sys.stderr, flush=True)
        measured[name] = rival_lines(name, arguments.cpu)
    holds = report(measured, found)
    if arguments.record:
        lines = [
            {"name": f"filters/{line['case']}/{name}/{line.get('beam', line.get('setting'))}"
             .replace(" ", "-"), **line}
            for name, measured_lines in measured.items()
            for line in measured_lines
        ]  # fmt: skip
        record("filters.jsonl", lines, instead_of="filters/")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
