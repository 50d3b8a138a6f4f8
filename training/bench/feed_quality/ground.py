"""What is fitted once and judged by every method: windows, sources, rows, rankers."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.clock import BusinessZone
from features.counters import Counter
from features.frames import feed as frame
from recsys.bundle import Parts
from recsys.ranking.lambdamart import Groups, LambdaMart
from training import fit, outcomes, ties
from training.bench.feed_quality.sets import Opened
from training.config import TrainConfig
from training.examples import feed
from training.examples.shown import Shown
from training.outcomes import Drawn
from training.past import opened as open_past
from training.split import Window, windows
from training.steps import impressions
from training.steps.feed import better, choose_popularity, choose_similar, with_lists

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """The queries of one window, what was proposed to each, and what the ranker sees of it.

    Parameters
    ----------
    asked : feed.Asked
        The queries and what was relevant.
    proposed : list of feed.Proposed
        Candidates after the rules.
    rows : ndarray, float32, shape (candidates of all queries, columns)
        What the ranker sees.
    """

    asked: feed.Asked
    proposed: list[feed.Proposed]
    rows: npt.NDArray[np.float32]

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        """Where the rows of each query begin, and the end; int64, shape (queries + 1,)."""
        return np.cumsum([0, *(len(one.slate) for one in self.proposed)])


@dataclass(frozen=True)
class Learned:
    """What a run learned before the test, and the test's queries.

    Parameters
    ----------
    ground : fit.Ground
        The history.
    parts : Parts
        Sources as of the start of the test, with the ranker.
    window : Window
        The test.
    valid, test : Asked
        Queries of the window before the test, which chooses (without rows), and of the test.
    errors : mapping of str to float
        Expected calibration error of each outcome in the test.
    """

    ground: fit.Ground
    parts: Parts
    window: Window
    valid: Asked
    test: Asked
    errors: Mapping[str, float]


def learn(data: Opened, config: TrainConfig, zone: BusinessZone) -> Learned:
    """Everything up to the scores of the test.

    Parameters
    ----------
    data : Opened
        The set.
    config : TrainConfig
        How to learn.
    zone : BusinessZone
        Where days begin.
    """
    rng = np.random.default_rng(config.seed)
    past, table = open_past(data.home, data.at_us, zone, clean=config.clean)
    ground = fit.Ground(past, table, fit.settings(past, config), config)
    spans = _windows(ground, data)
    log.info("%s; windows %s", ground.settings, ", ".join(map(str, spans)))
    early = ties.learn(past, spans[0].start_us, rng)
    ground = replace(ground, ties=early.fitted if early else None)
    which = choose_popularity(ground, spans[-2], rng)
    ground = replace(ground, similar=choose_similar(ground, spans[-2], rng))
    log.info("popularity %s, %s", which.name, ground.similar)
    examples, valid, lists = [], None, []
    came: list[Drawn] = []
    for window in spans[:-1]:
        parts = fit.sources(ground, window.start_us, which.name)
        asked = feed.ask(past, parts.items, parts.settings, window, config.queries, rng)
        proposed = list(feed.propose(past, parts, asked, which))
        examples.append(_groups(ground, parts, asked, proposed, rng))
        if window in spans[-3:-1]:
            few = config.negatives
            came.append(outcomes.drawn(past, parts, asked, proposed, window, few, rng))
        lists.append(impressions.taught(data.home, past, parts, window, which, config, rng))
        if window is spans[-2]:
            valid = Asked(asked, proposed, np.zeros((0, 0), dtype=np.float32))
        log.info("%s: %d rows", window, len(examples[-1].rows))
    ranker = LambdaMart.fit(
        feed.together(examples[:-1]), examples[-1], list(frame.COLUMNS), config.feed, config.seed
    )
    if sum(map(len, lists[:-1])) >= max(config.fewest_impressions, 1):
        more = with_lists(examples[:-1], lists[:-1])
        listening = LambdaMart.fit(
            more, examples[-1], list(frame.COLUMNS), config.feed, config.seed
        )  # fmt: skip
        if better(listening, ranker, examples[-1], config.feed.eval_at):
            ranker = listening
        log.info(
            "the ranker learned from %d rows of lists: %s", len(more.rows), ranker is listening
        )
    log.info("ranker of %d trees: %s", ranker.rounds, list(ranker.importance.items())[:12])
    pair = (lists[-2], lists[-1])
    shown = pair if outcomes.enough(pair, config.fewest_impressions) else None
    chances = outcomes.fit(ranker, came[0], came[1], config.seed, shown)
    parts = fit.sources(ground, spans[-1].start_us, which.name)
    parts = replace(parts, feed=ranker, outcomes=chances)
    test = _asked(ground, parts, spans[-1], which, rng)
    few, (asked, proposed) = config.negatives, (test.asked, test.proposed)
    told: Drawn | Shown = outcomes.drawn(past, parts, asked, proposed, spans[-1], few, rng)
    if shown is not None:  # chances are those of the first place: so are the rows that judge them
        last = impressions.taught(data.home, past, parts, spans[-1], which, config, rng)
        told = last.first()
    assert valid is not None
    return Learned(ground, parts, spans[-1], valid, test, outcomes.errors(chances, ranker, told))


def _windows(ground: fit.Ground, data: Opened) -> Sequence[Window]:
    at_us = ground.past.connection.execute(
        "SELECT at_us FROM facts WHERE event = $target AND item_id IS NOT NULL ORDER BY at_us",
        {"target": ground.settings.target},
    ).fetchnumpy()["at_us"]
    cuts, times = ground.config.cuts, np.asarray(at_us, dtype=np.int64)
    if data.test_us is None:
        return windows(times, cuts, ground.past.zone)
    earlier = windows(times[times < data.test_us], cuts[1:], ground.past.zone)
    last = replace(earlier[-1], end_us=data.test_us)
    return [*earlier[:-1], last, Window(data.test_us, int(times[-1]) + 1)]


def _asked(
    ground: fit.Ground, parts: Parts, window: Window, which: Counter, rng: np.random.Generator
) -> Asked:
    past = ground.past
    asked = feed.ask(past, parts.items, parts.settings, window, ground.config.queries, rng)
    proposed = list(feed.propose(past, parts, asked, which))
    return Asked(asked, proposed, feed.rows(past, parts.items, asked.queries, proposed))


def _groups(
    ground: fit.Ground, parts: Parts, asked: feed.Asked, proposed: list[feed.Proposed],
    rng: np.random.Generator,
) -> Groups:  # fmt: skip
    """Training rows of candidates that are there already."""
    kept_of, kept, marks = feed.sample(asked, proposed, ground.config.negatives, rng)
    return Groups(
        feed.rows(ground.past, parts.items, kept_of.queries, kept),
        np.concatenate([np.zeros(0, dtype=np.int64), *marks]),
        np.array([len(one.slate) for one in kept], dtype=np.int64),
    )
