"""Steps that judge the feed: calibration on one window, every figure on the next."""

from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.counters import Counter
from features.frames import feed as frame
from recsys.bundle import Parts
from training import drift, evaluate, explain, fit, slices
from training.calibration import Platt, shares
from training.examples import feed
from training.past import Past
from training.shelf import Json
from training.split import Window
from training.steps.course import Course
from training.steps.forms import Judged, JudgedFiles
from training.steps.progress import Step

Rows = npt.NDArray[np.float32]

CALIBRATED = 1_500
"""People of the validation window whose candidates say how scores become probabilities."""

EXAMPLES = 5
"""Lists that the report shows."""

LATELY = 8
"""Last acts that it shows beside each."""


def calibration(course: Course, step: Step) -> None:
    """How scores become probabilities, on the window before the test."""
    window, model = course.plan.windows[-2], course.models[-3]

    def make() -> dict[str, float]:
        ranker, past, parts = course.ranker.value, course.opened[0], model.value
        assert ranker is not None
        most = min(CALIBRATED, course.config.queries)
        asked = feed.ask(past, parts.items, parts.settings, window, most, step.rng)
        proposed = list(feed.propose(past, parts, asked, CATALOGUE[course.popularity.value]))
        scores = ranker.score(feed.rows(past, parts.items, asked.queries, proposed))
        return asdict(Platt.fit(scores, np.concatenate(feed.labels(asked, proposed))))

    course.calibration = step.keep(
        Json(), make, course.history, model, course.ranker, course.config.queries
    )


def profile(course: Course, step: Step) -> None:
    """What the data are like: counts of the history, and the columns of the ranker's rows."""

    def make() -> dict[str, Any]:
        rows = course.examples[-1].value.rows
        return {
            "history": describe(course),
            "columns": drift.profile(rows, list(frame.COLUMNS)),
        }

    course.profile = step.keep(Json(), make, course.history, course.examples[-1])


def evaluation(course: Course, step: Step) -> None:
    """Figures of every method on the last window."""
    window = course.plan.windows[-1]
    course.evaluation = step.keep(
        JudgedFiles(),
        lambda: judge_feed(
            course.chosen, course.tested, window, CATALOGUE[course.popularity.value], step.rng,
            Platt(**course.calibration.value),
        ),
        course.history, course.models[-2], course.ranker, course.calibration, course.config.queries,
    )  # fmt: skip


def feed_metrics(
    ground: fit.Ground, parts: Parts, window: Window, which: Counter, rng: np.random.Generator
) -> dict[str, Any]:
    """Metrics of every method on a window that nothing was fitted on."""
    return judge_feed(ground, parts, window, which, rng).metrics


def judge_feed(
    ground: fit.Ground, parts: Parts, window: Window, which: Counter, rng: np.random.Generator,
    platt: Platt | None = None,
) -> Judged:  # fmt: skip
    """Judge sources and ranker on a window that nothing was fitted on.

    Parameters
    ----------
    ground : Ground
        The history.
    parts : Parts
        Sources as of the window's start, and the ranker.
    window : Window
        The test.
    which : Counter
        ITEM counter that popularity means.
    rng : numpy.random.Generator
        Who is asked; the same generator asks the same people.
    platt : Platt, optional
        Judges the calibration too.
    """
    given = put(ground.past, parts, window, which, ground.config.queries, rng)
    return judged(ground, parts, window, given, rng, platt)


class Put(NamedTuple):
    """The queries of a window, what was proposed to each, and what the ranker sees of it."""

    asked: feed.Asked
    proposed: list[feed.Proposed]
    rows: Rows


def put(
    past: Past, parts: Parts, window: Window, which: Counter, most: int, rng: np.random.Generator
) -> Put:
    """Ask the sources about people of a window, at most ``most``."""
    asked = feed.ask(past, parts.items, parts.settings, window, most, rng)
    proposed = list(feed.propose(past, parts, asked, which))
    return Put(asked, proposed, feed.rows(past, parts.items, asked.queries, proposed))


def judged(
    ground: fit.Ground, parts: Parts, window: Window, given: Put, rng: np.random.Generator,
    platt: Platt | None = None,
) -> Judged:  # fmt: skip
    """Judge the lists of sources and ranker for queries that were put before."""
    asked, proposed, rows = given
    past = ground.past
    counts = fit.counts_before(past, parts.items, window.start_us, parts.settings.target)
    told = slices.of(past, asked, window, counts)
    lists = evaluate.evaluate_feed(parts, asked, proposed, rows, counts, told)
    found = lists.table(rng)
    if parts.feed is None:
        return Judged(found, {}, {})
    values = {name: one for by in lists.values("full").values() for name, one in by.items()}
    shown: dict[str, Any] = {
        "shap": explain.summary(parts.feed, rows, rng),
        "examples": _examples(parts, asked, proposed, lists.ranked["full"]),
    }
    if platt is not None:
        happened = np.concatenate(feed.labels(asked, proposed))
        shown["calibration"] = shares(platt.probability(parts.feed.score(rows)), happened)
        found["full"]["calibration_error"] = shown["calibration"]["error"]
    return Judged(found, values, shown)


def describe(course: Course) -> dict[str, Any]:
    """Counts of the history: events by kind, people, items, days."""
    connection = course.opened[0].connection
    kinds = connection.execute(
        "SELECT event, count(*) FROM facts GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    people, items, days, first, last = connection.execute(
        "SELECT count(DISTINCT user_id), count(DISTINCT item_id), count(DISTINCT day), "
        "min(day), max(day) FROM facts"
    ).fetchall()[0]
    return {
        "people": people, "items": items, "days": days, "first day": first, "last day": last,
        "events": dict(kinds),
    }  # fmt: skip


def _examples(
    parts: Parts, asked: feed.Asked, proposed: list[feed.Proposed], lists: npt.NDArray[np.int32]
) -> list[dict[str, Any]]:
    """The first queries as a person sees them; nobody is named."""
    indptr, codes = asked.relevant
    found = []
    for i, one in enumerate(proposed[:EXAMPLES]):
        wanted = codes[indptr[i] : indptr[i + 1]]
        best = lists[i][lists[i] >= 0][:LATELY]
        places = {code: place for place, code in enumerate(one.slate.codes.tolist())}
        found.append({
            "lately": parts.items.ids.names(one.moment.acts.codes[:LATELY]),
            "shown": [
                {
                    "item": parts.items.ids.name(code),
                    "because": {
                        name: int(ranks[places[code]])
                        for name, ranks in one.slate.ranks.items()
                        if not np.isnan(ranks[places[code]])
                    },
                    "hit": bool(np.isin(code, wanted)),
                }
                for code in best.tolist()
            ],
            "missed": parts.items.ids.names(np.setdiff1d(wanted, best)[:LATELY]),
        })
    return found
