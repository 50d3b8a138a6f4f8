"""The step of ties: how strong a tie is, learned from who met whom."""

from collections.abc import Mapping
from typing import Any

from features import columns as c
from features import strength as of_ties
from features.counters import Key
from features.references import References
from features.strength import Fitted
from training import fit, ties
from training.shelf import Json
from training.steps.course import Course
from training.steps.progress import Step


def strength(course: Course, step: Step) -> None:
    """Weights of ties before the first window, and of today; neither where hardly anybody met.

    Those of today are kept in the home for the next ``huoren features``.
    """

    def make() -> dict[str, Any]:
        past, _ = course.opened
        early = ties.learn(past, course.plan.windows[0].start_us, step.rng)
        now = ties.learn(past, course.as_of_us, step.rng)
        return {
            "early": early.fitted.plain if early and now else None,
            "now": now.fitted.plain if now else None,
            "measured": now.measured if now else {},
        }

    course.ties = step.keep(Json(), make, course.history)
    found = course.ties.value
    if found["now"]:
        Fitted.of(found["now"]).save(course.home, found["measured"])


def references(course: Course) -> References:
    """Those of the snapshot, with ties as strong as was learned, if the ranker knows such ties."""
    found = course.ties.value
    return standing(course, found["now"] if found["early"] else None)


def standing(course: Course, weights: Mapping[str, Any] | None) -> References:
    """Those of the snapshot, with the strength of ties by given weights; without, none."""
    if weights is None:
        return course.newest.references.less(*of_ties.NAMES)
    counters = course.newest.table(Key.USER)
    users = fit.said(course.opened[0], counters[c.USER].to_pylist(), course.as_of_us)
    fitted = Fitted.of(weights)
    return course.newest.references.with_more(*fitted.references(counters, users, course.as_of_us))
