"""Steps of sharing: who will open what somebody shares."""

from dataclasses import asdict, replace
from typing import Any

from features.frames import sharing as frame
from features.items import Items
from recsys.ranking.lambdamart import LambdaMart
from training import evaluate
from training.circles import Circles
from training.config import TrainConfig
from training.examples import sharing
from training.past import Past
from training.shelf import Json
from training.split import Window
from training.steps import forms
from training.steps.course import Course
from training.steps.progress import Step


def sharer(course: Course, step: Step) -> None:
    """The ranker of share targets, and its figures; neither where hardly anything is shared."""
    config, test = course.config, course.plan.windows[-1]
    model = course.models[-2]
    course.sharer = step.keep(
        forms.Ranker(),
        lambda: learn_sharing(course.opened[0], model.value.items, test, course.as_of_us, config),
        course.history, model,
        config.shares, config.shares_each, config.fewest_shares, asdict(config.sharing),
    )  # fmt: skip

    def judge() -> dict[str, Any]:
        ranker = course.sharer.value
        if ranker is None:
            return {}
        later = sharing.shares(course.opened[0], Window(test.start_us, course.as_of_us))
        circles = Circles(course.opened[0])
        judged = evaluate.evaluate_sharing(ranker, later, circles, model.value.items)
        return judged.table(step.rng)

    course.shared = step.keep(Json(), judge, course.history, model, course.sharer)


def learn_sharing(
    past: Past, items: Items, test: Window, as_of_us: int, config: TrainConfig
) -> LambdaMart | None:
    """Fit the share ranker on the shares before the test window; None where hardly any is shared.

    The last fifth of them stops the growth.
    """
    before = sharing.shares(past, Window(0, test.start_us), known_us=test.start_us)
    before = before.newest(config.shares, config.shares_each)
    later = sharing.shares(past, Window(test.start_us, as_of_us))
    if len(before.queries) < config.fewest_shares or not len(later.queries):
        return None
    return fit_sharing(Circles(past), items, before, config)


def fit_sharing(
    circles: Circles, items: Items, before: sharing.Shares, config: TrainConfig
) -> LambdaMart:
    """Learn the share ranker: the last fifth says how many trees, then all shares teach."""
    cut = len(before.queries) * 4 // 5
    train, valid = (
        sharing.taught(circles, items, part)
        for part in (before.part(0, cut), before.part(cut, len(before.queries)))
    )
    columns, ways = list(frame.COLUMNS), frame.directions()
    stopped = LambdaMart.fit(train, valid, columns, config.sharing, config.seed, ways)
    whole = replace(config.sharing, rounds=max(stopped.rounds, 1))
    return LambdaMart.fit(train.with_(valid), None, columns, whole, config.seed, ways)
