"""JSON Web Tokens end to end: a server that takes them, both clients, and what is refused."""

import os
import subprocess
import time

import numpy as np
import pytest
from palate import Client, Forbidden, NotAuthenticated
from served import Server, find_binary
from tokens import SECRET, token


@pytest.fixture
def server(tmp_path):
    """A server that takes tokens of one secret, and nobody without."""
    secret, settings = tmp_path / "secret", tmp_path / "palate.yaml"
    secret.write_bytes(SECRET)
    settings.write_text(
        "access:\n  anonymous: refuse\n"
        f"  tokens: {{algorithms: [HS256], hmac-secret: {secret}, leeway: 0s}}\n"
    )
    with Server(tmp_path / "data", arguments=["--config", str(settings)]) as running:
        yield running


def write_one(client):
    """Makes a collection of one item."""
    client.create_collection("pins", dim=4, metric="l2")
    client.upsert("pins", [7], np.ones((1, 4), np.float32))


def test_a_token_allows_what_its_claims_say(server):
    with Client(server.address, token=token()) as client:
        write_one(client)
    with Client(server.address, token=token(scope="query")) as client:
        found = client.query("pins", vectors=np.ones((1, 4), np.float32), k=1)
        assert found.ids.tolist() == [[7]]
        with pytest.raises(Forbidden):
            client.delete("pins", [7])
    with Client(server.address, token=token(collections=["boards"])) as client:
        assert client.list() == []


@pytest.mark.parametrize(
    "bad",
    [
        token(seconds=-5),
        token(secret=b"another secret that nobody knows"),
        token(header={"alg": "none", "typ": "JWT"}),
        token(header={"alg": "HS256", "crit": ["b64"], "b64": False}),
        token(exp=None),
        token(nbf=time.time() + 600),
        token().rsplit(".", 1)[0] + ".",
        "not.a.token",
    ],
)
def test_what_does_not_hold_is_refused(server, bad):
    with pytest.raises(NotAuthenticated):
        Client(server.address, token=bad, retries=0).list()


def test_a_connection_outlives_its_token(server):
    asked = []

    def next_token():
        asked.append(time.monotonic())
        return token(seconds=3)

    with Client(server.address, token=next_token, retries=0) as client:
        write_one(client)
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            assert client.get("pins", [7]).found.tolist() == [True]
            time.sleep(0.05)
    assert 2 <= len(asked) <= 6
    with Client(server.address, token=token(seconds=1), retries=0) as client:
        time.sleep(1.2)
        with pytest.raises(NotAuthenticated):
            client.list()


def test_the_command_line_takes_tokens(server, tmp_path):
    file = tmp_path / "token"
    file.write_text(token() + "\n")
    with Client(server.address, token=token()) as client:
        write_one(client)
    variables = os.environ | {"PALATE_CLIENT_TOKEN_FILE": str(file)}
    command = [find_binary(), "stats", "--to", server.address, "--collection", "pins"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "pins" in done.stdout, done.stderr
