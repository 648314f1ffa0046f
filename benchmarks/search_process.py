"""`palate bench search` in a process of its own, which searches when asked to."""

import json
import os
import subprocess

from served import find_binary, pinned


class SearchProcess:
    """Searches at the first beam at once, and then at those it is asked for.

    As a context manager it ends on exit.
    """

    def __init__(self, arguments, cpu=None, environment=None):
        command = [find_binary(), "bench", "search", *arguments, "--beams-from-input"]
        self.process = subprocess.Popen(
            pinned(cpu, [str(word) for word in command]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            text=True,
        )
        # Built or opened, and its memory touched.
        self.first = self._line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def _line(self):
        text = self.process.stdout.readline()
        if not text.startswith("{"):
            raise RuntimeError(f"palate bench search ended: {text!r}")
        return json.loads(text)

    def lines(self, beams):
        """The line of every beam."""
        self.process.stdin.write(",".join(map(str, beams)) + "\n")
        self.process.stdin.flush()
        return [self._line() for _ in beams]
