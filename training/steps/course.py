"""What the steps of a run share, and what they hand to each other."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import features
import recsys
import training
from features import risk, snapshot
from features.clock import BusinessZone
from features.home import Home
from features.snapshot import Snapshot
from features.strength import Fitted
from recsys.bundle import Bundle, Parts
from recsys.candidates.launches import Launches
from recsys.ranking.lambdamart import Groups, LambdaMart
from recsys.ranking.logit import Logit
from recsys.ranking.outcomes import Outcomes
from training import fit
from training.config import TrainConfig
from training.examples.shown import Shown
from training.past import Past, opened
from training.shelf import Kept, Shelf, fingerprint, of_files
from training.steps import forms
from training.steps.forms import Judged, Plan

ENGINES = (
    "duckdb",
    "faiss-cpu",
    "ibis-framework",
    "implicit",
    "lightgbm",
    "numba",
    "numpy",
    "scipy",
)
"""Whose versions may change what a step makes."""

OUTSIDE = ("bench", "demo", "loaders", "world")
"""Rooms of ``training`` that no step enters."""


class Course:
    """One run from the history to the bundle; each step adds what it made.

    Parameters
    ----------
    home : Home
        With canonical tables and a snapshot.
    config : TrainConfig
        Every setting.
    run_id : str, optional
        Of the tracking run.

    Raises
    ------
    MissingStep
        When there is no snapshot.

    Attributes
    ----------
    watch : callable or None
        Told the round and its NDCG on the validation rows while the feed's ranker grows.
    history : Kept of mapping
        ``forms.Plan``, plain.
    ties : Kept of mapping
        ``early`` and ``now``: weights of ties that knew nothing of the first window, and of today,
        plain, both or neither; ``measured``: how good they are.
    popularity : Kept of str
        ITEM counter that popularity means.
    similar : Kept of mapping
        ``near.Choice``, plain.
    models : list of Kept of Parts
        Sources as of the start of each window, and as of the snapshot.
    examples : list of Kept of Groups
        Rows of the feed in every window but the last.
    shown : list of Kept of Shown
        Rows of lists that were shown in every window but the last.
    ranker : Kept of LambdaMart
        Of the feed.
    listened : bool
        Whether it learned from lists that were shown.
    outcomes : Kept of Outcomes or None
        What may come of showing an item.
    calibration : Kept of mapping
        ``calibration.Platt`` of the ranker, plain.
    profile : Kept of mapping
        What the data are like: ``history``, ``columns``.
    evaluation : Kept of Judged
        The feed on the last window.
    sharer : Kept of LambdaMart or None
        Ranker of share targets.
    shared : Kept of mapping
        Its figures.
    chances : Kept of mapping of str to Logit
        By what they foretell (``training.groupbuys.Learned``).
    chanced : Kept of mapping
        Their figures.
    launches : Kept of Launches or None
        What fills groups.
    rival : Kept of mapping
        The bundle in service on the same days (``steps.rivalry``).
    bundle : Bundle
        What everything ends in.
    latency : Kept of mapping
        Surface → milliseconds of an answer.
    """

    history: Kept[dict[str, Any]]
    ties: Kept[dict[str, Any]]
    popularity: Kept[str]
    similar: Kept[dict[str, Any]]
    models: list[Kept[Parts]]
    examples: list[Kept[Groups]]
    shown: list[Kept[Shown]]
    listened: bool
    ranker: Kept[LambdaMart | None]
    outcomes: Kept[Outcomes | None]
    calibration: Kept[dict[str, float]]
    profile: Kept[dict[str, Any]]
    evaluation: Kept[Judged]
    sharer: Kept[LambdaMart | None]
    shared: Kept[dict[str, Any]]
    chances: Kept[dict[str, Logit]]
    chanced: Kept[dict[str, Any]]
    launches: Kept[Launches | None]
    rival: Kept[dict[str, Any]]
    bundle: Bundle
    latency: Kept[dict[str, Any]]

    def __init__(self, home: Home, config: TrainConfig, run_id: str | None = None) -> None:
        self.home = home
        self.config = config
        self.run_id = run_id
        self.watch: Callable[[int, float], None] | None = None
        self.newest: Snapshot = snapshot.latest(home)
        self.as_of_us = self.newest.manifest.as_of_us
        self.zone = BusinessZone(self.newest.manifest.zone)

    @cached_property
    def base(self) -> str:
        """Fingerprint of what every step is made from: code, engines, data, instant, zone."""
        return fingerprint(
            code(), {name: version(name) for name in ENGINES}, data(self.home), self.as_of_us,
            self.zone.name, risk.trusted(self.home) if self.config.clean else None,
        )  # fmt: skip

    @cached_property
    def opened(self) -> tuple[Past, Any]:
        """The history and its facts; opened only when a step has something to make."""
        return opened(self.home, self.as_of_us, self.zone, clean=self.config.clean)

    @cached_property
    def plan(self) -> Plan:
        """What the history says of the run."""
        return Plan.of(self.history.value)

    @cached_property
    def ground(self) -> fit.Ground:
        """What all fits share, with the usual item–item matrix."""
        return fit.Ground(*self.opened, self.plan.settings, self.config)

    @cached_property
    def known(self) -> fit.Ground:
        """The same with the weights of ties that knew nothing of the first window."""
        early = self.ties.value["early"]
        return replace(self.ground, ties=Fitted.of(early) if early else None)

    @cached_property
    def chosen(self) -> fit.Ground:
        """The same with the matrix that was chosen."""
        return replace(self.known, similar=forms.choice(self.similar.value))

    @property
    def tested(self) -> Parts:
        """What is put to the test: sources as of the start of the last window, and the ranker."""
        return replace(self.models[-2].value, feed=self.ranker.value)

    def shelf(self, given: Shelf | None) -> Shelf:
        """Where outputs are kept."""
        return given or Shelf(self.home.work)


@lru_cache
def code() -> str:
    """Fingerprint of every source file that a step may run."""
    found = []
    for package in (features, recsys, training):
        root = Path(str(package.__file__)).parent
        outside = {root / name for name in OUTSIDE}
        files = [path for path in root.rglob("*.py") if not outside & set(path.parents)]
        found.append(of_files(root, files))
    return fingerprint(found)


def data(home: Home) -> str:
    """Fingerprint of what the history is read from: the canonical tables and who was forgotten."""
    files = [*(home.root / "tables").rglob("*.parquet"), *home.root.glob("tombstones.json")]
    return of_files(home.root, files)
