"""CAPABILITY sharing: whom to show this item to.

Candidates are people tied to the sharer and people who did something with the sharer before: opened
a link, shared, joined a group buy. The ranker orders them by how likely they are to open.
"""

import logging

import numpy as np

from features import columns as c
from features import consent
from features.clock import BusinessZone
from features.counters import Key, Scope
from features.frames import sharing as frame
from features.frames.feed import Raw
from features.ids import UNKNOWN
from features.online import Reading, State
from recsys.bundle import Bundle
from recsys.query import People, Reason, ShareAnswer, ShareQuery, ShareTarget
from recsys.slate import Floats

log = logging.getLogger(__name__)

CANDIDATES = 500
"""How many people are considered at most."""


def candidates(reading: Reading) -> list[str]:
    """People whom a person may share with, by name.

    Beyond ``CANDIDATES`` those with whom least was done lately are left out.
    """
    peers, values = reading.table(Key.PAIR)
    together = values["pair.together_90"] + values["pair.together_by_90"]
    worth = dict(zip(peers, together.tolist(), strict=True))
    names = {*peers, *reading.state.ties}
    return sorted(sorted(names, key=lambda name: (-worth.get(name, 0.0), name))[:CANDIDATES])


def fallback(raw: Raw) -> Floats:
    """Score where no ranker was learned: openings with a half-life, then ties."""
    return np.asarray(raw["pair.opened_by_30"] + 0.5 * raw["pair.opened_30"] + 0.1 * raw["tied"])


class Sharing:
    """Share targets of one bundle.

    Parameters
    ----------
    bundle : Bundle
        Opened and verified.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.parts = bundle.parts
        self.zone = BusinessZone(bundle.settings.zone)

    def targets(self, query: ShareQuery, people: People) -> ShareAnswer:
        """People to share an item with, best first; nobody for a stranger.

        Parameters
        ----------
        query : ShareQuery
            Who shares what.
        people : People
            States of the person and of friends.
        """
        state = people.states([query.user_id]).get(query.user_id) or State()
        if not consent.gives(consent.say(state), Scope.SOCIAL_GRAPH):
            return ShareAnswer((), held_back=0)
        reading = Reading(state, query.at_us, self.zone)
        names = candidates(reading)
        states = people.states(names) if names else {}
        willing = [
            name
            for name in names
            if name != query.user_id and _willing(states.get(name), reading, name)
        ]
        if not willing:
            return ShareAnswer((), held_back=len(names))
        raw = frame.online(reading, willing, states, self.parts.items, query.item_id)
        decided = [consent.say(states.get(name, State())) for name in willing]
        frame.hide(raw, decided, np.arange(len(willing)))
        scores, degraded = self._score(raw, len(willing))
        best = np.argsort(-scores, kind="stable")[: query.k]
        targets = tuple(
            ShareTarget("person", willing[i], float(scores[i]), self._reasons(raw, i, query))
            for i in best.tolist()
        )
        return ShareAnswer(targets, len(names) - len(willing), degraded)

    def _score(self, raw: Raw, size: int) -> tuple[Floats, tuple[str, ...]]:
        if self.parts.sharing is None:
            return fallback(raw), ()
        try:
            return self.parts.sharing.score(frame.assemble(raw, size)), ()
        except Exception:  # fail open: counting openings is better than no answer
            log.exception("share ranker left out")
            return fallback(raw), ("ranker",)

    def _reasons(self, raw: Raw, place: int, query: ShareQuery) -> tuple[Reason, ...]:
        found = []
        opened = int(raw["pair.opened_by"][place])
        if opened:
            found.append(Reason("opened_before", opened))
            if raw["pair.opened_30"][place] > 0:
                found.append(Reason("shared_with_you"))
        code = self.parts.items.ids.code(query.item_id)
        category = self.parts.items.coded[c.CATEGORY][code] if code != UNKNOWN else UNKNOWN
        if category != UNKNOWN and raw["category.interest_30"][place] >= 1.0:
            name = self.parts.items.names[c.CATEGORY].name(int(category))
            found.append(Reason("likes_category", names={"category": name}))
        if raw["tied"][place] and not found:
            found.append(Reason("tied"))
        return tuple(found)


def _willing(state: State | None, sharer: Reading, name: str) -> bool:
    """Whether somebody may be proposed: did not refuse, never muted or reported the sharer."""
    gives = state is None or consent.gives(consent.say(state), Scope.SOCIAL_GRAPH)
    return gives and sharer.number("pair.muted_by", name) == 0
