"""The daily refresh: a bundle brought up to today without learning everything anew.

    sources   fitted again on all that is known by now, in the ways the bundle had chosen
    ranker    the bundle's, with more trees where the days since say that they help
    chances   of the ranker's score, judged again if the ranker changed
    kept      the share ranker, what may come of showing an item, chances of group buys

Beforehand the days since judge the bundle as it was: its lists for people who came then. Those are
the figures of the refreshed bundle; nothing else was ever put to the test.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.clock import format_instant
from features.errors import InputError, MissingStep
from features.frames import feed as frame
from features.home import Home
from features.strength import Fitted
from recsys.bundle import Bundle, Parts
from recsys.ranking.lambdamart import Groups, LambdaMart
from recsys.ranking.outcomes import TARGET, Line
from training import champion, drift, fit, groupbuys
from training import config as settings
from training.calibration import Platt
from training.circles import Circles
from training.examples import feed
from training.latency import measure
from training.retrieval import near
from training.run import Trained
from training.shelf import full_disk
from training.split import Window
from training.steps import ties
from training.steps.course import Course
from training.steps.forms import Judged
from training.steps.judging import Put, describe, judged, put
from training.steps.progress import Steps

HELD = 1 / 3
"""Part of the people of the days since who say how many trees are added; the others teach."""

MORE = 0.1
"""Trees added at most, as a part of those that a full run may grow."""

FEWEST = 100
"""People since, without whom nothing is judged, the ranker stays, and so do the figures."""

PATIENCE = 10
"""Rounds without a better NDCG on the held people before the growth stops."""


def base(home: Home) -> Bundle:
    """The bundle to go on from: the one in service, else the newest.

    Raises
    ------
    MissingStep
        When there is none.
    """
    now = champion.read(home)
    if now is not None:
        return Bundle.open(home.bundles / now.sha)
    folders = [one.parent for one in home.bundles.glob("*/manifest.json")]
    if not folders:
        raise MissingStep(
            f"no bundle to refresh in {home.root}", next_step="run `huoren train` once"
        )
    return max(map(Bundle.open, folders), key=lambda one: one.as_of_us)


@dataclass(frozen=True)
class Since:
    """What happened since a bundle was made.

    Parameters
    ----------
    course : Course
        The history of now.
    bundle : Bundle
        As it was.

    Raises
    ------
    InputError
        When the newest snapshot is no newer than the bundle, or the bundle has no ranker.
    """

    course: Course
    bundle: Bundle

    def __post_init__(self) -> None:
        now, then = self.course.as_of_us, self.bundle.as_of_us
        if now <= then:
            raise InputError(
                f"nothing is known after bundle {self.bundle.version}",
                expected=f"a snapshot after {format_instant(then)}",
                got=format_instant(now),
                next_step="run `huoren features` first",
            )
        if self.bundle.parts.feed is None:
            raise InputError(
                f"bundle {self.bundle.version} has no ranker", next_step="run `huoren train`"
            )

    @property
    def ranker(self) -> LambdaMart:
        """As it was."""
        assert self.bundle.parts.feed is not None
        return self.bundle.parts.feed

    @cached_property
    def window(self) -> Window:
        """The days since."""
        return Window(self.bundle.as_of_us, self.course.as_of_us)

    @cached_property
    def ground(self) -> fit.Ground:
        """The history, with everything chosen as the bundle had chosen it."""
        said = self.bundle.manifest
        weights = said.get("ties")
        return fit.Ground(
            *self.course.opened, self.bundle.settings, self.course.config,
            near.Choice(**said["similar"]), Fitted.of(weights) if weights else None,
        )  # fmt: skip

    @cached_property
    def given(self) -> Put:
        """People who came in the days since, and what the bundle proposed to them."""
        which = CATALOGUE[self.bundle.manifest["popularity"]]
        most = self.course.config.queries
        return put(self.ground.past, self.bundle.parts, self.window, which, most, self.rng)

    @property
    def enough(self) -> bool:
        """Whether so many people came that they can judge and teach."""
        return len(self.given.proposed) >= FEWEST

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator that depends on the settings and the days."""
        return np.random.default_rng([self.course.config.seed, self.window.start_us])

    @cached_property
    def held(self) -> npt.NDArray[np.bool_]:
        """Queries that teach nothing."""
        size = len(self.given.proposed)
        found: npt.NDArray[np.bool_] = self.rng.permutation(size) < round(HELD * size)
        return found

    @cached_property
    def ends(self) -> npt.NDArray[np.int64]:
        """Where the rows of each query begin, and the end; int64, shape (queries + 1,)."""
        return np.cumsum([0, *(len(one.slate) for one in self.given.proposed)])

    def groups(self, queries: npt.NDArray[np.bool_]) -> Groups:
        """Rows of some queries: all candidates that were acted on, and some others."""
        rng, chosen, marks = self.rng, [], []
        grades = feed.grades(self.given.asked, self.given.proposed)
        for i in np.flatnonzero(queries).tolist():
            if (grades[i] == feed.WANTED).any():
                own = feed.picked(grades[i], self.course.config.negatives, rng)
                chosen.append(self.ends[i] + own)
                marks.append(grades[i][own])
        nothing = np.zeros(0, dtype=np.int64)
        return Groups(
            self.given.rows[np.concatenate([nothing, *chosen])],
            np.concatenate([nothing, *marks]),
            np.array([len(one) for one in chosen], dtype=np.int64),
        )

    def came(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        """Rows of all candidates of the held queries, and 1 where the target came."""
        labels = feed.labels(self.given.asked, self.given.proposed)
        kept = np.repeat(self.held, np.diff(self.ends))
        happened = np.concatenate([np.zeros(0, dtype=np.bool_), *labels])
        return self.given.rows[kept], happened[kept].astype(np.float64)


def continued(since: Since) -> LambdaMart:
    """The ranker with more trees; as it was where they help nobody."""
    config = since.course.config.feed
    few = replace(config, rounds=max(1, round(MORE * config.rounds)), patience=PATIENCE)
    if not since.enough:
        return since.ranker
    train, valid = since.groups(~since.held), since.groups(since.held)
    return since.ranker.continued(train, valid, few, since.course.config.seed)


def parts(since: Since, ranker: LambdaMart) -> Parts:
    """Sources of now, the ranker, and what is kept."""
    old, course = since.bundle.parts, since.course
    fresh = fit.sources(since.ground, course.as_of_us, since.bundle.manifest["popularity"])
    return replace(
        fresh,
        references=ties.standing(course, since.bundle.manifest.get("ties")),
        audience=Circles(course.opened[0]).audience(fresh.items, course.as_of_us),
        feed=ranker,
        sharing=old.sharing,
        chances=old.chances,
        launches=groupbuys.launches(course.opened[0], fresh.items, course.as_of_us),
        outcomes=old.outcomes,
    )


def recalibrated(since: Since, made: Parts) -> tuple[Parts, dict[str, float]]:
    """How scores become chances: as before, unless the ranker is another one."""
    before: dict[str, float] = since.bundle.manifest["calibration"]["feed"]
    rows, came = since.came()
    if made.feed is since.ranker or made.feed is None or not 0 < came.sum() < len(came):
        return made, before
    scores = made.feed.score(rows)
    if made.outcomes is not None and TARGET in made.outcomes.lines:
        lines = {**made.outcomes.lines, TARGET: _line(since, rows, scores, came)}
        made = replace(made, outcomes=replace(made.outcomes, lines=lines))
    return made, asdict(Platt.fit(scores, came))


def _line(
    since: Since, rows: npt.NDArray[np.float32], scores: npt.NDArray[np.float64],
    came: npt.NDArray[np.float64],
) -> Line:  # fmt: skip
    """The chance of the target by the new score; of one showing, if it was that before."""
    known = since.bundle.parts.outcomes
    if known is None or not since.bundle.manifest.get("impressions", {}).get("per_showing"):
        return Line.fit(scores, came)
    return Line.fit(scores, known.lines[TARGET](since.ranker.score(rows)))


def refresh(home: Home, old: Bundle, steps: Steps, run_id: str | None = None) -> Trained:
    """Bring a bundle up to the newest snapshot and write it as another one.

    Parameters
    ----------
    home : Home
        With a snapshot newer than the bundle.
    old : Bundle
        To go on from.
    steps : Steps
        Told of each step.
    run_id : str, optional
        Of the tracking run, for the manifest.

    Raises
    ------
    InputError
        When nothing is known after the bundle.
    StoreError
        When the disk is full.
    """
    course = Course(home, settings.of(old.manifest["config"]), run_id)
    since, shelf = Since(course, old), course.shelf(steps.shelf)
    with steps.run("days since", shelf, "", 0):
        found = judgement(since)
    with steps.run("more trees", shelf, "", 0):
        ranker = continued(since)
    with steps.run("sources of now", shelf, "", 0):
        made, chances = recalibrated(since, parts(since, ranker))
        told = said(since, found, chances)
        with full_disk(home.root):
            bundle = Bundle.write(made, home.bundles, course.as_of_us, told)
    with steps.run("answer times", shelf, "", 0):
        latency = {"feed": measure(bundle, course.opened[0])}
    columns = old.manifest["profile"]["columns"]
    moved = drift.psi(since.given.rows, list(frame.COLUMNS), columns) if since.enough else {}
    return Trained(
        bundle,
        told["metrics"],
        {"train": Window(*old.manifest["windows"]["train"]), "test": since.window},
        {"feed": ranker.importance, "sharing": made.sharing.importance if made.sharing else {}},
        found.shown | {"profile": describe(course)},
        {"champion": old.manifest["sha"], "metrics": {}, "paired": {}, "drift": moved}
        | {"latency": latency},
        steps.done,
    )


def judgement(since: Since) -> Judged:
    """The bundle as it was, judged on the days since; as before where hardly anybody came."""
    old = since.bundle
    if not since.enough:
        return Judged(old.manifest["metrics"]["feed"], {}, {})
    platt = Platt(**old.manifest["calibration"]["feed"])
    return judged(since.ground, old.parts, since.window, since.given, since.rng, platt)


def said(since: Since, found: Judged, chances: Mapping[str, float]) -> dict[str, Any]:
    """What the manifest says: as before where nothing else is known."""
    old, now = since.bundle.manifest, since.course.as_of_us
    columns = old["profile"]["columns"]
    if since.enough:
        columns = drift.profile(since.given.rows, list(frame.COLUMNS))
    metrics = {name: one for name, one in old["metrics"].items() if name != "feed"}
    return {
        **{name: old[name] for name in ("popularity", "similar", "config", "ties")},
        "impressions": old.get("impressions", {}),
        "run_id": since.course.run_id,
        "metrics": metrics | {"feed": found.metrics},
        "calibration": {"feed": dict(chances)},
        "profile": {"history": describe(since.course), "columns": columns},
        "refreshed": old["sha"],
        "windows": {
            "train": old["windows"]["train"],
            "valid": [since.window.start_us, since.window.end_us],
            "test": [now, now],  # nothing: a later run may compare from here on
        },
    }
