"""A server open to the network: certificates, keys, settings and reloading, by the command line."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from certificates import make_certificate
from palate import Client, ConnectionFailed, NotAuthenticated
from served import Server, find_binary


def palate(*arguments, check=True, **variables):
    """What a command prints on both outputs."""
    done = subprocess.run(
        [find_binary(), *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


def wait_for(log, text, seconds=20):
    """Waits until a line of the log holds a text; the line."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if text in line:
                return line
        time.sleep(0.05)
    raise AssertionError(f"no {text!r} in the log:\n{log.read_text()}")


@pytest.fixture
def guarded(tmp_path):
    """A server with a certificate, a key of all scopes, and its settings in a file."""
    certificate, key = make_certificate(tmp_path)
    settings = tmp_path / "palate.yaml"
    settings.write_text(
        f"tls: {{certificate: {certificate}, key: {key}}}\n"
        "access: {anonymous: refuse}\nlog: {format: json, level: notice}\n"
    )
    (tmp_path / "data").mkdir()
    api_key = palate(
        "keys", "create", "--data", tmp_path / "data", "--name", "test", "--scopes", "all",
        "--all-collections",
    ).stdout.strip()
    secret = tmp_path / "api.key"
    secret.write_text(api_key + "\n")
    with Server(tmp_path / "data", arguments=["--config", str(settings)]) as server:
        yield server, {
            "PALATE_CLIENT_CA": str(certificate), "PALATE_CLIENT_KEY_FILE": str(secret),
        }


def rows(folder):
    """Vectors in a file that `palate load` reads."""
    vectors = np.random.default_rng(3).normal(size=(300, 16)).astype(np.float32)
    np.save(folder / "rows.npy", vectors)
    return folder / "rows.npy", vectors


def test_commands_work_under_tls_with_a_key(guarded, tmp_path):
    server, variables = guarded
    file, _ = rows(tmp_path)
    palate(
        "load", "--to", server.address, "--collection", "pins", "--vectors", file,
        "--metric", "l2", **variables,
    )
    stats = palate("stats", "--to", server.address, "--collection", "pins", **variables)
    assert "300" in stats.stdout


def test_the_python_client_speaks_tls_and_says_who_it_is(guarded):
    server, variables = guarded
    key = open(variables["PALATE_CLIENT_KEY_FILE"]).read().strip()
    ca_file = variables["PALATE_CLIENT_CA"]
    vectors = np.random.default_rng(4).normal(size=(3_000, 256)).astype(np.float32)
    with Client(server.address, api_key=key, ca_file=ca_file) as client:
        client.create_collection("large", dim=256, metric="l2")
        client.load("large", np.arange(3_000), vectors)
        found = client.query("large", vectors=vectors, k=3)
        assert (found.ids[:, 0] == np.arange(3_000)).mean() > 0.99
        access = client.access()
        assert access.scopes == {"query", "write", "events", "admin"} and access.expiry_ms is None
        assert key.split("_")[1] == access.subject
    with pytest.raises(NotAuthenticated) as refused:
        Client(server.address, api_key="plt_abcdefgh_" + "0" * 64, ca_file=ca_file).ping()
    assert "000" not in str(refused.value)
    with Client(server.address, ca_file=ca_file) as client, pytest.raises(NotAuthenticated):
        client.list()
    for wrong in ({"tls": True}, {}, {"ca_file": ca_file, "server_hostname": "example.org"}):
        with pytest.raises(ConnectionFailed):
            Client(server.address, timeout=10, **wrong).ping()
    with pytest.raises(ValueError, match="in the clear"):
        Client("192.0.2.1:7411", api_key=key)


def test_nobody_gets_in_without_key_or_certificate(guarded, tmp_path):
    server, variables = guarded
    arguments = ("stats", "--to", server.address, "--collection", "pins")
    no_key = {name: value for name, value in variables.items() if "KEY" not in name}
    assert "not authenticated" in palate(*arguments, check=False, **no_key).stderr
    wrong = tmp_path / "wrong.key"
    wrong.write_text("plt_abcdefgh_" + "0" * 64)
    refused = palate(
        *arguments, check=False, **{**no_key, "PALATE_CLIENT_KEY_FILE": str(wrong)}
    )
    assert "not authenticated" in refused.stderr and "0" * 64 not in refused.stderr
    no_tls = {name: value for name, value in variables.items() if "CA" not in name}
    assert palate(*arguments, check=False, **no_tls).returncode != 0
    log = server.log.read_text()
    secret = open(variables["PALATE_CLIENT_KEY_FILE"]).read().strip()
    assert secret.split("_")[2] not in log
    for line in log.splitlines():
        assert {"time", "level", "label", "message"} <= json.loads(line).keys()


