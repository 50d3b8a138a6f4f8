"""Who is asleep, can be reached, and may be moved by it: the list with its reasons.

Asleep is who did nothing for ``days`` days. Reachable is whom some channel may and can reach
(``recsys.segments.reach``). What moves people is read from the best there is: the effect of a past
campaign drawn by lot (``huoren score uplift.CAMPAIGN``), else the chance to come back anyway
(``huoren score silent-to-active``), which says who is likely and not whom a message changes; the
answer says which of the two it was. Ties that could wake somebody are strong ones who were active
within ``AWAKE_DAYS`` days, of people who both give their social graph and of whom neither muted the
other.
"""

from dataclasses import dataclass, field
from typing import Any

import ibis

from features import columns as c
from features.clock import DAY_US
from features.errors import InputError, UnknownName
from recsys.segments import reach
from recsys.segments.desk import Desk
from recsys.segments.language import Condition
from recsys.segments.parse import parse
from recsys.segments.sizing import hidden
from recsys.segments.vocabulary import ACTIVE_EVENTS

AWAKE_DAYS = 7
PROPENSITY = "silent-to-active"
NAMED = 3
"""Ties that are named for each person."""


@dataclass(frozen=True)
class Asleep:
    """What is asked.

    Parameters
    ----------
    days : int
        Without any act.
    channel : str
        Only people whom this channel reaches; empty for any channel.
    model : str
        What persuades: ``uplift.CAMPAIGN`` or a goal's name; empty for the best there is.
    within : Condition, optional
        Only people of a segment.
    k : int
        People listed, the most persuadable first.
    """

    days: int = 30
    channel: str = ""
    model: str = ""
    within: Condition | None = None
    k: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.days <= 3650 or not 1 <= self.k <= 10_000:
            raise InputError(
                "no such list", expected="1 to 3650 days, 1 to 10000 people",
                got=f"{self.days} days, {self.k} people",
            )  # fmt: skip
        if self.channel and self.channel not in reach.CHANNELS:
            raise UnknownName.among("channel", self.channel, reach.CHANNELS)


@dataclass(frozen=True)
class Sleeper:
    """One person on the list.

    Parameters
    ----------
    user_id : str
    days : int or None
        Since the last act; None where none is known.
    channels : list of str
        That may and can reach them.
    score : float or None
        Expected effect, or chance; None where the model says nothing of them.
    ties : list of str
        Strong ties awake, at most ``NAMED``.
    reasons : list of (str, str)
        In Chinese and English.
    """

    user_id: str
    days: int | None
    channels: list[str]
    score: float | None
    ties: list[str]
    reasons: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Silent:
    """Everybody who is asleep, in numbers, and the first of them by name.

    Parameters
    ----------
    asleep, reachable, persuadable, tied : int or None
        People; each number is of the ones before it, ``tied`` of those reachable. None where few.
    by_channel : dict of str to int or None
        Asleep and reachable.
    by_offer : dict of str to int or None
        Asleep, reachable, and moved by the offer of a past campaign: those with an effect above 0.
    model : str
        What orders the list; empty where nothing has been scored.
    causal : bool
        Whether it is an effect, and not a chance.
    verdict : str
        What to make of it.
    people : list of Sleeper
    """

    asleep: int | None
    reachable: int | None
    persuadable: int | None
    tied: int | None
    by_channel: dict[str, int | None]
    by_offer: dict[str, int | None]
    model: str
    causal: bool
    verdict: str
    people: list[Sleeper]


def silent(desk: Desk, asked: Asleep) -> Silent:
    """Find them.

    Raises
    ------
    InputError
        When the model has not been scored.
    """
    reach.prepare(desk)
    model = asked.model or _best(desk)
    quiet = parse({"not": {"event": "*", "within": f"{asked.days}d"}})
    inside = desk.members(quiet)
    if asked.within is not None:
        inside = inside.semi_join(desk.members(asked.within), c.USER)
    desk.make(f"CREATE OR REPLACE TEMP TABLE asleep AS {ibis.to_sql(inside, dialect='duckdb')}")
    scores = "SELECT NULL::VARCHAR AS user_id, NULL::DOUBLE AS score WHERE FALSE"
    if model:
        scores = ibis.to_sql(desk.ground.scores(model), dialect="duckdb")
    desk.make(_LISTED.format(scores=scores), channel=asked.channel)
    since, pairs = desk.as_of_us - AWAKE_DAYS * DAY_US, desk.newest.folder / "pair.parquet"
    desk.make(_TIED, since=since, acts=list(ACTIVE_EVENTS), pairs=str(pairs))
    causal = model.startswith("uplift.")
    above = 0.0 if causal else _usual(desk)
    counts = desk.sql(_COUNTED, above=above).to_pylist()[0]
    told = {name: hidden(int(counts[name] or 0)) for name in counts}
    by_channel = {
        name: hidden(people) for name, people in reach.channels_of(desk, "FROM asleep").items()
    }
    few = told["asleep"] is None
    rows = [] if few else desk.sql(_NAMED, k=asked.k, named=NAMED).to_pylist()
    return Silent(
        told["asleep"], told["reachable"], told["persuadable"], told["tied"], by_channel,
        _by_offer(desk), model, causal, _verdict(model, causal=causal),
        [_sleeper(row, desk, causal) for row in rows],
    )  # fmt: skip


