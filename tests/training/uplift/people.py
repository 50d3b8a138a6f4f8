"""Trials whose right order is visible: the treatment helps the young and nobody else."""

import numpy as np

from training.uplift.trial import Trial


def trial(n: int = 2_000, seed: int = 0, helped: float = 0.4) -> Trial:
    """Half are young; the outcome has a rate of 0.2, and ``helped`` more for treated young."""
    rng = np.random.default_rng(seed)
    young = rng.random(n) < 0.5
    treated = rng.random(n) < 0.5
    outcome = rng.random(n) < 0.2 + helped * (young & treated)
    rows = np.column_stack([np.where(young, 20.0, 50.0), rng.normal(size=n)])
    effect = np.where(young, helped, 0.0)
    return Trial(rows, ("age", "noise"), treated, outcome.astype(float), effect=effect)
