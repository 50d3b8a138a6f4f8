"""The step of impressions: what stood in the lists that were shown, and what came of it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from features.catalogue import CATALOGUE
from features.clock import HOUR_US
from features.counters import Counter
from features.home import Home
from recsys.bundle import Parts
from training import impressions, outcomes
from training.config import TrainConfig
from training.examples import shown
from training.examples.shown import Shown
from training.past import Past
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
    """How much was shown and used, and what was learned of it; empty where nothing was shown.

    Returns
    -------
    mapping
        ``lists``, ``shown`` (items in them), ``used`` (those that a source proposes too), ``came``
        (outcome → of how many of these), ``ranker`` (whether it learned from them), ``outcomes``
        (whose trees did), ``per_showing`` (whether chances are those of one showing).
    """
    every = [one.value for one in course.shown]
    if not sum(one.shown for one in every):
        return {}
    chances = pair(course)
    return {
        "lists": sum(len(one.sizes) for one in every),
        "shown": sum(one.shown for one in every),
        "used": sum(map(len, every)),
        "came": {
            name: int(sum(one.labels[name].sum() for one in every)) for name in every[0].labels
        },
        "ranker": course.listened,
        "outcomes": [] if chances is None else list(outcomes.placed(chances)),
        "per_showing": chances is not None,
    }


def sentence(told: Mapping[str, Any]) -> str:
    """What ``said`` tells, for people.

    Examples
    --------
    >>> sentence({})
    'none were logged'
    >>> told = {"lists": 2, "shown": 40, "used": 36, "ranker": True, "outcomes": ["click"]}
    >>> sentence(told | {"per_showing": True})
    '36 of 40 items shown in 2 lists used; taught: the ranker, click; chances are those of one
    showing at the first place'
    """
    if not told:
        return "none were logged"
    taught = [*(["the ranker"] if told["ranker"] else []), *told["outcomes"]]
    unit = "one showing at the first place" if told["per_showing"] else "candidates in a window"
    return (
        f"{told['used']:,} of {told['shown']:,} items shown in {told['lists']:,} lists used; "
        f"taught: {', '.join(taught) or 'nothing'}; chances are those of {unit}"
    )


def taught(
    home: Home, past: Past, parts: Parts, window: Window, which: Counter, config: TrainConfig,
    rng: np.random.Generator,
) -> Shown:  # fmt: skip
    """Rows of lists shown in a window, for the sources as of its start."""
    asked = outcomes.watched(parts.settings.target)
    if not config.impressions:
        return shown.nothing(asked)
    within_us = int(config.acted_within * HOUR_US)
    found = impressions.read(past, home, window, asked, within_us, config.impressions, rng)
    return shown.taught(past, parts, found, which)


def _taught(course: Course, step: Step, window: Window, model: Kept[Parts]) -> Shown:
    which, past = CATALOGUE[course.popularity.value], course.chosen.past
    return taught(course.home, past, model.value, window, which, course.config, step.rng)
