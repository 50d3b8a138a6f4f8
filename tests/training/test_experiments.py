"""Campaigns with a known effect are read as having it; those without are not."""

import random

import pytest
from typer.testing import CliRunner

from features.clock import DAY_US
from features.errors import InputError, UnknownName
from features.events import Event
from features.home import Home
from recsys.experiments import Experiment
from tests.features.histories import keep
from training.commands import app
from training.experiments import readout

AT = 1_762_000_000_000_000
START = AT - 20 * DAY_US


def campaign(place, rates: dict[str, float], people: int = 4_000, muted: float = 0.0) -> Home:
    """A home whose people order by arm at given rates."""
    dice, events = random.Random(1), []
    arms = Experiment("spring", dict.fromkeys(rates, 100.0 / len(rates)))
    for n in range(people):
        who = f"u{n}"
        arm = arms.arm(who)
        events.append(
            Event(message_id=f"a{n}", event="Campaign Assigned", at_us=START, user_id=who,
                  campaign_id="spring", arm=arm)
        )  # fmt: skip
        if dice.random() < rates[arm]:
            events.append(_did(f"o{n}", "Order Completed", who, DAY_US))
        if arm != "control" and dice.random() < muted:
            events.append(_did(f"m{n}", "Sharer Muted", who, DAY_US))
    keep(Home(place), events)
    return Home(place)


def _did(message: str, event: str, who: str, after: int) -> Event:
    return Event(
        message_id=message, event=event, at_us=START + after, user_id=who, peer_id="p",
        item_id="i0", total_fen=100,
    )  # fmt: skip


def test_a_real_effect(tmp_path):
    told = readout(campaign(tmp_path, {"control": 0.10, "offer": 0.16}), "spring", at_us=AT)
    people, times, fen = told.effects
    assert (people.arm, people.metric) == ("offer", "Order Completed: people")
    assert people.low < 0.06 < people.high
    assert people.p < 0.001
    assert fen.lift == pytest.approx(100 * times.lift)
    assert told.warnings == []
    assert sum(told.people.values()) == 4_000


def test_no_effect_is_said_so(tmp_path):
    told = readout(campaign(tmp_path, {"control": 0.10, "offer": 0.10}), "spring", at_us=AT)
    assert "no evidence of an effect: every interval covers 0" in told.warnings


def test_arms_that_are_not_as_planned(tmp_path):
    home = campaign(tmp_path, {"control": 0.1, "offer": 0.1})
    told = readout(home, "spring", at_us=AT, shares={"control": 10.0, "offer": 90.0})
    assert told.ratio_p < 1e-6
    assert "not divided as planned" in told.warnings[0]
    with pytest.raises(InputError, match="not planned"):
        readout(home, "spring", at_us=AT, shares={"control": 10.0})


def test_a_guardrail_that_grew(tmp_path):
    home = campaign(tmp_path, {"control": 0.10, "offer": 0.16}, muted=0.05)
    (warning,) = readout(home, "spring", at_us=AT).warnings
    assert warning.startswith("offer: Sharer Muted: people grew by")


def test_days_that_are_not_over(tmp_path):
    home = campaign(tmp_path, {"control": 0.1, "offer": 0.1}, people=50)
    with pytest.raises(InputError, match=r"nothing to read .*50 people"):
        readout(home, "spring", at_us=AT, days=30)
    with pytest.raises(InputError, match="nothing to read"):
        readout(home, "autumn", at_us=AT)
    with pytest.raises(UnknownName, match="arm 'base'"):
        readout(home, "spring", at_us=AT, control="base")


def test_what_people_did_before_sharpens(tmp_path):
    dice, events = random.Random(3), []
    for n in range(1_000):
        who, arm = f"u{n}", ("control", "offer")[n % 2]
        events.append(
            Event(message_id=f"a{n}", event="Campaign Assigned", at_us=START, user_id=who,
                  campaign_id="spring", arm=arm)
        )  # fmt: skip
        usual = dice.randrange(6)
        events += [_did(f"b{n}-{i}", "Order Completed", who, -i - 1) for i in range(usual)]
        more = usual + (dice.random() < 0.3 if arm == "offer" else 0)
        events += [_did(f"o{n}-{i}", "Order Completed", who, i + 1) for i in range(more)]
    keep(Home(tmp_path), events)
    times = readout(Home(tmp_path), "spring", at_us=AT).effects[1]
    assert times.low < 0.3 < times.high
    assert times.high - times.low < 0.1  # without the time before it is four times as wide


def test_planned_shares_are_those_of_the_assignments(tmp_path):
    arms = ["control"] * 300 + ["target"] * 2700
    events = [
        Event(
            message_id=f"a{n}", event="Campaign Assigned", at_us=AT - 20 * DAY_US, user_id=f"u{n}",
            campaign_id="spring", arm=arm, propensity=0.1 if arm == "control" else 0.9,
        )
        for n, arm in enumerate(arms)
    ]  # fmt: skip
    keep(Home(tmp_path), events)
    assert readout(Home(tmp_path), "spring", at_us=AT).ratio_p > 0.5


def test_from_the_shell(tmp_path):
    home = campaign(tmp_path, {"control": 0.10, "offer": 0.16})
    words = ["experiment", "readout", "spring", "--data", str(home.root), "--at",
             "2025-11-01T12:26:40Z"]  # fmt: skip
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "Order Completed: people" in result.output
    sized = CliRunner().invoke(app, ["experiment", "size", "0.1", "0.2"])
    assert "3,841 people in each arm" in sized.output
