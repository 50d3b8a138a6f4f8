"""The Redis server that tests of the shared store share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.store.server import Server, require_redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    """One server for all tests that leave it running; each of them has a keyspace of its own."""
    require_redis()
    with tempfile.TemporaryDirectory(prefix="huoren") as folder:  # short: a socket's path must be
        server = Server(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of the test's own, to be killed and started again."""
    require_redis()
    with tempfile.TemporaryDirectory(prefix="huoren") as folder:
        server = Server(Path(folder))
        yield server
        server.stop()
