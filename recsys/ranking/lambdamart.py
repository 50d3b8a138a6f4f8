"""LambdaMART over rows of numbers.

Burges, "From RankNet to LambdaRank to LambdaMART", 2010; Ke et al., "LightGBM", NeurIPS 2017.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.errors import InputError
from recsys import boosting
from recsys.ranking.native import Score

Rows = npt.NDArray[np.float32]

UNPLACED = -1
"""Place of a row that was shown nowhere."""


@dataclass(frozen=True)
class LambdaMartConfig:
    """How the trees are grown.

    Parameters
    ----------
    rounds : int
        Trees at most; validation stops earlier.
    patience : int
        Rounds without a better NDCG on validation before stopping.
    num_leaves, min_data_in_leaf, learning_rate, feature_fraction, lambda_l2 :
        As LightGBM names them.
    truncation : int
        How deep in the list pairs count.
    eval_at : int
        Depth of the NDCG that validation looks at.
    threads : int
        Of training.
    """

    rounds: int = 400
    patience: int = 40
    num_leaves: int = 31
    min_data_in_leaf: int = 100
    learning_rate: float = 0.05
    feature_fraction: float = 0.7
    lambda_l2: float = 5.0
    truncation: int = 30
    eval_at: int = 20
    threads: int = 2

    def parameters(self, seed: int) -> dict[str, Any]:
        """What LightGBM is given."""
        given = asdict(self)
        for word in ("rounds", "patience", "truncation", "eval_at", "threads"):
            del given[word]
        return given | {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [self.eval_at],
            "lambdarank_truncation_level": self.truncation,
            "num_threads": self.threads,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class Groups:
    """Rows of several queries, one query after the other.

    Parameters
    ----------
    rows : ndarray, float32, shape (n, columns)
        Features.
    labels : ndarray, shape (n,)
        Gain of each row, 0 and up.
    sizes : ndarray, int, shape (queries,)
        Rows of each query.
    weights : ndarray, float64, shape (n,), optional
        How much each row counts; alike when left out.
    places : ndarray, int32, shape (n,), optional
        Where each row was shown, ``UNPLACED`` where it was not; nowhere when left out.
    """

    rows: Rows
    labels: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64] | None = None
    places: npt.NDArray[np.int32] | None = None

    def with_(self, later: "Groups") -> "Groups":
        """These queries and then others."""
        return Groups(
            np.concatenate([self.rows, later.rows]),
            np.concatenate([self.labels, later.labels]),
            np.concatenate([self.sizes, later.sizes]),
            _joined(self, later, "weights", 1.0),
            _joined(self, later, "places", UNPLACED),
        )


def _joined(one: Groups, other: Groups, name: str, usual: float) -> Any:
    """A column that may be left out, of both; None where both leave it out."""
    parts = [getattr(given, name) for given in (one, other)]
    there = [part for part in parts if part is not None]
    if not there:
        return None
    filled = (
        np.full(len(given.rows), usual) if part is None else part
        for given, part in zip((one, other), parts, strict=True)
    )
    return np.concatenate([*filled]).astype(there[0].dtype)


class LambdaMart(boosting.Forest):
    """A fitted ranker.

    Parameters
    ----------
    booster : lightgbm.Booster
        The trees.
    columns : sequence of str
        Names of the columns it reads, in order.

    Attributes
    ----------
    text_file : Path or None
        Where it was opened from.
    native : callable or None
        Compiled trees that answer instead of LightGBM, with the same numbers.
    """

    def __init__(self, booster: Any, columns: Sequence[str]) -> None:
        super().__init__(booster, columns)
        self.text_file: Path | None = None
        self.native: Score | None = None

    @classmethod
    def fit(
        cls,
        train: Groups,
        valid: Groups | None,
        columns: Sequence[str],
        config: LambdaMartConfig = LambdaMartConfig(),
        seed: int = 0,
        directions: Sequence[int] | None = None,
        watch: Callable[[int, float], None] | None = None,
    ) -> Self:
        """Grow trees.

        Where places are given, the bias of each is learned beside the trees and left out of their
        answers: an item is preferred for what it is, not for where it stood (LightGBM's "position
        bias treatment": a score of the row plus one of its place, fitted to the same pairs).

        Parameters
        ----------
        train, valid : Groups
            What teaches, and what says when to stop, if anything.
        columns : sequence of str
            Names of the columns.
        config, seed : LambdaMartConfig, int
            How trees grow, and from where chance begins.
        directions : sequence of int, optional
            1 for each column by which a score may only rise, −1 by which it may only fall, 0 free.
        watch : callable, optional
            Told each round and its NDCG on ``valid``; what it raises ends the growth.

        Raises
        ------
        InputError
            When no query has a positive row.
        """
        lightgbm = boosting.lightgbm()
        if not np.any(train.labels > 0):
            raise InputError(
                "nothing to learn a ranking from",
                expected="queries with at least one positive row",
                got=f"{len(train.sizes)} queries, no positive row",
                next_step="give a longer history, or one in which more people come back",
            )
        data = lightgbm.Dataset(
            train.rows, train.labels, group=train.sizes, feature_name=list(columns),
            free_raw_data=True, weight=train.weights, position=train.places,
        )  # fmt: skip
        sets, callbacks = [], []
        if valid is not None and np.any(valid.labels > 0):
            sets = [data.create_valid(valid.rows, valid.labels, group=valid.sizes)]
            callbacks = [lightgbm.early_stopping(config.patience, verbose=False)]
            if watch is not None:
                callbacks.append(
                    lambda now: watch(now.iteration, float(now.evaluation_result_list[0][2]))
                )
        given = config.parameters(seed)
        if directions is not None:
            given |= {
                "monotone_constraints": list(directions),
                # The other methods forbid less, but do not keep what they promise in every tree.
                "monotone_constraints_method": "basic",
            }
        booster = lightgbm.train(given, data, config.rounds, valid_sets=sets, callbacks=callbacks)
        return cls(booster, columns)

    def continued(
        self, train: Groups, valid: Groups, config: LambdaMartConfig, seed: int = 0
    ) -> "LambdaMart":
        """Grow more trees upon these, from later rows; itself where they rank ``valid`` no better.

        Parameters
        ----------
        train, valid : Groups
            What teaches, and what says how many trees are added, if any.
        config, seed : LambdaMartConfig, int
            As for ``fit``; ``rounds`` are trees added at most.
        """
        if not np.any(train.labels > 0) or not np.any(valid.labels > 0):
            return self
        engine, columns = boosting.lightgbm(), list(self.columns)
        data = engine.Dataset(train.rows, train.labels, group=train.sizes, feature_name=columns)
        later = data.create_valid(valid.rows, valid.labels, group=valid.sizes)
        grown = type(self)(
            engine.train(
                config.parameters(seed), data, config.rounds, valid_sets=[later],
                init_model=self.booster,
                callbacks=[engine.early_stopping(config.patience, verbose=False)],
            ),
            columns,
        )  # fmt: skip
        k = config.eval_at
        better = ndcg(grown.score(valid.rows), valid, k) > ndcg(self.score(valid.rows), valid, k)
        return grown if better else self

    def score(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Scores of rows; float64, shape (n,)."""
        if not len(rows):
            return np.zeros(0)
        if self.native is not None:
            return self.native(rows)
        scores = self.booster.predict(rows, num_threads=1)
        return np.asarray(scores, dtype=np.float64)

    def contributions(self, rows: Rows) -> npt.NDArray[np.float64]:
        """What each column adds to each score; float64, shape (n, columns)."""
        found = self.booster.predict(rows, pred_contrib=True, num_threads=1)
        return np.asarray(found, dtype=np.float64)[:, :-1]

    @property
    def rounds(self) -> int:
        """Trees that are used: up to where validation was best."""
        return int(self.booster.best_iteration) or int(self.booster.num_trees())

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a text model."""
        booster = boosting.lightgbm().Booster(model_file=str(path))
        found = cls(booster, booster.feature_name())
        found.text_file = path
        return found


def ndcg(scores: npt.NDArray[np.float64], groups: Groups, k: int) -> float:
    """Mean NDCG at ``k`` with gains 2^label − 1, over the queries with a positive row.

    Examples
    --------
    >>> groups = Groups(np.zeros((3, 1), np.float32), np.array([0, 1, 0]), np.array([3]))
    >>> round(ndcg(np.array([0.9, 0.5, 0.1]), groups, 20), 3)
    0.631
    """
    query = np.repeat(np.arange(len(groups.sizes)), groups.sizes)
    gains = np.asarray(2.0**groups.labels - 1.0, dtype=np.float64)
    found, best = (
        np.bincount(query, gains * _discounts(values, query, groups.sizes, k), len(groups.sizes))
        for values in (scores, gains)
    )
    return float((found[best > 0] / best[best > 0]).mean())


def _discounts(
    values: npt.NDArray[np.float64],
    query: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    k: int,
) -> npt.NDArray[np.float64]:
    """1 / log2(2 + place) of each row among those of its query; 0 from the k-th on."""
    order = np.lexsort((-values, query))
    place = np.empty(len(query), dtype=np.int64)
    place[order] = np.arange(len(query)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.where(place < k, 1.0 / np.log2(2.0 + place), 0.0)
