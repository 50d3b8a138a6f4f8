"""Rows of share targets made while serving equal rows made for training."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from features.clock import DAY_US
from features.frames import sharing as frame
from features.online import State
from features.points import Points
from features.reading import Reading
from tests.features.histories import (
    ITEM,
    START,
    ZONE,
    busy,
    catalogue,
    connect,
    histories,
    moments,
    replay,
)  # fmt: skip

PEERS = ["stranger", "u0", "u1", "u3", "用户2"]


def served_and_trained(events, at_us: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of every sharer, item and peer at one instant, made both ways."""
    connection, table = connect(events)
    items = catalogue(table, at_us)
    states = replay(events, at_us)
    served, asked, tied = [], [], []
    for sharer in PEERS:
        state = states.get(sharer, State())
        for item in [*ITEM, "ghost"]:
            reading = Reading(state, at_us, ZONE)
            raw = frame.online(reading, PEERS, states, items, item)
            served.append(frame.assemble(raw, len(PEERS)))
            asked.append((sharer, item))
            tied += [float(peer in state.ties) for peer in PEERS]
    examples = frame.Examples(
        [sharer for sharer, _ in asked],
        [item for _, item in asked],
        np.full(len(asked), at_us),
        np.repeat(np.arange(len(asked)), len(PEERS)),
        PEERS * len(asked),
        np.array(tied),
        np.zeros(len(tied)),
        np.zeros(len(tied)),
    )
    raw = frame.offline(Points(connection, ZONE), items, examples)
    connection.close()
    return np.concatenate(served), frame.assemble(raw, len(tied))


def assert_equal(served: np.ndarray, trained: np.ndarray) -> None:
    for i, name in enumerate(frame.COLUMNS):
        np.testing.assert_allclose(
            served[:, i], trained[:, i], rtol=1e-6, atol=1e-6, equal_nan=True, err_msg=name
        )


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments)
def test_random_histories(events, cut):
    assert_equal(*served_and_trained(events, START + cut))


def test_a_long_history():
    served, trained = served_and_trained(busy(600), START + 31 * DAY_US + 777)
    assert_equal(served, trained)
    told = np.nanmax(np.nan_to_num(served), axis=0) > np.nan_to_num(served).min(axis=0)
    varying = {name for name, one in zip(frame.COLUMNS, told, strict=True) if one}
    assert {"pair.opened_by_7", "pair.place", "pair.tied", "peer.category_30"} <= varying


NEARNESS = ("tied", "pair.together_90", "pair.together_by_90")


def compared(values: list[float], query: list[int], queries: int) -> dict[str, np.ndarray]:
    raw = {name: np.array(values) for name in (*frame.COMPARED, *NEARNESS)}
    return frame._compared(raw, np.array(query), queries)


def test_peers_are_compared_with_each_other():
    found = compared([3.0, 0.0, 1.0], [0, 0, 0], 1)
    assert found["candidates"].tolist() == [3.0, 3.0, 3.0]
    assert found["sum.pair.opened_by"].tolist() == [4.0, 4.0, 4.0]
    assert found["place.pair.opened_by"].tolist() == [0.0, 2.0, 1.0]


def test_each_query_is_compared_within_itself():
    found = compared([1.0, 2.0, 5.0], [0, 0, 1], 2)
    assert found["place.pair.opened_by_7"].tolist() == [1.0, 0.0, 0.0]
    assert found["candidates"].tolist() == [2.0, 2.0, 1.0]


def test_who_never_opened_a_link_has_no_time_of_it():
    served, _ = served_and_trained([], START)
    row = dict(zip(frame.COLUMNS, served[0].tolist(), strict=True))
    assert row["pair.since_opened_by"] > math.log1p(40 * 365)  # longer ago than anybody shops
    assert row["pair.part"] == row["pair.opened_by"] == row["pair.tied"] == 0.0
    assert row["query.candidates"] == pytest.approx(math.log(6))
