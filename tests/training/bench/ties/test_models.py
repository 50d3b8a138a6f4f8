"""Methods side by side, each on people it was not fitted on."""

import numpy as np

from tests.training.test_ties import planted
from training.bench.ties import models


def test_what_learns_from_openings_beats_what_does_not_know_them():
    weeks = [planted(1_500), planted(1_500)]
    rows = {row["method"]: row for row in models.compare("x", weeks, np.random.default_rng(0))}
    assert [*rows] == [*models.METHODS]
    assert rows["decayed_sum"]["auc"] == rows["counts"]["auc"] == 0.5
    assert rows["huoren"]["gain"] > 0.1
    assert rows["huoren"]["gain_low"] < rows["huoren"]["gain"] < rows["huoren"]["gain_high"]
    assert rows["huoren"]["pairs"] == 1_500
