"""What the documentation shows, run as it stands against a real server."""

import pathlib
import re
import subprocess
import sys

import numpy as np

TOOLS = pathlib.Path(__file__).resolve().parents[1]
DIM = 768


def blocks(text):
    """The Python code of a page, block by block."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_python_readme_runs(own_server):
    begin, people, network = blocks((TOOLS / "python" / "README.md").read_text(encoding="utf-8"))
    vectors = np.random.default_rng(1).normal(size=(100, DIM)).astype(np.float32)
    shown = {
        "ids": np.arange(100),
        "vectors": vectors,
        "titles": [f"picture {number}" for number in range(100)],
        "query": vectors[:1],
    }
    code = (begin + people).replace("127.0.0.1:7411", own_server.address)
    exec(compile(code, "README.md", "exec"), shown)  # noqa: S102
    assert shown["results"].ids.shape == (1, 10)
    assert len(shown["ids"]) > 0
    # What takes a network, a key and a certificate is at least Python.
    compile(network, "README.md", "exec")


def test_the_quick_start_runs(own_server):
    script = TOOLS / "package" / "quick_start.py"
    done = subprocess.run(
        [sys.executable, script, own_server.address], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "each found itself" in done.stdout
