"""What the bench refuses; the measurement itself is tests/bench/test_bench_features.py."""

import logging
from contextlib import nullcontext

import pytest

from features.errors import InputError, UnknownName
from training.bench.features import run


def test_too_few_events_measure_nothing():
    with pytest.raises(InputError, match="expected --events 1000 or more; got 10"):
        next(run.rows([10]))


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(UnknownName, match=r"unknown method 'sparc'.*spark"):
        next(run.rows([1_000], ["sparc"]))


def test_spark_is_passed_over_where_it_cannot_run(monkeypatch, caplog):
    def refuse():
        raise InputError("Spark is not installed", next_step="pip install 'huoren[spark]'")

    monkeypatch.setattr(run, "require_spark", refuse)
    with caplog.at_level(logging.WARNING):
        assert list(run.rows([1_000], ["spark"])) == []
    assert "no row for spark: Spark is not installed" in caplog.text


def test_growth_is_the_power_by_which_time_grew():
    taken = [
        {"method": "huoren", "events": n, "seconds": s} for n, s in ((1_000, 2.0), (4_000, 16.0))
    ]
    assert run._growth(None, taken[0]) == {}
    assert run._growth(*taken) == {"growth": 1.5}


def test_both_methods_in_turn(monkeypatch):
    call = lambda work, *args, **more: work(*args, **more)  # noqa: E731 - own processes take time
    monkeypatch.setattr(run, "alone", call)
    monkeypatch.setattr(run, "apart", lambda: nullcontext(call))
    monkeypatch.setattr(run, "RUNS", 1)
    ours, rival = run.rows([1_000], ["hand_written_sql", "huoren"])
    assert (ours["method"], rival["method"]) == run.IN_TURN
    assert ours["ratio"] == pytest.approx(ours["seconds"] / rival["seconds"], rel=0.01)
    assert rival["max_rel_diff"] <= 1e-9
    assert [row["runs"] for row in (ours, rival)] == [1, 1]
