"""The step of outcomes: what may come of showing an item, beside what the feed is trained for."""

from functools import partial

from features.catalogue import CATALOGUE
from recsys.ranking.outcomes import Outcomes
from training import outcomes
from training.outcomes import Drawn
from training.steps import forms, impressions
from training.steps.course import Course
from training.steps.progress import Step


def chances(course: Course, step: Step) -> None:
    """Forests of clicks, carts, orders, shares, dislikes; calibrated on the window after theirs."""
    course.outcomes = step.keep(
        forms.Chances(),
        partial(_learned, course, step),
        course.history, course.popularity, course.models[-3], course.models[-4], course.ranker,
        course.config.queries, course.config.negatives, *course.shown[-2:],
        course.config.fewest_impressions,
    )  # fmt: skip


def _learned(course: Course, step: Step) -> Outcomes | None:
    ranker = course.ranker.value
    if ranker is None:
        return None
    train, valid = (_drawn(course, step, place) for place in (-3, -2))
    return outcomes.fit(ranker, train, valid, course.config.seed, impressions.pair(course))


def _drawn(course: Course, step: Step, place: int) -> Drawn:
    """Candidates of a window, asked of the sources of its start."""
    window, model = course.plan.windows[place], course.models[place - 1]  # the last is of today
    which = CATALOGUE[course.popularity.value]
    past = course.chosen.past
    return outcomes.draw(past, model.value, window, which, course.config, step.rng)
