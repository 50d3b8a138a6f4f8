"""A training run: history → examples → rankers → evaluation → bundle, as one readable list."""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from features import snapshot
from features.catalogue import CATALOGUE
from features.clock import BusinessZone
from features.counters import Counter
from features.frames import feed as feed_frame
from features.frames import sharing as sharing_frame
from features.home import Home
from features.items import Items
from recsys.bundle import Bundle, Parts
from recsys.component import Source
from recsys.moment import Moment
from recsys.ranking.lambdamart import LambdaMart
from training import evaluate, fit, leakage, metrics, split
from training.circles import Circles
from training.config import TrainConfig
from training.examples import feed, sharing
from training.past import Past
from training.retrieval import near
from training.split import Window

Step = Callable[[str], AbstractContextManager[None]]

ASKED = 1_000
"""People asked at most which item–item matrix foretells best."""

STEPS = (
    "history",
    "popularity",
    "similar items",
    "feed examples",
    "feed ranker",
    "sources",
    "leakage",
    "evaluation",
    "sharing",
    "bundle",
)
"""What a run goes through."""


@dataclass
class Steps:
    """How long each step took, and the peak memory of the process until its end."""

    done: list[dict[str, Any]] = field(default_factory=list)
    notice: Callable[[str], None] = lambda name: None

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a step."""
        self.notice(name)
        start = perf_counter()
        yield
        self.done.append({
            "name": name,
            "seconds": round(perf_counter() - start, 2),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        })


@dataclass(frozen=True)
class Trained:
    """What a run yields.

    Parameters
    ----------
    bundle : Bundle
        Written below the home's ``bundles``.
    metrics : mapping
        ``feed`` and ``sharing``: method → measures, on the test window.
    windows : mapping of str to Window
        What trained, validated and tested.
    importance : mapping of str to mapping
        Ranker → column → gain.
    steps : list of mapping
        Name, seconds, peak memory.
    """

    bundle: Bundle
    metrics: Mapping[str, Any]
    windows: Mapping[str, Window]
    importance: Mapping[str, Mapping[str, float]]
    steps: list[dict[str, Any]]


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
    """
    rng = np.random.default_rng(config.seed)
    newest = snapshot.latest(home)
    as_of, zone = newest.manifest.as_of_us, BusinessZone(newest.manifest.zone)
    with steps("history"):
        connection, rows = snapshot.connect_facts(home, as_of, zone)
        past = Past(connection, zone)
        ground = fit.Ground(past, rows, fit.settings(past, config), config)
        spans = windows(past, ground.settings.target, config)
    with steps("popularity"):
        which = choose_popularity(ground, spans[-2], rng)
    with steps("similar items"):
        ground = replace(ground, similar=choose_similar(ground, spans[-2], rng))
    with steps("feed examples"):
        examples = [_examples(ground, window, which, rng) for window in spans[:-1]]
    with steps("feed ranker"):
        ranker = LambdaMart.fit(
            feed.together(examples[:-1]),
            examples[-1],
            list(feed_frame.COLUMNS),
            config.feed,
            config.seed,
        )
    with steps("sources"):
        tested = replace(fit.sources(ground, spans[-1].start_us, which.name), feed=ranker)
    with steps("leakage"):
        leakage.refuse(leakage.check(ground, tested, which, spans[-1]))
    found: dict[str, Any] = {}
    with steps("evaluation"):
        found["feed"] = feed_metrics(ground, tested, spans[-1], which, rng)
    with steps("sharing"):
        sharer, judged = learn_sharing(past, tested.items, spans[-1], as_of, config, rng)
        if judged:
            found["sharing"] = judged
    with steps("bundle"):
        sources = fit.sources(ground, as_of, which.name)
        parts = replace(
            sources,
            references=newest.references,
            audience=Circles(past).audience(sources.items, as_of),
            feed=ranker,
            sharing=sharer,
        )
        named = {
            "train": Window(spans[0].start_us, spans[-2].start_us),
            "valid": spans[-2],
            "test": spans[-1],
        }
        bundle = Bundle.write(
            parts, home.bundles, as_of,
            {
                "run_id": run_id,
                "metrics": found,
                "popularity": which.name,
                "similar": asdict(ground.similar),
                "config": config.plain(),
                "windows": {name: [one.start_us, one.end_us] for name, one in named.items()},
            },
        )  # fmt: skip
    importance = {"feed": ranker.importance, "sharing": sharer.importance if sharer else {}}
    return Trained(bundle, found, named, importance, steps.done)


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


