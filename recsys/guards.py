"""What protects people from being asked: who is never proposed, quiet hours, what may be where.

Caps over all senders and channels are ``features.store.contacts``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

from features import events as e
from features.clock import DAY_US, HOUR_US, BusinessZone
from features.counters import Scope
from features.online import State
from features.reading import Reading

MUTED = "pair.muted_by"
"""Counter of how often somebody muted or reported what a person shared."""

IGNORED = 3
"""Shares in a row that a person left unopened, after which this sharer's are not proposed again."""

PAIR_MOST, PAIR_US = 20, 30 * DAY_US
"""How often, and in how long, one sharer may ask one person, however willingly that one opens."""

PATIENCE_US = DAY_US
"""How long a share may wait to be opened before it counts as ignored."""

QUIET = (22, 8)
"""Business hours from which and until which nobody is disturbed."""

PURPOSES = frozenset({"share", "group_buy", "bargain", "tip", "question"})

SURFACES: Mapping[str, Set[str]] = MappingProxyType({
    "app": PURPOSES,
    "h5": frozenset({"share", "group_buy", "question"}),
    "mini_program": frozenset({"share", "group_buy", "question"}),
    "wechat": frozenset({"share", "question"}),
    "moments": frozenset({"share"}),
    "wecom": frozenset({"share", "question"}),
    "oa": frozenset({"share"}),
    "sms": frozenset(),
    "push": frozenset(),
})
"""Surface → what may be prompted there.

WeChat's rules on external content (in force since 2019-10-28) forbid tasks of helping, bargaining
and collecting there, rewards for sharing, and unclear group buys; nothing is prompted by message.
A surface that is not listed allows nothing.
"""


def allowed(surface: str, purpose: str) -> bool:
    """Whether something may be prompted on a surface.

    Examples
    --------
    >>> allowed("app", "bargain"), allowed("moments", "bargain"), allowed("billboard", "share")
    (True, False, False)
    """
    return purpose in SURFACES.get(surface, frozenset())


def quiet(at_us: int, zone: BusinessZone) -> bool:
    """Whether nobody may be disturbed at an instant.

    Examples
    --------
    >>> from features.clock import parse_instant
    >>> zone = BusinessZone("Asia/Shanghai")
    >>> [quiet(parse_instant(f"2026-06-18T{hour}:59:00+08:00"), zone) for hour in ("21", "22")]
    [False, True]
    """
    hour = zone.calendar(at_us)[1]
    start, end = QUIET
    return hour >= start or hour < end if start > end else start <= hour < end


def loud_at(at_us: int, zone: BusinessZone) -> int:
    """First full business hour from an instant on that is not quiet; itself if it is not."""
    while quiet(at_us, zone):
        at_us += HOUR_US - (at_us + int(zone.offset(at_us))) % HOUR_US
    return at_us


def social(state: State | None) -> bool:
    """Whether a person lets acts be used for friends; who was never seen was never asked."""
    return state is None or state.consents is None or Scope.SOCIAL_GRAPH in state.consents


def held(states: Mapping[str, State], sharer: Reading, names: Sequence[str]) -> list[str | None]:
    """Why each of some people may not be proposed to this sharer on any path; None: they may.

    Who ever ``muted`` or reported the sharer, ``refused`` social use, was asked ``often`` by the
    sharer already, or ``ignored`` the sharer's last shares. Only operators may be told which: it
    would tell the sharer what the others did.
    """
    muted = (sharer.column(MUTED, names) > 0).tolist()
    asked = (sharer.column("pair.shared", names) >= IGNORED).tolist()
    lately = Counter(
        act.peer_id
        for act in (sharer.state.deeds if any(asked) else ())
        if act.event == e.SHARED and sharer.at_us - PAIR_US < act.at_us <= sharer.at_us
    )
    found: list[str | None] = []
    for name, out, some in zip(names, muted, asked, strict=True):
        if out:
            found.append("muted")
        elif not social(states.get(name)):
            found.append("refused")
        elif lately[name] >= PAIR_MOST:
            found.append("often")
        else:
            found.append("ignored" if some and ignored(sharer, name) else None)
    return found


def apart(states: Mapping[str, State], other: str | None, reading: Reading, own: str) -> bool:
    """Whether one of two people muted or reported the other."""
    if other is None:
        return False
    theirs = Reading(states.get(other) or State(), reading.at_us, reading.zone)
    return reading.number(MUTED, other) > 0 or theirs.number(MUTED, own) > 0


def peaceful(states: Mapping[str, State], other: str, reading: Reading, own: str) -> bool:
    """Whether somebody lets acts be used for friends, and neither of the two muted the other."""
    return social(states.get(other)) and not apart(states, other, reading, own)


def ignored(sharer: Reading, name: str) -> bool:
    """Whether a person left the sharer's last ``IGNORED`` shares unopened.

    Shares that are younger than ``PATIENCE_US`` may still be opened. Beyond what a state remembers
    one by one, shares in excess of openings count.
    """
    opened = sharer.number("pair.last_opened_by", name)
    since = -1 if opened != opened else int(opened)  # NaN: never
    waited = sharer.at_us - PATIENCE_US
    sent = [
        act.at_us for act in sharer.state.deeds if act.peer_id == name and act.event == e.SHARED
    ]
    if sum(since <= at <= waited for at in sent) >= IGNORED:
        return True
    young = sum(at > waited for at in sent)
    unopened = sharer.number("pair.shared", name) - young - sharer.number("pair.opened_by", name)
    return unopened >= IGNORED
