"""Lift quality, cuts and histograms, counted by hand."""

import numpy as np
import pytest

from training.predictions import quality as q

SCORE = np.array([0.9, 0.8, 0.3, 0.2])
DID = np.array([True, False, True, False])


def test_auc_counts_pairs_in_order():
    assert q.auc(SCORE, DID) == 0.75
    assert q.lift_quality(SCORE, DID) == 50
    assert q.lift_quality(-SCORE, ~DID) == 50
    assert np.isnan(q.auc(SCORE, np.ones(4, bool)))


def test_an_interval_holds_the_auc_and_shrinks_with_people():
    rng = np.random.default_rng(0)
    did = rng.random(4_000) < 0.3
    score = rng.normal(size=4_000) + did
    low, high = q.auc_interval(score, did)
    assert low < q.auc(score, did) < high
    assert high - low < 0.04


def test_cuts_count_what_really_came():
    half, most = q.cuts_of(SCORE, DID, [0.5, 0.75])
    assert (half.people, half.converters, half.wasted, half.caught, half.lift) == (2, 1, 1, 0.5, 1)
    assert (most.people, most.caught, most.lift) == (3, 1, pytest.approx(4 / 3))


def test_a_histogram_holds_everyone():
    told = q.histogram(SCORE)
    assert len(told["people"]) == 20
    assert sum(told["people"]) == 4


def test_equal_scores_have_equal_percentiles():
    assert q.percentiles(np.array([0.1, 0.1, 0.5, 0.9])).tolist() == [0, 0, 50, 75]
