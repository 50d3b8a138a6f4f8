"""What people decided about themselves, read back from the history: who they are, and their say.

Consents, the personalisation switch and deleted tags are events (``features.controls``); a batch
job must know them as the online state does, or it would forget them.
"""

import pyarrow as pa

from features import columns as c
from features import events as e
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


def people(history: History, at_us: int) -> pa.Table:
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
