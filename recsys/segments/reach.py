"""On which channels people can be reached, and may be: consent, and a way to them.

There is a way to somebody on a channel who consented to it by name, or was seen on it within
``SEEN_DAYS`` days: an act there, a message there; on WeCom also a tie to staff. Somebody who was
never asked for consents has not refused; asking is the app's duty.
"""

from features import columns as c
from features.clock import DAY_US
from features.counters import Scope
from recsys.segments.desk import Desk

CHANNELS = {
    "push": Scope.MARKETING_PUSH,
    "sms": Scope.MARKETING_SMS,
    "wecom": Scope.MARKETING_WECOM,
    "oa": Scope.MARKETING_OA,
    "mini_program": Scope.MARKETING_MINI_PROGRAM,
}
"""Channels of messages, and the consent that each needs."""

SEEN_ON = {"push": ("push", "app"), "wecom": ("wecom",)}
"""Values of an event's channel that tell of a way to somebody; else the channel's own name."""

SEEN_DAYS = 180


def prepare(desk: Desk) -> None:
    """Make the table ``reach`` of a desk, once: ``user_id``, ``channel``, ``consents``, ``way``."""
    told = str(desk.newest.folder / "people.parquet").replace("'", "''")
    everybody = desk.ground.people.get_name()
    since = desk.as_of_us - SEEN_DAYS * DAY_US
    asked = ", ".join(f"('{name}', '{scope}')" for name, scope in CHANNELS.items())
    seen = ", ".join(
        f"('{name}', '{one}')" for name in CHANNELS for one in SEEN_ON.get(name, (name,))
    )
    desk.make(f"""
        CREATE TABLE IF NOT EXISTS reach AS
        WITH asked(channel, scope) AS (VALUES {asked}), spelled(channel, seen) AS (VALUES {seen}),
        met AS (
            SELECT DISTINCT {c.USER}, spelled.channel FROM events
            JOIN spelled ON events.channel = spelled.seen WHERE {c.AT} >= {since}
            UNION SELECT {c.USER}, 'wecom' FROM around WHERE contains(tie_type, 'staff')
        )
        SELECT everybody.{c.USER}, asked.channel,
            said.consents IS NULL OR list_contains(said.consents, scope) AS consents,
            coalesce(list_contains(said.consents, scope), FALSE) OR met.{c.USER} IS NOT NULL AS way
        FROM {everybody} AS everybody CROSS JOIN asked
        LEFT JOIN read_parquet('{told}') AS said ON said.{c.USER} = everybody.{c.USER}
        LEFT JOIN met ON met.{c.USER} = everybody.{c.USER} AND met.channel = asked.channel
    """)


def channels_of(desk: Desk, members: str) -> dict[str, int]:
    """People of a query of ``user_id`` that can and may be reached, by channel."""
    prepare(desk)
    rows = desk.sql(f"""
        SELECT channel, count(*) AS people FROM reach
        WHERE consents AND way AND {c.USER} IN ({members}) GROUP BY channel
    """)
    found = {row["channel"]: int(row["people"]) for row in rows.to_pylist()}
    return {name: found.get(name, 0) for name in CHANNELS}
