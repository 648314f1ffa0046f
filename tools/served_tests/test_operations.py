"""The operator's endpoint of a real server, and its log of slow queries."""

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from certificates import make_certificate
from palate import Client
from served import Server, find_binary, free_port, run_palate


def wait_for(server, text):
    """Waits until the log has a text."""
    deadline = time.monotonic() + 20
    while text not in server.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def operating(data, *more):
    """A server that logs queries above a millisecond, and the address of its second port."""
    address = f"127.0.0.1:{free_port()}"
    arguments = [
        "--http-listen", address, "--set", "slow-query.threshold=1ms", "--set", "log.format=json",
        *map(str, more),
    ]
    with Server(data, arguments=arguments) as server:
        wait_for(server, "operations listening")
        yield server, address


@pytest.fixture
def operated(tmp_path):
    """A server, and the URL of its second port."""
    with operating(tmp_path / "data") as (server, address):
        yield server, f"http://{address}"


def ask(url, method="GET", authority=None, **headers):
    """Status and text of an answer."""
    request = urllib.request.Request(url, method=method, headers=headers)
    trust = None if authority is None else ssl.create_default_context(cafile=authority)
    try:
        with urllib.request.urlopen(request, timeout=20, context=trust) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def log_lines(server, message):
    """The lines of the log with this message."""
    lines = map(json.loads, server.log.read_text().splitlines())
    return [line for line in lines if line["message"] == message]


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
    assert samples['palate_request_seconds_bucket{group="query",outcome="ok",le="+Inf"}'] >= 5
    assert samples["palate_queries_slow_total"] >= 1
    assert samples['palate_limit{limit="limits.requests-in-flight"}'] == 1_024
    assert samples['palate_limit_refusals_total{limit="limits.waiting"}'] == 0
    assert json.loads(ask(url + "/collections/pins")[1])["live_items"] == 2_000
    slow = log_lines(server, "slow query")
    assert slow and slow[0]["collection"] == "pins"
    stages = sum(int(slow[0][f"{stage}_us"]) for stage in
                 ("person", "search", "rescore", "rerank", "fetch"))
    assert 0 < stages <= int(slow[0]["took_us"])


def test_a_draining_server_is_not_ready_and_then_gone(operated):
    server, url = operated
    assert ask(url + "/livez")[0] == 200
    assert ask(url + "/nothing")[0] == 404
    assert ask(url + "/admin/reload", "POST")[0] == 202
    wait_for(server, '"reloaded"')
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    with pytest.raises(OSError):
        ask(url + "/livez")


def test_an_address_that_is_taken_is_said_so(operated, tmp_path):
    _, url = operated
    done = subprocess.run(
        [find_binary(), "serve", "--data", tmp_path / "other", "--listen", "127.0.0.1:0",
         "--anonymous", "loopback", "--http-listen", url.removeprefix("http://")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0 and "Fatal" not in done.stderr


def test_pipelined_requests_are_all_answered_however_long_one_takes(tmp_path):
    more = ("--set", "http.idle-timeout=1s", "--backups", tmp_path / "backups")
    with operating(tmp_path / "data", *more) as (server, address):
        with Client(server.address) as client:
            client.create_collection("pins", dim=64, metric="l2")
            client.load("pins", np.arange(20_000), np.random.rand(20_000, 64).astype(np.float32))
        host, port = address.split(":")
        line = "POST /admin/backup/slow?rate=2000000 HTTP/1.1\r\nHost: localhost\r\n"
        alive = "GET /livez HTTP/1.1\r\nHost: localhost\r\n"
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            began = time.monotonic()
            # The first answer is there at once; the second takes longer than the patience.
            connection.sendall(f"{alive}\r\n{line}\r\n".encode())
            said = b""
            while said.count(b"HTTP/1.1 200") < 2 and (data := connection.recv(1 << 16)):
                said += data
            took = time.monotonic() - began
            assert said.count(b"HTTP/1.1 200") == 2 and b"manifest" in said, said
            assert took > 1.5
            # Nothing more is asked: the connection ends by itself.
            assert connection.recv(1) == b""


def test_threads_are_as_many_as_there_are_cores_to_use(tmp_path):
    settings = ["--set", "log.format=json"]
    with Server(tmp_path / "data", cpu=0, arguments=settings) as server:
        line = log_lines(server, "listening")[0]
    assert (line["event_loops"], line["workers"]) == ("1", "1")


TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def test_traces_are_in_the_log_and_passed_on(operated):
    server, url = operated
    vectors = np.random.default_rng(2).normal(size=(4_000, 64)).astype(np.float32)
    with Client(server.address) as client:
        client.create_collection("pins", dim=64, metric="l2")
        client.load("pins", np.arange(4_000), vectors)
        client.query("pins", vectors=vectors, k=10, trace=PARENT)
        client.query("pins", vectors=vectors, k=10)
        for wrong in ("", "0" * 32, TRACE.upper(), f"ff-{TRACE}-b7ad6b7169203331-01"):
            with pytest.raises(ValueError, match="trace id"):
                client.query("pins", vectors=vectors[:1], trace=wrong)
    traces = [line.get("trace_id") for line in log_lines(server, "slow query")]
    assert TRACE in traces and None in traces
    request = urllib.request.Request(
        url + "/collections/pins", method="DELETE", headers={"traceparent": PARENT}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        version, trace, span, flags = answer.headers["traceresponse"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert len(span) == 16 and span not in ("0" * 16, "b7ad6b7169203331")
    (audit,) = log_lines(server, "audit")[-1:]
    assert audit["action"] == "DELETE" and audit["trace_id"] == TRACE
    assert audit["outcome"] == "allowed"
    with urllib.request.urlopen(url + "/livez", timeout=20) as answer:
        assert answer.headers["traceresponse"] is None


def test_who_is_turned_away_is_in_the_log(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    run_palate(
        "keys", "create", "--data", data, "--name", "test", "--scopes", "all", "--all-collections"
    )
    with operating(data) as (server, address):
        assert ask(f"http://{address}/metrics", Authorization="Bearer guessed")[0] == 401
        assert ask(f"http://{address}/readyz")[0] == 200
        (audit,) = log_lines(server, "audit")
    assert (audit["action"], audit["outcome"]) == ("GET", "refused")
    assert audit["target"] == '"/metrics"'


def test_operators_are_served_over_tls_by_the_certificate_of_the_moment(tmp_path):
    certificate, key = make_certificate(tmp_path)
    words = ("--tls-certificate", certificate, "--tls-key", key, "--set", "http.tls=on")
    with operating(tmp_path / "data", *words) as (server, address):
        url = f"https://{address}"
        assert ask(url + "/livez", authority=certificate)[0] == 200
        assert "palate_" in ask(url + "/metrics", authority=certificate)[1]
        with pytest.raises(OSError):
            ask(f"http://{address}/livez")
        before = tmp_path / "before.pem"
        before.write_bytes(certificate.read_bytes())
        make_certificate(tmp_path)
        assert ask(url + "/admin/reload", "POST", authority=before)[0] == 202
        wait_for(server, '"reloaded"')
        assert ask(url + "/livez", authority=certificate)[0] == 200
        with pytest.raises(OSError):
            ask(url + "/livez", authority=before)


def test_https_needs_a_certificate(tmp_path):
    done = subprocess.run(
        [find_binary(), "serve", "--data", tmp_path / "data", "--set", "http.tls=on"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0 and "http.tls" in done.stderr
