"""Builds a library that stands before the C library's functions."""

import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def build(name, directory):
    """Compiles `name`.c and tracked.c; returns the path of the library."""
    library = pathlib.Path(directory) / f"{name}.so"
    sources = [HERE / f"{name}.c", HERE / "tracked.c"]
    subprocess.run(
        ["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        + ["-pthread", "-o", library, *sources, "-ldl"],
        check=True,
    )
    return library


def environment(library, data, **settings):
    """What a server needs that loads the library, for a data directory."""
    root = pathlib.Path(data).resolve()
    return {"LD_PRELOAD": str(library), "PALATE_TRACK_ROOT": str(root)} | {
        name: str(value) for name, value in settings.items()
    }
