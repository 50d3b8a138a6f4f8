"""A champion is followed; a bundle that cannot be used is refused, and the old one stays."""

from pathlib import Path

import pytest

from features.clock import DAY_US, now_us
from features.errors import BundleError, MissingStep
from features.home import Home
from features.store import Item, Store, open_store
from recsys.bundle import Bundle
from recsys.query import FeedQuery
from serving.loading import Loading, find
from serving.settings import ServiceClock, Settings
from tests.serving.shops import promote, write_bundle


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def store(home: Home) -> Store:
    store = open_store(home)
    yield store
    store.close()


@pytest.fixture
def bundles(home: Home) -> tuple[Bundle, Bundle]:
    at = now_us() - DAY_US
    return write_bundle(home, at, best="i3"), write_bundle(home, at, best="i5")


def first(loading: Loading, store: Store) -> str:
    query = FeedQuery("u1", 3, now_us())
    return loading.require().feed.recommend(query, store).items[0].item_id


def spoil(bundle: Bundle) -> None:
    path = next(bundle.folder.glob("popular.*"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def test_a_new_champion_replaces_the_old(home: Home, store: Store, bundles: tuple) -> None:
    told: list[str] = []
    loading = Loading(
        Settings(home), store, ServiceClock(), lambda one: told.append(one.require().version)
    )
    promote(home, bundles[0])
    loading.look()
    assert first(loading, store) == "i3"
    promote(home, bundles[1])
    loading.look()
    assert first(loading, store) == "i5"
    assert told == [bundle.version for bundle in bundles]


def test_a_corrupt_champion_is_refused_and_the_old_one_stays(
    home: Home, store: Store, bundles: tuple
) -> None:
    loading = Loading(Settings(home), store, ServiceClock())
    promote(home, bundles[0])
    loading.look()
    spoil(bundles[1])
    promote(home, bundles[1])
    loading.look()
    assert first(loading, store) == "i3"
    assert "was changed" in loading.refused[bundles[1].manifest["sha"]]


def test_a_worker_that_starts_on_a_corrupt_champion_takes_the_previous_one(
    home: Home, store: Store, bundles: tuple
) -> None:
    spoil(bundles[1])
    promote(home, bundles[1], previous=bundles[0].manifest["sha"])
    loading = Loading(Settings(home), store, ServiceClock())
    loading.look()
    assert first(loading, store) == "i3"
    assert list(loading.refused) == [bundles[1].manifest["sha"]]


def test_a_bundle_of_another_zone_is_refused(
    home: Home, store: Store, bundles: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(home, bundles[0])
    settings = Settings.from_environment({"HUOREN_HOME": str(home.root), "HUOREN_ZONE": "UTC"})
    loading = Loading(settings, store, ServiceClock())
    loading.look()
    with pytest.raises(BundleError, match="another business zone"):
        loading.require()


def test_without_a_champion_there_is_a_next_step(home: Home, store: Store) -> None:
    loading = Loading(Settings(home), store, ServiceClock())
    loading.look()
    with pytest.raises(BundleError, match="huoren train"):
        loading.require()


def test_an_unreadable_champion_keeps_what_is_there(
    home: Home, store: Store, bundles: tuple
) -> None:
    loading = Loading(Settings(home), store, ServiceClock())
    promote(home, bundles[0])
    loading.look()
    home.champion.write_text("{")
    loading.look()
    assert first(loading, store) == "i3"
    assert "cannot be read" in loading.refused["champion"]
    promote(home, bundles[0])
    loading.look()
    assert loading.refused == {}


def test_what_is_sold_out_now_is_not_shown(home: Home, store: Store, bundles: tuple) -> None:
    loading = Loading(Settings(home), store, ServiceClock())
    promote(home, bundles[0])
    loading.look()
    store.wait_applied(store.put_items([Item(item_id="i3", stock=0)]))
    loading.look()
    assert first(loading, store) == "i0"


def test_a_bundle_is_found_by_the_beginning_of_its_name(home: Home, bundles: tuple) -> None:
    sha = bundles[0].manifest["sha"]
    assert find(Settings(home), sha[:8]).name == sha
    with pytest.raises(MissingStep, match="0 bundles"):
        find(Settings(home), "none")
