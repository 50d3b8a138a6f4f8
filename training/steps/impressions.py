"""The step of impressions: what stood in the lists that were shown, and what came of it."""

from functools import partial
from typing import Any

from features.catalogue import CATALOGUE
from features.clock import HOUR_US
from recsys.bundle import Parts
from training import impressions, outcomes
from training.examples import shown
from training.examples.shown import Shown
from training.shelf import Kept
from training.split import Window
from training.steps import forms
from training.steps.course import Course
from training.steps.progress import Step


def lists(course: Course, step: Step) -> None:
    """Rows of lists shown in every window but the last, which nothing is fitted on."""
    config = course.config
    course.shown = [
        step.keep(
            forms.Lists(),
            partial(_taught, course, step, window, model),
            model, course.history, config.impressions, config.acted_within,
        )
        for window, model in zip(course.plan.windows[:-1], course.models, strict=False)
    ]  # fmt: skip


def pair(course: Course) -> tuple[Shown, Shown] | None:
    """Lists that teach and calibrate chances, if there are enough."""
    found = (course.shown[-2].value, course.shown[-1].value)
    return found if outcomes.enough(found, course.config.fewest_impressions) else None


def said(course: Course) -> dict[str, Any]:
    """How much was shown and used, and what was learned of it; empty where nothing was shown."""
    every = [one.value for one in course.shown]
    if not sum(one.shown for one in every):
        return {}
    chances = pair(course)
    return {
        "lists": sum(len(one.sizes) for one in every),
        "shown": sum(one.shown for one in every),
        "used": sum(map(len, every)),
        "came": {name: int(sum(one.labels[name].sum() for one in every)) for name in every[0].labels},
        "ranker": course.listened,
        "outcomes": [] if chances is None else list(outcomes.placed(chances)),
        "per_showing": chances is not None,
    }


def _taught(course: Course, step: Step, window: Window, model: Kept[Parts]) -> Shown:
    config, past, parts = course.config, course.chosen.past, model.value
    asked = outcomes.watched(parts.settings.target)
    if not config.impressions:
        return shown.nothing(asked)
    within_us = int(config.acted_within * HOUR_US)
    found = impressions.read(
        past, course.home, window, asked, within_us, config.impressions, step.rng
    )
    return shown.taught(past, parts, found, CATALOGUE[course.popularity.value])
