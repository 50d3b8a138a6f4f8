"""Gradient-boosted trees over rows of numbers: the only importer of lightgbm.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.absent import absent

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TreesConfig:
    """How trees are grown; names are LightGBM's, the rest is said.

    Parameters
    ----------
    objective : str
        ``binary`` gives probabilities, ``regression`` means.
    rounds : int
        Trees.
    num_leaves, min_data_in_leaf, learning_rate, feature_fraction, lambda_l2, max_bin :
        As LightGBM names them.
    bagging_fraction : float
        Share of the rows that each tree sees.
    threads : int
        Of training.
    """

    objective: str = "binary"
    rounds: int = 100
    num_leaves: int = 31
    min_data_in_leaf: int = 20
    learning_rate: float = 0.1
    feature_fraction: float = 1.0
    bagging_fraction: float = 1.0
    lambda_l2: float = 0.0
    max_bin: int = 255
    threads: int = 1

    def parameters(self, seed: int) -> dict[str, Any]:
        """What LightGBM is given."""
        given = asdict(self)
        del given["rounds"], given["threads"]
        return given | {
            "bagging_freq": int(self.bagging_fraction < 1),
            "num_threads": self.threads,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


class Forest:
    """What every model of trees has, whatever it was grown for.

    Parameters
    ----------
    booster : lightgbm.Booster
        The trees.
    columns : sequence of str
        Names of the columns they read, in order.
    """

    def __init__(self, booster: Any, columns: Sequence[str]) -> None:
        self.booster = booster
        self.columns = tuple(columns)

    @property
    def importance(self) -> Mapping[str, float]:
        """Total gain of each column, largest first."""
        gains = self.booster.feature_importance("gain")
        pairs = sorted(zip(self.columns, gains, strict=True), key=lambda pair: -pair[1])
        return {name: float(gain) for name, gain in pairs}

    def save(self, path: Path) -> None:
        """Write LightGBM's text model."""
        self.booster.save_model(str(path))


class Trees(Forest):
    """Fitted trees.

    Parameters
    ----------
    booster : lightgbm.Booster
        The trees.
    columns : sequence of str
        Names of the columns they read, in order.

    Examples
    --------
    >>> rows = np.arange(200.0)[:, None]
    >>> trees = Trees.fit(rows, rows[:, 0] >= 100, ["age"], TreesConfig(rounds=50))
    >>> trees.score([[20.0], [180.0]]).round()
    array([0., 1.])
    """

    @classmethod
    def fit(
        cls,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike,
        columns: Sequence[str] | None = None,
        config: TreesConfig = TreesConfig(),
        seed: int = 0,
        weights: npt.ArrayLike | None = None,
    ) -> Self:
        """Grow trees.

        Parameters
        ----------
        rows : array_like, shape (n, columns)
            Features; NaN where unknown.
        labels : array_like, shape (n,)
            What is predicted.
        columns : sequence of str, optional
            Names; numbered when left out.
        config : TreesConfig
        seed : int
            Of the rows and columns that are drawn.
        weights : array_like, shape (n,), optional
            How much each row counts.
        """
        given = np.asarray(rows)
        names = list(columns) if columns is not None else [f"c{i}" for i in range(given.shape[1])]
        engine = lightgbm()
        weighed = None if weights is None else np.asarray(weights, dtype=np.float64)
        data = engine.Dataset(
            given, np.asarray(labels, dtype=np.float64), weight=weighed, feature_name=names,
            params={"max_bin": config.max_bin, "verbosity": -1},
        )  # fmt: skip
        return cls(engine.train(config.parameters(seed), data, config.rounds), names)

    def score(self, rows: npt.ArrayLike, threads: int = 1) -> Floats:
        """Predictions; float64, shape (n,). More than one thread is for whoever asks alone."""
        given = np.asarray(rows)
        if not len(given):
            return np.zeros(0)
        return np.asarray(self.booster.predict(given, num_threads=threads), dtype=np.float64)

    def contributions(self, rows: npt.ArrayLike) -> Floats:
        """What each column adds to each row's raw score; float64, shape (n, columns).

        Lundberg, Erion & Lee, "Consistent Individualized Feature Attribution for Tree Ensembles",
        2018.
        """
        given = np.asarray(rows)
        shares = self.booster.predict(given, pred_contrib=True, num_threads=1)
        return np.asarray(shares, dtype=np.float64)[:, :-1]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a text model."""
        booster = lightgbm().Booster(model_file=str(path))
        return cls(booster, booster.feature_name())


def lightgbm() -> Any:
    """The library, imported when first asked for."""
    with absent("pandas", "sklearn"):  # rows come as arrays
        import lightgbm
    return lightgbm