def test_keys_revoked_and_rotated_hold_within_seconds(guarded, tmp_path):
    server, variables = guarded
    arguments = ("fields", "--to", server.address, "--collection", "pins")
    listed = palate("keys", "list", "--data", server.data, "--json").stdout
    key = json.loads(listed)["id"]
    rotated = palate("keys", "rotate", key, "--data", server.data, "--grace", "1s").stdout
    wait_for(server.log, "keys reloaded")
    new = tmp_path / "new.key"
    new.write_text(rotated)
    fresh = {**variables, "PALATE_CLIENT_KEY_FILE": str(new)}
    assert "there is no collection" in palate(*arguments, check=False, **fresh).stderr
    time.sleep(1.1)
    assert "expired" in palate(*arguments, check=False, **variables).stderr
    palate("keys", "revoke", key, "--data", server.data)
    server.process.send_signal(signal.SIGHUP)
    wait_for(server.log, "reloaded")
    deadline = time.monotonic() + 20
    while "not authenticated" not in palate(*arguments, check=False, **fresh).stderr:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_reloading_takes_certificates_and_settings_and_keeps_them_where_they_are_bad(
    guarded, tmp_path
):
    server, variables = guarded
    settings = tmp_path / "palate.yaml"
    good = settings.read_text()
    make_certificate(tmp_path)  # in place of the one before
    settings.write_text(good + "limits: {connections: 7, waiting: 9}\n")
    server.process.send_signal(signal.SIGHUP)
    line = json.loads(wait_for(server.log, '"reloaded"'))
    assert line["changed"].split() == ["limits.connections", "limits.waiting"]
    assert line["restart_needed"] == "limits.waiting"
    arguments = ("stats", "--to", server.address, "--collection", "pins")
    assert "there is no collection" in palate(*arguments, check=False, **variables).stderr
    settings.write_text(good + "limits: {conections: 7}\n")
    server.process.send_signal(signal.SIGHUP)
    line = json.loads(wait_for(server.log, "settings not reloaded"))
    assert "is limits.connections meant?" in line["error"]
    assert "there is no collection" in palate(*arguments, check=False, **variables).stderr


def test_clients_show_certificates_where_the_server_asks_for_them(tmp_path):
    certificate, key = make_certificate(tmp_path)
    own, own_key = make_certificate(tmp_path, "client")
    (tmp_path / "others").mkdir()
    other, other_key = make_certificate(tmp_path / "others", "client")
    arguments = [
        "--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-client-ca", str(own),
    ]
    with Server(tmp_path / "data", arguments=arguments) as server:
        shown = {"ca_file": str(certificate), "client_certificate": (str(own), str(own_key))}
        with Client(server.address, **shown) as client:
            client.create_collection("pins", dim=4, metric="l2")
        for wrong in (None, (str(other), str(other_key))):
            with pytest.raises(ConnectionFailed):
                with Client(server.address, retries=0, **shown | {"client_certificate": wrong}):
                    pass
        stats = ("stats", "--to", server.address, "--collection", "pins")
        trust = {"PALATE_CLIENT_CA": str(certificate)}
        mine = {
            "PALATE_CLIENT_CERTIFICATE": str(own), "PALATE_CLIENT_CERTIFICATE_KEY": str(own_key),
        }
        assert "pins: writes healthy" in palate(*stats, **trust, **mine).stdout
        refused = palate(*stats, check=False, **trust)
        assert refused.returncode != 0 and "Fatal" not in refused.stderr


def test_settings_are_checked_and_shown(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("limits:\n  connections: many\n")
    checked = palate("config", "check", bad, check=False)
    assert checked.returncode == 1
    assert checked.stderr.startswith(f"{bad}:2:16: limits.connections: got \"many\"")
    bad.write_text("# nothing is said\n")
    assert palate("config", "check", bad).stdout == "ok\n"
    shown = palate(
        "config", "show", "--data", "here", "--set", "limits.memory=1GiB", PALATE_DRAIN="9s"
    ).stdout
    held = dict(line.split("\t", 1) for line in shown.splitlines())
    assert held["data"] == "here\tflag" and held["drain"] == "9s\tenvironment"
    assert held["limits.memory"] == "1GiB\tflag" and held["backups"] == "-\tdefault"
    flags = ("--drain", "7s", "--slow-query", "50ms")
    shown = palate("config", "show", *flags, PALATE_DRAIN="9s").stdout
    assert "drain\t7s\tflag" in shown and "slow-query.threshold\t50ms\tflag" in shown
    assert "| `tls.certificate` |" in palate("config", "schema").stdout


def test_files_that_settings_name_are_checked_too(tmp_path):
    settings = tmp_path / "palate.yaml"
    settings.write_text("tls: {certificate: server.pem, key: server.key}\n")
    checked = palate("config", "check", settings, check=False)
    assert checked.returncode != 0 and "server.pem" in checked.stderr
    assert palate("config", "check", "--settings-only", settings).stdout == "ok\n"
    certificate, key = make_certificate(tmp_path)
    settings.write_text(f"tls: {{certificate: {certificate}, key: {key}}}\n")
    assert palate("config", "check", settings).stdout == "ok\n"
    (tmp_path / "keys").write_text("not keys")
    settings.write_text(f"access: {{keys: {tmp_path}/keys}}\n")
    checked = palate("config", "check", settings, check=False)
    assert checked.returncode != 0 and f"{tmp_path}/keys" in checked.stderr


def test_a_server_without_keys_has_to_be_told_who_may_come(tmp_path):
    data = tmp_path / "data"
    done = palate("serve", "--data", data, "--listen", "127.0.0.1:0", check=False)
    assert done.returncode not in (0, None) and "--anonymous loopback" in done.stderr
    palate("keys", "create", "--data", data, "--name", "one", "--scopes", "query",
           "--all-collections")  # fmt: skip
    with Server(data, arguments=["--set", "access.failures=2"], anonymous=None) as server:
        with Client(server.address) as client, pytest.raises(NotAuthenticated):
            client.list()


@pytest.mark.parametrize("flags", [
    ("--set", "nonsense=1"), ("--set", "nonsense"), ("--listen", "nowhere"),
    ("--tls-certificate", "none.pem"), ("--tls-certificate", "none.pem", "--tls-key", "none.key"),
    ("--anonymous", "maybe"), ("--config", "none.yaml"),
])
def test_a_server_that_is_told_nonsense_does_not_start(flags, tmp_path):
    done = palate("serve", "--data", tmp_path / "data", *flags, check=False)
    assert done.returncode not in (0, None) and done.stderr
    assert "Fatal" not in done.stderr
