from collections.abc import Callable
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from features.errors import InputError
from training import metrics
from training.metrics import Floats, Relevant

CATALOGUE = 12
RANKED = np.array([[5, 2, 9, 1], [5, 2, 9, -1], [0, 1, 2, 3]], dtype=np.int32)
RELEVANT = Relevant(np.array([0, 3, 4, 4]), np.array([2, 1, 7, 5], dtype=np.int32))
# Query 0 finds 2 of {2, 1, 7} at places 2 and 4; query 1 its only item first; query 2 wants none.


@pytest.mark.parametrize(
    ("measure", "k", "expected"),
    [
        (metrics.recall_at_k, 4, [2 / 3, 1.0]),
        (metrics.recall_at_k, 2, [1 / 3, 1.0]),
        (metrics.hit_at_k, 1, [0.0, 1.0]),
        (metrics.hit_at_k, 2, [1.0, 1.0]),
        (metrics.mrr_at_k, 4, [1 / 2, 1.0]),
        (metrics.mrr_at_k, 1, [0.0, 1.0]),
        (metrics.ndcg_at_k, 2, [(1 / log2(3)) / (1 + 1 / log2(3)), 1.0]),
        (metrics.ndcg_at_k, 4, [(1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 0.5), 1.0]),
    ],
)
def test_by_hand(
    measure: Callable[[metrics.Codes, Relevant, int], Floats], k: int, expected: list[float]
) -> None:
    values = measure(RANKED, RELEVANT, k)
    assert values[:2] == pytest.approx(expected)
    assert np.isnan(values[2])


def test_other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected 2 queries; got 3"):
        metrics.hits(RANKED[:2], RELEVANT)


def test_an_item_ranked_twice_is_refused() -> None:
    with pytest.raises(InputError, match="a ranked item comes twice"):
        metrics.hits(np.array([[1, 1]], dtype=np.int32), Relevant(np.array([0, 0]), RANKED[0, :0]))


def test_nobody_asked_for_anything() -> None:
    nothing = Relevant(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    assert metrics.recall_at_k(np.zeros((0, 5), dtype=np.int32), nothing, 5).shape == (0,)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[list[int]], list[set[int]], int]:
    """Rankings of one length, some cut short; relevant sets, some empty; a k."""
    k = draw(st.integers(1, 8))
    queries = draw(st.integers(1, 5))
    lists = [draw(st.permutations(range(CATALOGUE)))[:8] for _ in range(queries)]
    cuts = [draw(st.integers(0, 8)) for _ in range(queries)]
    wanted = [draw(st.sets(st.integers(0, CATALOGUE - 1))) for _ in range(queries)]
    return [list(row[:cut]) for row, cut in zip(lists, cuts, strict=True)], wanted, k


def arrays(lists: list[list[int]], wanted: list[set[int]]) -> tuple[metrics.Codes, Relevant]:
    ranked = np.full((len(lists), 8), -1, dtype=np.int32)
    for row, codes in zip(ranked, lists, strict=True):
        row[: len(codes)] = codes
    ends = np.cumsum([0, *map(len, wanted)])
    flat = [code for codes in wanted for code in codes]
    return ranked, Relevant(ends, np.array(flat, dtype=np.int32))


@given(worlds())
def test_a_loop_says_the_same(world: tuple[list[list[int]], list[set[int]], int]) -> None:
    lists, wanted, k = world
    ranked, relevant = arrays(lists, wanted)
    recall, mrr, hit = (
        measure(ranked, relevant, k)
        for measure in (metrics.recall_at_k, metrics.mrr_at_k, metrics.hit_at_k)
    )
    for q, (row, want) in enumerate(zip(lists, wanted, strict=True)):
        if not want:
            assert np.isnan([recall[q], mrr[q], hit[q]]).all()
            continue
        places = [place for place, code in enumerate(row[:k], 1) if code in want]
        assert recall[q] == pytest.approx(len(places) / len(want))
        assert mrr[q] == pytest.approx(1 / places[0] if places else 0)
        assert hit[q] == bool(places)


@given(worlds())
def test_sklearn_has_the_same_ndcg(world: tuple[list[list[int]], list[set[int]], int]) -> None:
    lists, wanted, k = world
    values = metrics.ndcg_at_k(*arrays(lists, wanted), k)
    for value, row, want in zip(values, lists, wanted, strict=True):
        if not want:
            continue
        # Irrelevant dummies fill the places after a list that ends early.
        gains = [float(code in want) for code in row] + [0.0] * 8
        missed = [1.0] * len(want - set(row))
        scores = np.arange(len(gains) + len(missed), 0, -1)
        assert value == pytest.approx(ndcg_score([gains + missed], [scores], k=k))


def test_coverage_novelty_and_gini_of_one_item_for_all() -> None:
    ranked = np.zeros((4, 1), dtype=np.int32)
    popularity = np.array([6, 1, 1, 0])
    assert metrics.coverage(ranked, 4) == 0.25
    assert metrics.novelty(ranked, popularity) == pytest.approx(-log2(6 / 8))
    assert metrics.gini(np.bincount(ranked[:, 0], minlength=4)) == 0.75


def test_an_item_nobody_knows_is_as_novel_as_one_seen_once() -> None:
    once, never = (np.array([[code]], dtype=np.int32) for code in (1, 3))
    popularity = np.array([6, 1, 1, 0])
    assert metrics.novelty(once, popularity) == metrics.novelty(never, popularity) == 3.0
    assert np.isnan(metrics.novelty(once[:0], popularity))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_gini_is_half_the_mean_difference_over_the_mean(counts: list[int]) -> None:
    pairs = [abs(a - b) for a in counts for b in counts]
    expected = sum(pairs) / len(counts) ** 2 / (2 * sum(counts) / len(counts)) if any(counts) else 0
    assert metrics.gini(counts) == pytest.approx(expected)


def test_the_interval_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(5, 2, size=2_000)
    low, high = metrics.bootstrap_interval(values, np.random.default_rng(2))
    half = 1.96 * values.std() / np.sqrt(2_000)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_the_interval_depends_on_the_generator_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random(50)
    whole = metrics.bootstrap_interval(values, np.random.default_rng(2))
    monkeypatch.setattr(metrics, "_DRAWS_AT_ONCE", 1)
    assert metrics.bootstrap_interval(values, np.random.default_rng(2)) == whole
    assert np.isnan(metrics.bootstrap_interval(values[:0], np.random.default_rng(2))).all()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_every_query_is_in_all_and_in_one_bucket(history: list[int]) -> None:
    slices = metrics.history_slices(np.array(history))
    assert slices.pop("all").all()
    assert (np.sum(list(slices.values()), axis=0) == 1).all()
