"""What people decided about themselves, read back from the history: who they are, and their say.

Consents, the personalisation switch and deleted tags are events (``features.controls``); a batch
job must know them as the online state does, or it would forget them. Who has several ids decides
with each of them, and the most restrictive counts (``features.merging``).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from features import columns as c
from features import events as e
from features.identities import ordered

if TYPE_CHECKING:  # serving knows what a Say is, and does without these
    import duckdb
    import pyarrow as pa

    from features.history import History

_DECIDED = f"""
    WITH said AS (
        SELECT {c.USER}, event, reason, at_us, coalesce(received_us, at_us) AS received_us,
               message_id
        FROM sent_events
        WHERE event = '{e.CONSENT_UPDATED}'
           OR event = '{e.TAG_SUPPRESSED}' AND reason IS NOT NULL
           OR event = '{e.PERSONALIZATION_TOGGLED}' AND reason IN ('on', 'off')
    )
    SELECT {c.USER},
        last(coalesce(reason, '') ORDER BY at_us, received_us, message_id)
            FILTER (event = '{e.CONSENT_UPDATED}') AS scopes,
        max(at_us) FILTER (event = '{e.CONSENT_UPDATED}') AS scopes_us,
        max(at_us) FILTER (event = '{e.PERSONALIZATION_TOGGLED}') AS switched_us,
        last(reason = 'on' ORDER BY at_us, received_us, message_id)
            FILTER (event = '{e.PERSONALIZATION_TOGGLED}') AS switched_on,
        list(DISTINCT reason ORDER BY reason)
            FILTER (event = '{e.TAG_SUPPRESSED}') AS suppressed
    FROM said GROUP BY {c.USER}
"""

_PEOPLE = f"""
    SELECT known.* REPLACE (
            coalesce(known.{c.USER}, decided.{c.USER}) AS {c.USER},
            CASE WHEN scopes_us >= coalesce(given_us, 0)
                 THEN list_filter(string_split(scopes, ','), lambda scope: scope <> '')
                 ELSE given.consents END AS consents
        ),
        coalesce(switched_on, TRUE) AS personalized,
        coalesce(suppressed, []) AS suppressed,
        greatest(scopes_us, given_us) AS scopes_us,
        switched_us
    FROM known FULL JOIN decided ON known.{c.USER} = decided.{c.USER}
    LEFT JOIN given ON given.{c.USER} = coalesce(known.{c.USER}, decided.{c.USER})
    ORDER BY {c.USER}
