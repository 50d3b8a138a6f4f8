"""What was logged while serving is what training rebuilds for the same instants.

The bundle is of the same business day, so counters of items, which are refreshed daily, are those
of the day's start on both sides. An event that comes late is known to training from the instant at
which it happened, to serving from its arrival: here nobody asks in between.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features import consent, controls, job, snapshot
from features.catalogue import CATALOGUE
from features.clock import SECOND_US, BusinessZone, now_us
from features.events import Event
from features.frames import feed as frame
from features.history import History
from features.home import Home
from features.store import open_store
from features.store.sealing import seal
from features.strength import Strength
from recsys import feed, pipeline
from recsys.bundle import Bundle
from recsys.slate import Slate
from serving.impressions import FEATURE_NAMES
from serving.loading import Models
from serving.resources import Resources
from serving.settings import Limits, Settings
from tests.serving.conftest import Client
from tests.training.conftest import END, Shop
from training import impressions
from training.examples import shown
from training.past import Past, Queries
from training.run import Trained
from training.split import Window

ZONE = BusinessZone()
MINUTE_US = 60 * SECOND_US


@dataclass
class Hands:
    """A clock that is set by hand."""

    at_us: int = END
    offset_us: int = 0

    def now_us(self) -> int:
        return self.at_us


@dataclass(frozen=True)
class Logged:
    """Rows that serving logged.

    Parameters
    ----------
    users, items : list of str
        Of each row.
    at_us : ndarray, int64
        Instant of each request.
    features : ndarray, float32, shape (n, columns)
        As the ranker saw them.
    """

    users: list[str]
    items: list[str]
    at_us: np.ndarray
    features: np.ndarray


def people(home: Home) -> list[str]:
    """Those who know others best, and do most."""
    with History(home).connect() as connection:
        rows = connection.execute(
            "SELECT user_id FROM events WHERE peer_id IS NOT NULL "
            "GROUP BY ALL ORDER BY count(*) DESC, user_id LIMIT 8"
        ).fetchall()
    return [user for (user,) in rows]


def happen(users: list[str], items: list[str]) -> Iterator[list[Event]]:
    """What people do, minute by minute: alone, with each other, and about themselves."""
    names = ("Product Viewed", "Product Added", "Order Completed", "Share Link Opened")
    for minute in range(24):
        at_us = END + minute * MINUTE_US
        user, peer = users[minute % len(users)], users[(minute * 3 + 1) % len(users)]
        made = Event(
            message_id=f"now-{minute}", event=names[minute % 4], at_us=at_us, user_id=user,
            peer_id=peer if minute % 4 == 3 else None, item_id=items[minute % len(items)],
            order_id=f"o{minute}", share_id=f"s{minute}", total_fen=900,
        )  # fmt: skip
        late = replace_event(made, f"late-{minute}", at_us - 60 * MINUTE_US)
        yield [late, made] if minute == 0 else [made]
    yield [controls.consent_updated(users[0], ["personalize"], END + 24 * MINUTE_US)]
    yield [controls.tag_suppressed(users[1], "life.r_days", END + 25 * MINUTE_US)]
    yield [
        Event(
            message_id="tie", event="Tie Created", at_us=END + 26 * MINUTE_US, user_id=users[2],
            peer_id=users[3], reason="friend",
        )
    ]  # fmt: skip


def replace_event(event: Event, message_id: str, at_us: int) -> Event:
    """The same act at another time."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return Event(**{**fields, "message_id": message_id, "at_us": at_us})


