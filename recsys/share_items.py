"""CAPABILITY share items: what to share with this friend.

    candidates  what the sharer looked at or did lately · the sharer's own feed
    rules       a friend who may be asked · sold · not bought by the friend · not shared before
    order       the friend's feed and the sharer's own, by reciprocal rank

Nothing is proposed that the sharer would not come across anyhow, so that the answer shows the
friend's taste in its order alone; somebody the sharer never met has none to show.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from features import events as e
from features.clock import BusinessZone
from features.counters import Key
from features.ids import UNKNOWN
from features.online import State
from features.reading import Reading
from recsys import guards
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.moment import own_acts
from recsys.query import (
    FeedQuery,
    People,
    Reason,
    SharedItem,
    ShareItemsAnswer,
    ShareItemsQuery,
)
from recsys.ranking.heuristic import DEPTH

OWN = 200
"""Items of the sharer's own feed that are looked at."""

THEIRS = 500
"""Items of the friend's feed that count."""

NOBODY = ShareItemsAnswer(())


class ShareItems:
    """What to share with whom, of one bundle.

    Parameters
    ----------
    bundle : Bundle
        Opened and verified.
    feed : Feed
        Of the same bundle.
    """

    def __init__(self, bundle: Bundle, feed: Feed) -> None:
        self.feed = feed
        self.zone = BusinessZone(bundle.settings.zone)

    def recommend(self, query: ShareItemsQuery, people: People) -> ShareItemsAnswer:
        """Items to share with one friend, best first.

        Nothing for people who never met, for oneself, and where one of the two refuses; why is said
        to operators alone (``held``).
        """
        states = people.states([query.user_id, query.peer_id])
        state = states.get(query.user_id) or State()
        reading = Reading(state, query.at_us, self.zone)
        if query.peer_id == query.user_id or not guards.social(state):
            return NOBODY
        if query.peer_id not in {*state.ties, *state.cells.get(Key.PAIR.word, ())}:
            return NOBODY
        (why,) = guards.held(states, reading, [query.peer_id])
        if why is not None:
            return replace(NOBODY, held=((query.peer_id, why),))
        own = self._feed(query, query.user_id, OWN, people)
        theirs = self._feed(query, query.peer_id, THEIRS, people)
        lately = [act.item_id for act in reversed(own_acts(state)) if act.at_us < query.at_us]
        mine = {name: place for place, name in enumerate(dict.fromkeys([*lately, *own]))}
        friend = Reading(states.get(query.peer_id) or State(), query.at_us, self.zone)
        names = self._sendable(list(mine), reading, friend, query)
        scores = {name: _fused(mine[name], theirs.get(name)) for name in names}
        best = sorted(names, key=lambda name: (-scores[name], mine[name]))[: query.k]
        again = set(lately)
        return ShareItemsAnswer(
            tuple(
                SharedItem(name, scores[name], self._reasons(name, friend, again)) for name in best
            )
        )

    def _feed(
        self, query: ShareItemsQuery, user_id: str, k: int, people: People
    ) -> Mapping[str, int]:
        """Item → place in somebody's feed."""
        answer = self.feed.recommend(FeedQuery(user_id, k, query.at_us), people)
        return {item.item_id: place for place, item in enumerate(answer.items)}

    def _sendable(
        self, names: list[str], reading: Reading, friend: Reading, query: ShareItemsQuery
    ) -> list[str]:
        """Items that are sold, that the friend has not bought and was not sent by the sharer."""
        items = self.feed.items
        codes = items.ids.codes(names)
        sold = (codes != UNKNOWN) & items.on_sale[codes]
        sold &= items.expires_us[codes] > query.at_us
        bought = friend.column("touch.orders", names) > 0
        sent = {
            act.item_id
            for act in reading.state.deeds
            if act.event == e.SHARED and act.peer_id == query.peer_id
        }
        kept = np.flatnonzero(sold & ~bought).tolist()
        return [names[i] for i in kept if names[i] not in sent]

    def _reasons(self, name: str, friend: Reading, lately: set[str]) -> tuple[Reason, ...]:
        found = []
        category = self.feed.items.facts(name)
        liked = category.category if category else None
        if liked is not None and friend.number("category.interest_30", liked) >= 1.0:
            found.append(Reason("likes_category", names={"category": liked}))
        if name in lately:
            found.append(Reason("again"))
        return tuple(found) or (Reason("may_like"),)


def _fused(own: int, theirs: int | None) -> float:
    """Sum of 1 / (60 + place) in both lists (``recsys.ranking.heuristic``)."""
    friend = 0.0 if theirs is None else 1.0 / (DEPTH + theirs)
    return friend + 1.0 / (DEPTH + own)
