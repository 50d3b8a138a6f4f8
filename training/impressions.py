"""What was shown, list by list, and what came of it: the impression log joined with the events.

The service logs the lists it served (``tables/impressions``); an app may send what was really seen
(``Recommendation Shown``). Where it does so for lists of the log, only what was seen counts, with
the place and the propensity of the log; where it has lists of its own, those count too; where it
sends none, everything served counts.

An act belongs to an impression if it names its ``request_id`` and its item. An outcome whose acts
never name a request belongs to the last impression of the item to the person, if it came within a
given time after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features import events as e
from features import tombstones
from features.clock import Int64s
from features.errors import InputError
from features.history import utc_day
from features.home import Home
from training.past import Past
from training.queries import Queries
from training.split import Window

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_LOG = (c.REQUEST, c.ITEM, "position", "propensity", c.USER, c.AT)


@dataclass(frozen=True)
class Impressions:
    """Items shown, list after list.

    Parameters
    ----------
    queries : Queries
        To whom each list was shown, and when.
    lists : ndarray, int64, shape (n,)
        List of each row, ascending.
    items : list of str, length n
        What was shown.
    places : ndarray, float64, shape (n,)
        Where in the list, from 0 at the top; NaN where nobody says.
    propensity : ndarray, float64, shape (n,)
        With what probability this item was shown there; NaN where nobody says.
    came : mapping of str to ndarray, bool, shape (n,)
        Outcome → of which rows it came.
    """

    queries: Queries
    lists: Int64s
    items: list[str]
    places: Floats
    propensity: Floats
    came: Mapping[str, Bools]


def read(
    past: Past, home: Home, window: Window, outcomes: Mapping[str, Sequence[str]],
    within_us: int, most: int, rng: np.random.Generator,
) -> Impressions:  # fmt: skip
    """Lists shown in a window, at most ``most`` of them drawn by chance, with what came of them.

    A row that an act of its own request precedes, by a clock that is wrong, is left out: its
    features would know of the act.

    Parameters
    ----------
    past : Past
        The history.
    home : Home
        With the log.
    window : Window
        In which lists were shown, and by whose end acts count.
    outcomes : mapping of str to sequence of str
        Outcome → events.
    within_us : int
        How long after an impression an act without a request may belong to it.
    most : int
        Lists.
    rng : numpy.random.Generator
        Draws.

    Raises
    ------
    InputError
        When the log cannot be read.
    """
    _expose(past, home, window)
    rows = past.connection.sql(
        f"SELECT {c.REQUEST}, {c.USER}, min({c.AT}) AS {c.AT} FROM exposed "
        f"GROUP BY ALL ORDER BY {c.AT}, {c.REQUEST}, {c.USER}"
    ).to_arrow_table()
    drawn = np.arange(len(rows))
    if len(rows) > most:
        drawn = np.sort(rng.choice(len(rows), most, replace=False))
    chosen = rows.take(pa.array(drawn))
    numbered = chosen.append_column("list", pa.array(np.arange(len(chosen))))
    past.connection.register("chosen_lists", numbered)
    past.connection.execute(
        "CREATE OR REPLACE TEMP TABLE shown AS SELECT e.*, l.list FROM exposed e "
        f"JOIN chosen_lists l USING ({c.REQUEST}, {c.USER})"
    )
    past.connection.unregister("chosen_lists")
    found = _came(past, window, outcomes, within_us)
    at_us = chosen[c.AT].to_numpy().astype(np.int64)
    return Impressions(
        Queries(chosen[c.USER].to_pylist(), at_us),
        found["list"].to_numpy().astype(np.int64),
        found[c.ITEM].to_pylist(),
        found["place"].to_numpy().astype(np.float64),
        found["propensity"].to_numpy().astype(np.float64),
        {name: found[f"came_{i}"].to_numpy() for i, name in enumerate(outcomes)},
    )


def _expose(past: Past, home: Home, window: Window) -> None:
    """Make the table ``exposed``: each (request, person, item) that counts as shown."""
    spans = {"start": window.start_us, "end": window.end_us}
    past.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE seen AS SELECT {c.REQUEST}, {c.USER}, {c.ITEM}, "
        f"min({c.AT}) AS {c.AT}, min(position)::DOUBLE AS place, "
        "arg_min(propensity, position)::DOUBLE AS propensity FROM facts "
        f"WHERE {c.EVENT} = $shown AND {c.REQUEST} IS NOT NULL AND {c.ITEM} IS NOT NULL "
        f"AND {c.AT} >= $start AND {c.AT} < $end GROUP BY {c.REQUEST}, {c.USER}, {c.ITEM}",
        {"shown": e.SHOWN, **spans},
    )
    person = f"coalesce(p.person, l.{c.USER})"
    try:
        past.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE served AS SELECT l.{c.REQUEST}, {person} AS {c.USER}, "
            f"l.{c.ITEM}, min(l.{c.AT}) AS {c.AT}, min(l.position)::DOUBLE AS place, "
            "arg_min(l.propensity, l.position)::DOUBLE AS propensity "
            f"FROM ({_log(home, window)}) l LEFT JOIN persons p ON p.{c.USER} = l.{c.USER} "
            f"WHERE l.{c.AT} >= $start AND l.{c.AT} < $end GROUP BY ALL",
            spans,
        )
    except duckdb.Error as error:
        raise InputError(
            f"{home.table('impressions')} cannot be read",
            expected="parts as `huoren serve` writes them",
            got=str(error).splitlines()[0],
            next_step="put the broken part elsewhere",
        ) from error
    past.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE exposed AS
        WITH told AS (SELECT count(*) > 0 AS by_app FROM seen JOIN served USING ({c.REQUEST}))
        SELECT s.{c.REQUEST}, s.{c.USER}, s.{c.ITEM},
            least(s.{c.AT}, coalesce(l.{c.AT}, s.{c.AT})) AS {c.AT},
            coalesce(l.place, s.place - (SELECT min(place) FROM seen)) AS place,
            coalesce(l.propensity, s.propensity) AS propensity
        FROM seen s LEFT JOIN served l USING ({c.REQUEST}, {c.USER}, {c.ITEM})
        UNION ALL
        SELECT l.* FROM served l, told WHERE NOT by_app
            AND l.{c.REQUEST} NOT IN (SELECT {c.REQUEST} FROM seen)
        """
    )


