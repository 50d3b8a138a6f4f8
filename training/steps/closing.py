"""The last step: everything that was learned becomes a bundle."""

from dataclasses import replace
from typing import Any

from recsys.bundle import Bundle
from training.circles import Circles
from training.latency import measure
from training.shelf import Json, full_disk
from training.split import Window
from training.steps import impressions, ties
from training.steps.course import Course
from training.steps.forms import Audiences
from training.steps.progress import Step


def bundle(course: Course, step: Step) -> None:
    """Sources of today with the rankers, written as a bundle.

    Raises
    ------
    StoreError
        When the disk is full.
    """
    sources = course.models[-1]
    audience = step.keep(
        Audiences(),
        lambda: Circles(course.opened[0]).audience(sources.value.items, course.as_of_us),
        course.history, sources,
    )  # fmt: skip
    parts = replace(
        sources.value,
        references=ties.references(course),
        audience=audience.value,
        feed=course.ranker.value,
        outcomes=course.outcomes.value,
        sharing=course.sharer.value,
        chances=course.chances.value,
        launches=course.launches.value,
    )
    with full_disk(course.home.root):
        course.bundle = Bundle.write(parts, course.home.bundles, course.as_of_us, said(course))


def latency(course: Course, step: Step) -> None:
    """How long the bundle takes to answer on this machine."""
    sha = str(course.bundle.manifest["sha"])
    course.latency = step.keep(
        Json(), lambda: {"feed": measure(course.bundle, course.opened[0])}, sha
    )


def said(course: Course) -> dict[str, Any]:
    """What the manifest says of the run."""
    return {
        "run_id": course.run_id,
        "metrics": figures(course),
        "popularity": course.popularity.value,
        "similar": course.similar.value,
        "calibration": {"feed": course.calibration.value},
        "profile": course.profile.value,
        "config": course.config.plain(),
        "ties": course.ties.value["early"],
        "impressions": impressions.said(course),
        "windows": {name: [one.start_us, one.end_us] for name, one in named(course).items()},
    }


def figures(course: Course) -> dict[str, Any]:
    """Surface → method → measures; a surface that could not be judged is left out."""
    judged = {
        "ties": course.ties.value["measured"],
        "feed": course.evaluation.value.metrics,
        "sharing": course.shared.value,
        "chances": course.chanced.value,
    }
    return {surface: figures for surface, figures in judged.items() if figures}


def named(course: Course) -> dict[str, Window]:
    """What trained, validated and tested."""
    spans = course.plan.windows
    return {
        "train": Window(spans[0].start_us, spans[-2].start_us),
        "valid": spans[-2],
        "test": spans[-1],
    }