@pytest.fixture(scope="module")
def home(shop: Shop, trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the trained shop with its states in force."""
    root = tmp_path_factory.mktemp("serving") / "home"
    home = Home(Path(shutil.copytree(shop.home.root, root, symlinks=True)))
    job.run(home, END, ZONE)
    return home


@pytest.fixture(scope="module")
def logged(home: Home, trained: Trained) -> Logged:
    """Feeds asked for between events, as the impression log keeps them."""
    clock, users = Hands(), people(home)
    items = trained.bundle.parts.items.ids.names(range(20))
    store = open_store(home, ZONE)
    patient = Settings(home, limits=Limits(answer_seconds=60.0))  # however busy the machine is
    made = Resources.around(patient, store)
    resources = replace(made, clock=clock)
    resources.loading.models = Models.open(trained.bundle.folder, ZONE)
    client = Client(resources)
    for minute, events in enumerate(happen(users, items)):
        store.append(events)
        assert store.wait_applied(store.log_seq)
        clock.at_us = END + minute * MINUTE_US + 30 * SECOND_US
        for user in users[:4]:
            answer = client.post("/v1/feed", json={"user_id": user, "k": 15})
            assert answer.status_code == 200
            assert answer.json()["degraded"] == ["ranker:interpreted"]  # nothing compiles here
    resources.close()
    seal(home, ZONE, before_us=now_us() + MINUTE_US)
    return read(home)


def read(home: Home) -> Logged:
    parts = [
        pq.ParquetFile(path).read() for path in sorted(home.table("impressions").rglob("*.parquet"))
    ]
    rows = [row for part in parts for row in part.to_pylist()]
    names = parts[0].schema.metadata[FEATURE_NAMES.encode()].decode().split("\n")
    assert names == list(frame.COLUMNS)
    return Logged(
        [row["user_id"] for row in rows],
        [row["item_id"] for row in rows],
        np.array([row["at_us"] for row in rows], dtype=np.int64),
        np.array([row["features"] for row in rows], dtype=np.float32),
    )


@pytest.fixture(scope="module")
def rebuilt(home: Home, logged: Logged, trained: Trained) -> np.ndarray:
    """The same rows from the history alone."""
    parts = Bundle.open(trained.bundle.folder).parts
    asked = sorted(set(zip(logged.users, logged.at_us.tolist(), strict=True)))
    place = {one: i for i, one in enumerate(asked)}
    query = np.array([place[one] for one in zip(logged.users, logged.at_us.tolist(), strict=True)])
    queries = Queries([user for user, _ in asked], np.array([at for _, at in asked]))
    codes = parts.items.ids.codes(logged.items)
    connection, _ = snapshot.connect_facts(home, END + 60 * MINUTE_US, ZONE)
    with closing(connection):
        past = Past(connection, ZONE)
        examples = frame.Examples(queries.users, queries.at_us, query, codes)
        raw = frame.offline(past.points, parts.items, examples)
        said: dict[str, np.ndarray] = {}
        strength = Strength.of(parts.references)
        for i, moment in enumerate(past.moments(queries, parts.items.ids, strength)):
            rows = np.flatnonzero(query == i)
            slate, _ = pipeline.propose(feed.sources(parts), moment, parts.settings.candidates)
            columns = feed.slate_columns(chosen(slate, codes[rows]))
            for name, value in {**columns, **moment.friends.at(codes[rows])}.items():
                said.setdefault(name, np.full(len(query), np.nan))[rows] = value
        raw |= said
        consent.hide(raw, past.say(queries), query)
        return frame.assemble(raw, len(query))


def chosen(slate: Slate, codes: np.ndarray) -> Slate:
    """Candidates in the order of a logged list."""
    order = {code: i for i, code in enumerate(slate.codes.tolist())}
    return slate.take(np.array([order[code] for code in codes.tolist()]))


def test_enough_is_compared(logged):
    assert len(logged.items) == 15 * 4 * 27
    assert len(set(logged.users)) == 4
    told = logged.features[:, ~np.isnan(logged.features).all(axis=0)]
    moving = np.nanmax(told, axis=0) > np.nanmin(told, axis=0)
    assert moving.sum() > 0.75 * len(frame.COLUMNS)


@pytest.mark.parametrize("name", list(frame.COLUMNS))
def test_a_column_is_the_same_when_served_and_when_trained(logged, rebuilt, name):
    column = list(frame.COLUMNS).index(name)
    served, trained = logged.features[:, column], rebuilt[:, column]
    np.testing.assert_allclose(served, trained, rtol=1e-5, atol=1e-7, equal_nan=True)


def test_rows_of_impressions_are_those_that_were_logged(home, logged, trained):
    """Vectors are computed anew for training, because the next bundle has other sources."""
    window, parts = Window(END, END + 60 * MINUTE_US), Bundle.open(trained.bundle.folder).parts
    which = CATALOGUE[trained.bundle.manifest["popularity"]]
    connection, _ = snapshot.connect_facts(home, window.end_us, ZONE)
    with closing(connection):
        past, rng = Past(connection, ZONE), np.random.default_rng(0)
        events = {"click": ("Product Viewed",)}
        found = impressions.read(past, home, window, events, MINUTE_US, 10**6, rng)
        made = shown.taught(past, parts, found, which)
    assert len(made) == made.shown == len(logged.items)
    order = np.lexsort((found.items, found.queries.at_us[found.lists],
                        np.array(found.queries.users)[found.lists]))  # fmt: skip
    other = np.lexsort((logged.items, logged.at_us, logged.users))
    np.testing.assert_allclose(
        made.rows[order], logged.features[other], rtol=1e-5, atol=1e-7, equal_nan=True
    )
