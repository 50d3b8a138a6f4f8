"""The step that asks the bundle in service about the same days, person by person.

What it finds depends on who is champion, so it is no part of the bundle: it is written beside it,
and promotion reads it there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.errors import BundleError
from features.frames import feed as frame
from features.strength import Fitted
from recsys.bundle import Bundle, Parts
from training import champion as service
from training import config as settings
from training import drift, evaluate, fit
from training.circles import Circles
from training.examples import sharing
from training.metrics import bootstrap_interval
from training.retrieval import near
from training.shelf import Json
from training.split import Window
from training.steps.course import Course
from training.steps.judging import judge_feed
from training.steps.progress import Step

Floats = npt.NDArray[np.float64]


def rival(course: Course, step: Step) -> None:
    """Challenger and champion on the same queries; how far the data have moved since."""
    now = service.read(course.home)
    course.rival = step.keep(
        Json(),
        lambda: compare(course, step, now.sha) if now else {"reason": "there is no champion yet"},
        now.sha if now else None, course.evaluation, course.sharer, course.models[-2],
        course.profile, course.config.queries,
    )  # fmt: skip


def compare(course: Course, step: Step, sha: str) -> dict[str, Any]:
    """Figures of the champion beside ours.

    Returns
    -------
    mapping
        ``champion`` (its checksum) and either ``reason`` (why nothing can be said) or ``metrics``
        (surface → ``champion`` → measures), ``paired`` (surface → slice → both means, the
        difference with its interval, the number of queries) and ``drift`` (column → PSI).
    """
    test = course.plan.windows[-1]
    try:
        bundle = Bundle.open(course.home.bundles / sha)
    except BundleError as error:
        return {"champion": sha, "reason": str(error)}
    if bundle.manifest["windows"]["test"][0] > test.start_us:
        return {"champion": sha, "reason": "its rankers have learned from the days of this test"}
    theirs = as_of(course, bundle, test.start_us)
    which = CATALOGUE[bundle.manifest["popularity"]]
    judged = judge_feed(course.chosen, theirs, test, which, step.rng_of("evaluation"))
    columns = bundle.manifest.get("profile", {}).get("columns", {})
    found: dict[str, Any] = {
        "champion": sha,
        "metrics": {"feed": {"champion": judged.metrics["full"]}},
        "paired": {"feed": paired(course.evaluation.value.values, judged.values, step.rng)},
        "drift": drift.psi(course.examples[-1].value.rows, list(frame.COLUMNS), columns),
    }
    if course.sharer.value is not None and theirs.sharing is not None:
        later = sharing.shares(course.opened[0], Window(test.start_us, course.as_of_us))
        circles = Circles(course.opened[0])
        ours, other = (
            evaluate.evaluate_sharing(ranker, later, circles, theirs.items)
            for ranker in (course.sharer.value, theirs.sharing)
        )
        found["metrics"]["sharing"] = {"champion": other.table(step.rng)["full"]}
        found["paired"]["sharing"] = paired(
            {"all": ours.gained["full"]}, {"all": other.gained["full"]}, step.rng
        )
    return found


def as_of(course: Course, bundle: Bundle, at_us: int) -> Parts:
    """The rankers of a bundle over sources fitted its way on what came before an instant."""
    similar = near.Choice(**bundle.manifest["similar"])
    own = settings.of(bundle.manifest["config"])
    weights = bundle.manifest.get("ties")
    early = Fitted.of(weights) if weights else None
    ground = replace(course.ground, config=own, similar=similar, ties=early)
    fitted = fit.sources(ground, at_us, bundle.manifest["popularity"])
    return replace(fitted, feed=bundle.parts.feed, sharing=bundle.parts.sharing)


def paired(
    ours: Mapping[str, Floats], theirs: Mapping[str, Floats], rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """Difference of two methods on the same queries, slice by slice.

    Parameters
    ----------
    ours, theirs : mapping of str to ndarray, float64, shape (queries,)
        Slice → value of every query, NaN outside.
    rng : numpy.random.Generator
        Resamples.

    Examples
    --------
    >>> one, other = np.array([0.5, 0.5, np.nan]), np.array([0.25, 0.25, np.nan])
    >>> found = paired({"all": one}, {"all": other}, np.random.default_rng(0))["all"]
    >>> found["difference"], found["low"], found["high"], found["queries"]
    (0.25, 0.25, 0.25, 2)
    """
    found = {}
    for name in [name for name in ours if name in theirs]:
        gap = ours[name] - theirs[name]
        if not np.isnan(gap).all():
            low, high = bootstrap_interval(gap, rng)
            found[name] = {
                "ours": float(np.nanmean(ours[name])),
                "theirs": float(np.nanmean(theirs[name])),
                "difference": float(np.nanmean(gap)),
                "low": low,
                "high": high,
                "queries": int(np.count_nonzero(~np.isnan(gap))),
            }
    return found
