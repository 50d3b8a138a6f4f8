"""A randomised trial: who was treated, what came of it, what was known before."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from features.errors import InputError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FEWEST = 100
"""People that each arm needs before anything can be learned."""


@dataclass(frozen=True)
class Trial:
    """People with a treatment assigned by lot.

    Parameters
    ----------
    rows : ndarray, float64, shape (n, columns)
        What was known before the assignment; NaN where unknown.
    columns : tuple of str
        Their names.
    treated : ndarray, bool, shape (n,)
        Arm.
    outcome : ndarray, float64, shape (n,)
        What came of it.
    propensity : ndarray, float64, shape (n,)
        Chance of being treated that each person had; left out, the share of the treated.
    effect : ndarray, float64, shape (n,), optional
        True effect on each person, where a simulation tells it; only for judging.

    Raises
    ------
    InputError
        When lengths differ, an arm is nearly empty, the outcome is unknown or always the same, or
        a propensity is not between 0 and 1.

    Examples
    --------
    >>> Trial(np.zeros((200, 1)), ("age",), np.ones(200, bool), np.arange(200.0))
    Traceback (most recent call last):
    features.errors.InputError: treatment without control (expected 100 people or more in each ...
    """

    rows: Floats
    columns: tuple[str, ...]
    treated: Bools
    outcome: Floats
    propensity: Floats = field(default_factory=lambda: np.zeros(0))
    effect: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.outcome)
        if self.rows.shape != (n, len(self.columns)) or len(self.treated) != n:
            raise InputError("a trial's columns differ in length", expected=f"{n} people")
        _check_arms(self.treated)
        _check_outcome(self.outcome)
        if not len(self.propensity):
            object.__setattr__(self, "propensity", np.full(n, self.treated.mean()))
        if len(self.propensity) != n or not np.all((self.propensity > 0) & (self.propensity < 1)):
            raise InputError(
                "a propensity is no chance",
                expected="0 < propensity < 1 for everyone",
                next_step="leave out people who could only be in one arm",
            )

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def weights(self) -> Floats:
        """Inverse chance of each person's own arm, mean 1 in each arm; shape (n,).

        Horvitz & Thompson, 1952. All 1 where everyone had the same chance.
        """
        weights = 1.0 / np.where(self.treated, self.propensity, 1.0 - self.propensity)
        for arm in (self.treated, ~self.treated):
            weights[arm] /= weights[arm].mean()
        return np.asarray(weights)

    def take(self, who: Ints) -> "Trial":
        """Some of the people."""
        return replace(
            self,
            rows=self.rows[who],
            treated=self.treated[who],
            outcome=self.outcome[who],
            propensity=self.propensity[who],
            effect=None if self.effect is None else self.effect[who],
        )

    def placebo(self, rng: np.random.Generator) -> "Trial":
        """The same people with arms dealt anew, so that no treatment has an effect."""
        dealt = rng.permutation(len(self))
        return replace(
            self,
            treated=self.treated[dealt],
            propensity=self.propensity[dealt],
            effect=None if self.effect is None else np.zeros(len(self)),
        )


def splits(trial: Trial, seeds: int, share: float = 0.7) -> list[tuple[Ints, Ints]]:
    """Random splits into people to learn from and people to judge on, each arm by itself.

    Parameters
    ----------
    trial : Trial
    seeds : int
        How many; split i is drawn with seed i.
    share : float
        Part to learn from.
    """
    return [_split(trial.treated, share, np.random.default_rng(seed)) for seed in range(seeds)]


def _split(treated: Bools, share: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    learn: list[Ints] = []
    judge: list[Ints] = []
    for arm in (True, False):
        who = rng.permutation(np.flatnonzero(treated == arm))
        cut = round(share * len(who))
        learn.append(who[:cut])
        judge.append(who[cut:])
    return rng.permutation(np.concatenate(learn)), rng.permutation(np.concatenate(judge))


def _check_arms(treated: Bools) -> None:
    counts = {"treated": int(treated.sum()), "control": int((~treated).sum())}
    if min(counts.values()) < FEWEST:
        missing = {"treated": "nobody was treated", "control": "treatment without control"}
        empty = [problem for name, problem in missing.items() if not counts[name]]
        raise InputError(
            empty[0] if empty else "too few people in an arm",
            expected=f"{FEWEST} people or more in each arm",
            got=", ".join(f"{count:,} {name}" for name, count in counts.items()),
            next_step="uplift is learned only from people assigned by lot to two arms",
        )


def _check_outcome(outcome: Floats) -> None:
    if not np.all(np.isfinite(outcome)):
        raise InputError(
            "an outcome is unknown",
            expected="a finite number for everyone in the trial",
            got=f"{int((~np.isfinite(outcome)).sum()):,} of {len(outcome):,} missing",
            next_step="give 0 to those of whom nothing came",
        )
    if np.ptp(outcome) == 0:
        raise InputError(
            "the outcome is always the same",
            expected="an outcome that some have and some have not",
            got=f"{outcome[0]:g} for everyone",
        )
