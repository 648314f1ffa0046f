"""A real server for the tests of this folder; `PALATE_BINARY` or the release build is what runs."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from served import Server  # noqa: E402


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One server for all tests that do not stop it; each test uses a collection of its own."""
    with Server(tmp_path_factory.mktemp("served") / "data") as running:
        yield running


@pytest.fixture
def own_server(tmp_path):
    """A server that a test may stop and start."""
    with Server(tmp_path / "data") as running:
        yield running
