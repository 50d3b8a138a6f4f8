"""What the bench refuses; the measurement itself is tests/bench/test_bench_features.py."""

import logging

import pytest

from features.errors import InputError, UnknownName
from training.bench.features import run


def test_too_few_events_measure_nothing():
    with pytest.raises(InputError, match="expected --events 1000 or more; got 10"):
        next(run.rows(10))


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(UnknownName, match=r"unknown method 'sparc'.*spark"):
        next(run.rows(1_000, ["sparc"]))


def test_spark_is_passed_over_where_it_cannot_run(monkeypatch, caplog):
    def refuse():
        raise InputError("Spark is not installed", next_step="pip install 'huoren[spark]'")

    monkeypatch.setattr(run, "require_spark", refuse)
    with caplog.at_level(logging.WARNING):
        assert list(run.rows(1_000, ["spark"])) == []
    assert "no row for spark: Spark is not installed" in caplog.text