"""


def people(history: "History", at_us: int, *, merged: bool = True) -> "pa.Table":
    """Everyone with a profile or a decision, as of an instant.

    Parameters
    ----------
    history : History
        Canonical tables.
    at_us : int
        T: events before it, profiles in force.
    merged : bool
        Whether the ids of one person make one row, or each its own.

    Returns
    -------
    pyarrow.Table
        Columns of ``users``, with the consents of whichever came later, the event or the last
        profile that says any; plus ``personalized`` (bool), ``suppressed`` (list of str), and when
        consents and switch were decided (``scopes_us``, ``switched_us``).
    """
    with history.connect(end_us=at_us) as connection:
        connection.register("known", history.users(at_us))
        connection.execute(f"CREATE TABLE decided AS {_DECIDED}")
        connection.execute(
            f"CREATE TABLE given AS SELECT {c.USER}, max({c.VALID_FROM}) AS given_us, "
            f"arg_max(consents, {c.VALID_FROM}) AS consents FROM sent_users "
            f"WHERE consents IS NOT NULL AND {c.VALID_FROM} <= {int(at_us)} GROUP BY {c.USER}"
        )
        found = connection.sql(_PEOPLE).to_arrow_table()
        persons = connection.execute(
            f"SELECT {c.USER}, person FROM persons ORDER BY ALL"
        ).fetchall()
    return _merged(found, dict(persons)) if merged and persons else found


def _merged(found: "pa.Table", persons: Mapping[str, str]) -> "pa.Table":
    """Rows of the ids of one person as one row, its fields from the main id first."""
    import pyarrow as pa

    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    whole = pa.array([user in persons for user in found[c.USER].to_pylist()], pa.bool_())
    for row in found.filter(whole).to_pylist():
        rows[persons[row[c.USER]]].append(row)
    made = [
        _row(person, [by_id[one] for one in ordered(by_id)])
        for person, several in rows.items()
        for by_id in [{row[c.USER]: row for row in several}]
    ]
    others = found.filter(pa.array([not one for one in whole.to_pylist()], pa.bool_()))
    return pa.concat_tables([others, pa.Table.from_pylist(made, found.schema)]).sort_by(c.USER)


def _row(person: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    registered = [row["registered_us"] for row in rows if row["registered_us"] is not None]
    filled = {
        name: next((row[name] for row in rows if row[name] is not None), None) for name in rows[0]
    }
    return filled | {
        c.USER: person,
        "registered_us": min(registered, default=None),
        "consents": agreed(row["consents"] for row in rows),
        "personalized": all(row["personalized"] for row in rows),
        "suppressed": sorted({tag for row in rows for tag in row["suppressed"]}),
    }


def agreed(given: Iterable[Iterable[str] | None]) -> list[str] | None:
    """Scopes that everybody gave who was asked: what holds for a person of several ids.

    Examples
    --------
    >>> agreed([["share_out", "personalize"], None, ["personalize"]]), agreed([None])
    (['personalize'], None)
    """
    asked = [set(one) for one in given if one is not None]
    return sorted(set.intersection(*asked)) if asked else None


class Say(NamedTuple):
    """What one person has decided by some instant.

    Parameters
    ----------
    consents : frozenset of str or None
        Scopes given; None: not asked yet.
    suppressed : frozenset of str
        Tags deleted.
    personalized : bool
        Whether personalisation is on.
    """

    consents: frozenset[str] | None = None
    suppressed: frozenset[str] = frozenset()
    personalized: bool = True


def at(
    connection: "duckdb.DuckDBPyConnection", user_ids: Sequence[str], at_us: Sequence[int]
) -> list[Say]:
    """What people had decided before given instants, row by row.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        As ``History.connect`` opens it.
    user_ids, at_us : sequences of length n
        Who, and the instant.

    Returns
    -------
    list of Say, length n
    """
    import pyarrow as pa

    asked = pa.table({
        "row": range(len(user_ids)),
        c.USER: pa.array(user_ids, pa.string()),
        "asked_us": pa.array(at_us, pa.int64()),
    })
    for name, query in _SAID.items():  # once for each connection: a run asks again and again
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} AS {query}")
    connection.register("asked", asked)
    rows = connection.execute(_AT).fetchall()
    connection.unregister("asked")
    said: list[list[Say]] = [[] for _ in user_ids]
    for row, scopes, suppressed, switched_on in rows:
        say = Say(
            None if scopes is None else frozenset(scopes),
            frozenset(suppressed or ()),
            switched_on is not False,
        )
        said[row].append(say)
    return [several[0] if len(several) == 1 else strictest(several) for several in said]


def strictest(said: Sequence[Say]) -> Say:
    """What holds for a person who decided with several ids.

    Examples
    --------
    >>> strictest([Say(frozenset({"personalize"})), Say(personalized=False)])
    Say(consents=frozenset({'personalize'}), suppressed=frozenset(), personalized=False)
    """
    scopes = agreed(one.consents for one in said)
    return Say(
        None if scopes is None else frozenset(scopes),
        frozenset().union(*(one.suppressed for one in said)),
        all(one.personalized for one in said),
    )


_SAID = {
    "said_scopes": f"""
        SELECT {c.USER}, {c.VALID_FROM} AS since, consents AS scopes FROM sent_users
        WHERE consents IS NOT NULL
        UNION ALL
        SELECT {c.USER}, at_us,
            list_filter(string_split(coalesce(reason, ''), ','), lambda scope: scope <> '')
        FROM sent_events WHERE event = '{e.CONSENT_UPDATED}'
    """,
    "said_switches": f"""
        SELECT {c.USER}, at_us AS since, reason = 'on' AS switched_on FROM sent_events
        WHERE event = '{e.PERSONALIZATION_TOGGLED}' AND reason IN ('on', 'off')
    """,
    "said_deletions": f"""
        SELECT {c.USER}, at_us, reason FROM sent_events
        WHERE event = '{e.TAG_SUPPRESSED}' AND reason IS NOT NULL
    """,
}
"""Everything that was ever decided, as tables of a connection."""

_AT = f"""
    WITH asked_ids AS (
        SELECT a.row, a.asked_us, coalesce(every.{c.USER}, a.{c.USER}) AS {c.USER}
        FROM asked a
        LEFT JOIN persons own ON a.{c.USER} = own.{c.USER}
        LEFT JOIN persons every ON own.person = every.person
    ), deleted AS (
        SELECT a.row, a.{c.USER}, list(DISTINCT d.reason) AS suppressed
        FROM asked_ids a
        JOIN said_deletions d ON d.{c.USER} = a.{c.USER} AND d.at_us < a.asked_us
        GROUP BY a.row, a.{c.USER}
    )
    SELECT a.row, s.scopes, deleted.suppressed, w.switched_on
    FROM asked_ids a
    ASOF LEFT JOIN said_scopes s ON a.{c.USER} = s.{c.USER} AND s.since < a.asked_us
    ASOF LEFT JOIN said_switches w ON a.{c.USER} = w.{c.USER} AND w.since < a.asked_us
    LEFT JOIN deleted ON deleted.row = a.row AND deleted.{c.USER} = a.{c.USER}
    ORDER BY a.row
"""
