"""Steps of the feed: what popularity and likeness mean, sources, rows, ranker, judgement."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial, reduce
from typing import Any

import numpy as np

from features.catalogue import CATALOGUE
from features.clock import DAY_US
from features.counters import Counter
from features.frames import feed as frame
from recsys.bundle import Parts
from recsys.component import Source
from recsys.moment import Moment
from recsys.ranking.lambdamart import Groups, LambdaMart, ndcg
from training import evaluate, fit, leakage, metrics, split
from training.config import TrainConfig
from training.examples import feed
from training.examples.shown import Shown
from training.past import Past
from training.retrieval import near
from training.shelf import Json, Kept
from training.split import Window
from training.steps import forms
from training.steps.course import Course
from training.steps.progress import Step

ASKED = 1_000
"""People asked at most which item–item matrix foretells best."""


def history(course: Course, step: Step) -> None:
    """What is to be foretold, and how time is cut."""

    def make() -> dict[str, Any]:
        past, _ = course.opened
        settings = fit.settings(past, course.config)
        spans = windows(past, settings.target, course.config)
        return forms.Plan(settings, tuple(spans)).plain()

    config = course.config
    course.history = step.keep(
        Json(), make, config.cuts, config.days, config.repeats_from, config.candidates
    )


def popularity(course: Course, step: Step) -> None:
    """The counter that popularity means."""
    course.popularity = step.keep(
        Json(),
        lambda: choose_popularity(course.ground, course.plan.windows[-2], step.rng).name,
        course.history, course.config.queries,
    )  # fmt: skip


def similar(course: Course, step: Step) -> None:
    """The item–item matrix that is served."""
    course.similar = step.keep(
        Json(),
        lambda: asdict(choose_similar(course.ground, course.plan.windows[-2], step.rng)),
        course.history, min(course.config.queries, ASKED),
    )  # fmt: skip


def models(course: Course, step: Step) -> None:
    """Sources as of the start of every window, and of today."""
    form = forms.Sources(course.plan.settings)
    course.models = [
        step.keep(
            form,
            partial(_fitted, course, at_us),
            at_us, course.history, course.ties, course.popularity, course.similar,
            asdict(course.config.als),
        )
        for at_us in (*(one.start_us for one in course.plan.windows), course.as_of_us)
    ]  # fmt: skip


def examples(course: Course, step: Step) -> None:
    """Rows of every window but the last, which nothing is fitted on."""
    course.examples = [
        step.keep(
            forms.Rows(),
            partial(_rows, course, step, window, model),
            model, course.history, course.config.queries, course.config.negatives,
        )
        for window, model in zip(course.plan.windows[:-1], course.models, strict=False)
    ]  # fmt: skip


def ranker(course: Course, step: Step) -> None:
    """The ranker of the feed; the last window of the rows says how many trees.

    Where enough lists are known that were shown, another one learns from these too, and is taken
    where it ranks that window better.
    """
    train = [one.value for one in course.examples[:-1]]
    valid, needs = course.examples[-1], (*course.examples, asdict(course.config.feed))
    course.ranker = step.keep(
        forms.Ranker(),
        lambda: _ranker(course, feed.together(train), course.watch),
        *needs,
    )
    lists = [one.value for one in course.shown[:-1]]
    course.listened = False
    if sum(map(len, lists)) < max(course.config.fewest_impressions, 1):
        return
    listening = step.keep(
        forms.Ranker(),
        lambda: _ranker(course, with_lists(train, lists)),
        *needs, *course.shown[:-1],
    )  # fmt: skip
    if better(listening.value, course.ranker.value, valid.value, course.config.feed.eval_at):
        course.ranker, course.listened = listening, True


def better(one: LambdaMart | None, other: LambdaMart | None, valid: Groups, k: int) -> bool:
    """Whether a ranker has a higher NDCG at ``k`` than another on rows that taught neither."""
    if one is None or other is None:
        return False
    return ndcg(one.score(valid.rows), valid, k) > ndcg(other.score(valid.rows), valid, k)


def with_lists(examples: Sequence[Groups], lists: Sequence[Shown]) -> Groups:
    """Rows of candidates, and then those of lists that were shown."""
    return reduce(Groups.with_, map(Shown.groups, lists), feed.together(list(examples)))


def honesty(course: Course, step: Step) -> None:
    """Whether rows know the future.

    Raises
    ------
    LeakageError
        When they do.
    """
    window = course.plan.windows[-1]
    found = step.keep(
        Json(),
        lambda: leakage.check(course.chosen, course.tested, _which(course), window),
        course.history, course.models[-2], course.ranker,
    )  # fmt: skip
    leakage.refuse(found.value)


def choose_popularity(ground: fit.Ground, window: Window, rng: np.random.Generator) -> Counter:
    """ITEM counter whose top 20 foretell a window best, by NDCG@20."""
    past = ground.past
    items = fit.catalogue(ground, window.start_us)
    asked = feed.ask(past, items, ground.settings, window, ground.config.queries, rng)
    moments = list(past.moments(asked.queries, items.ids))
    worth = {}
    for name in fit.half_lives():
        popular = feed.daily_popularity(past, items, CATALOGUE[name])
        worth[name] = _worth(ground, asked, [(popular(one.at_us), one) for one in moments])
    return CATALOGUE[max(worth, key=lambda name: worth[name])]


def choose_similar(ground: fit.Ground, window: Window, rng: np.random.Generator) -> near.Choice:
    """Item–item matrix whose top 20 foretell a window best, by NDCG@20."""
    past = ground.past
    items = fit.catalogue(ground, window.start_us)
    asked = feed.ask(past, items, ground.settings, window, min(ground.config.queries, ASKED), rng)
    moments = list(past.moments(asked.queries, items.ids))
    return near.choose(
        fit.interactions(past, items, window.start_us),
        lambda similar: _worth(ground, asked, [(similar, one) for one in moments]),
    )


def windows(past: Past, target: str, config: TrainConfig) -> list[Window]:
    """Cut the time of the target's events as a configuration says."""
    rows = past.connection.execute(
        "SELECT at_us FROM facts WHERE event = $target AND item_id IS NOT NULL", {"target": target}
    ).fetchnumpy()
    at_us = np.asarray(rows["at_us"], dtype=np.int64)
    if config.days and len(at_us):
        at_us = at_us[at_us >= at_us.max() - config.days * DAY_US]
    return split.windows(at_us, config.cuts, past.zone)