def _worth(ground: fit.Ground, asked: feed.Asked, pairs: Sequence[tuple[Source, Moment]]) -> float:
    """NDCG@20 of a source alone at the moments of the queries."""
    lists = []
    for source, moment in pairs:
        slate = source.propose(moment, 10 * evaluate.K)
        if not ground.settings.repeats:
            slate = slate.keep(~np.isin(slate.codes, moment.bought))
        lists.append(feed.ranked(slate, slate.scores[source.name], evaluate.K))
    ndcg = metrics.ndcg_at_k(np.stack(lists), asked.relevant, evaluate.K)
    return float(np.nanmean(ndcg))


def feed_metrics(
    ground: fit.Ground, parts: Parts, window: Window, which: Counter, rng: np.random.Generator
) -> dict[str, Any]:
    """Metrics of every method on a window that nothing was fitted on."""
    past, config = ground.past, ground.config
    asked = feed.ask(past, parts.items, parts.settings, window, config.queries, rng)
    proposed = list(feed.propose(past, parts, asked, which))
    rows = feed.rows(past, parts.items, asked.queries, proposed)
    counts = fit.counts_before(past, parts.items, window.start_us, parts.settings.target)
    judged = evaluate.evaluate_feed(parts, asked, proposed, rows, counts)
    return judged.table(rng)


def learn_sharing(
    past: Past, items: Items, test: Window, as_of_us: int, config: TrainConfig,
    rng: np.random.Generator,
) -> tuple[LambdaMart | None, dict[str, Any]]:  # fmt: skip
    """Fit and judge the share ranker; (None, {}) where hardly anything is shared.

    The shares before the test window teach, the last fifth of them stops the growth.
    """
    before = sharing.shares(past, Window(0, test.start_us), known_us=test.start_us)
    before = before.newest(config.shares, config.shares_each)
    later = sharing.shares(past, Window(test.start_us, as_of_us))
    if len(before.queries) < config.fewest_shares or not len(later.queries):
        return None, {}
    circles = Circles(past)
    ranker = fit_sharing(circles, items, before, config)
    return ranker, evaluate.evaluate_sharing(ranker, later, circles, items).table(rng)


def fit_sharing(
    circles: Circles, items: Items, before: sharing.Shares, config: TrainConfig
) -> LambdaMart:
    """Learn the share ranker: the last fifth says how many trees, then all shares teach."""
    cut = len(before.queries) * 4 // 5
    train, valid = (
        sharing.taught(circles, items, part)
        for part in (before.part(0, cut), before.part(cut, len(before.queries)))
    )
    columns = list(sharing_frame.COLUMNS)
    stopped = LambdaMart.fit(train, valid, columns, config.sharing, config.seed)
    whole = replace(config.sharing, rounds=max(stopped.rounds, 1))
    return LambdaMart.fit(train.with_(valid), None, columns, whole, config.seed)


def windows(past: Past, target: str, config: TrainConfig) -> list[Window]:
    """Cut the time of the target's events as a configuration says."""
    at_us = past.connection.execute(
        "SELECT at_us FROM facts WHERE event = $target AND item_id IS NOT NULL", {"target": target}
    ).fetchnumpy()["at_us"]
    return split.windows(np.asarray(at_us, dtype=np.int64), config.cuts, past.zone)


def _examples(ground: fit.Ground, window: Window, which: Counter, rng: np.random.Generator) -> Any:
    parts = fit.sources(ground, window.start_us, which.name)
    asked = feed.ask(ground.past, parts.items, parts.settings, window, ground.config.queries, rng)
    return feed.groups(ground.past, parts, asked, which, ground.config.negatives, rng)
