"""What may come of showing an item, as chances; and what each outcome is worth to the shop.

One forest for each outcome, and the ranker's own score for the outcome that the feed is trained to
bring about. Each is made a chance by a line through log-odds (Platt, "Probabilistic outputs for
support vector machines", 1999), fitted on a window that no tree saw. The utility of an item is the
sum of its chances times their worth; only the best candidates by the ranker are looked at.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys import boosting
from recsys.ranking.fixing import fixed
from recsys.ranking.lambdamart import LambdaMart, Rows
from recsys.rules.arranging import best

Floats = npt.NDArray[np.float64]

TARGET = "target"
"""The outcome that the ranker itself is trained on."""

OUTCOMES = ("click", "cart", "order", "share", "dislike")
"""What may come of showing an item."""

LOOKED_AT = 200
"""Candidates, the best by the ranker, whose outcomes are foretold."""


class Head(LambdaMart):
    """Trees of one outcome; their sum is a log-odds."""

    def score(self, rows: Rows) -> Floats:
        """Log-odds of rows, before calibration; float64, shape (n,)."""
        if not len(rows):
            return np.zeros(0)
        if self.native is not None:
            return self.native(rows)
        raw = self.booster.predict(rows, num_threads=1, raw_score=True)
        return np.asarray(raw, dtype=np.float64)

    def fixed(self, value: float) -> "Head":
        """These trees with their last column fixed, of the other columns alone."""
        text = fixed(self.booster.model_to_string(), value)
        return Head(boosting.lightgbm().Booster(model_str=text), self.columns[:-1])

    def save(self, path: Path) -> None:
        """Write LightGBM's text model as one of plain sums, which compiles."""
        text = self.booster.model_to_string()
        path.write_text(re.sub(r"(?m)^objective=.*$", "objective=regression", text))


@dataclass(frozen=True)
class Line:
    """Score → chance: ``1 / (1 + exp(−(slope × score + constant)))``.

    Examples
    --------
    >>> Line(2.0, 0.0)(np.array([0.0, 1.0])).round(2).tolist()
    [0.5, 0.88]
    """

    slope: float
    constant: float

    def __call__(self, scores: Floats) -> Floats:
        """Chances of scores; float64, shape (n,)."""
        odds = np.clip(self.slope * scores + self.constant, -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float64)

    @classmethod
    def fit(
        cls, scores: Floats, labels: Floats, weights: Floats | None = None,
        depth: Floats | None = None,
    ) -> "Line":  # fmt: skip
        """Fit by Newton's method, a little shrunk towards a slope of 1; never falling.

        Parameters
        ----------
        scores, labels : ndarray, float64, shape (n,)
            Scores, and 1 where the outcome came.
        weights : ndarray, float64, shape (n,), optional
            How many rows each stands for, where some were drawn.
        depth : ndarray, float64, shape (n,), optional
            How far from the first place each row was shown, 0 at it: by what it lowers the
            log-odds is fitted too and left out, so that chances are those of the first place.
        """
        w = np.ones(len(scores)) if weights is None else weights
        spread = max(float(scores.std()), 1e-9)
        z = scores / spread
        rate = np.clip(float((w * labels).sum() / max(w.sum(), 1e-9)), 1e-9, 1 - 1e-9)
        beside = [] if depth is None else [depth]
        x = np.stack([z, np.ones(len(z)), *beside], axis=1)
        beta = np.array([0.0, np.log(rate / (1.0 - rate)), *(0.0 for _ in beside)])
        held = np.array([1e-3, 0.0, *(1e-3 for _ in beside)])
        keep = np.diag([1e-3, 1e-9, *(1e-3 for _ in beside)])
        for _ in range(50):
            p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))
            gradient = x.T @ (w * (labels - p)) - held * beta
            curve = (x * (w * p * (1.0 - p))[:, None]).T @ x + keep
            step = np.linalg.solve(curve, gradient)
            beta += np.clip(step, -2.0, 2.0)
            if np.abs(step).max() < 1e-8:
                break
        if depth is not None and beta[2] > 0:  # nobody looks more at what stands lower
            return cls.fit(scores, labels, weights)
        return cls(max(float(beta[0]) / spread, 0.0), float(beta[1]))


@dataclass(frozen=True)
class Outcomes:
    """Chances of what may come of showing an item.

    Parameters
    ----------
    heads : mapping of str to Head
        Outcome → its trees; those of which there was enough to learn.
    lines : mapping of str to Line
        Outcome, and ``target``, → its calibration.
    """

    heads: Mapping[str, Head] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    def chances(self, rows: Rows, scores: Floats) -> dict[str, Floats]:
        """Chance of every outcome that was learned, and of ``target``; float64, shape (n,) each."""
        found = {name: self.lines[name](head.score(rows)) for name, head in self.heads.items()}
        return {TARGET: self.lines[TARGET](scores), **found} if TARGET in self.lines else found

    def utility(self, rows: Rows, scores: Floats, worth: Mapping[str, float]) -> Floats:
        """Worth of showing each row; float64, shape (n,), falling in the order to show them.

        The ranker's own order where nothing but its target is worth anything; candidates beyond
        the best ``LOOKED_AT`` stay behind these, in that order.
        """
        valued = {name: worth[name] for name in self.heads if worth.get(name)}
        if not valued or TARGET not in self.lines:
            return scores
        near = best(scores, LOOKED_AT)
        value = worth.get(TARGET, 0.0) * self.lines[TARGET](scores[near])
        for name, one in valued.items():
            value += one * self.lines[name](self.heads[name].score(rows[near]))
        found = np.empty(len(scores))
        found[:] = scores - float(scores.max(initial=0.0)) + float(value.min(initial=0.0)) - 1.0
        found[near] = value
        return found

    def save(self, folder: Path) -> None:
        """Write trees and lines."""
        for name, head in self.heads.items():
            head.save(folder / f"outcome.{name}.lightgbm.txt")
        told = {name: [line.slope, line.constant] for name, line in self.lines.items()}
        (folder / "outcomes.json").write_text(json.dumps(told, sort_keys=True))

    @classmethod
    def open(cls, folder: Path) -> "Outcomes | None":
        """Read what ``save`` wrote; None where nothing was."""
        path = folder / "outcomes.json"
        if not path.exists():
            return None
        lines = {name: Line(*told) for name, told in json.loads(path.read_text()).items()}
        heads = {
            name: Head.open(path)
            for name in OUTCOMES
            if (path := folder / f"outcome.{name}.lightgbm.txt").exists()
        }
        return cls(heads, lines)
