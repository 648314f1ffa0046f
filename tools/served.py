"""A `palate serve` process of one's own, for the demo, the failure tests and the benchmarks."""

import os
import pathlib
import select
import socket
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
READY = "palate: listening on "


def find_binary():
    """The server's executable: `PALATE_BINARY`, or the release build."""
    named = os.environ.get("PALATE_BINARY")
    path = pathlib.Path(named) if named else ROOT / ".build" / "release" / "palate"
    if not path.is_file():
        raise SystemExit(f"no executable at {path}: swift build -c release --product palate")
    return str(path)


def pinned(cpu, command):
    """The command, on one core where `cpu` is not None."""
    return command if cpu is None else ["taskset", "-c", str(cpu), *command]


def free_port():
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Server:
    """One server on a data directory and a free port of the loopback interface.

    As a context manager it starts on entry and is stopped on exit; `address` is where it listens.
    `user` is who it runs as: a name or number, where this process may choose. `anonymous` is who
    may come without a key; None = the settings say, as a file of them does in any case.
    What it logs goes to `DATA.log` beside the data directory.
    """

    def __init__(
        self, data, cpu=None, environment=None, arguments=(), user=None, anonymous="loopback"
    ):
        self.anonymous = anonymous
        self.data = pathlib.Path(data)
        self.cpu = cpu
        self.arguments = list(arguments)
        self.user = user
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.address = None
        self.log = self.data.with_name(self.data.name + ".log")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()

    def start(self, seconds=60):
        """Starts the process and waits until it says where it listens."""
        command = [find_binary(), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0"]
        if self.anonymous and "--config" not in self.arguments:
            command += ["--anonymous", self.anonymous]
        command += self.arguments
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                pinned(self.cpu, command),
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
                user=self.user,
                text=True,
            )
        self.address = self._wait_until_ready(time.monotonic() + seconds)
        return self.address

    def _wait_until_ready(self, deadline):
        output = self.process.stdout
        while time.monotonic() < deadline:
            readable, _, _ = select.select([output], [], [], 0.2)
            line = output.readline() if readable else ""
            if line.startswith(READY):
                return line[len(READY) :].strip()
            if self.process.poll() is not None and not line:
                raise RuntimeError(f"palate serve ended with {self.process.returncode}: "
                                   f"{self.last_log_lines()}")
        self.kill()
        raise RuntimeError(f"palate serve was not ready in time: {self.last_log_lines()}")

    def stop(self, seconds=60):
        """Asks the server to end (SIGTERM) and returns its exit code."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"palate serve ignored SIGTERM for {seconds} s") from None
        finally:
            process.stdout.close()

    def kill(self):
        """Ends the server in the middle of whatever it does (SIGKILL)."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        process.stdout.close()

    def is_running(self):
        """Whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def anonymous_bytes(self):
        """What the process holds beside mapped files."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))

    def last_log_lines(self, count=5):
        """The end of the log, for messages of failure."""
        return " / ".join(self.log.read_text(errors="replace").splitlines()[-count:])


def run_palate(*arguments, cpu=None, environment=None):
    """Runs a command of the executable to its end; returns its standard output."""
    command = pinned(cpu, [find_binary(), *map(str, arguments)])
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: "
                           f"{done.stderr.strip()[-500:]}")
    return done.stdout
