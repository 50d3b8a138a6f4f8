import numpy as np
import pytest

from features.errors import InputError
from training.bench.refresh.run import Judged, rows, totals
from training.config import TrainConfig


def test_ways_are_compared_person_by_person_over_all_periods() -> None:
    better, worse = np.array([0.5, np.nan, 1.0]), np.array([0.25, np.nan, 0.75])
    found = {"retrained": Judged([3.0, 3.0], [better, better]), "first": Judged([0.0], [worse] * 2)}
    ours, first = totals(found)
    assert (ours["seconds"], ours["queries"], ours["ndcg@20"]) == (6.0, 4, 0.75)
    assert (first["of_retrained"], first["of_retrained_low"]) == (-0.25, -0.25)
    assert "of_retrained" not in ours


def test_no_period_is_refused() -> None:
    with pytest.raises(InputError, match="no period"):
        next(rows("simulated", None, TrainConfig(), 0, 2))
