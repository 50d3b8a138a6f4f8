"""Steps of group buys and of prompts: chances, and what fills groups."""

from dataclasses import dataclass
from pathlib import Path

from recsys.bundle import open_chances, save_chances
from recsys.candidates.launches import Launches
from recsys.ranking.logit import Logit
from training import groupbuys
from training.groupbuys import Learned
from training.shelf import Json
from training.steps.course import Course
from training.steps.progress import Step


def chances(course: Course, step: Step) -> None:
    """Chances of filling, joining and sharing, their figures, and what fills groups."""
    test, model, now = course.plan.windows[-1], course.models[-2], course.models[-1]
    found: list[Learned] = []

    def learned() -> Learned:
        if not found:
            past, items = course.opened[0], model.value.items
            found.append(groupbuys.learn(past, items, test, course.as_of_us))
        return found[0]

    course.chances = step.keep(Chances(), lambda: dict(learned().chances), course.history, model)
    course.chanced = step.keep(
        Json(), lambda: {name: dict(one) for name, one in learned().metrics.items()},
        course.history, model, course.chances,
    )  # fmt: skip
    course.launches = step.keep(
        Launched(),
        lambda: groupbuys.launches(course.opened[0], now.value.items, course.as_of_us),
        course.history, now,
    )  # fmt: skip


@dataclass(frozen=True)
class Chances:
    """Regressions by what they foretell, in the files of a bundle."""

    def save(self, value: dict[str, Logit], folder: Path) -> None:
        """Write them."""
        save_chances(value, folder)

    def open(self, folder: Path) -> dict[str, Logit]:
        """Read them."""
        return open_chances(folder)


@dataclass(frozen=True)
class Launched:
    """What fills groups, in the files of a bundle; or nothing."""

    def save(self, value: Launches | None, folder: Path) -> None:
        """Write it."""
        if value is not None:
            value.save(folder)

    def open(self, folder: Path) -> Launches | None:
        """Map it into memory."""
        return Launches.open_any(folder)
