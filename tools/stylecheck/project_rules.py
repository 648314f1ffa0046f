"""Rules about the project as a whole: arrows, registries, kernel tables, the architecture page."""

import pathlib
import re

from .sources import Problem

# What each target may import, beside the packages its row in Package.swift names.
ARROWS = {
    "PalateModel": set(),
    "PalateChecksum": {"CPalateKernels"},
    "PalateKernels": {"PalateModel", "CPalateKernels", "COpenBLAS"},
    "PalateQuantization": {"PalateModel", "PalateKernels"},
    "PalateGraph": {"PalateModel"},
    "PalateStorage": {"PalateModel", "PalateChecksum", "CLMDB", "CZstd"},
    "PalateTaste": {"PalateModel", "PalateKernels"},
    "PalateFields": {"PalateModel"},
    "PalateIndex": {
        "PalateModel", "PalateChecksum", "PalateGraph", "PalateTaste", "PalateKernels",
        "PalateQuantization", "PalateStorage", "PalateFields",
    },
    "PalateQuery": {
        "PalateModel", "PalateGraph", "PalateTaste", "PalateKernels", "PalateQuantization",
        "PalateStorage", "PalateIndex", "PalateFields",
    },
    "PalateBench": set(),
    "PalateWire": {"PalateModel", "PalateChecksum"},
    "PalateAccess": {"PalateModel"},
    "PalateConfiguration": set(),
    "PalateServer": {
        "PalateModel", "PalateWire", "PalateQuery", "PalateIndex", "PalateAccess",
    },
    "PalateOperations": {
        "PalateModel", "PalateIndex", "PalateWire", "PalateServer", "PalateAccess",
    },
    "PalateClient": {"PalateModel", "PalateWire"},
    "ClientExample": {"PalateClient", "PalateModel"},
    "palate": {
        "PalateModel", "PalateGraph", "PalateQuantization", "PalateIndex", "PalateQuery",
        "PalateServer", "PalateClient", "PalateKernels", "PalateWire", "PalateBench",
        "PalateFields", "PalateAccess", "PalateConfiguration", "PalateOperations",
    },
}

# Folders whose files are entries, and the file that lists them.
REGISTRIES = {
    "Quantizers": "QuantizerRegistry.swift",
    "Metrics": "MetricRegistry.swift",
    "Rerankers": "RerankerRegistry.swift",
    "Slates": "SlateRegistry.swift",
    "Columns": "ColumnRegistry.swift",
    "Versions": "WireVersion.swift",
}

KERNELS = "Sources/CPalateKernels/"
KERNEL_LEVELS = ("scalar.c", "avx2.c", "avx512.c", "neon.c")
_OURS = re.compile(r"^(?:Palate\w+|C(?:PalateKernels|OpenBLAS|LMDB|Zstd)|palate)$")
_IMPORT = re.compile(r"^\s*(?:@\w+\s+)*(?:\w+\s+)?import\s+(?:(?:struct|class|enum|func)\s+)?(\w+)")
_TYPE = re.compile(r"\b(?:struct|class|enum|actor|extension)\s+(\w+)")


def arrows(files):
    """Imports follow the one direction of the architecture page."""
    for file in files:
        if file.language != "swift" or not file.is_source:
            continue
        target = file.path.split("/")[1]
        if target not in ARROWS:
            yield Problem(file.path, 1, "arrows", f"target {target} has no row in ARROWS")
            continue
        for index, line in enumerate(file.code_lines):
            found = _IMPORT.match(line)
            if found and _OURS.match(found.group(1)) and found.group(1) not in ARROWS[target]:
                text = f"{target} must not import {found.group(1)}"
                yield file.problem(index, "arrows", text)


def registries(files):
    """A file of a registry's folder is an entry of the registry, or a part of an entry.

    An entry's file declares or extends a type that the registry names; a part's types begin with
    the name of an entry (`ScalarEightBitLayout`).
    """
    by_path = {file.path: file for file in files}
    folders = {}
    for file in files:
        path = pathlib.PurePosixPath(file.path)
        is_contract = re.search(r"\bprotocol\s+\w+", file.code)
        if file.language == "swift" and path.parent.name in REGISTRIES and not is_contract:
            folders.setdefault(path.parent, []).append(file)
    for folder, entries in folders.items():
        name = REGISTRIES[folder.name]
        places = [str(folder / name), str(folder.parent / name)]
        registry = next((by_path[place] for place in places if place in by_path), None)
        if registry is None:
            yield Problem(entries[0].path, 1, "registry", f"there is no {name}")
            continue
        types = {file.path: set(_TYPE.findall(file.code)) for file in entries}
        named = set(re.findall(r"\w+", registry.code)) & set().union(*types.values())
        for path, declared in types.items():
            if path != registry.path and not any(
                type_name.startswith(tuple(named)) for type_name in declared if named
            ):
                yield Problem(path, 1, "registry", f"{name} names no type of this file")


def kernel_rows(files):
    """Every function pointer of the kernel table has a row in the file of every level."""
    kernels = {file.path: file for file in files if file.path.startswith(KERNELS)}
    headers = [file for path, file in kernels.items() if path.endswith(".h")]
    members = [
        name
        for header in headers
        for body in re.findall(r"\bstruct\b[^{;]*\{(.*?)\n\}", header.code, re.DOTALL)
        for name in re.findall(r"\(\s*\*\s*(\w+)\s*\)\s*\(", body)
    ]
    if not kernels:
        return
    if not members:
        yield Problem(KERNELS, 1, "kernel-rows", "no table of function pointers in the header")
    for level in KERNEL_LEVELS:
        file = kernels.get(KERNELS + level)
        if file is None:
            yield Problem(KERNELS + level, 1, "kernel-rows", "the level has no file")
            continue
        for member in members:
            if not re.search(r"\.\s*" + member + r"\s*=", file.code):
                yield Problem(file.path, 1, "kernel-rows", f"no row for {member}")


def architecture(files):
    """ARCHITECTURE.md names every target of Package.swift that is not a test."""
    by_path = {file.path: file for file in files}
    package = by_path.get("Package.swift")
    if package is None:
        return
    page = by_path.get("ARCHITECTURE.md")
    if page is None:
        yield Problem("ARCHITECTURE.md", 1, "architecture", "the page is missing")
        return
    pattern = r"\.(?:target|executableTarget|systemLibrary)\(\s*name:\s*\"(\w+)\""
    for found in re.finditer(pattern, package.text):
        if not re.search(rf"\b{found.group(1)}\b", page.text):
            line = package.text.count("\n", 0, found.start())
            yield package.problem(line, "architecture", f"the page does not name {found.group(1)}")
