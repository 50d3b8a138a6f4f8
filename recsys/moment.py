"""What sources see of a person at one instant, as arrays of item codes.

Serving makes a moment from the online state, training from the history; sources cannot tell which.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from msgspec import structs

from features import columns as c
from features import consent
from features import events as e
from features.clock import DAY_US, BusinessZone
from features.counters import Key, Scope
from features.events import Event
from features.ids import IdMap
from features.items import Items
from features.online import Act, State, apply, fact, live
from features.reading import Reading
from features.strength import UNFITTED, Strength
from features.weights import INTEREST
from recsys.query import FeedQuery
from recsys.visitor import (
    ANYBODY,
    NO_GROUPS,
    Bought,
    FriendGroups,
    Person,
    minor,
    refused_shops,
    touched,
)

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

FRIENDS = 50
"""How many of the closest friends are asked what they did."""

FRIENDS_HALF_LIFE_DAYS = 30.0
"""How fast what friends did loses its say."""

DEEDS_OF_A_FRIEND = 30
"""How many of a friend's last deeds count."""


@dataclass(frozen=True)
class Acts:
    """Acts on items, newest first.

    Parameters
    ----------
    codes : ndarray, int32, shape (n,)
        Items; only those the bundle knows.
    weights : ndarray, float64, shape (n,)
        How much each act says (``features.weights.INTEREST``).
    ordered : ndarray, bool, shape (n,)
        Whether the act was a purchase.
    ages : ndarray, float64, shape (n,)
        Days before the instant.
    """

    codes: Codes
    weights: Floats
    ordered: npt.NDArray[np.bool_]
    ages: Floats

    @classmethod
    def of(cls, acts: Sequence[Act], ids: IdMap, at_us: int) -> Self:
        """Arrays of a state's acts; what lies after the instant is not seen."""
        return cls.of_many([acts], ids, at_us)[0]

    @classmethod
    def of_many(cls, lists: Sequence[Sequence[Act]], ids: IdMap, at_us: int) -> list[Self]:
        """Arrays of several people's acts, all of them looked up at once."""
        seen = [[act for act in reversed(acts) if act.at_us < at_us] for acts in lists]
        flat = [act for acts in seen for act in acts]
        codes = ids.codes([act.item_id for act in flat])
        events = [act.event for act in flat]
        weights = np.array([INTEREST.get(event, 0.0) for event in events])
        ordered = np.array([event == e.ORDERED for event in events], dtype=np.bool_)
        ages = (at_us - np.array([act.at_us for act in flat], dtype=np.int64)) / DAY_US
        known = codes >= 0
        whole = cls(codes[known], weights[known], ordered[known], ages[known])
        ends = np.cumsum([len(acts) for acts in seen], dtype=np.int64)
        kept = np.concatenate([[0], np.cumsum(known)])[ends].tolist()
        return [whole.part(low, high) for low, high in pairwise([0, *kept])]

    def part(self, low: int, high: int) -> Self:
        """Some of them, by place."""
        span = slice(low, high)
        return replace(
            self,
            codes=self.codes[span],
            weights=self.weights[span],
            ordered=self.ordered[span],
            ages=self.ages[span],
        )

    def head(self, most: int) -> "Acts":
        """The newest of them."""
        return Acts(self.codes[:most], self.weights[:most], self.ordered[:most], self.ages[:most])


@dataclass(frozen=True)
class FriendItems:
    """What friends did, summed by item.

    Parameters
    ----------
    codes : ndarray, int32, shape (m,)
        Distinct items, ascending.
    score : ndarray, float64, shape (m,)
        Sum of tie strength × weight of the act × decay.
    count, bought : ndarray, float64, shape (m,)
        How many different friends did something with it; how many bought it.
    """

    codes: Codes
    score: Floats
    count: Floats
    bought: Floats

    @classmethod
    def of(cls, friends: Sequence[tuple[float, Acts]]) -> Self:
        """Sum the deeds of friends, given with the strength of each tie."""
        parts = [(strength, acts.head(DEEDS_OF_A_FRIEND)) for strength, acts in friends]
        codes = _joined([acts.codes for _, acts in parts], np.int32)
        who = _joined([np.full(len(a.codes), i) for i, (_, a) in enumerate(parts)], np.int64)
        worth = _joined(
            [
                strength * acts.weights * 2.0 ** (-acts.ages / FRIENDS_HALF_LIFE_DAYS)
                for strength, acts in parts
            ],
            np.float64,
        )
        ordered = _joined([acts.ordered for _, acts in parts], np.bool_)
        items, place = np.unique(codes, return_inverse=True)
        return cls(
            items.astype(np.int32),
            np.bincount(place, worth, minlength=len(items)).astype(np.float64),
            _people(place, who, len(items)),
            _people(place[ordered], who[ordered], len(items)),
        )

    def at(self, codes: Codes) -> Mapping[str, Floats]:
        """The ranker's columns of these items; 0 where no friend did anything."""
        columns = {"score": self.score, "count": self.count, "bought": self.bought}
        if not len(self.codes):
            return {f"friends.{name}": np.zeros(len(codes)) for name in columns}
        place = np.searchsorted(self.codes, codes)
        place[place == len(self.codes)] = 0
        hit = self.codes[place] == codes
        return {
            f"friends.{name}": np.where(hit, values[place], 0.0) for name, values in columns.items()
        }


