"""Every rule of the style check has an example that passes and one that fails."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from stylecheck import project_rules, rules, size_rules  # noqa: E402

LONG_BODY = "\n".join("    let a = 1" for _ in range(70))
# Spelt in pieces, so that the check does not find its own examples.
UNFINISHED = "TO" + "DO"
MACHINE = "/wo" + "rk/main"
HOST = "py" + "pi.org"

# rule, path, text that passes, text that fails
FILE_EXAMPLES = [
    ("line-length", "Sources/A/A.swift", "// " + "x" * 97, "// " + "x" * 98),
    ("line-length", "tools/a.py", "# " + "x" * 98, "# " + "x" * 99),
    ("function-length", "Tests/A.swift", "func a() {\n    b()\n}", f"func a() {{\n{LONG_BODY}\n}}"),
    (
        "function-length",
        "Tests/A.swift",
        "protocol P {\n    func a() -> Int\n}\nstruct A {" + "\n" * 80 + "}",
        f"func a(\n    b: Int\n) throws(E) -> Int\nwhere A: B {{\n{LONG_BODY}\n}}",
    ),
    ("function-length", "a.c", "int a(void)\n{\n}\n", f"int a(int b)\n{{\n{LONG_BODY}\n}}\n"),
    ("function-length", "a.py", "def a():\n    pass\n", "def a():\n" + "    b = 1\n" * 70),
    ("function-length", "a.sh", "a() {\n  b\n}\n", "a() {\n" + "  b\n" * 70 + "}\n"),
    ("file-length", "Tests/A.swift", "\n" * 400, "\n" * 401),
    ("file-length", "tools/run", "\n" * 401, "#!/usr/bin/env bash\n" + "\n" * 400),
    ("unfinished", "README.md", f"{UNFINISHED}(#12): more", f"{UNFINISHED}: more"),
    ("machine-name", "README.md", "see ../shared/work/x", f"see {MACHINE}"),
    ("machine-name", "tools/a.py", "a = b/work/c", f"# from {HOST}"),
    ("foundation", "Sources/A/A.swift", "import FoundationEssentials", "import Foundation"),
    (
        "foundation",
        "Sources/A/A.swift",
        "// import Foundation",
        "package import struct Foundation.URL",
    ),
    ("banned", "Sources/A/A.swift", "let a = try? b()", "let a = try! b()"),
    ("banned", "Sources/A/A.swift", 'let a = "as!"', "let a = b as! C"),
    ("banned", "Sources/A/A.swift", "if !a.isEmpty && b != c {}", "let a = b[0]!.c"),
    ("banned", "Sources/A/A.swift", "a!=b", "let a: Int!"),
    ("banned", "Sources/A/A.swift", 'precondition(a, "no!")', 'fatalError("no")'),
    (
        "unsafe-address",
        "Sources/PalateStorage/A.swift",
        "// SAFETY: x\nunsafe a()",
        None,
    ),
    ("unsafe-address", "Sources/PalateQuery/A.swift", "let unsafety = 1", "unsafe a()"),
    ("unsafe-address", "Sources/PalateGraph/Graph.swift", "// unsafe a()", "unsafe a()"),
    (
        "unsafe-reason",
        "Sources/PalateStorage/A.swift",
        "func a() {\n    // SAFETY: b lives.\n    unsafe b()\n    c()\n    unsafe d()\n}",
        "func a() {\n    // SAFETY: b lives.\n    unsafe b()\n}\nfunc d() {\n    unsafe c()\n}",
    ),
    (
        "unsafe-reason",
        "Sources/PalateStorage/A.swift",
        "func a() {\n    unsafe b {\n        // SAFETY: b lives.\n        unsafe c()\n    }\n}",
        "func a() {\n    unsafe b()\n\n    // SAFETY: of c.\n    unsafe c()\n}",
    ),
    (
        "unsafe-reason",
        "Sources/PalateStorage/A.swift",
        "// SAFETY: all of it.\n@safe\nstruct A {\n    var b: Int { unsafe c }\n}",
        "struct A {\n    var b: Int { unsafe c }\n}",
    ),
    (
        "unsafe-reason",
        "Sources/PalateStorage/A.swift",
        "struct A {\n    let c = 1\n\n    // SAFETY: b lives.\n    private let b: P\n\n"
        "    func d() { unsafe b() }\n}",
        "struct A {\n    // no reason\n    let b: P\n\n    func e() {\n        // SAFETY: e.\n"
        "        let f = 1\n    }\n\n    func d() { unsafe b() }\n}",
    ),
    (
        "unsafe-reason",
        "Sources/PalateQuery/A.swift",
        "final class A: @unchecked Sendable {\n    // SAFETY: a lock.\n    var b = 1\n}",
        "final class A: @unchecked Sendable {\n    var b = 1\n    // SAFETY: later.\n}",
    ),
]

TABLE = "typedef struct {\n    int level;\n    float (*dot)(int);\n    int (*sum)(int);\n} t;"
LEVELS = {
    f"Sources/CPalateKernels/{level}": ".dot = a, .sum = b,"
    for level in project_rules.KERNEL_LEVELS
}
KERNELS = {"Sources/CPalateKernels/include/K.h": TABLE, **LEVELS}
CONTRACT = "protocol Metric {}\nextension Metric {}"
REGISTRY = "enum MetricRegistry { static let all = [SquaredEuclidean.self] }"
METRIC = "struct SquaredEuclidean: Metric {}"
PACKAGE = '.target(name: "PalateModel"), .testTarget(name: "PalateModelTests")'

PROTOCOL = "/// P.\npackage protocol P {\n    /// A.\n    static var tag: Int { get }\n}\n"
WITNESS = "/// A.\npackage struct A: P {\n    package static let tag = 1\n}\n"
REFINING = """/// Q.
package protocol Q: P {}
extension Q {
    package static var tag: Int { 1 }
}
/// A.
package struct A: Q {
    package static let tag = 2
}
"""

# rule, project that passes, project that fails
PROJECT_EXAMPLES = [
    (
        "documentation",
        {"Sources/A/A.swift": "/// Is A.\npackage struct A {}"},
        {"Sources/A/A.swift": "package struct A {}"},
    ),
    (
        "documentation",
        {"Sources/A/A.swift": "/// A.\n@available(\n    *, noasync\n)\npublic static func a() {}"},
        {"Sources/A/A.swift": "let x = 1\n@inlinable\npublic static func a() {}"},
    ),
    (
        "documentation",
        {"Sources/A/A.swift": "package import B\nvar a = 1"},
        {"Sources/A/A.swift": "package var a = 1"},
    ),
    (
        "documentation",
        {"Sources/A/A.swift": "/// A.\npackage(set) var a = 1"},
        {"Tests/TestKit/A.swift": "public init() {}"},
    ),
    (
        "documentation",
        {"Sources/A/P.swift": PROTOCOL, "Sources/A/A.swift": WITNESS},
        {"Sources/A/P.swift": PROTOCOL, "Sources/A/A.swift": WITNESS.replace("tag", "mark")},
    ),
    (
        "documentation",
        {"Sources/A/P.swift": PROTOCOL, "Sources/B/A.swift": WITNESS},
        {"Sources/A/A.swift": WITNESS},
    ),
    (
        "documentation",
        {"Sources/A/P.swift": PROTOCOL, "Sources/A/A.swift": REFINING},
        {"Sources/A/P.swift": PROTOCOL, "Sources/A/A.swift": REFINING.replace(": P", "")},
    ),
    (
        "arrows",
        {"Sources/PalateGraph/A.swift": "package import PalateModel\nimport Glibc"},
        {"Sources/PalateGraph/A.swift": "import PalateKernels"},
    ),
    (
        "arrows",
        {"Sources/PalateServer/A.swift": "import NIOCore\nimport PalateWire"},
        {"Sources/PalateClient/A.swift": "import struct PalateQuery.Pipeline"},
    ),
    ("arrows", {"Tests/X/A.swift": "import PalateX"}, {"Sources/PalateX/A.swift": "let a = 1"}),
    (
        "registry",
        {
            "Sources/Q/Metrics/Metric.swift": CONTRACT,
            "Sources/Q/Metrics/SquaredEuclidean.swift": METRIC,
            "Sources/Q/MetricRegistry.swift": REGISTRY,
        },
        {
            "Sources/Q/Metrics/Cosine.swift": "struct Cosine: Metric {}",
            "Sources/Q/MetricRegistry.swift": REGISTRY + " // Cosine",
        },
    ),
    (
        "registry",
        {
            "Sources/W/Versions/V1+Query.swift": "extension V1 {}",
            "Sources/W/WireVersion.swift": "let all = [V1.self]",
        },
        {"Sources/W/Versions/V1.swift": "enum V1 {}"},
    ),
    (
        "registry",
        {
            "Sources/Q/Metrics/SquaredEuclidean.swift": METRIC,
            "Sources/Q/Metrics/SquaredEuclideanTerms.swift": "struct SquaredEuclideanTerms {}",
            "Sources/Q/MetricRegistry.swift": REGISTRY,
        },
        {
            "Sources/Q/Metrics/SquaredEuclidean.swift": METRIC,
            "Sources/Q/Metrics/Terms.swift": "struct Terms {}",
            "Sources/Q/MetricRegistry.swift": REGISTRY,
        },
    ),
    ("kernel-rows", KERNELS, {**KERNELS, "Sources/CPalateKernels/avx2.c": ".dot = a,"}),
    ("kernel-rows", {}, {key: text for key, text in KERNELS.items() if "neon" not in key}),
    ("kernel-rows", KERNELS, {**KERNELS, "Sources/CPalateKernels/include/K.h": "int a;"}),
    (
        "architecture",
        {"Package.swift": PACKAGE, "ARCHITECTURE.md": "`PalateModel`: nouns"},
        {"Package.swift": PACKAGE, "ARCHITECTURE.md": "`PalateModelling`"},
    ),
    ("architecture", {"README.md": ""}, {"Package.swift": PACKAGE}),
]


def check(root, project):
    """The names of the rules that the project breaks."""
    for path, text in project.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return {problem.rule for problem in rules.check(root)[1]}


@pytest.mark.parametrize(("rule", "path", "good", "bad"), FILE_EXAMPLES)
def test_rule_of_one_file(tmp_path, rule, path, good, bad):
    assert rule not in check(tmp_path / "good", {path: good})
    if bad is not None:
        assert rule in check(tmp_path / "bad", {path: bad})


@pytest.mark.parametrize(("rule", "good", "bad"), PROJECT_EXAMPLES)
def test_rule_of_the_project(tmp_path, rule, good, bad):
    (tmp_path / "good").mkdir()
    assert rule not in check(tmp_path / "good", good)
    assert rule in check(tmp_path / "bad", bad)


def test_every_rule_has_examples():
    examples = {example[0] for example in FILE_EXAMPLES + PROJECT_EXAMPLES}
    assert len(examples) == len(rules.FILE_RULES) + len(rules.PROJECT_RULES)


def test_command_fails_on_a_problem_and_names_its_place(tmp_path, capsys):
    (tmp_path / "a.py").write_text("x = 1\n# " + "y" * size_rules.LINE_LENGTH + "\n")
    assert rules.main([str(tmp_path)]) == 1
    assert "a.py:2: line-length" in capsys.readouterr().out
    (tmp_path / "a.py").write_text("x = 1\n")
    assert rules.main([str(tmp_path)]) == 0
