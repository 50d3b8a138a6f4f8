"""What the engines take by themselves, on the matrices that ours are given."""

from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.frames import feed as frame
from recsys.candidates.als import Als, AlsConfig
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig

TURNS = 3
"""Each is measured so often in turn with its rival; the least counts."""


def als(interactions: sparse.csr_matrix, config: AlsConfig) -> dict[str, float]:
    """Seconds of ours and of bare ``implicit`` on the same matrix: ``huoren``, ``bare``."""
    from implicit.als import AlternatingLeastSquares

    def bare() -> None:
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=config.factors, iterations=config.iterations,
                regularization=config.regularization, alpha=config.alpha, random_state=0,
            )  # fmt: skip
            model.fit(interactions, show_progress=False)

    return _in_turn(lambda: Als.fit(interactions, config), bare)


def ranker(train: Groups, valid: Groups, config: LambdaMartConfig) -> dict[str, float]:
    """Seconds of ours and of bare LightGBM on the same rows: ``huoren``, ``bare``."""
    import lightgbm

    rows, labels = np.asarray(train.rows), np.asarray(train.labels)

    def bare() -> None:
        data = lightgbm.Dataset(rows, labels, group=train.sizes)
        later = data.create_valid(valid.rows, valid.labels, group=valid.sizes)
        lightgbm.train(
            config.parameters(0), data, config.rounds, valid_sets=[later],
            callbacks=[lightgbm.early_stopping(config.patience, verbose=False)],
        )  # fmt: skip

    return _in_turn(lambda: LambdaMart.fit(train, valid, list(frame.COLUMNS), config), bare)


def _in_turn(ours: Any, bare: Any) -> dict[str, float]:
    spent: dict[str, list[float]] = {"huoren": [], "bare": []}
    for _ in range(TURNS):
        for name, work in (("huoren", ours), ("bare", bare)):
            start = perf_counter()
            work()
            spent[name].append(perf_counter() - start)
    return {name: min(values) for name, values in spent.items()}
