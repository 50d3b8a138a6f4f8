"""The feed turned round, in a shop where tea drinkers buy tea and readers buy books."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import job
from features.clock import DAY_US
from features.errors import GateRefused, MissingStep, UnknownName
from features.events import Event
from features.home import Home
from features.store import open_ledger
from features.tables import ITEMS
from recsys.segments.audience import Asked, Suits, audience
from recsys.segments.desk import open_desk
from tests.features.histories import keep
from tests.recsys.segments.conftest import AT, ZONE
from training import audience as learning

TASTES = ("tea", "book", "shoe")
ACTS = ("Product Viewed", "Order Completed")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    dice, place = random.Random(0), Home(tmp_path_factory.mktemp("suits"))
    items = [
        {"item_id": f"{taste}{n}", "valid_from_us": 0, "category": taste, "brand": f"{taste}-b"}
        for taste in TASTES
        for n in range(8)
    ]
    events = []
    for n in range(450):
        who, taste = f"{TASTES[n % 3]}-lover{n:03d}", TASTES[n % 3]
        for m in range(6):
            own = taste if dice.random() < 0.9 else dice.choice(TASTES)
            events.append(
                Event(message_id=f"{who}{m}", event=ACTS[m % 2],
                      at_us=AT - int(dice.uniform(0, 50) * DAY_US), user_id=who,
                      item_id=f"{own}{dice.randrange(8)}")
            )  # fmt: skip
    keep(place, events)
    path = place.table("items") / "all.parquet"
    pq.write_table(pa.Table.from_pylist(items, ITEMS.schema), path)
    job.run(place, AT, ZONE)
    return place


@pytest.fixture(scope="module")
def suits(home) -> Suits:
    with open_desk(home) as desk:
        made = learning.fit(desk)
    made.save(home)
    return made


def test_before_a_fit_the_next_step_is_told(tmp_path, home):
    with pytest.raises(MissingStep, match="audience --fit"):
        Suits.open(Home(tmp_path))


def test_on_items_not_learned_from_takers_are_near_the_top(suits):
    at = {one["share"]: one for one in suits.card["curve"]}
    assert at[0.2]["lift"] > 1.5
    assert at[0.2]["recall"] > at[0.2]["recall_of_most_active"]
    assert 0.5 < suits.card["foretold"] / suits.card["came"] < 2.0


def test_a_fit_leaves_the_desk_as_it_was(home):
    ledger = open_ledger(home)
    with open_desk(home) as desk:
        learning.fit(desk)
        assert audience(desk, ledger, Asked("tea0", 1))["considered"] > 400
    ledger.close()


def test_tea_goes_to_who_likes_tea(home, suits):
    ledger = open_ledger(home)
    with open_desk(home) as desk:
        found = audience(desk, ledger, Asked("tea0", 50))
        assert sum(one["user_id"].startswith("tea") for one in found["people"]) >= 45
        assert found["people"][0]["reasons"]
        assert found["considered"] > 400
        assert audience(desk, ledger, Asked("tea0", 50, "sms"))["people"] == []  # no way to anybody
        with pytest.raises(UnknownName, match="unknown item"):
            audience(desk, ledger, Asked("coffee"))
        with pytest.raises(UnknownName, match="channel"):
            audience(desk, ledger, Asked("tea0", 5, "pigeon"))
    ledger.close()


def test_too_little_is_refused(home, monkeypatch):
    monkeypatch.setattr(learning, "FEWEST", 10_000)
    with open_desk(home) as desk, pytest.raises(GateRefused, match="too few people took"):
        learning.fit(desk)
