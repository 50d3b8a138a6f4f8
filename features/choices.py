"""What people decided about themselves, read back from the history: who they are, and their say.

Consents, the personalisation switch and deleted tags are events (``features.controls``); a batch
job must know them as the online state does, or it would forget them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from features import columns as c
from features import events as e

if TYPE_CHECKING:  # serving knows what a Say is, and does without these
    import duckdb
    import pyarrow as pa

    from features.history import History

_DECIDED = f"""
    WITH said AS (
        SELECT {c.USER}, event, reason, at_us, coalesce(received_us, at_us) AS received_us,
               message_id
        FROM events
        WHERE event = '{e.CONSENT_UPDATED}'
           OR event = '{e.TAG_SUPPRESSED}' AND reason IS NOT NULL
           OR event = '{e.PERSONALIZATION_TOGGLED}' AND reason IN ('on', 'off')
    )
    SELECT {c.USER},
        last(coalesce(reason, '') ORDER BY at_us, received_us, message_id)
            FILTER (event = '{e.CONSENT_UPDATED}') AS scopes,
        max(at_us) FILTER (event = '{e.CONSENT_UPDATED}') AS scopes_us,
        last(reason = 'on' ORDER BY at_us, received_us, message_id)
            FILTER (event = '{e.PERSONALIZATION_TOGGLED}') AS switched_on,
        list(DISTINCT reason ORDER BY reason)
            FILTER (event = '{e.TAG_SUPPRESSED}') AS suppressed
    FROM said GROUP BY {c.USER}
"""

_PEOPLE = f"""
    SELECT known.* REPLACE (
            coalesce(known.{c.USER}, decided.{c.USER}) AS {c.USER},
            CASE WHEN scopes_us >= coalesce(known.{c.VALID_FROM}, 0)
                 THEN list_filter(string_split(scopes, ','), lambda scope: scope <> '')
                 ELSE known.consents END AS consents
        ),
        coalesce(switched_on, TRUE) AS personalized,
        coalesce(suppressed, []) AS suppressed
    FROM known FULL JOIN decided ON known.{c.USER} = decided.{c.USER}
    ORDER BY {c.USER}
"""


def people(history: "History", at_us: int) -> "pa.Table":
    """Everyone with a profile or a decision, as of an instant.

    Parameters
    ----------
    history : History
        Canonical tables.
    at_us : int
        T: events before it, profiles in force.

    Returns
    -------
    pyarrow.Table
        Columns of ``users``, with the consents of whichever came later, the profile or the event;
        plus ``personalized`` (bool) and ``suppressed`` (list of str).
    """
    with history.connect(end_us=at_us) as connection:
        connection.register("known", history.users(at_us))
        connection.execute(f"CREATE TABLE decided AS {_DECIDED}")
        return connection.sql(_PEOPLE).to_arrow_table()


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
        With the views ``events`` and ``users``.
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
    connection.register("asked", asked)
    rows = connection.execute(_AT).fetchall()
    connection.unregister("asked")
    return [
        Say(
            None if scopes is None else frozenset(scopes),
            frozenset(suppressed or ()),
            switched_on is not False,
        )
        for scopes, suppressed, switched_on in rows
    ]


_AT = f"""
    WITH scoped AS (
        SELECT {c.USER}, {c.VALID_FROM} AS since, consents AS scopes FROM users
        UNION ALL
        SELECT {c.USER}, at_us,
            list_filter(string_split(coalesce(reason, ''), ','), lambda scope: scope <> '')
        FROM events WHERE event = '{e.CONSENT_UPDATED}'
    ), switched AS (
        SELECT {c.USER}, at_us AS since, reason = 'on' AS switched_on FROM events
        WHERE event = '{e.PERSONALIZATION_TOGGLED}' AND reason IN ('on', 'off')
    ), deleted AS (
        SELECT a.row, list(DISTINCT d.reason) AS suppressed
        FROM asked a JOIN events d ON d.{c.USER} = a.{c.USER} AND d.at_us < a.asked_us
        WHERE d.event = '{e.TAG_SUPPRESSED}' AND d.reason IS NOT NULL GROUP BY a.row
    )
    SELECT s.scopes, deleted.suppressed, w.switched_on
    FROM asked a
    ASOF LEFT JOIN scoped s ON a.{c.USER} = s.{c.USER} AND s.since < a.asked_us
    ASOF LEFT JOIN switched w ON a.{c.USER} = w.{c.USER} AND w.since < a.asked_us
    LEFT JOIN deleted USING (row)
    ORDER BY a.row
"""
