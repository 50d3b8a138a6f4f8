"""Two columns: the first foretells orders, the second refusals."""

import numpy as np
import pytest

from recsys import boosting
from recsys.ranking.outcomes import TARGET, Head, Line, Outcomes


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).random((4_000, 2)).astype(np.float32)


def grown(rows, column):
    labels = np.random.default_rng(1).random(len(rows)) < 0.5 * rows[:, column]
    data = boosting.lightgbm().Dataset(rows, labels.astype(float), feature_name=["a", "b"])
    given = {"objective": "binary", "verbosity": -1, "num_leaves": 4, "num_threads": 1}
    return Head(boosting.lightgbm().train(given, data, 20), ["a", "b"]), labels


@pytest.fixture(scope="module")
def outcomes(rows):
    heads, lines = {}, {TARGET: Line(1.0, 0.0)}
    for column, name in enumerate(("order", "dislike")):
        heads[name], labels = grown(rows, column)
        lines[name] = Line.fit(heads[name].score(rows), labels.astype(float))
    return Outcomes(heads, lines)


def test_chances_come_true_as_often_as_they_say(rows, outcomes):
    p = outcomes.chances(rows, np.zeros(len(rows)))["order"]
    often = rows[:, 0] > 0.8
    assert p[often].mean() == pytest.approx(0.45, abs=0.04)
    assert p[~often].mean() == pytest.approx(0.2, abs=0.04)


def test_where_only_the_target_is_worth_anything_its_order_stands(rows, outcomes):
    scores = rows[:, 0].astype(np.float64)
    assert outcomes.utility(rows, scores, {"target": 1.0}) is scores


def test_what_annoys_sinks_and_what_sells_rises(rows, outcomes):
    some, scores = rows[:50], np.zeros(50)
    worse = np.argsort(outcomes.utility(some, scores, {"target": 1.0, "dislike": -5.0}))[0]
    assert some[worse, 1] > 0.7
    better = np.argsort(-outcomes.utility(some, scores, {"order": 5.0}))[0]
    assert some[better, 0] > 0.7


def test_only_the_best_by_the_ranker_are_looked_at_and_stay_in_front(rows, outcomes):
    scores = np.arange(len(rows), dtype=np.float64)
    found = outcomes.utility(rows, scores, {"target": 1.0, "dislike": -1.0})
    assert found[-200:].min() > found[:-200].max()
    assert (np.diff(found[:-200]) > 0).all()


def test_rows_that_were_drawn_weigh_for_those_that_were_not():
    scores = np.repeat([0.0, 2.0], 1_000)
    labels = np.tile([1.0, 0.0, 0.0, 0.0], 500)
    alike = Line.fit(scores, labels)(scores).mean()
    weighed = Line.fit(scores, labels, np.where(labels > 0, 1.0, 9.0))(scores).mean()
    assert (alike, weighed) == (pytest.approx(0.25, abs=0.01), pytest.approx(1 / 28, abs=0.005))


def test_what_stands_lower_is_taken_less_and_the_chance_is_that_of_the_first_place():
    places = np.tile(np.arange(8.0), 2_000)
    scores = np.repeat([0.0, 1.0], 8_000)
    taken = np.random.default_rng(0).random(16_000) < (0.1 + 0.2 * scores) / (1.0 + places) ** 0.6
    plain, first = (Line.fit(scores, taken * 1.0, None, one) for one in (None, np.log1p(places)))
    assert first(np.array([0.0, 1.0])) == pytest.approx([0.1, 0.3], abs=0.02)
    assert plain(np.array([0.0, 1.0])) == pytest.approx([0.05, 0.15], abs=0.02)
    assert Line.fit(scores, taken * 1.0, None, -np.log1p(places)) == plain  # nobody prefers the end


def test_more_score_never_means_less_chance():
    scores = np.linspace(0, 1, 200)
    assert Line.fit(scores, (scores < 0.5).astype(float)).slope == 0.0


def test_it_comes_back_from_files_as_sums_that_compile(rows, outcomes, tmp_path):
    outcomes.save(tmp_path)
    found = Outcomes.open(tmp_path)
    one, other = (of.chances(rows[:9], np.zeros(9)) for of in (outcomes, found))
    assert {name: p.tolist() for name, p in one.items()} == {
        name: pytest.approx(p.tolist()) for name, p in other.items()
    }
    assert "objective=regression" in (tmp_path / "outcome.order.lightgbm.txt").read_text()
    assert Outcomes.open(tmp_path / "none") is None