def _which(course: Course) -> Counter:
    return CATALOGUE[course.popularity.value]


def _fitted(course: Course, at_us: int) -> Parts:
    return fit.sources(course.chosen, at_us, course.popularity.value)


def _ranker(
    course: Course, train: Groups, watch: Callable[[int, float], None] | None = None
) -> LambdaMart:
    valid, config = course.examples[-1].value, course.config
    columns = list(frame.COLUMNS)
    return LambdaMart.fit(train, valid, columns, config.feed, config.seed, watch=watch)


def _rows(course: Course, step: Step, window: Window, model: Kept[Parts]) -> Groups:
    ground, parts, rng = course.chosen, model.value, step.rng
    asked = feed.ask(ground.past, parts.items, parts.settings, window, ground.config.queries, rng)
    return feed.groups(ground.past, parts, asked, _which(course), ground.config.negatives, rng)


def _worth(ground: fit.Ground, asked: feed.Asked, pairs: Sequence[tuple[Source, Moment]]) -> float:
    """NDCG@20 of a source alone at the moments of the queries."""
    lists = []
    for source, moment in pairs:
        slate = source.propose(moment, 10 * evaluate.K)
        if not ground.settings.repeats:
            slate = slate.keep(~np.isin(slate.codes, moment.bought))
        lists.append(feed.ranked(slate, slate.scores[source.name], evaluate.K))
    if not lists:
        return 0.0
    ndcg = metrics.ndcg_at_k(np.stack(lists), asked.relevant, evaluate.K)
    return 0.0 if np.isnan(ndcg).all() else float(np.nanmean(ndcg))