def _log(home: Home, window: Window) -> str:
    """Query of the log's rows in the days of a window, without people who were forgotten."""
    first, last = utc_day(window.start_us), utc_day(window.end_us - 1)
    files = [
        path
        for path in sorted(home.table("impressions").glob("day=*/*.parquet"))
        if first <= path.parent.name.removeprefix("day=") <= last
    ]
    if not files:
        kinds = ("VARCHAR", "VARCHAR", "SMALLINT", "DOUBLE", "VARCHAR", "BIGINT")
        empty = (f"NULL::{kind} AS {name}" for name, kind in zip(_LOG, kinds, strict=True))
        return f"SELECT {', '.join(empty)} WHERE FALSE"
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    return (
        f"SELECT {', '.join(_LOG)} FROM read_parquet([{paths}], union_by_name = true, "
        f"hive_partitioning = false) WHERE NOT {tombstones.read(home).sql(c.USER)}"
    )


def _came(
    past: Past, window: Window, outcomes: Mapping[str, Sequence[str]], within_us: int
) -> pa.Table:
    """Rows of the chosen lists with one column for each outcome."""
    past.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE acts AS SELECT {c.EVENT}, {c.USER}, {c.ITEM}, {c.REQUEST}, "
        f"{c.AT} FROM facts WHERE {c.ITEM} IS NOT NULL AND {c.AT} >= $start AND {c.AT} < $end "
        f"AND {c.EVENT} IN (SELECT unnest($events))",
        {
            "start": window.start_us,
            "end": window.end_us,
            "events": sorted({one for names in outcomes.values() for one in names}),
        },
    )
    for i, events in enumerate(outcomes.values()):
        past.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE came_{i} AS {_joined(past, events, within_us)}",
            {"events": list(events)},
        )
    columns = "".join(
        f", EXISTS (FROM came_{i} o WHERE {_same('o', c.REQUEST, c.USER, c.ITEM)}) AS came_{i}"
        for i in range(len(outcomes))
    )
    early = f"FROM acts a WHERE {_same('a', c.REQUEST, c.ITEM)} AND a.{c.AT} < s.{c.AT}"
    return past.connection.sql(
        f"SELECT s.*{columns} FROM shown s WHERE NOT EXISTS ({early}) "
        f"ORDER BY list, place, {c.ITEM}"
    ).to_arrow_table()


def _joined(past: Past, events: Sequence[str], within_us: int) -> str:
    """Query of the impressions of which some events came: by request, else by time."""
    some = f"{c.EVENT} IN (SELECT unnest($events))"
    ((named,),) = past.connection.execute(
        f"SELECT count({c.REQUEST}) FROM acts WHERE {some}", {"events": list(events)}
    ).fetchall()
    keys = ", ".join(f"s.{name}" for name in (c.REQUEST, c.USER, c.ITEM))
    if named:
        return (
            f"SELECT DISTINCT {keys} FROM acts a JOIN shown s ON {_same('a', c.REQUEST, c.ITEM)} "
            f"AND a.{c.AT} >= s.{c.AT} WHERE {some}"
        )
    return (
        f"SELECT DISTINCT {keys} FROM acts a ASOF JOIN exposed s ON {_same('a', c.USER, c.ITEM)} "
        f"AND a.{c.AT} >= s.{c.AT} WHERE a.{c.AT} - s.{c.AT} < {int(within_us)} AND {some}"
    )


def _same(other: str, *columns: str) -> str:
    return " AND ".join(f"{other}.{name} = s.{name}" for name in columns)
