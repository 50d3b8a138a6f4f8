"""Search for settings of a run: Optuna over what foretells the validation window best.

Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019. A trial
is a run up to the ranker, so that steps whose settings a trial leaves alone are taken from the
shelf; it is judged by NDCG@20 on the rows of the validation window and never sees the test window.
Several processes may search in one study at once; each trial's state is in its storage.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import InputError, UnknownName
from features.home import Home
from recsys.ranking.lambdamart import Groups, LambdaMart
from training import config as settings
from training.config import TrainConfig
from training.run import Course, Steps, go
from training.steps.progress import Notice

SPACE = Path(__file__).with_name("space.toml")

UNTIL = "feed ranker"

K = 20

WARM_UP = 5
"""Rounds, and trials, before the first trial is given up for lack of promise."""


@dataclass(frozen=True)
class Span:
    """Where one setting is searched.

    Parameters
    ----------
    name : str
        Such as ``feed.num_leaves``.
    low, high : float
        Both within; whole numbers where both are.
    log : bool
        Drawn by orders of magnitude.
    """

    name: str
    low: float
    high: float
    log: bool = False

    def draw(self, trial: Any) -> float:
        """Ask a trial."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(trial.suggest_int(self.name, self.low, self.high, log=self.log))
        return float(trial.suggest_float(self.name, self.low, self.high, log=self.log))


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Parameters
    ----------
    config : TrainConfig
        The best settings.
    ndcg, before : float
        Its NDCG@20 on the validation rows, and that of the settings the search began with.
    trials, pruned : int
        Of the whole study: finished, and given up early.
    """

    config: TrainConfig
    ndcg: float
    before: float
    trials: int
    pruned: int


def space(path: Path | None = None) -> list[Span]:
    """Read a search space; the one beside this module when left out.

    Raises
    ------
    InputError
        When the file is no TOML, or a span has no ends.
    UnknownName
        When a setting does not exist.
    """
    try:
        given = tomllib.loads((path or SPACE).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read", expected="TOML", got=str(error)) from error
    known = TrainConfig().plain()
    found = []
    for table, spans in given.items():
        if not isinstance(known.get(table), dict) or not isinstance(spans, dict):
            tables = [name for name, value in known.items() if isinstance(value, dict)]
            raise UnknownName.among("table of settings", table, tables)
        for name, span in spans.items():
            if name not in known[table]:
                names = [f"{table}.{one}" for one in known[table]]
                raise UnknownName.among("setting", f"{table}.{name}", names)
            found.append(_span(f"{table}.{name}", span))
    return found


def tune(
    home: Home, config: TrainConfig, spans: list[Span], storage: str, minutes: float,
    trials: int | None = None, study: str = "huoren", notice: Notice = lambda name, left: None,
) -> Tuned:  # fmt: skip
    """Search until the time is over.

    Parameters
    ----------
    home : Home
        With a snapshot.
    config : TrainConfig
        Where the search begins; what no span names stays as it is.
    spans : list of Span
        What is searched.
    storage : str
        A database URL that Optuna takes; its directory is made if it is a file.
    minutes : float
        No trial begins afterwards.
    trials : int, optional
        At most so many by this process.
    study : str
        Its name; one that exists is gone on with.
    notice : callable
        Told before each step of a trial.

    Raises
    ------
    InputError, MissingStep
        As ``training.run.train``.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if storage.startswith("sqlite:///"):
        Path(storage.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    found = optuna.create_study(
        storage=storage, study_name=study, direction="maximize", load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=config.seed + os.getpid()),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=WARM_UP, n_warmup_steps=WARM_UP),
    )  # fmt: skip
    begin = {span.name: _get(config, span.name) for span in spans}
    found.enqueue_trial(begin, skip_if_exists=True)

    def judge(trial: Any) -> float:
        asked = {span.name: span.draw(trial) for span in spans}
        course = Course(home, with_(config, asked))

        def watch(round_: int, ndcg: float) -> None:
            trial.report(ndcg, round_)
            if trial.should_prune():
                raise optuna.TrialPruned

        course.watch = watch
        go(course, Steps(notice=notice, until=UNTIL))
        assert course.ranker.value is not None
        return ndcg_of(course.ranker.value, course.examples[-1].value)

    found.optimize(judge, n_trials=trials, timeout=minutes * 60)
    done = [one for one in found.trials if one.value is not None and one.state.is_finished()]
    first = next((float(one.value or 0) for one in done if one.params == begin), float("nan"))
    pruned = sum(one.state == optuna.trial.TrialState.PRUNED for one in found.trials)
    best = found.best_trial
    return Tuned(
        with_(config, best.params), float(best.value or 0), first, len(found.trials), pruned
    )


def with_(config: TrainConfig, asked: Mapping[str, float]) -> TrainConfig:
    """A configuration with some settings changed, by names such as ``feed.num_leaves``.

    Examples
    --------
    >>> with_(TrainConfig(), {"feed.num_leaves": 7}).feed.num_leaves
    7
    """
    plain = config.plain()
    for name, value in asked.items():
        table, _, setting = name.partition(".")
        plain[table][setting] = value
    return settings.of(plain)


def ndcg_of(ranker: LambdaMart, groups: Groups, k: int = K) -> float:
    """NDCG@k of a ranker over rows of queries, all of which have a positive one."""
    scores = ranker.score(np.asarray(groups.rows))
    query = np.repeat(np.arange(len(groups.sizes)), groups.sizes)
    starts = np.concatenate([[0], np.cumsum(groups.sizes)[:-1]])
    discounts = 1.0 / np.log2(np.arange(2, int(groups.sizes.max(initial=1)) + 2))
    gained = []
    for by in (scores, np.asarray(groups.labels, dtype=np.float64)):
        order = np.lexsort((-by, query))
        place = np.arange(len(order)) - starts[query[order]]
        worth = groups.labels[order] * discounts[place] * (place < k)
        gained.append(np.bincount(query[order], worth, minlength=len(groups.sizes)))
    return float(np.mean(gained[0] / np.maximum(gained[1], 1e-12)))


def _get(config: TrainConfig, name: str) -> Any:
    table, _, setting = name.partition(".")
    return getattr(getattr(config, table), setting)


def _span(name: str, given: Any) -> Span:
    low, high = (given.get(end) if isinstance(given, dict) else None for end in ("low", "high"))
    if not isinstance(low, int | float) or not isinstance(high, int | float) or low >= high:
        raise InputError(f"{name} has no span", expected="{ low = 1, high = 9 }", got=str(given))
    return Span(name, low, high, bool(given.get("log", False)))
