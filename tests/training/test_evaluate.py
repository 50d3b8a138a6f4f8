"""Figures that were worked out by hand."""

import numpy as np
import pytest

from recsys.slate import Slate, merge
from tests.recsys.moments import moment
from tests.serving import shops
from training import evaluate
from training.evaluate import FeedEvaluation, SharingEvaluation, evaluate_feed, gains
from training.examples.feed import Asked, Proposed
from training.examples.sharing import Candidates, Shares
from training.metrics import Relevant
from training.past import Queries


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


PEERS = ["anna", "ben", "cleo", "dan", "eve", "finn"]


def shared(*opened_by: set[str]) -> Shares:
    queries = Queries([f"u{n}" for n in range(len(opened_by))], np.zeros(len(opened_by), np.int64))
    return Shares(queries, ["i0"] * len(opened_by), [frozenset(one) for one in opened_by])


def around(asked: Shares, **raw: list[float]) -> Candidates:
    """Everyone of ``PEERS`` is a candidate of every share."""
    size = len(asked.opened_by)
    opened = np.array([peer in one for one in asked.opened_by for peer in PEERS], dtype=np.bool_)
    names = ("pair.opened_by", "pair.last_opened_by", "pair.opened_by_30", "pair.opened_30")
    known = {name: raw.get(name[5:], []) for name in names}
    columns = {
        name: np.tile(np.array([*values, *[0.0] * (len(PEERS) - len(values))]), size)
        for name, values in known.items()
    }
    query = np.repeat(np.arange(size), len(PEERS))
    peers = np.array(PEERS * size, dtype=object)
    return Candidates(query, peers, columns, np.zeros((len(query), 1), np.float32), opened)


def judged(ranker, asked: Shares, found: Candidates, rng) -> dict[str, dict[str, float]]:
    return SharingEvaluation(gains(ranker, asked, found)).table(rng)


def test_every_opener_counts_one_row(rng):
    asked = shared({"anna", "cleo"}, {"ben"})
    found = around(asked, opened_by=[9.0, 5.0, 1.0, 0.0])
    table = judged(None, asked, found, rng)
    # anna is first, cleo third; ben second: (1 + 1/3 + 1/2) / 3
    assert table["most_frequent"]["mrr@5"] == pytest.approx((1 + 1 / 3 + 1 / 2) / 3)
    assert table["most_frequent"]["hit@5"] == 1.0


def test_a_baseline_names_nobody_of_whom_it_knows_nothing(rng):
    asked = shared({"dan"})
    table = judged(None, asked, around(asked, opened_by=[1.0, 0.0, 0.0, 0.0]), rng)
    assert table["most_frequent"]["mrr@5"] == 0.0


def test_openers_who_were_no_candidates_are_misses(rng):
    asked = shared({"anna", "stranger"})
    table = judged(None, asked, around(asked, opened_by=[1.0, 0.0, 0.0, 0.0]), rng)
    assert table["most_frequent"]["mrr@5"] == 0.5
    assert table["most_frequent"]["hit@5"] == 0.5


def test_baselines_read_what_their_names_say(rng):
    asked = shared({"ben"})
    found = around(
        asked,
        opened_by=[9.0, 1.0, 1.0, 0.0],
        last_opened_by=[1.0, 3.0, 2.0, np.nan],
        opened_by_30=[0.3, 0.2, 0.1, 0.0],
        opened_30=[0.0, 0.4, 0.0, 0.0],
    )
    table = judged(None, asked, found, rng)
    assert {name: row["mrr@5"] for name, row in table.items()} == {
        "most_frequent": 0.5, "most_recent": 1.0, "half_life": 0.5, "half_life_reverse": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(("opener", "mrr"), [("dan", 1 / 4), ("eve", 1 / 5), ("finn", 0.0)])
def test_only_five_are_shown(rng, opener, mrr):
    asked = shared({opener})
    found = around(asked, opened_by=[6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    assert judged(None, asked, found, rng)["most_frequent"]["mrr@5"] == mrr


class Backwards:
    """A ranker that likes later rows better."""

    def score(self, rows):
        return np.arange(len(rows), dtype=np.float64)


def test_a_ranker_is_judged_beside_them(rng):
    asked = shared({"finn"}, {"finn"})
    table = judged(Backwards(), asked, around(asked), rng)
    assert table["full"]["mrr@5"] == 1.0
    assert table["full"]["low"] == table["full"]["high"] == 1.0


def test_nothing_shared_is_nothing_hit(rng):
    asked = shared()
    assert judged(None, asked, around(asked), rng)["half_life"]["mrr@5"] == 0.0


def feed_of_one() -> tuple[Asked, list[Proposed]]:
    """One query; als says 3, 5, popularity says 5, 7; item 7 was wanted."""
    slate = merge([Slate.of([3, 5], [2.0, 1.0], "als"), Slate.of([5, 7], [9.0, 8.0], "popular")])
    relevant = Relevant(np.array([0, 1]), np.array([7], dtype=np.int32))
    return (
        Asked(Queries(["u"], np.zeros(1, np.int64)), relevant, np.array([3])),
        [Proposed(moment(), slate)],
    )


def test_each_method_ranks_the_same_candidates(rng):
    asked, proposed = feed_of_one()
    judged = evaluate_feed(
        shops.parts(), asked, proposed, np.zeros((3, 1), np.float32), np.ones(10, np.int64)
    )
    lists = {name: codes[0][codes[0] >= 0].tolist() for name, codes in judged.ranked.items()}
    assert lists == {"als": [3, 5], "popularity": [5, 7], "fusion": [5, 3, 7]}
    table = judged.table(rng)
    assert table["als"]["ndcg@20"] == 0.0
    assert table["popularity"]["ndcg@20"] == pytest.approx(1 / np.log2(3))
    assert table["fusion"]["mrr@20"] == pytest.approx(1 / 3)
    assert table["popularity"]["recall@20"] == 1.0
    assert table["popularity"]["coverage"] == 0.2
    assert table["popularity"]["ndcg@20_by_history"]["history=1-4"] == pytest.approx(0.63, abs=0.01)


def test_the_interval_holds_the_mean(rng):
    codes = np.tile(np.arange(20, dtype=np.int32), (50, 1))
    wanted = rng.integers(0, 20, 50).astype(np.int32)
    asked = Asked(
        Queries(["u"] * 50, np.zeros(50, np.int64)),
        Relevant(np.arange(51), wanted),
        np.zeros(50, np.int64),
    )
    row = FeedEvaluation({"full": codes}, asked, np.ones(20, np.int64)).table(rng)["full"]
    assert row["ndcg@20_low"] < row["ndcg@20"] < row["ndcg@20_high"]
    assert evaluate.K == 20
