"""Graphs whose communities, cores and centres are visible to the eye."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from features.graph import COLUMNS, UNPLACED, Graph


def table(pairs: list[tuple[str, str]], answered: float = 0.5) -> pa.Table:
    both = [*pairs, *((b, a) for a, b in pairs)]
    return pa.table({
        "user_id": pa.array([a for a, _ in both], pa.string()),
        "peer_id": pa.array([b for _, b in both], pa.string()),
        "strength": np.ones(len(both)),
        "answered": np.full(len(both), answered),
    })


def measured(graph: Graph, names: list[str]) -> dict[str, list[float]]:
    values = graph.measures().read(names, UNPLACED)
    return {column: values[:, i].tolist() for i, column in enumerate(COLUMNS)}


CLIQUE = [*combinations("abcde", 2)]
TRIANGLE = [*combinations("xyz", 2)]


def test_two_groups_and_a_bridge_between_them():
    found = measured(Graph.of(table([*CLIQUE, *TRIANGLE, ("a", "x")])), [*"abcdexyz"])
    assert found["community"] == [0.0] * 5 + [1.0] * 3
    assert found["core"] == [4.0] * 5 + [2.0] * 3
    assert [one > 0 for one in found["bridge"]] == [name in "ax" for name in "abcdexyz"]


def test_attention_flows_to_who_is_answered():
    one = table([("star", fan) for fan in "abc"])
    answered = np.where(np.array(one["user_id"].to_pylist()) == "star", 0.9, 0.1)
    found = measured(Graph.of(one.set_column(3, "answered", pa.array(answered))), ["star", "a"])
    assert found["influence"][0] > 1.0 > found["influence"][1]


def test_influence_has_the_mean_one():
    found = measured(Graph.of(table(CLIQUE + TRIANGLE)), [*"abcdexyz"])
    assert np.mean(found["influence"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("consents", "there"), [(None, True), ([], False), (["social_graph"], True)]
)
def test_an_edge_needs_the_consent_of_both_ends(consents, there):
    users = pa.table({
        "user_id": ["a", "b"],
        "consents": pa.array([consents, None], pa.list_(pa.string())),
    })
    core = measured(Graph.of(table([("a", "b")]), users), ["a", "b"])["core"]
    assert core == ([1.0, 1.0] if there else pytest.approx([np.nan] * 2, nan_ok=True))


def test_strangers_nobodies_and_no_graph_at_all():
    assert np.isnan(Graph.of(table(CLIQUE)).measures().read(["ghost"], UNPLACED)).all()
    assert len(Graph.of(table([])).measures()) == 0
    assert len(Graph.of(table([("a", "a")])).measures()) == 0


def test_the_same_graph_gives_the_same_numbers():
    rng = np.random.default_rng(0)
    pairs = [(f"u{a}", f"u{b}") for a, b in rng.integers(300, size=(900, 2)) if a < b]
    one, other = (Graph.of(table(list(order))).measures() for order in (pairs, pairs[::-1]))
    assert np.array_equal(one.values, other.values)
