"""Who is asleep: counted and listed with reasons, ordered by what is known of them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import job
from features.clock import DAY_US
from features.errors import InputError, UnknownName
from features.events import Event
from features.home import Home
from recsys.segments.desk import open_desk
from recsys.segments.silent import Asleep, silent
from tests.features.histories import keep
from tests.recsys.segments.conftest import AT, ZONE

SLEEPERS = [f"s{n:02d}" for n in range(60)]
"""Seen on the mini-program 60 days ago; a friend of s00 ordered yesterday."""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    place = Home(tmp_path_factory.mktemp("silent"))
    seen = [(who, 60, "mini_program") for who in SLEEPERS]
    seen += [(f"w{n:02d}", 1, "app") for n in range(60)]
    events = [
        Event(message_id=f"v{who}", event="Product Viewed", at_us=AT - days * DAY_US, user_id=who,
              item_id="i", channel=channel)
        for who, days, channel in seen
    ]  # fmt: skip
    events += [
        Event(message_id=f"m{user}", event="Sharer Muted", at_us=AT - 60 * DAY_US, user_id=user,
              peer_id=peer)
        for user, peer in (("s59", "w01"), ("w02", "s59"))
    ]  # fmt: skip
    keep(place, events)
    job.run(place, AT, ZONE)
    return place


def test_without_scores_nobody_is_persuadable(home):
    with open_desk(home) as desk:
        found = silent(desk, Asleep(k=5))
    assert (found.asleep, found.reachable, found.persuadable) == (60, 60, 0)
    assert found.by_channel["mini_program"] == 60
    assert found.by_channel["sms"] == 0
    assert [one.user_id for one in found.people] == SLEEPERS[:5]
    assert found.people[0].reasons[0] == ("60 天没有活动", "asleep for 60 days")
    assert "silent-to-active" in found.verdict


def test_an_effect_orders_them_and_ties_are_told(home):
    (home.root / "scores").mkdir(exist_ok=True)
    rows = {"user_id": SLEEPERS, "effect": [n / 100 - 0.05 for n in range(60)]}
    pq.write_table(pa.table(rows), home.root / "scores" / "uplift.wake.parquet")
    with open_desk(home) as desk:
        desk.make("INSERT INTO around BY NAME SELECT 's59' AS user_id, "
                 "unnest(['w00', 'w01', 'w02']) AS peer_id, TRUE AS strong")  # fmt: skip
        found = silent(desk, Asleep(channel="mini_program", k=2))
    assert (found.model, found.causal, found.persuadable) == ("uplift.wake", True, 54)
    assert found.by_offer == {"uplift.wake": 54}
    assert [one.user_id for one in found.people] == ["s59", "s58"]
    assert found.people[0].ties == ["w00"]  # s59 muted w01, and was muted by w02
    assert found.people[0].reasons[-1][1] == "1 strong ties are awake"


def test_what_cannot_be_asked(home):
    with pytest.raises(UnknownName, match="channel"):
        Asleep(channel="pigeon")
    with open_desk(home) as desk, pytest.raises(InputError, match=r"no scores of 'uplift\.x'"):
        silent(desk, Asleep(model="uplift.x"))
