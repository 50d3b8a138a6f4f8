"""Counters of a person about a peer; the other half of ``features.catalogue``."""

from features import columns as c
from features import events as e
from features.counters import Counter, Days, Key, Scope, Sensitivity
from features.weights import OPEN, ORDER, SHARE, TOGETHER

_SOCIAL = Scope.SOCIAL_GRAPH

PEERS = (
    Counter(
        "pair.opened_30", "links of this peer opened, half-life 30 days", Key.PAIR, OPEN,
        half_life=Days(30), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.opened_by_7", "own links this peer opened, half-life a week", Key.PAIR, OPEN,
        half_life=Days(7), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.opened_by_30", "own links this peer opened, half-life 30 days", Key.PAIR, OPEN,
        half_life=Days(30), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.opened_by", "own links this peer opened ever", Key.PAIR, OPEN,
        mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.last_opened_by", "instant this peer last opened an own link", Key.PAIR, OPEN,
        last=c.AT, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.shared_30", "shares sent to this peer, half-life 30 days", Key.PAIR, SHARE,
        half_life=Days(30), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.shared", "shares sent to this peer ever", Key.PAIR, SHARE, scope=_SOCIAL,
        sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.together_90", "openings and joined group buys, half-life 90 days", Key.PAIR,
        TOGETHER, half_life=Days(90), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.together_by_90", "the same from the peer's side", Key.PAIR, TOGETHER,
        half_life=Days(90), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.led_30", "orders that this peer led to, half-life 30 days", Key.PAIR, ORDER,
        half_life=Days(30), once=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.invited", "group buys joined ever on this peer's invitation", Key.PAIR,
        {e.GROUP_JOINED: 1.0}, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.sold", "orders of this peer that own links led to, ever", Key.PAIR, ORDER,
        once=True, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.sold_90", "paid by this peer through own links in 90 days, net of refunds, in fen",
        Key.PAIR, {e.ORDERED: 1.0, e.REFUNDED: -1.0}, value=c.TOTAL, window=Days(90), once=True,
        mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.days_90", "days with an opening or a joined group buy in 90 days", Key.PAIR,
        TOGETHER, distinct="day", window=Days(90), scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.days_by_90", "days with such an act of the peer in 90 days", Key.PAIR, TOGETHER,
        distinct="day", window=Days(90), mirror=True, scope=_SOCIAL,
        sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.last_together", "instant of the last opening or joined group buy", Key.PAIR,
        TOGETHER, last=c.AT, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.last_together_by", "instant of the last such act of the peer", Key.PAIR,
        TOGETHER, last=c.AT, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.received_30", "shares received from this peer, half-life 30 days", Key.PAIR, SHARE,
        half_life=Days(30), mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
    Counter(
        "pair.muted_by", "times this peer muted or reported own shares", Key.PAIR,
        {e.MUTED: 1.0, e.REPORTED: 1.0}, mirror=True, scope=_SOCIAL, sensitivity=Sensitivity.SYSTEM,
    ),
)  # fmt: skip
"""In declared order."""
