"""What the Python client makes again, over connections that are cut and a server that refuses."""

import time

import numpy as np
import palate
import pytest
from relay import Wire
from served import Server


@pytest.fixture
def wire(server):
    relay = Wire(server.address)
    yield relay
    relay.cut()


def fill(client, name):
    client.create_collection(name, 8, "l2")
    client.load(name, np.arange(8), np.eye(8, dtype=np.float32))


def test_a_read_is_made_again_over_a_new_connection(wire):
    with palate.Client(wire.address) as client:
        fill(client, "cut-read")
        wire.cut()
        found = client.query("cut-read", np.eye(8, dtype=np.float32), k=1)
        assert found.ids[:, 0].tolist() == list(range(8))
        wire.cut()
        assert client.get("cut-read", [3]).ids.tolist() == [3]
        assert wire.opened == 3


def test_a_write_over_a_broken_connection_is_the_callers_to_repeat(wire):
    with palate.Client(wire.address) as client:
        fill(client, "cut-write")
        wire.cut()
        with pytest.raises(palate.ConnectionFailed):
            client.upsert("cut-write", [1], np.ones((1, 8), dtype=np.float32))
        assert client.upsert("cut-write", [1], np.ones((1, 8), dtype=np.float32)).changed == 1


def test_without_retries_the_first_failure_is_the_callers(wire):
    with palate.Client(wire.address, retries=0) as client:
        fill(client, "cut-once")
        wire.cut()
        with pytest.raises(palate.ConnectionFailed):
            client.query("cut-once", np.eye(8, dtype=np.float32), k=1)
    with pytest.raises(ValueError):
        palate.Client(wire.address, retries=-1)


def test_a_server_that_is_gone_is_tried_within_the_timeout(wire):
    client = palate.Client(wire.address, retries=50, timeout=0.5)
    with client:
        client.ping()
        wire.close()
        began = time.monotonic()
        with pytest.raises(palate.ConnectionFailed):
            client.ping()
        assert time.monotonic() - began < 5


def test_what_a_busy_server_refused_is_made_again_writes_too(tmp_path):
    limits = ("--set", "limits.requests-per-second=20")
    with Server(tmp_path / "data", arguments=limits) as server:
        with palate.Client(server.address) as setup:
            fill(setup, "busy")
        with palate.Client(server.address, retries=0) as hasty:
            with pytest.raises(palate.Overloaded):
                for _ in range(200):
                    hasty.list()
        with palate.Client(server.address, retries=20) as patient:
            for _ in range(60):
                patient.list()
            row = np.ones((1, 8), dtype=np.float32)
            assert patient.upsert("busy", [1], row).changed == 1
