"""CAPABILITY group buys: which open group to join, which item to start one for, whether one fills.

    to join    groups of people near · groups for items looked at lately · those that end soonest
    rules      can be joined · not in it · its item is sold · its starter not muted · social consent
    order      those with friends in them first; within both, chance of joining × chance of filling

    to start   what fills groups after what the person tried and did (``candidates.launches``)
    rules      sold · not in a group for it now · not tried lately

Whom to invite is ``recsys.sharing`` with the purpose ``group_buy``.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features import consent
from features import events as e
from features.clock import DAY_US, BusinessZone
from features.frames import groups as frame
from features.groupbuys import SUCCEEDED, GroupBuy
from features.ids import UNKNOWN
from features.items import Items
from features.online import State
from features.reading import Reading
from recsys import guards
from recsys.bundle import Bundle
from recsys.moment import own_acts
from recsys.people.near import near
from recsys.query import (
    Forecast,
    GroupQuery,
    GroupsAnswer,
    LaunchAnswer,
    LaunchItem,
    OpenGroup,
    People,
    Reason,
)
from recsys.ranking.logit import Chances, Logit
from recsys.reasons import FEWEST_FRIENDS
from recsys.slate import Codes, Floats

log = logging.getLogger(__name__)

SOONEST = 300
"""Groups of strangers that are looked at because they end soonest."""

MOST = 1_000
"""Groups looked at in all."""

AGAIN_US = 30 * DAY_US
"""How long an item is not proposed again to who started a group for it."""


class Joinable(Protocol):
    """Group buys that can be joined; ``serving.groups.OpenGroups`` are."""

    def of_item(self, item_id: str, at_us: int) -> list[GroupBuy]:
        """Those that buy an item."""
        ...

    def of_people(self, user_ids: Iterable[str], at_us: int) -> list[GroupBuy]:
        """Those that some people are in."""
        ...

    def soonest(self, at_us: int, most: int) -> list[GroupBuy]:
        """Those that end soonest."""
        ...


class GroupBuying:
    """What one bundle says of group buys.

    Parameters
    ----------
    bundle : Bundle
        Opened and verified.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.parts = bundle.parts
        self.zone = BusinessZone(bundle.settings.zone)

    @property
    def items(self) -> Items:
        """The catalogue; overlaid live by serving."""
        return self.parts.items

    def open(self, query: GroupQuery, people: People, groups: Joinable) -> GroupsAnswer:
        """Group buys somebody may join: those of friends first, then those of strangers.

        Nobody sees a group that is full or over, is in already, whose item is not sold, or whose
        starter they muted. Without consent to personalisation the chance to fill alone decides.
        """
        state = people.states([query.user_id]).get(query.user_id) or State()
        reading = Reading(state, query.at_us, self.zone)
        personal = consent.personal(consent.say(state))
        circle = (
            _circle(reading, query.user_id, people) if personal and guards.social(state) else {}
        )
        found = self._candidates(reading, circle, groups, personal=personal)
        found = [one for one in found if query.user_id not in {*one.joined, one.starter_id}]
        states = people.states({one.starter_id for one in found if one.starter_id})
        own = query.user_id
        found = [one for one in found if not guards.apart(states, one.starter_id, reading, own)]
        if not found:
            return GroupsAnswer((), personal)
        fills = self._fills(found, states, query.at_us)
        weights = [[circle[name] for name in one.joined if name in circle] for one in found]
        friends = np.array([len(one) for one in weights])
        scores, degraded = fills.chances.p, fills.degraded
        if personal:
            nearest = np.array([max(one, default=0.0) for one in weights])
            joining, broken = self._joining(reading, fills.stands, nearest, friends)
            scores, degraded = scores * joining, degraded + broken
        best = np.lexsort((np.arange(len(found)), -scores, friends == 0))[: query.k].tolist()
        given = tuple(
            OpenGroup(
                found[i], float(scores[i]), int(friends[i]), fills.forecast(i),
                _why(found[i], int(friends[i])),
            )
            for i in best
        )  # fmt: skip
        return GroupsAnswer(given, personal, degraded)

    def forecast(self, group: GroupBuy, people: People, at_us: int) -> Forecast:
        """Chance that a group fills before it ends; 1 or 0 where that is settled."""
        if group.status == SUCCEEDED or group.missing == 0:
            return Forecast(1.0, 1.0, 1.0, (("group.full", 0.0),))
        if not group.open(at_us):
            return Forecast(0.0, 0.0, 0.0, (("group.over", 0.0),))
        states = people.states([group.starter_id]) if group.starter_id else {}
        return self._fills([group], states, at_us).forecast(0)

    def launch(self, query: GroupQuery, people: People, groups: Joinable) -> LaunchAnswer:
        """Items somebody should start a group buy for, best first.

        Without consent to personalisation, and for a stranger, what fills groups anyway.
        """
        state = people.states([query.user_id]).get(query.user_id) or State()
        personal = consent.personal(consent.say(state))
        acts = [act for act in state.deeds if act.at_us < query.at_us] if personal else []
        tried = {act.item_id: act.at_us for act in acts if act.event == e.GROUP_STARTED}
        tried_codes = self._codes(tried)
        touched = self._codes({act.item_id for act in acts} - tried.keys())
        now = {one.item_id for one in groups.of_people([query.user_id], query.at_us)}
        lately = {name for name, at_us in tried.items() if at_us > query.at_us - AGAIN_US}
        codes, scores, degraded = self._launches(tried_codes, touched, query.k + 200)
        items, given = self.items, []
        sold = items.on_sale[codes] & (items.expires_us[codes] > query.at_us)
        for code, score, ok in zip(codes.tolist(), scores.tolist(), sold.tolist(), strict=True):
            name = items.ids.name(code)
            if ok and name not in now and name not in lately:
                given.append(LaunchItem(name, float(score), (self._led(code, tried_codes),)))
            if len(given) == query.k:
                break
        return LaunchAnswer(tuple(given), personal, degraded)

    def _candidates(
        self, reading: Reading, circle: Mapping[str, float], groups: Joinable, *, personal: bool
    ) -> list[GroupBuy]:
        """Groups that may be shown, each once, those of friends first."""
        at_us = reading.at_us
        found = groups.of_people(circle, at_us) if circle else []
        if personal:
            items = dict.fromkeys(act.item_id for act in reversed(own_acts(reading.state)))
            for item in items:
                found += groups.of_item(item, at_us)
        found += groups.soonest(at_us, SOONEST)
        unique = {one.group_buy_id: one for one in reversed(found)}
        listed = [unique[name] for name in dict.fromkeys(one.group_buy_id for one in found)][:MOST]
        codes = self.items.ids.codes([one.item_id or "" for one in listed])
        known = codes != UNKNOWN
        sold = self.items.on_sale[codes] & (self.items.expires_us[codes] > at_us)
        shown = (sold | ~known).tolist()
        return [one for one, ok in zip(listed, shown, strict=True) if ok and one.open(at_us)]

    def _fills(
        self, groups: Sequence[GroupBuy], states: Mapping[str, State], at_us: int
    ) -> "_Fills":
        """Whether groups fill that all stand at one instant."""
        stands = frame.Standings.of(groups, [at_us] * len(groups))
        model, rows = self.parts.chances.get("filling"), np.zeros((len(groups), 0))
        if model is not None:
            try:
                raw = frame.filling_online(stands, self.items, states, self.zone)
                decided = [consent.say(states.get(name, State())) for name in stands.starters]
                consent.hide(raw, decided, np.arange(len(decided)))
                rows = frame.assemble(frame.FILLING, raw, len(decided))
                return _Fills(stands, model.chances(rows), rows, model)
            except Exception:  # fail open: a group without a forecast is better than none
                log.exception("forecast left out")
        half = np.full(len(groups), 0.5)
        return _Fills(stands, Chances(half, 0 * half, 0 * half + 1.0), rows, None)

    def _joining(
        self,
        reading: Reading,
        stands: frame.Standings,
        nearest: Floats,
        friends: npt.NDArray[np.int64],
    ) -> tuple[Floats, tuple[str, ...]]:
        """Chance that the person joins each group, having looked."""
        raw = frame.joining_online(reading, stands, self.items, nearest, friends.astype(np.float64))
        own = np.zeros(len(nearest), dtype=np.int64)
        model = self.parts.chances.get("joining")
        if model is None:  # who is near, and taste
            return 1.0 + nearest + np.log1p(raw["category.interest_30"]), ("joining",)
        wide = {name: np.broadcast_to(values, nearest.shape) for name, values in raw.items()}
        consent.hide(wide, [consent.say(reading.state)], own)
        return model.chances(frame.assemble(frame.JOINING, wide, len(nearest))).p, ()

    def _codes(self, names: Iterable[str]) -> Codes:
        codes = self.items.ids.codes(sorted(names))
        return np.asarray(codes[codes != UNKNOWN])

    def _launches(
        self, tried: Codes, touched: Codes, n: int
    ) -> tuple[Codes, npt.NDArray[np.floating], tuple[str, ...]]:
        """What to start a group for; popular items where nothing was learned."""
        if self.parts.launches is None:
            popular = self.parts.popular
            return popular.codes[:n], popular.scores[:n], ("launches",)
        return *self.parts.launches.best(tried, touched, n), ()

    def _led(self, code: int, tried: Codes) -> Reason:
        model = self.parts.launches
        if model is not None and any(model.leads(int(one), code) for one in tried):
            return Reason("tried_like")
        return Reason("fills_often" if model is not None else "popular")


