"""A whole run on a small simulated world."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features import snapshot
from features.clock import DAY_US
from features.errors import InputError, MissingStep
from features.home import Home
from features.online import State
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.query import FeedQuery
from tests.features.histories import ZONE, busy, keep
from training.config import TrainConfig
from training.gates import Ceiling, Gate, Gates, check, figure, laid
from training.retrieval import near
from training.run import STEPS, Steps, train
from training.steps.feed import choose_popularity, windows
from training.steps.sharing import learn_sharing


def test_a_run_goes_through_every_step(trained):
    assert [step["name"] for step in trained.steps] == list(STEPS)
    assert all(step["seconds"] >= 0 and step["peak_mb"] > 0 for step in trained.steps)


def test_every_figure_a_gate_asks_for_is_there(trained):
    figures = laid(trained.metrics, trained.beside)
    for gate in Gates().lines():
        if isinstance(gate, Gate | Ceiling):
            assert figure(figures, gate.metric) is not None, gate
    nothing_asked = Gates(*[0.0] * 5, chances_of_rate=9.0, calibration_error=9.0, latency_ms=1e9)
    assert check(figures, trained.metrics, nothing_asked)


def test_each_source_is_judged_beside_the_ranker(trained):
    assert set(trained.metrics["feed"]) == {
        "full", "fusion", "als", "similar", "friends_taste", "session", "friends", "again", "due",
        "content", "fresh", "local", "popularity",
    }  # fmt: skip
    assert set(trained.metrics["sharing"]) == {
        "full", "most_frequent", "most_recent", "half_life", "half_life_reverse",
    }  # fmt: skip
    for row in trained.metrics["feed"].values():
        assert row["ndcg@20_low"] <= row["ndcg@20"] <= row["ndcg@20_high"]


def test_more_than_popularity_was_learned(trained):
    feed = trained.metrics["feed"]
    assert feed["full"]["ndcg@20"] > feed["popularity"]["ndcg@20"]
    assert feed["full"]["coverage"] > feed["popularity"]["coverage"]


def test_windows_follow_each_other(trained, shop):
    windows = trained.windows
    assert windows["train"].end_us == windows["valid"].start_us
    assert windows["valid"].end_us == windows["test"].start_us
    assert [shop.windows[0].start_us, shop.windows[-1]] == [
        windows["train"].start_us, windows["test"],
    ]  # fmt: skip


def test_the_bundle_says_how_it_came_about(trained, small):
    manifest = Bundle.open(trained.bundle.folder).manifest
    assert manifest["metrics"] == json.loads(json.dumps(trained.metrics))
    assert manifest["config"]["als"]["factors"] == small.als.factors
    assert manifest["popularity"].startswith("item.")
    assert manifest["similar"]["model"] in near.MODELS
    assert manifest["windows"]["test"][0] == trained.windows["test"].start_us


def test_the_bundle_serves(trained):
    class Nobody:
        def states(self, user_ids):
            return dict.fromkeys(user_ids, State())

    bundle = Bundle.open(trained.bundle.folder)
    answer = Feed(bundle).recommend(FeedQuery("u", k=20, at_us=bundle.as_of_us), Nobody())
    assert len(answer.items) == 20
    assert answer.degraded == ()
    assert np.isfinite([item.score for item in answer.items]).all()


def test_importance_names_the_columns(trained):
    assert set(trained.importance) == {"feed", "sharing"}
    for gains in trained.importance.values():
        assert sum(gains.values()) > 0


def test_where_hardly_anything_is_shared_no_share_ranker_is_learned(shop, small, trained):
    rare, test = replace(small, fewest_shares=10**6), trained.windows["test"]
    items = trained.bundle.parts.items
    assert learn_sharing(shop.past, items, test, test.end_us, rare) is None


def test_without_features_nothing_is_learned(tmp_path):
    with pytest.raises(MissingStep, match="huoren features"):
        train(Home(tmp_path), TrainConfig(), Steps())


def test_too_little_history_says_what_is_missing(tmp_path):
    home = Home(tmp_path)
    keep(home, busy(200))
    snapshot.publish(home, busy(200)[-1].at_us + 1, ZONE)
    with pytest.raises(
        InputError, match=r"too little happened.*expected 500 events of one of.*portraits.*work"
    ):
        train(home, TrainConfig(), Steps())
    assert not home.bundles.exists()


def test_a_crowded_day_cannot_be_split(shop, small):
    one_day = replace(small, cuts=(0.5, 0.501, 0.502))
    with pytest.raises(InputError, match="too few days of history to split by time"):
        train(shop.home, one_day, Steps())


def test_popularity_is_the_one_that_foretells_best(shop):
    rng = np.random.default_rng(0)
    which = choose_popularity(shop.ground, shop.windows[-2], rng)
    assert which.half_life


def test_only_the_last_days_are_learned_from(shop, small):
    target, end = shop.ground.settings.target, shop.windows[-1].end_us
    few = windows(shop.past, target, replace(small, days=10))
    assert [one.end_us for one in few[-1:]] == [end]
    assert end - 10 * DAY_US <= few[0].start_us > shop.windows[0].start_us
