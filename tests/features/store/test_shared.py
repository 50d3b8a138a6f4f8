"""The store on Redis passes the conformance suite, over both kinds of wire."""

from hashlib import sha1

import pytest

from features.clock import BusinessZone
from features.home import Home
from features.store import Store
from features.store.shared.address import Address
from features.store.shared.store import SharedStore
from tests.features.store.conformance import StoreConformance
from tests.features.store.server import Server


class TestShared(StoreConformance):
    @pytest.fixture(params=["unix", "tcp"], autouse=True)
    def wire(self, redis_server: Server, request: pytest.FixtureRequest) -> None:
        self.url = getattr(redis_server, request.param)

    def open(self, home: Home) -> Store:
        keyspace = sha1(bytes(home.root)).hexdigest()
        return SharedStore.open(
            Address.parse(f"{self.url}?keyspace={keyspace}"), home, BusinessZone()
        )
