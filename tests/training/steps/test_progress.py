"""A run is taken up where it was left, and remakes only what its inputs changed."""

from dataclasses import replace

import pytest

from features.errors import UnknownName
from training import leakage
from training.run import STEPS, Steps, go, train
from training.shelf import Shelf
from training.steps import feed
from training.steps.course import Course


def skipped(steps: Steps) -> list[str]:
    return [one["name"] for one in steps.done if one["skipped"]]


def test_nothing_is_made_twice(shop, small, trained):
    steps = Steps()
    again = train(shop.home, small, steps)
    assert skipped(steps) == list(STEPS)
    assert again.bundle.manifest["sha"] == trained.bundle.manifest["sha"]
    assert again.importance == trained.importance


def test_the_same_inputs_make_the_same_bundle_from_nothing(
    shop, small, trained, tmp_path, monkeypatch
):
    monkeypatch.setattr(leakage, "check", lambda *given: [])  # half of the time, and no input
    steps = Steps(Shelf(tmp_path))
    again = train(shop.home, small, steps)
    assert skipped(steps) == []
    assert again.bundle.manifest["sha"] == trained.bundle.manifest["sha"]


def test_a_setting_remakes_what_reads_it_and_what_builds_upon_it(shop, small, trained, monkeypatch):
    monkeypatch.setattr(leakage, "check", lambda *given: [])
    other = replace(small, feed=replace(small.feed, rounds=3))
    steps = Steps()
    train(shop.home, other, steps)
    made = [one["name"] for one in steps.done if not one["skipped"]]
    learned = ["feed ranker", "outcomes", "calibration", "leakage", "evaluation"]
    assert made == [*learned, "champion", "latency"]  # the bundle is written whatever was made


def test_a_run_that_broke_goes_on_where_it_was(shop, small, trained, monkeypatch, tmp_path):
    other, shelf = replace(small, seed=8, queries=60), Shelf(tmp_path)

    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(feed, "_rows", stop)
        with pytest.raises(KeyboardInterrupt):
            train(shop.home, other, Steps(shelf))
    assert list(tmp_path.glob("*/partial-*")) == []
    steps = Steps(shelf, until="feed examples")
    go(Course(shop.home, other), steps)
    assert skipped(steps) == [
        "history",
        "ties",
        "popularity",
        "similar items",
        "candidate models",
    ]


def test_an_unknown_step_is_named(shop, small):
    with pytest.raises(UnknownName, match="feed ranker"):
        go(Course(shop.home, small), Steps(until="feed rankers"))


def test_what_is_left_is_known_from_the_last_time(shop, small, trained):
    told = []
    train(shop.home, small, Steps(notice=lambda name, left: told.append((name, left))))
    assert [name for name, _ in told] == list(STEPS)
    assert all(left > 0 for _, left in told)
