"""Batch, training rows, online state and a slow reading of the declaration agree."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from features import batch, online
from features import columns as c
from features.catalogue import of_key
from features.clock import DAY_US
from features.counters import Counter, Key
from features.events import Event
from features.points import Points
from features.reading import Reading
from tests.features.histories import ITEM, START, ZONE, connect, histories, moments, replay


def slow(counter: Counter, rows: list[Mapping], key: tuple[str, ...], at_us: int) -> float:
    """The declaration read word for word."""
    as_of = int(ZONE.floor(at_us, counter.refresh))
    kept = []
    for row in rows:
        if counter.mirror:
            if not row[c.PEER] or row[c.PEER] == row[c.USER]:
                continue
            row = {**row, c.USER: row[c.PEER], c.PEER: row[c.USER]}
        inside = not counter.window or row["day"] >= int(ZONE.day(as_of)) - counter.window.days
        if (
            tuple(row[name] for name in counter.key.columns) == key
            and row["event"] in counter.events
            and row[c.AT] < as_of
            and inside
            and not (counter.once and row[c.LINE])
        ):
            kept.append(row)
    if counter.last or counter.first:
        found = [(row[c.AT], row[counter.last or counter.first]) for row in kept]
        return float((max if counter.last else min)(found)[1]) if found else math.nan
    if counter.distinct:
        return float(len({row[counter.distinct] for row in kept} - {None}))
    total = 0.0
    for row in kept:
        factor = row[counter.value] if counter.value else 1.0
        if factor is None:
            continue
        half_lives = (as_of - row[c.AT]) / counter.half_life.us if counter.half_life else 0.0
        total += counter.events[row["event"]] * factor * 2.0**-half_lives
    return total


def rows_of(events: list[Event]) -> list[Mapping]:
    return [online.fact(event, ITEM.get(event.item_id or ""), None, ZONE) for event in events]


def close(got: float, expected: float) -> bool:
    both_absent = math.isnan(expected) and math.isnan(got)
    return both_absent or got == pytest.approx(expected, rel=1e-6, abs=1e-9)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments)
def test_four_readings_of_one_declaration(events, cut):
    at_us = START + cut
    connection, table = connect(events)
    rows = rows_of(events)
    states = replay(events, at_us)
    for key in Key:
        found = batch.values(table, key, at_us, ZONE).to_pyarrow().to_pylist()
        keys = [tuple(row[name] for name in key.columns) for row in found]
        columns = {name: [one[i] for one in keys] for i, name in enumerate(key.columns)}
        points = Points(connection, ZONE).values(key, columns, np.full(len(keys), at_us))
        for i, (row, one) in enumerate(zip(found, keys, strict=True)):
            for counter in of_key(key):
                expected = slow(counter, rows, one, at_us)
                in_batch = row[counter.column]
                assert close(math.nan if in_batch is None else in_batch, expected), counter
                assert close(points[counter.name][i], expected), counter
                if counter.online:
                    reading = Reading(states.get(one[0], online.State()), at_us, ZONE)
                    tail = one[1] if len(one) > 1 else ""
                    assert close(reading.number(counter.name, tail), expected), counter


def test_a_counter_never_sees_its_own_instant_or_later():
    at = START + DAY_US
    events = [
        Event(message_id=f"m{n}", event="Product Viewed", at_us=at + n - 1, user_id="u0",
              item_id="i0")
        for n in range(3)
    ]  # fmt: skip
    connection, table = connect(events)
    points = Points(connection, ZONE).values(Key.USER, {c.USER: ["u0"]}, np.array([at]))
    assert points["user.views_30"][0] == pytest.approx(1.0)
    assert batch.values(table, Key.USER, at, ZONE).to_pyarrow().to_pylist()[0][
        "user__views_30"
    ] == pytest.approx(1.0)


def test_arrival_order_does_not_matter():
    events = [
        Event(message_id=f"m{n}", event="Order Completed", at_us=START + n * DAY_US, user_id="u0",
              item_id="i1", order_id=f"o{n}", total_fen=100)
        for n in range(6)
    ]  # fmt: skip
    at = START + 6 * DAY_US
    straight = online.replay(iter(events), lambda item, _: ITEM.get(item), ZONE)
    shuffled = online.replay(iter(events[::-1]), lambda item, _: ITEM.get(item), ZONE)
    one, other = (Reading(states["u0"], at, ZONE) for states in (straight, shuffled))
    for counter in online.live(Key.USER):
        assert close(one.number(counter.name), other.number(counter.name)), counter.name
    assert straight["u0"].recent == shuffled["u0"].recent


def test_nobody_is_a_friend_of_oneself():
    """People open their own links, to see them."""
    events = [
        Event(message_id="m", event="Share Link Opened", at_us=START, user_id="u0", peer_id="u0",
              share_id="s", item_id="i0")
    ]  # fmt: skip
    at = START + DAY_US
    connection, table = connect(events)
    assert batch.values(table, Key.PAIR, at, ZONE).to_pyarrow().num_rows == 0
    mine = {c.USER: ["u0"], c.PEER: ["u0"]}
    assert Points(connection, ZONE).values(Key.PAIR, mine, np.array([at]))["pair.opened_30"] == 0
    states = replay(events, at)
    assert "pair" not in states["u0"].cells
    assert Reading(states["u0"], at, ZONE).number("user.opens_30") > 0
