"""A back-test with a visible answer: chances that come true, and an order that knows nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from training import persons
from training.bench.goals.run import judged
from training.predictions import goals


def test_the_model_stands_beside_simple_orders():
    rng = np.random.default_rng(0)
    p = rng.random(4_000)
    did = rng.random(4_000) < p
    rows = np.full((4_000, len(persons.columns())), np.nan)
    backtest = SimpleNamespace(did=did, rows=rows)
    fitted = SimpleNamespace(goal=goals.named("repurchase"), foretold=p, backtest=backtest)
    model, *others = judged(fitted)
    assert model["auc"] == pytest.approx(0.83, abs=0.02)
    assert model["lift10"] == pytest.approx(1.9, abs=0.1)
    assert np.allclose(model["points"]["predicted"], model["points"]["observed"], atol=0.08)
    assert [one["auc"] for one in others] == [0.5] * len(others)
