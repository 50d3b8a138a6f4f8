"""The embedded store passes the conformance suite."""

from features.home import Home
from features.store import Store, open_store
from tests.features.store.conformance import StoreConformance


class TestEmbedded(StoreConformance):
    def open(self, home: Home) -> Store:
        return open_store(home)