NOBODY = FriendItems(np.zeros(0, dtype=np.int32), np.zeros(0), np.zeros(0), np.zeros(0))
"""What no friends did."""


@dataclass(frozen=True)
class Moment:
    """A person at one instant.

    Parameters
    ----------
    at_us : int
        The instant.
    acts : Acts
        The person's own.
    friends : FriendItems
        What friends did.
    bought : ndarray, int32
        Every item ever bought, ascending.
    purchases : Bought, optional
        The same with how often and how long ago.
    person : Person
        Who it is.
    groups : FriendGroups
        What friends buy together now; known while serving alone.
    """

    at_us: int
    acts: Acts
    friends: FriendItems
    bought: Codes
    purchases: Bought | None = None
    person: Person = ANYBODY
    groups: FriendGroups = NO_GROUPS

    def impersonal(self) -> "Moment":
        """The same instant without the person; only that a minor is one is kept."""
        nobody = Acts.of([], IdMap.of([]), self.at_us)
        none = np.zeros(0, dtype=np.int32)
        return Moment(self.at_us, nobody, NOBODY, none, person=Person(minor=self.person.minor))


def closest(
    reading: Reading, user_id: str = "", strength: Strength = UNFITTED
) -> list[tuple[str, float]]:
    """The closest friends of a person with the strength of each tie, strongest first.

    Friends are declared ties and people with whom something was done together.

    Parameters
    ----------
    reading : Reading
        The person's state at the instant.
    user_id : str
        The person.
    strength : Strength
        Of the bundle's references.
    """
    if not (reading.state.ties or reading.state.cells.get(Key.PAIR.word)):
        return []
    peers, values = reading.table(Key.PAIR)
    known = dict(zip(peers, range(len(peers)), strict=True))
    names = [*peers, *(peer for peer in reading.state.ties if peer not in known)]
    extra = np.zeros(len(names) - len(peers))
    tied = np.array([float(name in reading.state.ties) for name in names])
    filled = {
        counter.name: np.concatenate([values[counter.name], extra + counter.nothing])
        for counter in live(Key.PAIR)
    }
    close = strength(user_id, names, tied, filled, reading.at_us)
    order = sorted(range(len(names)), key=lambda i: (-close[i], names[i]))[:FRIENDS]
    return [(names[i], float(close[i])) for i in order if close[i] > 0]


def own_acts(state: State) -> list[Act]:
    """A person's last acts, oldest first."""
    recent, deeds = state.recent, state.deeds
    if not recent:
        return sorted(deeds)
    first = recent[0]  # what is newer stands among the recent ones, whatever it was
    older = [deed for deed in deeds if deed < first]
    again = max(deeds.count(first) - recent.count(first), 0)
    return sorted([*older, *[first] * again, *recent])


def of_state(
    reading: Reading,
    friends: Sequence[tuple[float, State]],
    ids: IdMap,
    shops: IdMap | None = None,
) -> Moment:
    """A moment from online states.

    Parameters
    ----------
    reading : Reading
        The person's state at the instant.
    friends : sequence of (float, State)
        Strength of the tie, and state, of each friend.
    ids : IdMap
        Items of the bundle.
    shops : IdMap, optional
        Shops of the bundle.
    """
    purchases, refused = touched(reading, ids)
    person = Person(
        reading.state.profile.get(c.CITY_TIER, ""),
        minor(reading.state.profile.get("birth_year"), reading.at_us),
        refused,
        refused_shops(reading, shops),
    )
    return Moment(
        reading.at_us,
        Acts.of(own_acts(reading.state), ids, reading.at_us),
        _of_friends(friends, ids, reading.at_us),
        purchases.codes,
        purchases,
        person,
    )


def _of_friends(friends: Sequence[tuple[float, State]], ids: IdMap, at_us: int) -> FriendItems:
    """What those friends did who let it be used."""
    willing = [
        (strength, state.deeds)
        for strength, state in friends
        if consent.gives(consent.say(state), Scope.SOCIAL_GRAPH)
    ]
    if not willing:
        return NOBODY
    found = Acts.of_many([deeds for _, deeds in willing], ids, at_us)
    return FriendItems.of([
        (strength, acts) for (strength, _), acts in zip(willing, found, strict=True)
    ])


def _joined(parts: list[Any], kind: type[np.generic]) -> Any:
    return np.concatenate([np.zeros(0, dtype=kind), *parts]).astype(kind)


def _people(place: npt.NDArray[np.int64], who: npt.NDArray[np.int64], size: int) -> Floats:
    """How many different people stand at each place."""
    if not len(place):
        return np.zeros(size)
    pairs = np.unique(np.stack([place, who]), axis=1)
    return np.bincount(pairs[0], minlength=size).astype(np.float64)


def seen(state: State, query: FeedQuery, items: Items, zone: BusinessZone) -> State:
    """The state with what the app saw in this session and has not sent yet; ``state`` stays."""
    if not query.recent:
        return state
    now = deepcopy(state)
    for act in query.recent:
        at_us = min(act.at_us, query.at_us - 1)  # the app's clock may be ahead
        if structs.replace(act, at_us=at_us) in now.recent:
            continue
        event = Event(
            message_id="", event=act.event, at_us=at_us, user_id=query.user_id,
            item_id=act.item_id, peer_id=act.peer_id or None,
        )  # fmt: skip
        apply({query.user_id: now}, fact(event, items.facts(act.item_id), None, zone))
    return now
