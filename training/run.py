"""A training run: history → examples → rankers → evaluation → bundle, as one readable list.

Each step keeps its outputs on the shelf (``training.shelf``), so that a run that was stopped goes
on where it was, and a step whose inputs are those of last time is skipped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from features.errors import UnknownName
from features.home import Home
from recsys.bundle import Bundle
from training.config import TrainConfig
from training.split import Window
from training.steps import (
    closing,
    feed,
    groupbuys,
    impressions,
    judging,
    outcomes,
    rivalry,
    sharing,
    ties,
)
from training.steps.course import Course
from training.steps.progress import Step, Steps, left

__all__ = ["STEPS", "Course", "Steps", "Trained", "go", "train"]

STEPS: Mapping[str, Callable[[Course, Step], None]] = {
    "history": feed.history,
    "ties": ties.strength,
    "popularity": feed.popularity,
    "similar items": feed.similar,
    "candidate models": feed.models,
    "feed examples": feed.examples,
    "impressions": impressions.lists,
    "feed ranker": feed.ranker,
    "outcomes": outcomes.chances,
    "calibration": judging.calibration,
    "data profile": judging.profile,
    "leakage": feed.honesty,
    "evaluation": judging.evaluation,
    "sharing": sharing.sharer,
    "group buys": groupbuys.chances,
    "champion": rivalry.rival,
    "bundle": closing.bundle,
    "latency": closing.latency,
}
"""What a run goes through: each step reads what those before it put into the course."""


@dataclass(frozen=True)
class Trained:
    """What a run yields.

    Parameters
    ----------
    bundle : Bundle
        Written below the home's ``bundles``.
    metrics : mapping
        ``feed`` and ``sharing``: method → measures, on the test window; ``chances``: what is
        foretold → measures; ``ties``: see ``training.ties.Learned``.
    windows : mapping of str to Window
        What trained, validated and tested.
    importance : mapping of str to mapping
        Ranker → column → gain.
    shown : mapping
        ``calibration``, ``shap``, ``examples``, ``profile``: what the report tells beside.
    beside : mapping
        ``champion``, ``paired``, ``drift``, ``latency``: see ``training.beside``.
    steps : list of mapping
        Name, seconds, peak memory, whether it was skipped.
    impressions : mapping
        How much of what was shown was used, and for what; see ``steps.impressions.said``.
    """

    bundle: Bundle
    metrics: Mapping[str, Any]
    windows: Mapping[str, Window]
    importance: Mapping[str, Mapping[str, float]]
    shown: Mapping[str, Any]
    beside: Mapping[str, Any]
    steps: list[dict[str, Any]]
    impressions: Mapping[str, Any] = field(default_factory=dict)


def train(home: Home, config: TrainConfig, steps: Steps, run_id: str | None = None) -> Trained:
    """Learn from the history before the newest snapshot and write a bundle.

    Parameters
    ----------
    home : Home
        With canonical tables and a snapshot.
    config : TrainConfig
        Every setting.
    steps : Steps
        Told of each step.
    run_id : str, optional
        Of the tracking run, for the manifest.

    Raises
    ------
    MissingStep
        When there is no snapshot.
    InputError
        When there is too little to learn from.
    LeakageError
        When rows change with what came after their time.
    StoreError
        When the disk is full.
    """
    course = Course(home, config, run_id)
    go(course, steps)
    return Trained(
        course.bundle,
        closing.figures(course),
        closing.named(course),
        {
            name: kept.value.importance if kept.value else {}
            for name, kept in (("feed", course.ranker), ("sharing", course.sharer))
        },
        course.evaluation.value.shown | {"profile": course.profile.value["history"]},
        course.rival.value | {"latency": course.latency.value},
        steps.done,
        impressions.said(course),
    )


def go(course: Course, steps: Steps) -> None:
    """Run the steps in order, up to ``steps.until``.

    Raises
    ------
    UnknownName
        When there is no such step.
    """
    if steps.until and steps.until not in STEPS:
        raise UnknownName.among("step", steps.until, STEPS)
    shelf, names = course.shelf(steps.shelf), list(STEPS)
    for i, (name, step) in enumerate(STEPS.items()):
        steps.notice(name, left(shelf, names[i:]))
        with steps.run(name, shelf, course.base, course.config.seed) as at_work:
            step(course, at_work)
        if name == steps.until:
            return
    shelf.tidy()
