"""CAPABILITY sharing: whom to show this item to.

    candidates  near · two steps away · whom the item may suit · communities the sharer is active in
    rules       not oneself · proposable (``recsys.guards``) · strangers not at night · under caps
    ranker      LambdaMART over one row for each candidate; untrained: openings with a half-life

Communities take what places people leave, and a fifth of them at most where people fill all.
Near are people tied to the sharer and people with whom something was done before: a link opened, a
group buy joined.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features import columns as c
from features import consent
from features.clock import BusinessZone
from features.frames import sharing as frame
from features.frames.feed import Raw
from features.ids import UNKNOWN
from features.online import State
from features.reading import Reading
from features.store.contacts import Ledger
from recsys import guards
from recsys.bundle import Bundle
from recsys.people.communities import RECIPIENT, communities, room
from recsys.people.far import far
from recsys.people.near import near
from recsys.query import People, Reason, ShareAnswer, ShareQuery, ShareTarget
from recsys.slate import Floats

log = logging.getLogger(__name__)

CHANNEL = "share"
"""Of the contact ledger."""

PERSONAL = frozenset({"bargain", "tip"})
"""Purposes for which nothing is posted where many read."""

STAFF = "staff"
"""The type of tie between staff and their contacts."""

SPARE = 100
"""How many more than wanted are looked at where some are at their caps."""


def fallback(raw: Raw) -> Floats:
    """Score where no ranker was learned: openings with a half-life, ties, then who is reached."""
    strangers = 0.01 * raw["reach"] + 1e-6 * raw["user.opens_30"]
    counted = raw["pair.opened_by_30"] + 0.5 * raw["pair.opened_30"] + 0.1 * raw["tied"]
    return np.asarray(counted + np.nan_to_num(strangers))


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

    def targets(
        self, query: ShareQuery, people: People, ledger: Ledger | None = None
    ) -> ShareAnswer:
        """People to share an item with, best first; nobody for a stranger.

        Parameters
        ----------
        query : ShareQuery
            Who shares what.
        people : People
            States of the person and of friends.
        ledger : Ledger, optional
            Of contacts: who is at a cap is held back, who is listed has a place reserved.
        """
        state = people.states([query.user_id]).get(query.user_id) or State()
        if not guards.social(state) or not guards.allowed(query.surface, query.purpose):
            return ShareAnswer((), held_back=0)
        reading = Reading(state, query.at_us, self.zone)
        found = self._candidates(reading, query, people)
        why = self._held(found, reading)
        held = {name: reason for name, reason in zip(found.names, why, strict=True) if reason}
        willing = [name for name in found.names if name not in held]
        groups = [] if query.purpose in PERSONAL else communities(reading)
        places = room(query.k, groups)
        targets, degraded = self._people(query, reading, found, willing, places, ledger, held)
        if guards.quiet(query.at_us, self.zone):
            held |= {name: "quiet" for name, _ in groups}
            groups = []
        left = query.k - len(targets)
        targets += _communities(query, groups, left, ledger, held)
        return ShareAnswer(targets, len(held), degraded, tuple(held.items()))

    def _people(
        self,
        query: ShareQuery,
        reading: Reading,
        found: "_Found",
        willing: list[str],
        places: int,
        ledger: Ledger | None,
        held: dict[str, str],
    ) -> tuple[tuple[ShareTarget, ...], tuple[str, ...]]:
        """The best of those who may be asked; who is at a cap is put among the ``held``."""
        if not willing:
            return (), ()
        raw = frame.online(
            reading, willing, found.states, self.parts.items, query.item_id, found.beyond
        )
        nobody = State()
        decided = [consent.say(found.states.get(name, nobody)) for name in willing]
        frame.hide(raw, decided, np.arange(len(willing)))
        scores, degraded = self._score(raw, len(willing))
        best = np.argsort(-scores, kind="stable")[: places + SPARE].tolist()
        names = [willing[i] for i in best]
        listed = _reserved(query, names, places, ledger, held)
        best = [i for i, name in zip(best, names, strict=True) if name in listed][:places]
        state, category = reading.state, self._category(query.item_id)
        return tuple(
            ShareTarget(
                _kind(state, willing[i]), willing[i], float(scores[i]),
                _reasons(raw, i, category),
            )
            for i in best
        ), degraded  # fmt: skip

    def _held(self, found: "_Found", reading: Reading) -> list[str | None]:
        """Why each candidate may not be proposed now; strangers are not disturbed at night."""
        why = guards.held(found.states, reading, found.names)
        if guards.quiet(reading.at_us, self.zone):
            why[found.near :] = [reason or "quiet" for reason in why[found.near :]]
        return why

    def _candidates(self, reading: Reading, query: ShareQuery, people: People) -> "_Found":
        """Near, two steps away, suited: by id within each, as in training."""
        names, weights = near(reading)
        states = dict(people.states(names)) if names else {}
        social = [
            i for i, name in enumerate(names)
            if name != query.user_id and guards.social(states.get(name))
        ]  # fmt: skip
        beyond = far(reading, query.user_id, [names[i] for i in social], weights[social], states)
        suited = self.parts.audience.of(self.parts.items, query.item_id)
        known = {query.user_id, *names, *beyond}
        others = [*sorted(beyond), *(name for name in suited if name not in known)]
        others = [name for name in others if name not in query.without]
        states |= people.states(others) if others else {}
        met = sorted(set(names) - {query.user_id, *query.without})
        return _Found([*met, *others], len(met), states, beyond)

    def _score(self, raw: Raw, size: int) -> tuple[Floats, tuple[str, ...]]:
        if self.parts.sharing is None:
            return fallback(raw), ()
        try:
            return self.parts.sharing.score(frame.assemble(raw, size)), ()
        except Exception:  # fail open: counting openings is better than no answer
            log.exception("share ranker left out")
            return fallback(raw), ("ranker",)

    def _category(self, item_id: str) -> str | None:
        code = self.parts.items.ids.code(item_id)
        category = self.parts.items.coded[c.CATEGORY][code] if code != UNKNOWN else UNKNOWN
        names = self.parts.items.names[c.CATEGORY]
        return None if category == UNKNOWN else names.name(int(category))


def _reasons(raw: Raw, place: int, category: str | None) -> tuple[Reason, ...]:
    found = []
    opened = int(raw["pair.opened_by"][place])
    if opened:
        found.append(Reason("opened_before", opened))
        if raw["pair.opened_30"][place] > 0:
            found.append(Reason("shared_with_you"))
    met = raw["near"][place] > 0  # the tastes of strangers are nobody's business
    if met and category is not None and raw["category.interest_30"][place] >= 1.0:
        found.append(Reason("likes_category", names={"category": category}))
    if raw["tied"][place] and not found:
        found.append(Reason("tied"))
    if raw["reach"][place] > 0 and not found:
        found.append(Reason("friends_of_friends", int(raw["ways"][place])))
    if not found:
        found.append(Reason("may_like"))
    return tuple(found)


def _reserved(
    query: ShareQuery,
    names: Sequence[str],
    places: int,
    ledger: Ledger | None,
    held: dict[str, str],
) -> set[str]:
    """Those of the best for whom there is a place under the caps; who is passed over is held."""
    if ledger is None:
        return set(names)
    listed = set(ledger.reserve(query.user_id, names, CHANNEL, query.at_us, places))
    last = max((n for n, name in enumerate(names) if name in listed), default=len(names) - 1)
    held |= {name: "capped" for name in names[: last + 1] if name not in listed}
    return listed


def _communities(
    query: ShareQuery,
    found: Sequence[tuple[str, float]],
    places: int,
    ledger: Ledger | None,
    held: dict[str, str],
) -> tuple[ShareTarget, ...]:
    """Communities for the places that are left; they stand under the caps like people."""
    recipients = {RECIPIENT + name: (name, weight) for name, weight in found}
    listed = _reserved(query, list(recipients), places, ledger, held) if places else set()
    reasons = (Reason("active_in"),)
    return tuple(
        ShareTarget("community", name, weight, reasons)
        for recipient, (name, weight) in recipients.items()
        if recipient in listed
    )[:places]


def _kind(state: State, name: str) -> str:
    """A contact of staff, or a person."""
    return "contact" if state.ties.get(name) == STAFF else "person"


@dataclass(frozen=True)
class _Found:
    names: list[str]  # the near first
    near: int
    states: dict[str, State]
    beyond: dict[str, tuple[float, float]]