_LISTED = """
    CREATE OR REPLACE TEMP TABLE sleepers AS
    WITH ways AS (
        SELECT user_id, list(channel ORDER BY channel) AS channels FROM reach
        WHERE consents AND way AND ($channel = '' OR channel = $channel) GROUP BY user_id
    ), scored AS ({scores})
    SELECT asleep.user_id, coalesce(channels, []) AS channels, scored.score
    FROM asleep LEFT JOIN ways USING (user_id) LEFT JOIN scored USING (user_id)
"""

_TIED = """
    CREATE OR REPLACE TEMP TABLE wakers AS
    WITH awake AS (
        SELECT DISTINCT user_id FROM events
        WHERE at_us >= $since AND list_contains($acts, event)
    ), muted AS (
        SELECT user_id, peer_id FROM read_parquet($pairs) WHERE pair__muted_by > 0
    ), apart AS (FROM muted UNION SELECT peer_id, user_id FROM muted)
    SELECT around.user_id, list(peer_id ORDER BY peer_id) AS ties FROM around
    JOIN sleepers USING (user_id) JOIN awake ON awake.user_id = around.peer_id
    ANTI JOIN apart ON apart.user_id = around.user_id AND apart.peer_id = around.peer_id
    WHERE strong GROUP BY around.user_id
"""

_COUNTED = """
    SELECT count(*) AS asleep, count(*) FILTER (len(channels) > 0) AS reachable,
        count(*) FILTER (len(channels) > 0 AND score > $above) AS persuadable,
        count(*) FILTER (len(channels) > 0 AND ties IS NOT NULL) AS tied
    FROM sleepers LEFT JOIN wakers USING (user_id)
"""

_NAMED = """
    WITH listed AS (
        SELECT * FROM sleepers LEFT JOIN wakers USING (user_id) WHERE len(channels) > 0
        ORDER BY score DESC NULLS LAST, len(coalesce(ties, [])) DESC, user_id LIMIT $k
    ), last AS (
        SELECT user_id, max(at_us) AS at_us FROM events
        WHERE user_id IN (SELECT user_id FROM listed) GROUP BY user_id
    )
    SELECT listed.user_id, channels, score, coalesce(ties, [])[1:$named] AS ties,
        len(coalesce(ties, [])) AS tied, last.at_us
    FROM listed LEFT JOIN last USING (user_id)
    ORDER BY score DESC NULLS LAST, tied DESC, listed.user_id
"""


def _by_offer(desk: Desk) -> dict[str, int | None]:
    """How many of the sleepers each scored campaign's offer would move."""
    found: dict[str, int | None] = {}
    for path in sorted((desk.home.root / "scores").glob("uplift.*.parquet")):
        scores = ibis.to_sql(desk.ground.scores(path.stem), dialect="duckdb")
        rows = desk.sql(
            f"SELECT count(*) AS people FROM sleepers JOIN ({scores}) AS offered USING (user_id) "
            "WHERE len(channels) > 0 AND offered.score > 0"
        )
        found[path.stem] = hidden(int(rows["people"][0].as_py()))
    return found


def _best(desk: Desk) -> str:
    """The newest effect that was scored, else the goal, else nothing."""
    folder = desk.home.root / "scores"
    effects = sorted(folder.glob("uplift.*.parquet"), key=lambda one: one.stat().st_mtime)
    if effects:
        return effects[-1].stem
    return PROPENSITY if (folder / f"{PROPENSITY}.parquet").is_file() else ""


def _usual(desk: Desk) -> float:
    """Mean score of the sleepers: a chance above it is more than the usual one."""
    found = desk.sql("SELECT avg(score) AS mean FROM sleepers").to_pylist()[0]["mean"]
    return float(found or 0.0)


def _verdict(model: str, *, causal: bool) -> str:
    if causal:
        return "ordered by the expected effect of the message; persuadable: above 0"
    if model:
        return (
            "ordered by the chance to come back anyway, which is no effect: "
            "hold a control group back and `huoren score uplift.CAMPAIGN` after it"
        )
    return "nothing tells whom a message moves: run `huoren score silent-to-active` first"


def _sleeper(row: dict[str, Any], desk: Desk, causal: bool) -> Sleeper:
    last, score = row["at_us"], row["score"]
    days = None if last is None else int((desk.as_of_us - last) // DAY_US)
    reasons = [] if days is None else [(f"{days} 天没有活动", f"asleep for {days} days")]
    reasons.append((f"可触达：{'、'.join(row['channels'])}", "by " + ", ".join(row["channels"])))
    if score is not None and causal:
        reasons.append((f"消息预计带来 {score:+.3f}", f"expected effect {score:+.3f}"))
    elif score is not None:
        reasons.append((f"回来的概率 {score:.0%}", f"{score:.0%} likely to come back"))
    if row["tied"]:
        reasons.append((f"{row['tied']} 位好友最近活跃", f"{row['tied']} strong ties are awake"))
    return Sleeper(row["user_id"], days, row["channels"], score, row["ties"], reasons)
