"""A search never does worse than where it began, goes on where it was, and gives up early."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from features.errors import InputError, UnknownName
from recsys.ranking.lambdamart import Groups
from training import config, tune
from training.commands import app
from training.config import read, to_toml
from training.shelf import Kept
from training.tune import Span


class Fixed:
    """A ranker that scores by its first column."""

    def score(self, rows):
        return rows[:, 0]


def test_ndcg_by_hand():
    rows = np.array([[3.0], [2.0], [1.0], [0.0], [1.0]], dtype=np.float32)
    groups = Groups(rows, np.array([0, 1, 0, 1, 0]), np.array([3, 2]))
    assert tune.ndcg_of(Fixed(), groups) == pytest.approx(1 / np.log2(3))
    assert tune.ndcg_of(Fixed(), groups, k=1) == 0.0


def test_the_space_beside_the_settings_is_of_settings():
    spans = {span.name: span for span in tune.space()}
    default = config.TrainConfig()
    for name, span in spans.items():
        assert span.low <= getattr(default.feed, name.partition(".")[2]) <= span.high


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("[feed]\nnum_leave = {low = 1, high = 2}", UnknownName, r"feed\.num_leaves"),
        ("[feeds]\nx = {low = 1, high = 2}", UnknownName, "feed"),
        ("[feed]\nnum_leaves = 3", InputError, "has no span"),
        ("[feed]\nnum_leaves = {low = 9, high = 2}", InputError, "has no span"),
        ("[feed", InputError, "cannot be read"),
    ],
)
def test_a_wrong_space_is_refused(text, kind, said, tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(text)
    with pytest.raises(kind, match=said):
        tune.space(path)


def test_a_search_begins_where_it_is_told_and_goes_on(shop, small, trained, tmp_path):
    storage, spans = f"sqlite:///{tmp_path}/o/optuna.db", [Span("feed.num_leaves", 2, 40)]
    start = replace(small, feed=replace(small.feed, rounds=4))
    found = tune.tune(shop.home, start, spans, storage, minutes=1, trials=1)
    assert (found.trials, found.ndcg, found.config) == (1, found.before, start)
    later = tune.tune(shop.home, start, spans, storage, minutes=1, trials=1)
    assert later.trials == 2
    assert later.ndcg >= found.before == later.before


def test_two_search_in_one_study_and_a_poor_trial_is_given_up(shop, small, tmp_path, monkeypatch):
    def grow(course, steps):
        course.ranker = Kept(tmp_path, "", None)
        course.ranker.__dict__["value"] = course.config.feed
        course.examples = [course.ranker]
        for round_ in range(20):
            course.watch(round_, course.config.feed.lambda_l2)

    monkeypatch.setattr(tune, "go", grow)
    monkeypatch.setattr(tune, "ndcg_of", lambda settings, rows: settings.lambda_l2)
    storage, spans = f"sqlite:///{tmp_path}/optuna.db", [Span("feed.lambda_l2", 1.0, 9.0)]
    tune.tune(shop.home, small, spans, storage, minutes=1, trials=1)
    with ThreadPoolExecutor(2) as both:
        jobs = [both.submit(tune.tune, shop.home, small, spans, storage, 1, 10) for _ in range(2)]
        found = max((job.result() for job in jobs), key=lambda one: one.trials)
    assert found.trials == 21
    assert found.pruned > 0
    assert found.ndcg == found.config.feed.lambda_l2 > small.feed.lambda_l2


def test_the_command_writes_settings_that_train_takes(shop, small, tmp_path):
    (tmp_path / "begin.toml").write_text(to_toml(small))
    (tmp_path / "space.toml").write_text("[feed]\nlambda_l2 = {low = 1.0, high = 9.0}")
    called = ["tune", "--data", str(shop.home.root), "--config", str(tmp_path / "begin.toml"),
              "--space", str(tmp_path / "space.toml"), "--trials", "1", "--json",
              "--out", str(tmp_path / "best.toml")]  # fmt: skip
    result = CliRunner().invoke(app, called, env={"HUOREN_MLRUNS": str(tmp_path / "mlruns")})
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["trials"] == 1
    assert read(tmp_path / "best.toml") == small
    assert (tmp_path / "mlruns" / "optuna.db").is_file()
