"""``huoren bench uplift``: every method on the same random splits of one trial."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import stats

from features.errors import InputError
from training.bench.report import Row
from training.uplift import learners
from training.uplift.balance import differences, foretelling
from training.uplift.ensemble import DEFAULT, EVIDENCE, NO_EVIDENCE, Ensemble, EnsembleConfig
from training.uplift.metrics import (
    LIBRARY,
    Ranked,
    auuc,
    draws,
    effect,
    effect_at,
    interval,
    qini,
    true_qini,
)
from training.uplift.trial import Floats, Ints, Trial, splits

_LOG = logging.getLogger(__name__)

TIMES = 200
"""Bootstraps of the people."""

TOP = 0.1
"""Part of the people that a target takes."""

METRICS: Mapping[str, Callable[[Ranked], Floats]] = {
    "ate": effect,
    "uplift@10": lambda ranked: effect_at(ranked, TOP),
    "qini": qini,
    "auuc": auuc,
}


@dataclass(frozen=True)
class Judged:
    """One split: whom it judged on, and what each method scored them.

    Parameters
    ----------
    people : ndarray, int64
        Places in the trial.
    scores : mapping of str to ndarray, float64, shape (people,)
    """

    people: Ints
    scores: Mapping[str, Floats]


def rows(
    trial: Trial,
    seeds: int = 20,
    config: EnsembleConfig = DEFAULT,
    done: Callable[[], object] = lambda: None,
) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    trial : Trial
    seeds : int
        Random splits, 70 % to learn from and 30 % to judge on.
    config : EnsembleConfig
        Of our own method.
    done : callable
        Called after each split.

    Yields
    ------
    mapping
        ``method``, and figures as means over splits. Ends of intervals are percentiles of the mean
        over splits when people are drawn with replacement; ``gain_low`` and ``gain_high`` those of
        the paired t interval of uplift@10 − ATE over splits. With known effects also
        ``of_oracle``: Qini of true effects as a share of the best possible.

    Raises
    ------
    InputError
        When there are fewer than two splits.
    """
    if seeds < 2:
        raise InputError(
            "too few splits for an interval", expected="--seeds 2 or more", got=str(seeds)
        )
    warn(trial)
    dealt = trial.placebo(np.random.default_rng(0))
    fakes = max(2, seeds // 4)  # half of the work, and one row of many
    with ThreadPoolExecutor(_cores()) as pool:

        def work(number: int, learn: Ints, judge: Ints) -> tuple[Judged, Judged | None]:
            real = Judged(judge, _scores(trial.take(learn), trial.take(judge), number, config))
            fake = None
            if number < fakes:
                fitted = Ensemble.fit(dealt.take(learn), config, number)
                fake = Judged(judge, {"placebo": fitted.score(dealt.rows[judge])})
            done()
            return real, fake

        cut = splits(trial, seeds)
        made = [pool.submit(work, number, *parts) for number, parts in enumerate(cut)]
        found = [one.result() for one in made]
    real = [one for one, _ in found]
    fake = [one for _, one in found if one is not None]
    yield from _report(trial, real)
    yield from _report(dealt, fake)


def _scores(learn: Trial, judge: Trial, seed: int, config: EnsembleConfig) -> dict[str, Floats]:
    ours = Ensemble.fit(learn, config, seed)
    found = {"huoren": ours.score(judge.rows)}
    found |= {f"huoren:{name}": ours.member(name, judge.rows) for name in config.learners}
    found |= {
        name: learners.fit(name, learn, learners.PLAIN, seed)(judge.rows)
        for name in learners.LEARNERS
    }
    found["random"] = np.random.default_rng(seed).random(len(judge))
    if judge.effect is not None:
        found["oracle"] = judge.effect
    if learn.effect is not None and judge.effect is not None:
        told = learners.Grown(config.trees, seed).fit(learn.rows, learn.effect)
        found["knowable"] = told.predict(judge.rows)  # what the columns tell of true effects
    return found


def _report(trial: Trial, judged: Sequence[Judged]) -> Iterator[Row]:
    tests = [trial.take(one.people) for one in judged]
    for method in judged[0].scores:
        scores = [one.scores[method] for one in judged]
        yield {"method": method, **_row(trial, tests, judged, scores)}


def _row(
    trial: Trial, tests: Sequence[Trial], judged: Sequence[Judged], scores: Sequence[Floats]
) -> dict[str, object]:
    point = _each(METRICS, (Ranked.of(s, t) for s, t in zip(scores, tests, strict=True)))
    drawn = draws(len(trial), TIMES, np.random.default_rng(0))
    boot = _each(METRICS, (
        Ranked.of(s, t, drawn[:, one.people])
        for s, t, one in zip(scores, tests, judged, strict=True)
    ))  # fmt: skip
    row: dict[str, object] = {}
    for name in METRICS:
        row[name] = float(point[name].mean())
        if name != "ate":
            row[f"{name}_low"], row[f"{name}_high"] = interval(boot[name].mean(axis=0))
    gain = point["uplift@10"] - point["ate"]
    reach = float(stats.t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / len(gain) ** 0.5)
    mean = float(gain.mean())
    people = interval((boot["uplift@10"] - boot["ate"]).mean(axis=0))
    row |= {"gain": mean, "gain_low": mean - reach, "gain_high": mean + reach}
    row |= {"gain_people_low": people[0], "gain_people_high": people[1]}
    if tests[0].effect is not None and np.ptp(tests[0].effect) > 0:
        row["of_oracle"] = _of_oracle(tests, scores)
    row["evidence"] = EVIDENCE if float(str(row["qini_low"])) > 0 else NO_EVIDENCE
    return row | {"splits": len(tests), "metric_library": LIBRARY}


def _each(
    metrics: Mapping[str, Callable[[Ranked], Floats]], ranked: Iterable[Ranked]
) -> dict[str, Floats]:
    found = [{name: metric(one) for name, metric in metrics.items()} for one in ranked]
    return {name: np.stack([one[name] for one in found]) for name in metrics}


def _of_oracle(tests: Sequence[Trial], scores: Sequence[Floats]) -> float:
    pairs = [(t.effect, s) for t, s in zip(tests, scores, strict=True) if t.effect is not None]
    best = sum(true_qini(effects, effects) for effects, _ in pairs)
    return sum(true_qini(score, effects) for effects, score in pairs) / best


def warn(trial: Trial) -> None:
    """Log what looks as if it came after the assignment, or was not assigned by lot."""
    for one in differences(trial):
        _LOG.warning("the arms differ before the treatment: %s", one)
    for column in foretelling(trial):
        _LOG.warning(
            "%s makes the outcome certain: it must have come after it; leave it out", column
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
