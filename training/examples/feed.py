"""Feed examples: when a person came, what would have been proposed, and what then happened.

A query is a person at the instant of the first act in a window, before that act; only what came
before counts. Candidates come from the sources as they were published before the window,
with popularity as refreshed every day; what the person did from then to the end of the window
makes the labels.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import consent
from features import events as e
from features.clock import DAY_US, Int64s, Refresh
from features.counters import Counter
from features.frames import feed as frame
from features.items import Items
from features.strength import Strength
from features.weights import ACTIVE, INTEREST
from recsys import feed, pipeline
from recsys.bundle import Parts, Settings
from recsys.candidates.popular import Popular
from recsys.moment import Moment
from recsys.query import FeedQuery
from recsys.ranking.lambdamart import Groups
from recsys.slate import Floats, Slate
from training.metrics import Relevant
from training.past import Past, Queries
from training.split import Window


@dataclass(frozen=True)
class Asked:
    """Queries of one window with what was relevant.

    Parameters
    ----------
    queries : Queries
        Who asks when.
    relevant : Relevant
        Item codes that the person then acted on; some queries may have none that counts.
    history : ndarray, int64, shape (q,)
        How many target events each person had before.
    acted : Relevant, optional
        Items that the person then did anything with that says something of a taste.
    """

    queries: Queries
    relevant: Relevant
    history: Int64s
    acted: Relevant | None = None


def ask(
    past: Past,
    items: Items,
    settings: Settings,
    window: Window,
    most: int,
    rng: np.random.Generator,
) -> Asked:
    """Queries of a window, at most ``most`` of them, drawn by chance.

    Nobody is asked who does not want to be known, or whose orders may be fake. What the person had
    bought before is not relevant where people do not buy a thing twice.
    """
    target, repeats = settings.target, settings.repeats
    rows = past.connection.execute(
        f"""
        WITH wanted AS (
            SELECT {c.USER}, {c.ITEM}, {c.AT} FROM facts
            WHERE {c.EVENT} = $target AND {c.ITEM} IS NOT NULL
        ), inside AS (
            SELECT * FROM wanted WHERE {c.AT} >= $start AND {c.AT} < $end
        ), first AS (
            SELECT {c.USER}, min({c.AT}) AS asked FROM facts
            WHERE {c.EVENT} IN (SELECT unnest($active)) AND {c.AT} >= $start AND {c.AT} < $end
            GROUP BY ALL
        )
        SELECT f.{c.USER}, f.asked, list(DISTINCT i.{c.ITEM}) AS items,
            (SELECT count(*) FROM wanted w WHERE w.{c.USER} = f.{c.USER} AND w.{c.AT} < f.asked),
            (SELECT list(DISTINCT a.{c.ITEM}) FROM facts a WHERE a.{c.USER} = f.{c.USER}
                AND a.{c.AT} >= f.asked AND a.{c.AT} < $end AND a.{c.ITEM} IS NOT NULL
                AND a.{c.EVENT} IN (SELECT unnest($acts)))
        FROM first f JOIN inside i ON i.{c.USER} = f.{c.USER} AND ($repeats OR NOT EXISTS (
            SELECT 1 FROM wanted w WHERE w.{c.USER} = i.{c.USER} AND w.{c.ITEM} = i.{c.ITEM}
            AND w.{c.AT} < f.asked))
        GROUP BY ALL ORDER BY ALL
        """,
        {
            "target": target,
            "active": sorted(ACTIVE),
            "acts": sorted(set(INTEREST) - {e.REFUNDED}),
            "start": window.start_us,
            "end": window.end_us,
            "repeats": repeats,
        },
    ).fetchall()
    asked = Queries([row[0] for row in rows], np.array([row[1] for row in rows], dtype=np.int64))
    rows = [
        row
        for row, one in zip(rows, past.say(asked), strict=True)
        if consent.personal(one) and past.honest(row[0])
    ]
    if len(rows) > most:
        rows = [rows[i] for i in np.sort(rng.choice(len(rows), most, replace=False))]
    return Asked(
        Queries([row[0] for row in rows], np.array([row[1] for row in rows], dtype=np.int64)),
        _coded(items, [row[2] for row in rows]),
        np.array([row[3] for row in rows], dtype=np.int64),
        _coded(items, [row[4] or [] for row in rows]),
    )


def _coded(items: Items, lists: list[list[str]]) -> Relevant:
    """Known items of each list."""
    codes = [items.ids.codes(sorted(one)) for one in lists]
    codes = [one[one >= 0] for one in codes]
    ends = np.cumsum([0, *(len(one) for one in codes)])
    return Relevant(ends, np.concatenate([np.zeros(0, dtype=np.int32), *codes]).astype(np.int32))


@dataclass(frozen=True)
class Proposed:
    """What was proposed to one query."""

    moment: Moment
    slate: Slate


def propose(past: Past, parts: Parts, asked: Asked, which: Counter) -> Iterator[Proposed]:
    """Ask the sources for every query, in order; rules applied.

    Parameters
    ----------
    past : Past
        The history.
    parts : Parts
        What was published before the window.
    asked : Asked
        The queries.
    which : Counter
        ITEM counter that popularity means; refreshed at the start of every business day.
    """
    sources = [one for one in feed.lasting(parts) if one.name not in feed.LIVE]
    rules = feed.rules(parts)
    popular = daily_popularity(past, parts.items, which)
    told, shops = Strength.of(parts.references), parts.items.names[c.SHOP]
    moments = past.moments(asked.queries, parts.items.ids, told, shops)
    for user, moment in zip(asked.queries.users, moments, strict=True):
        chosen = [*sources, *feed.daily(parts, popular(moment.at_us))]
        slate, _ = pipeline.propose(chosen, moment, parts.settings.candidates)
        query = FeedQuery(user, k=1, at_us=moment.at_us)
        slate, _ = pipeline.apply(rules, slate, query, moment, parts.items)
        yield Proposed(moment, slate)


def daily_popularity(past: Past, items: Items, counter: Counter) -> Callable[[int], Popular]:
    """Popularity as a service that refreshes every night would have it.

    Returns
    -------
    callable
        Instant → ``Popular`` as of the start of its business day.
    """
    assert counter.half_life is not None
    half_life = counter.half_life.days
    rows = past.connection.sql(
        f"SELECT {c.AT} AS moment, {c.ITEM}, {c.EVENT} FROM facts WHERE {c.ITEM} IS NOT NULL "
        f"AND {c.EVENT} IN (SELECT unnest($events)) ORDER BY {c.AT}",
        params={"events": sorted(counter.events)},
    ).to_arrow_table()
    names = rows[c.ITEM].combine_chunks().dictionary_encode()
    codes = items.ids.codes(names.dictionary.to_pylist())[names.indices.to_numpy()]
    at_us = rows["moment"].to_numpy()
    weights = np.array([counter.events[name] for name in rows[c.EVENT].to_pylist()])
    kept = codes >= 0
    codes, at_us, weights = codes[kept], at_us[kept], weights[kept]
    known: dict[int, Popular] = {}

    def popular(asked_us: int) -> Popular:
        day = int(past.zone.floor(asked_us, Refresh.DAY))
        if day not in known:
            before = int(np.searchsorted(at_us, day))
            since = int(np.searchsorted(at_us, day - 40 * half_life * DAY_US))
            ages = (day - at_us[since:before]) / DAY_US
            worth = weights[since:before] * 2.0 ** (-ages / half_life)
            known[day] = Popular.fit(np.bincount(codes[since:before], worth, len(items)))
        return known[day]

    return popular


def rows(
    past: Past, items: Items, queries: Queries, proposed: list[Proposed]
) -> npt.NDArray[np.float32]:
    """Rows of all candidates, query after query; float32, shape (n, columns).

    They are read for ``AT_ONCE`` candidates at a time: what counters hold in double precision takes
    an order of magnitude more memory than the rows.
    """
    ends = np.cumsum([0, *(len(one.slate) for one in proposed)])
    found = np.empty((int(ends[-1]), len(frame.COLUMNS)), dtype=np.float32)
    cuts = np.searchsorted(ends, np.arange(AT_ONCE, int(ends[-1]), AT_ONCE))
    for low, high in pairwise(np.unique([0, *cuts.tolist(), len(proposed)]).tolist()):
        some = Queries(queries.users[low:high], queries.at_us[low:high])
        found[ends[low] : ends[high]] = _rows(past, items, some, proposed[low:high])
    return found


AT_ONCE = 1_000_000
"""Candidates whose counters are held at once: 1 GB."""


def _rows(
    past: Past, items: Items, queries: Queries, proposed: list[Proposed]
) -> npt.NDArray[np.float32]:
    sizes = [len(one.slate) for one in proposed]
    query = np.repeat(np.arange(len(proposed)), sizes)
    codes = np.concatenate([np.zeros(0, dtype=np.int32), *(one.slate.codes for one in proposed)])
    examples = frame.Examples(queries.users, queries.at_us, query, codes.astype(np.int32))
    raw = frame.offline(past.points, items, examples)
    said = [
        {**feed.slate_columns(one.slate), **one.moment.friends.at(one.slate.codes)}
        for one in proposed
    ]
    raw |= {name: np.concatenate([one[name] for one in said]) for name in said[0]}
    consent.hide(raw, past.say(queries), query)
    return frame.assemble(raw, len(codes))


def labels(asked: Asked, proposed: list[Proposed]) -> list[npt.NDArray[np.bool_]]:
    """Which candidates of each query were relevant."""
    return [np.isin(one.slate.codes, asked.relevant.row(i)) for i, one in enumerate(proposed)]


def grades(asked: Asked, proposed: list[Proposed]) -> list[Int64s]:
    """Gain of each candidate of each query: ``WANTED`` the target, 1 any other act, 0 nothing."""
    return [_grade(asked, i, one) for i, one in enumerate(proposed)]


def _grade(asked: Asked, query: int, one: Proposed) -> Int64s:
    found = WANTED * np.isin(one.slate.codes, asked.relevant.row(query)).astype(np.int64)
    if asked.acted is None:
        return found
    acted = np.isin(one.slate.codes, asked.acted.row(query))
    return np.maximum(found, acted.astype(np.int64))


WANTED = 3
"""Grade of what the feed is to bring about, against 1 for any other act; a gain of 7 against 1."""


def sample(
    asked: Asked, proposed: Iterable[Proposed], negatives: int, rng: np.random.Generator
) -> tuple[Asked, list[Proposed], list[Int64s]]:
    """Keep queries with a relevant candidate and all candidates that were acted on; draw others.

    What is not kept of one query is gone before the next is asked for.

    Returns
    -------
    asked, proposed : Asked, list of Proposed
        What is kept, with ``negatives`` candidates of each query that nothing came of.
    marks : list of ndarray, int64
        Grades of the candidates.
    """
    places, kept, marks = [], [], []
    for i, one in enumerate(proposed):
        grade = _grade(asked, i, one)
        if not (grade == WANTED).any():
            continue
        chosen = picked(grade, negatives, rng)
        places.append(i)
        kept.append(replace(one, slate=one.slate.take(chosen)))
        marks.append(grade[chosen])
    queries = Queries([asked.queries.users[i] for i in places], asked.queries.at_us[places])
    return replace(asked, queries=queries), kept, marks


def picked(grade: Int64s, negatives: int, rng: np.random.Generator) -> Int64s:
    """Places of all candidates that were acted on and of some others, ascending."""
    other = np.flatnonzero(grade == 0)
    drawn = rng.choice(other, min(negatives, len(other)), replace=False)
    return np.sort(np.concatenate([np.flatnonzero(grade), drawn]))


def groups(
    past: Past,
    parts: Parts,
    asked: Asked,
    which: Counter,
    negatives: int,
    rng: np.random.Generator,
) -> Groups:
    """Training rows of one window."""
    drawn, kept, marks = sample(asked, propose(past, parts, asked, which), negatives, rng)
    return Groups(
        rows(past, parts.items, drawn.queries, kept),
        np.concatenate([np.zeros(0, dtype=np.int64), *marks]).astype(np.int64),
        np.array([len(one.slate) for one in kept], dtype=np.int64),
    )


def together(parts: list[Groups]) -> Groups:
    """Rows of several windows, one after the other."""
    return Groups(
        np.concatenate([one.rows for one in parts]),
        np.concatenate([one.labels for one in parts]),
        np.concatenate([one.sizes for one in parts]),
    )


def ranked(slate: Slate, scores: Floats, k: int) -> npt.NDArray[np.int32]:
    """The best ``k`` codes, padded with −1; candidates without a score are left out."""
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    order = order[~np.isnan(scores[order])][:k]
    found = np.full(k, -1, dtype=np.int32)
    found[: len(order)] = slate.codes[order]
    return found
