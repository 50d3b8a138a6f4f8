"""Lists that a running service answered with, what people then did, and the run that learns of it.

The service is asked at instants of the past, whose windows train and calibrate; people take what
stands on top of their list, whatever it is.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from features import events as e
from features import job as features_job
from features.clock import HOUR_US, SECOND_US, BusinessZone, now_us
from features.events import Event
from features.home import Home
from features.store import open_store
from features.store.sealing import seal
from serving.loading import Models
from serving.resources import Resources
from serving.settings import Limits, Settings
from tests.serving.conftest import Client
from tests.training.conftest import SMALL, Shop
from tests.training.test_point_in_time import Hands
from training import job, report
from training.run import Steps, Trained, train

ZONE = BusinessZone()
PEOPLE, TURNS, SLOTS = 40, 2, 12
CONFIG = replace(SMALL, fewest_impressions=500)


@pytest.fixture(scope="module")
def home(shop: Shop, trained: Trained, tmp_path_factory) -> Home:
    """A copy of the trained shop whose service was asked and used from an earlier instant on."""
    root = tmp_path_factory.mktemp("served") / "home"
    home = Home(Path(shutil.copytree(shop.home.root, root, symlinks=True)))
    features_job.run(home, shop.windows[0].start_us, ZONE)
    clock, store = Hands(), open_store(home, ZONE)
    made = Resources.around(Settings(home, limits=Limits(answer_seconds=60.0)), store)
    resources = replace(made, clock=clock)
    resources.loading.models = Models.open(trained.bundle.folder, ZONE)
    client, people = Client(resources), sorted(shop.past.acts.people)[:PEOPLE]
    for window in shop.windows[:2]:
        for turn in range(TURNS):
            clock.at_us = window.start_us + (turn + 1) * 8 * HOUR_US
            for user in people:
                answer = client.post("/v1/feed", json={"user_id": user, "k": SLOTS}).json()
                names = [item["item_id"] for item in answer["items"]]
                store.append([*taken(user, answer["request_id"], names, clock.at_us)])
    assert store.wait_applied(store.log_seq)
    resources.close()
    seal(home, ZONE, before_us=now_us() + SECOND_US)
    return home


def taken(user: str, request: str, names: list[str], at_us: int) -> Iterator[Event]:
    """The first two items are clicked, and the first one is bought."""
    for place, name in enumerate(names[:2]):
        yield Event(
            message_id=f"click-{request}-{place}", event=e.CLICKED, user_id=user, item_id=name,
            at_us=at_us + (place + 2) * SECOND_US, request_id=request, position=place,
        )  # fmt: skip
    yield Event(
        message_id=f"order-{request}", event=e.ORDERED, user_id=user, item_id=names[0],
        at_us=at_us + 60 * SECOND_US, request_id=request, order_id=f"o-{request}", quantity=1.0,
        total_fen=900,
    )  # fmt: skip


@pytest.fixture(scope="module")
def taught(home: Home) -> Trained:
    return train(home, CONFIG, Steps())


def test_the_run_says_how_much_was_shown_and_used(taught, trained):
    before, now = trained.impressions, taught.impressions
    assert now["lists"] > before["lists"] + PEOPLE
    assert now["used"] > before["used"] + PEOPLE * SLOTS // 2
    assert now["came"]["click"] > before["came"]["click"] + PEOPLE
    assert (now["per_showing"], "click" in now["outcomes"]) == (True, True)
    assert taught.bundle.manifest["impressions"] == dict(now)


def test_the_report_says_it_too(home, taught):
    page = report.render(job.told(home, taught, "run", CONFIG))
    assert f"items shown in {taught.impressions['lists']:,} lists used" in page


def test_without_impressions_another_bundle_is_learned(home, taught):
    without = train(home, replace(CONFIG, impressions=0), Steps())
    assert without.impressions == {}
    assert without.bundle.version != taught.bundle.version
    one, other = (made.bundle.parts.outcomes for made in (taught, without))
    assert one is not None
    assert other is not None
    assert one.lines["target"] != other.lines["target"]
    assert "click" in one.heads
    assert one.heads["click"].columns == taught.bundle.parts.feed.columns
