"""From a segment to a send list, step by step: consent, a way there, risk, caps, quiet, control."""

from collections.abc import Iterator
from dataclasses import dataclass

import ibis

from features import columns as c
from features.errors import UnknownName
from features.store.contacts import Ledger
from recsys.guards import loud_at
from recsys.segments import reach
from recsys.segments.control import GLOBAL, HELD, PROGRAMME, TARGET, Holding
from recsys.segments.desk import Desk
from recsys.segments.language import Condition
from recsys.segments.sizing import SMALL, hidden

FAKES = ("brush", "coupon_farm", "fake_help")
"""Flags of ``features.risk`` that are of a person."""

_STEPS = (
    ("consent", "未同意该渠道", "do not consent to the channel", "NOT consents"),
    ("reachable", "该渠道无法触达", "no way to them on the channel", "NOT way"),
    ("risk", "风险账号", "accounts that look fake", "risky"),
    ("caps", "触达频次已满", "at a cap of the contact ledger", "capped"),
    (GLOBAL, "全局对照组", "held back from every campaign", f"arm = '{GLOBAL}'"),
    (PROGRAMME, "项目对照组", "held back from the programme", f"arm = '{PROGRAMME}'"),
    (HELD, "活动对照组", "held back from this campaign", f"arm = '{HELD}'"),
)
"""Name, its words, and the condition under which a person leaves there."""


@dataclass(frozen=True)
class Step:
    """One step of a waterfall.

    Parameters
    ----------
    name, zh, en : str
        Which.
    removed : int or None
        People who leave; None where fewer than ``SMALL`` but not none.
    people : int
        Who is left; in tens, rounded down, once a number was hidden.
    """

    name: str
    zh: str
    en: str
    removed: int | None
    people: int


@dataclass(frozen=True)
class Waterfall:
    """A segment on its way to a channel.

    Parameters
    ----------
    channel : str
        The channel.
    segment : int or None
        People in it; None, and no steps, where they are too few to tell of.
    steps : list of Step
        In order; the last one's ``people`` is the send list.
    send_at_us : int
        When it may be sent: the instant asked for, or the end of quiet hours.
    as_of_us : int
        The instant of segment and consents; caps are those of the instant asked for.
    """

    channel: str
    segment: int | None
    steps: list[Step]
    send_at_us: int
    as_of_us: int


def waterfall(
    desk: Desk, ledger: Ledger, condition: Condition, channel: str, at_us: int, holding: Holding
) -> Waterfall:
    """Count who is left after each step.

    Parameters
    ----------
    desk : Desk
        The snapshot: segment, consents, channels, risk.
    ledger : Ledger
        The caps.
    condition : Condition
        The segment.
    channel : str
        One of ``reach.CHANNELS``.
    at_us : int
        When it is to be sent.
    holding : Holding
        Who is held back.

    Raises
    ------
    UnknownName
        When there is no such channel.
    """
    if channel not in reach.CHANNELS:
        raise UnknownName.among("channel", channel, reach.CHANNELS)
    send_at = loud_at(at_us, desk.ground.zone)
    reach.prepare(desk)
    dealt = {salt: desk.ground.buckets(salt).get_name() for _, salt, _ in holding.cuts}
    members = ibis.to_sql(desk.members(condition), dialect="duckdb")
    desk.make(f"CREATE OR REPLACE TEMP TABLE asked_for AS {members}")
    inside = desk.sql(f"SELECT {c.USER} FROM asked_for")
    capped = ledger.capped(inside[c.USER].to_pylist(), channel, send_at)
    whole = hidden(inside.num_rows)
    if not whole:
        return Waterfall(channel, whole, [], send_at, desk.as_of_us)
    arms = "".join(
        f'WHEN {c.USER} IN (SELECT {c.USER} FROM "{dealt[salt]}" WHERE bucket < {below}) '
        f"THEN '{arm}' "
        for arm, salt, below in holding.cuts
    )
    cases = " ".join(f"WHEN {test} THEN '{name}'" for name, _, _, test in _STEPS)
    rows = desk.sql(
        f"""
        WITH risky AS ({_risky(desk)}), over AS (SELECT unnest($capped::VARCHAR[]) AS {c.USER}),
        told AS (
            SELECT coalesce(consents, TRUE) AS consents, coalesce(way, FALSE) AS way,
                {c.USER} IN (FROM risky) AS risky, {c.USER} IN (FROM over) AS capped,
                CASE {arms} ELSE '{TARGET}' END AS arm
            FROM asked_for LEFT JOIN (FROM reach WHERE channel = $channel) USING ({c.USER})
        )
        SELECT CASE {cases} ELSE '{TARGET}' END AS step, count(*) AS people FROM told GROUP BY 1
        """,
        channel=channel, capped=capped,
    )  # fmt: skip
    left = {row["step"]: int(row["people"]) for row in rows.to_pylist()}
    return Waterfall(channel, whole, list(_told(whole, left)), send_at, desk.as_of_us)


def _risky(desk: Desk) -> str:
    path = desk.newest.folder / "risk.parquet"
    if not path.is_file():
        return f"SELECT NULL::VARCHAR AS {c.USER} WHERE FALSE"
    flags = ", ".join(f"'{one}'" for one in FAKES)
    place = str(path).replace("'", "''")
    return f"SELECT {c.USER} FROM read_parquet('{place}') WHERE flag IN ({flags})"


def _told(people: int, left: dict[str, int]) -> Iterator[Step]:
    exact = True
    for name, zh, en, _ in _STEPS:
        gone = left.get(name, 0)
        people -= gone
        exact &= not 0 < gone < SMALL  # else a small number could be had by subtraction
        shown = people if exact else people // 10 * 10
        yield Step(name, zh, en, hidden(gone), shown)
