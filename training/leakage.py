"""Whether training rows know the future: they may not change when what came later is cut off.

Some people of a window are asked at one instant in the middle of it, with the whole history and
with the history cut off at that instant. Whatever differs has looked ahead. What the sources of the
window were fitted on is compared in the same way, cut off at the window's start.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.counters import Counter
from features.errors import LeakageError
from features.frames import feed as feed_frame
from features.frames import sharing as sharing_frame
from features.items import NAMED, Items
from recsys.bundle import Parts
from recsys.slate import Slate
from training import fit
from training.circles import Circles
from training.examples import feed, sharing
from training.fit import Ground
from training.metrics import Relevant
from training.past import Past, Queries
from training.split import Window

PEOPLE = 20
"""How many people of the window are asked."""

CLOSE = 1e-5
"""Relative difference of two float32 values that is rounding, not knowledge."""

_NOT_YET = ", ".join(
    f"if({c.VALID_FROM} <= $at, {name}, NULL) AS {name}"
    for name in ("stock", "status", "expires_us")
)

_VIEWS = {
    "events": f"SELECT * FROM main.events WHERE {c.AT} < $at",
    "facts": f"SELECT * FROM main.facts WHERE {c.AT} < $at",
    "sent_events": f"SELECT * FROM main.sent_events WHERE {c.AT} < $at",
    "users": f"SELECT * FROM main.users WHERE {c.VALID_FROM} < $at",
    "sent_users": f"SELECT * FROM main.sent_users WHERE {c.VALID_FROM} < $at",
    "ties": "SELECT * FROM main.ties WHERE since_us IS NULL OR since_us < $at",
    "sent_ties": "SELECT * FROM main.sent_ties WHERE since_us IS NULL OR since_us < $at",
    "items": (
        f"SELECT * REPLACE ({_NOT_YET}) FROM main.items QUALIFY {c.VALID_FROM} <= $at "
        f"OR row_number() OVER (PARTITION BY {c.ITEM} ORDER BY {c.VALID_FROM}) = 1"
    ),
}
"""The history cut off at an instant. An item that comes later keeps its first version, without what
changes from day to day: ``features.facts`` reads categories and prices from it on purpose."""


def check(ground: Ground, parts: Parts, which: Counter, window: Window) -> list[str]:
    """Names of what changes when the future is cut off; empty when nothing looks ahead.

    Parameters
    ----------
    ground : Ground
        The whole history.
    parts : Parts
        Sources fitted as of the window's start.
    which : Counter
        ITEM counter that popularity means.
    window : Window
        Where queries are made.

    Returns
    -------
    list of str
        Columns of the rankers, ``candidates``, ``score.<source>``, ``people around``,
        ``fitted.<array>``; sorted.
    """
    found = set(_of_sources(ground, window.start_us))
    queries = _people(ground.past, window)
    if len(queries):
        with cut_off(ground.past, int(queries.at_us[0])) as cut:
            found |= set(_of_feed(ground.past, cut, parts, which, queries))
            found |= set(_of_sharing(ground.past, cut, parts.items, queries))
    return sorted(found)


def refuse(leaks: Sequence[str]) -> None:
    """Stop a run that knows the future.

    Raises
    ------
    LeakageError
        When there is any leak.

    Examples
    --------
    >>> refuse([])
    >>> refuse(["item.views_7"])
    Traceback (most recent call last):
    features.errors.LeakageError: training rows know the future (expected ...; got item.views_7 ...
    """
    if leaks:
        raise LeakageError(
            "training rows know the future",
            expected="the same rows when the history ends at the query",
            got=f"{', '.join(leaks[:5])} differing, {len(leaks)} in all",
            next_step="let what computes them look strictly before the query's instant",
        )


@contextmanager
def cut_off(past: Past, at_us: int) -> Iterator[Past]:
    """The history as it was known just before an instant; only while it lasts."""
    then = past.eras.at(at_us) if past.eras else None
    connection = (then[0] if then else past).connection.cursor()
    schema = f"before_{int(at_us)}"
    try:
        connection.execute(f"CREATE SCHEMA {schema}")
        for name, query in _VIEWS.items():
            given = query.replace("$at", str(int(at_us)))
            connection.execute(f"CREATE VIEW {schema}.{name} AS {given}")
        connection.execute(f"SET search_path = '{schema},main'")
        yield Past(connection, past.zone, past.risk)
    finally:
        connection.execute("SET search_path = 'main'")
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.close()


def _people(past: Past, window: Window) -> Queries:
    """People who did most with others, all asked at one instant in the middle of their acts."""
    middle, people = past.connection.execute(
        f"SELECT quantile_disc(middle, 0.5), list({c.USER} ORDER BY {c.USER}) FROM ("
        f"  SELECT {c.USER}, quantile_disc({c.AT}, 0.5) AS middle FROM facts"
        f"  WHERE {c.AT} >= $start AND {c.AT} < $end GROUP BY {c.USER}"
        f"  ORDER BY count({c.PEER}) DESC, {c.USER} LIMIT {PEOPLE})",
        {"start": window.start_us, "end": window.end_us},
    ).fetchall()[0]
    users = people or []
    return Queries(users, np.full(len(users), middle or 0, dtype=np.int64))


def _of_sources(ground: Ground, at_us: int) -> Iterator[str]:
    then = ground.then(at_us)
    with cut_off(then.past, at_us) as cut:
        rows = then.rows.filter(then.rows[c.AT] < at_us)
        known = replace(then, past=cut, rows=rows)
        whole, short = (_fitted(one, at_us) for one in (then, known))
    for name, values in whole.items():
        if not _same(values, short[name]):
            yield f"fitted.{name}"


def _fitted(ground: Ground, at_us: int) -> Mapping[str, npt.NDArray[Any]]:
    """What sources are fitted on."""
    items = fit.catalogue(ground, at_us)
    arrays = ("price_fen", "listed_us", "expires_us", "on_sale")
    interactions = fit.interactions(ground.past, items, at_us)
    lookups = fit.references(ground, at_us).lookups
    return {
        **{name: one.values for name, one in lookups.items()},
        "ids": items.ids.hashes,
        "interactions": np.sort(interactions.data),
        **{name: getattr(items, name) for name in arrays},
        **{name: items.coded[name] for name in NAMED},
        **items.counters,
    }


def _of_feed(
    past: Past, cut: Past, parts: Parts, which: Counter, queries: Queries
) -> Iterator[str]:
    nothing = Relevant(np.zeros(len(queries) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    asked = feed.Asked(queries, nothing, np.zeros(len(queries), dtype=np.int64))
    whole, short = (list(feed.propose(one, parts, asked, which)) for one in (past, cut))
    yield from _of_slates([one.slate for one in whole], [one.slate for one in short])
    placed = [replace(now, slate=then.slate) for now, then in zip(short, whole, strict=True)]
    yield from _differing(
        feed_frame.COLUMNS,
        feed.rows(past, parts.items, queries, whole),
        feed.rows(cut, parts.items, queries, placed),
    )


def _of_slates(whole: Sequence[Slate], short: Sequence[Slate]) -> Iterator[str]:
    for one, other in zip(whole, short, strict=True):
        if not np.array_equal(one.codes, other.codes):
            yield "candidates"
            continue
        for name, scores in one.scores.items():
            if not _same(scores, other.scores[name]):
                yield f"score.{name}"


def _of_sharing(past: Past, cut: Past, items: Items, queries: Queries) -> Iterator[str]:
    shared = items.ids.names(range(min(len(queries), len(items))))
    asked = sharing.Shares(
        Queries(queries.users[: len(shared)], queries.at_us[: len(shared)]),
        shared,
        [frozenset()] * len(shared),
    )
    whole, short = (sharing.candidates(Circles(one), items, asked) for one in (past, cut))
    if not all(
        np.array_equal(getattr(whole, name), getattr(short, name)) for name in ("query", "peers")
    ):
        yield "people around"
        return
    yield from _differing(sharing_frame.COLUMNS, whole.rows, short.rows)


def _differing(
    names: Iterable[str], whole: npt.NDArray[np.float32], short: npt.NDArray[np.float32]
) -> Iterator[str]:
    for i, name in enumerate(names):
        if not _same(whole[:, i], short[:, i]):
            yield name


def _same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    if one.shape != other.shape or one.dtype.kind != "f":
        return np.array_equal(one, other)
    return bool(np.allclose(one, other, rtol=CLOSE, atol=1e-7, equal_nan=True))
