"""The server as packages start it: by a user without any rights."""

import os
import subprocess

import numpy as np
import pytest
from palate import Client
from served import Server, find_binary

NOBODY = 65_534


def is_startable():
    """Whether this process may start the executable as somebody else."""
    if os.geteuid() != 0:
        return False
    try:
        done = subprocess.run([find_binary(), "--version"], user=NOBODY, capture_output=True)
    except PermissionError:
        return False
    return done.returncode == 0


def test_serves_a_network_as_a_user_without_rights(tmp_path_factory):
    if not is_startable():
        pytest.skip("needs root, and an executable that everybody may run")
    folder = tmp_path_factory.mktemp("rights")
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    with Server(data, user=NOBODY) as server, Client(server.address) as client:
        client.create_collection("pins", dim=4, metric="l2")
        client.load("pins", np.arange(4), np.eye(4, dtype=np.float32))
        assert client.query("pins", vectors=np.eye(4, dtype=np.float32), k=1).ids.tolist() == [
            [0], [1], [2], [3]
        ]
