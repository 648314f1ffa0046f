#!/usr/bin/env python3
"""Fuzzes whatever takes bytes from outside, by libFuzzer.

tools/fuzz.py [TARGET...] [--runs N] [--address] [--keep]

Targets are those of `Tests/Fuzzing/FuzzTarget.swift`; without a name, all of them. Each starts from
its corpus, `Tests/Fixtures/fuzz/TARGET.txt` (an input a line, hexadecimal), and from the golden
frames where it reads frames. As many run at the same time as there are cores. Prints executions,
their rate and the corpus's size per target; an input that traps is kept in `.build-fuzz/found`, and
the command fails.

  --runs N    executions of all targets together; 0 = the corpus once, and nothing else
  --address   under AddressSanitizer too: some times slower, and a build of its own
  --keep      writes the corpus again: the least inputs that reach what all of them together reach

The first build takes minutes: every dependency is instrumented.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "Tests" / "Fixtures"
FOUND = ROOT / ".build-fuzz" / "found"
# The share of the executions, more of what is quick, and the longest input in bytes.
TARGETS = {
    "frame": (6, 1_024), "request": (3, 2_048), "response": (3, 2_048), "filter": (3, 1_024),
    "expression": (2, 256), "payload": (2, 512), "configuration": (0.5, 512), "manifest": (2, 512),
    "record": (3, 1_024), "token": (0.25, 512),
}  # fmt: skip
INPUTS_KEPT = 400
SECONDS_EACH = 10
MEGABYTES = 2_048


class Failure(Exception):
    """A build that failed, or an input that trapped."""


def build(address):
    """The fuzzer's executable; instrumented as asked."""
    sanitizers = ["--sanitize", "fuzzer"] + (["--sanitize", "address"] if address else [])
    folder = ".build-fuzz-address" if address else ".build-fuzz"
    command = ["swift", "build", "-c", "release", "--scratch-path", folder, *sanitizers]
    environment = os.environ | {"PALATE_FUZZ": "1"}
    product = [*command, "--product", "palate-fuzz"]
    built = subprocess.run(product, cwd=ROOT, env=environment, capture_output=True, text=True)
    if built.returncode != 0:
        errors = [line for line in built.stdout.splitlines() if "error:" in line]
        raise Failure("\n".join(["the build failed:", *errors[:20], built.stderr[-1_000:]]))
    place = subprocess.run(
        [*command, "--show-bin-path"], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return pathlib.Path(place.stdout.strip()) / "palate-fuzz"


def golden(target):
    """What the golden frames are to a target."""
    for path in sorted((FIXTURES / "wire-1").glob("*.bin")):
        frame = path.read_bytes()
        if target == "frame":
            yield b"\xff" + frame
            yield b"\x06" + frame
        elif target in ("request", "response"):
            # Opcode, its version and the flags, then the body.
            yield frame[4:8] + frame[32:]


def unpack(target, folder):
    """Writes the inputs that a target starts from, a file each."""
    kept = FIXTURES / "fuzz" / f"{target}.txt"
    lines = kept.read_text().split() if kept.exists() else []
    inputs = [bytes.fromhex(line) for line in lines] + list(golden(target))
    for number, data in enumerate(inputs):
        (folder / f"{number:05}").write_bytes(data)
    return len(inputs)


def launch(program, target, arguments):
    """Runs the fuzzer; its output.

    Raises `Failure` with the end of it where an input trapped.
    """
    FOUND.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={TARGETS[target][1]}", f"-timeout={SECONDS_EACH}",
              f"-rss_limit_mb={MEGABYTES}", f"-artifact_prefix={FOUND}/{target}-"]  # fmt: skip
    # The backtracer would take the signal that libFuzzer waits for.
    environment = os.environ | {"PALATE_FUZZ_TARGET": target, "SWIFT_BACKTRACE": "enable=no",
                                "ASAN_OPTIONS": "detect_leaks=0"}  # fmt: skip
    ran = subprocess.run(
        [program, *limits, *map(str, arguments)], env=environment, capture_output=True,
        text=True, errors="replace",
    )  # fmt: skip
    if ran.returncode != 0:
        raise Failure(f"{target}: ended with {ran.returncode}\n{ran.stderr[-3_000:]}")
    return ran.stderr


def fuzz(program, target, runs, seed, keep):
    """Fuzzes one target; a line of figures, and how many executions."""
    with tempfile.TemporaryDirectory(prefix=f"palate-fuzz-{target}-") as scratch:
        corpus = pathlib.Path(scratch, "corpus")
        corpus.mkdir()
        first = unpack(target, corpus)
        began = time.monotonic()
        if runs == 0:
            launch(program, target, sorted(corpus.iterdir()))
            count = first
        else:
            output = launch(program, target, [f"-runs={runs}", f"-seed={seed}", corpus])
            count = int(re.search(r"Done (\d+) runs", output).group(1))
        seconds = max(time.monotonic() - began, 1e-3)
        grown = len(list(corpus.iterdir()))
        if keep:
            pack(program, target, corpus, pathlib.Path(scratch, "least"))
    rate = count / seconds
    line = f"{target:<14} {count:>11,} executions {rate:>10,.0f}/s  corpus {first:>5} -> {grown:>5}"
    return line, count


def pack(program, target, corpus, least):
    """Keeps the least inputs that reach all that the corpus reaches."""
    least.mkdir()
    launch(program, target, ["-merge=1", least, corpus])
    inputs = [path.read_bytes() for path in least.iterdir()]
    inputs.sort(key=lambda data: (len(data), data))
    kept = [data.hex() for data in inputs if data][:INPUTS_KEPT]
    (FIXTURES / "fuzz").mkdir(exist_ok=True)
    (FIXTURES / "fuzz" / f"{target}.txt").write_text("".join(f"{line}\n" for line in kept))


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[*TARGETS, []])
    parser.add_argument("--runs", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**31 or 1)
    parser.add_argument("--address", action="store_true")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    targets = arguments.targets or list(TARGETS)
    shares = {target: TARGETS[target][0] for target in targets}
    failures, total = [], 0
    try:
        program = build(arguments.address)
    except Failure as failure:
        sys.exit(f"fuzz: {failure}")
    print(f"fuzz: seed {arguments.seed}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # The slowest first.
        tasks = [
            pool.submit(
                fuzz, program, target, round(arguments.runs * share / sum(shares.values())),
                arguments.seed, arguments.keep,
            )
            for target, share in sorted(shares.items(), key=lambda one: one[1])
        ]  # fmt: skip
        for task in concurrent.futures.as_completed(tasks):
            try:
                line, count = task.result()
            except Failure as failure:
                failures.append(failure)
                print(f"fuzz: {failure}", file=sys.stderr, flush=True)
                continue
            total += count
            print(line, flush=True)
    print(f"fuzz: {total:,} executions of {len(targets)} targets, {len(failures)} crashes")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
