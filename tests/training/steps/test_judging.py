"""The feed is judged by slice, with probabilities, and shows how it came to its lists."""

import numpy as np

from training.explain import summary
from training.latency import measure
from training.steps.rivalry import paired


def test_every_slice_has_its_figure(trained):
    full = trained.metrics["feed"]["full"]
    names = [name for name in full if "_by_" in name]
    assert names == [f"ndcg@20_by_{one}" for one in ("history", "city_tier", "person", "item")]
    assert full["ndcg@20_by_history"]["all"] == full["ndcg@20"]


def test_probabilities_are_about_right_on_later_days(trained):
    curve = trained.shown["calibration"]
    expected, came = (np.dot(curve[name], curve["count"]) for name in ("predicted", "observed"))
    assert 0.5 < expected / came < 2
    assert trained.metrics["feed"]["full"]["calibration_error"] == curve["error"]


def test_contributions_are_the_ranker_s_own(trained, shop):
    ranker = trained.bundle.parts.feed
    rows = np.random.default_rng(0).normal(size=(5, len(ranker.columns))).astype(np.float32)
    parts = ranker.contributions(rows)
    constant = ranker.score(rows) - parts.sum(axis=1)
    np.testing.assert_allclose(constant, constant[0], atol=1e-9)
    first = summary(ranker, rows, np.random.default_rng(0))[0]
    assert first["mean"] == np.abs(parts).mean(axis=0).max()
    assert len(first["moved"]) == len(first["level"]) == 5


def test_examples_name_nobody_and_say_where_items_came_from(trained):
    for one in trained.shown["examples"]:
        assert set(one) == {"lately", "shown", "missed"}
        assert all(shown["because"] for shown in one["shown"])
    assert any(shown["hit"] for one in trained.shown["examples"] for shown in one["shown"])


def test_an_answer_takes_milliseconds(trained, shop):
    spent = measure(trained.bundle, shop.past)
    assert 0 < spent["p50_ms"] <= spent["p95_ms"] < 5_000


def test_a_difference_is_paired():
    ours, theirs = np.array([0.1, 0.9, np.nan]), np.array([0.0, 0.8, 0.5])
    found = paired({"all": ours, "gone": ours}, {"all": theirs}, np.random.default_rng(0))
    assert list(found) == ["all"]
    one = found["all"]
    assert one["queries"] == 2
    np.testing.assert_allclose([one["difference"], one["low"], one["high"]], 0.1)


def test_before_the_first_promotion_there_is_nobody_to_beat(trained):
    assert trained.beside["reason"] == "there is no champion yet"