@dataclass(frozen=True)
class _Fills:
    """Whether groups fill, and how that is known."""

    stands: frame.Standings
    chances: Chances
    rows: Floats
    model: Logit | None

    @property
    def degraded(self) -> tuple[str, ...]:
        return () if self.model else ("filling",)

    def forecast(self, place: int) -> Forecast:
        """What is said of one of them."""
        found = self.chances
        return Forecast(
            float(found.p[place]),
            float(found.low[place]),
            float(found.high[place]),
            tuple(self.model.drivers(self.rows[place])) if self.model else (),
            self.degraded,
        )


def _circle(reading: Reading, own: str, people: People) -> dict[str, float]:
    """People near who let their acts be used and with whom there is peace, and how near."""
    names, weights = near(reading)
    states = people.states(names) if names else {}
    return {
        name: weight
        for name, weight in zip(names, weights.tolist(), strict=True)
        if weight > 0 and name != own and guards.peaceful(states, name, reading, own)
    }


def _why(group: GroupBuy, friends: int) -> tuple[Reason, ...]:
    found = []
    if friends >= FEWEST_FRIENDS:
        found.append(Reason("friends_in", friends))
    elif friends:
        found.append(Reason("friend_in"))
    if group.missing is not None:
        found.append(Reason("nearly_full", group.missing))
    return tuple(found)
