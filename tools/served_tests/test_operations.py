"""The operator's endpoint of a real server, and its log of slow queries."""

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from palate import Client
from served import Server, find_binary

def free_port():
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def operated(tmp_path):
    """A server that logs queries above a millisecond, and where its second port is."""
    address = f"127.0.0.1:{free_port()}"
    arguments = [
        "--http-listen", address, "--set", "slow-query.threshold=1ms", "--set", "log.format=json",
    ]
    with Server(tmp_path / "data", arguments=arguments) as server:
        deadline = time.monotonic() + 20
        while "operations listening" not in server.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield server, f"http://{address}"


def ask(url, method="GET"):
    """Status and text of an answer."""
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(page):
    """Samples by series."""
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def test_figures_count_what_clients_do(operated):
    server, url = operated
    vectors = np.random.default_rng(1).normal(size=(2_000, 64)).astype(np.float32)
    with Client(server.address) as client:
        client.create_collection("pins", dim=64, metric="l2")
        client.load("pins", np.arange(2_000), vectors)
        for _ in range(5):
            client.query("pins", vectors=vectors, k=10)
    assert ask(url + "/readyz") == (200, '{"status":"ready"}\n')
    status, page = ask(url + "/metrics")
    samples = figures(page)
    assert status == 200
    assert samples['palate_requests_total{opcode="query",outcome="ok"}'] >= 5
    assert samples['palate_collection_live_items{collection="pins"}'] == 2_000
    assert samples['palate_request_seconds_bucket{group="query",le="+Inf"}'] >= 5
    assert samples["palate_queries_slow_total"] >= 1
    assert json.loads(ask(url + "/collections/pins")[1])["live_items"] == 2_000
    slow = [
        line for line in map(json.loads, server.log.read_text().splitlines())
        if line["message"] == "slow query"
    ]
    assert slow and slow[0]["collection"] == "pins"
    stages = sum(int(slow[0][f"{stage}_us"]) for stage in
                 ("person", "search", "rescore", "rerank", "fetch"))
    assert 0 < stages <= int(slow[0]["took_us"])


def test_a_draining_server_is_not_ready_and_then_gone(operated):
    server, url = operated
    assert ask(url + "/livez")[0] == 200
    assert ask(url + "/nothing")[0] == 404
    assert ask(url + "/admin/reload", "POST")[0] == 202
    deadline = time.monotonic() + 20
    while '"reloaded"' not in server.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    with pytest.raises(OSError):
        ask(url + "/livez")


def test_an_address_that_is_taken_is_said_so(operated, tmp_path):
    _, url = operated
    done = subprocess.run(
        [find_binary(), "serve", "--data", tmp_path / "other", "--listen", "127.0.0.1:0",
         "--http-listen", url.removeprefix("http://")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0 and "Fatal" not in done.stderr
