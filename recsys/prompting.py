"""CAPABILITY share prompts: whether to ask somebody now to share this.

    surface   what may be prompted there (``recsys.guards.SURFACES``)
    consent   social use, personalisation
    item      known and sold
    quiet     nobody is disturbed at night
    ignored   who saw prompts and shared nothing in a month is left alone
    caps      of the contact ledger, channel ``prompt``
    chance    of sharing at least as high as that of any look

The first that speaks against it is told. A prompt that may be shown counts as shown.
"""

from dataclasses import dataclass

import numpy as np

from features import consent
from features import events as e
from features.clock import BusinessZone
from features.frames import groups, propensity
from features.ids import UNKNOWN
from features.online import State
from features.reading import Reading
from features.store.contacts import WINDOWS, Ledger
from recsys import guards
from recsys.bundle import Bundle
from recsys.query import Chance, People, PromptAnswer, PromptQuery

CHANNEL = "prompt"
"""Of the contact ledger."""

SENDER = "huoren"
"""Who asks, in the ledger."""

IGNORED = 3
"""Prompts in a month after which somebody who shared nothing in it is left alone."""


@dataclass(frozen=True)
class PromptConfig:
    """When a prompt is worth its trouble.

    Parameters
    ----------
    least : float
        Chance of sharing, as a multiple of that of any look, from which on somebody is asked.
    """

    least: float = 1.0


class Prompting:
    """Share prompts of one bundle.

    Parameters
    ----------
    bundle : Bundle
        Opened and verified.
    config : PromptConfig
        When a prompt is worth it.
    """

    def __init__(self, bundle: Bundle, config: PromptConfig = PromptConfig()) -> None:
        self.items = bundle.parts.items
        self.model = bundle.parts.chances.get("propensity")
        self.zone = BusinessZone(bundle.settings.zone)
        self.config = config

    def chance(self, query: PromptQuery, state: State) -> Chance | None:
        """Chance that somebody who looks at an item now shares it within a day; None: unknown."""
        if self.model is None:
            return None
        raw = propensity.online(Reading(state, query.at_us, self.zone), self.items, [query.item_id])
        wide = {name: np.broadcast_to(values, (1,)) for name, values in raw.items()}
        consent.hide(wide, [consent.say(state)], np.zeros(1, dtype=np.int64))
        found = self.model.chances(groups.assemble(propensity.COLUMNS, wide, 1))
        return Chance(float(found.p[0]), float(found.low[0]), float(found.high[0]))

    def decide(self, query: PromptQuery, people: People, ledger: Ledger) -> PromptAnswer:
        """Whether to ask now, why, and when it may be asked at the earliest."""
        state = people.states([query.user_id]).get(query.user_id) or State()
        against = self._against(query, state)
        if against is not None:
            return against
        chance = self.chance(query, state)
        degraded = () if self.model else ("propensity",)
        next_us = ledger.next_at(query.user_id, CHANNEL, query.at_us)
        if next_us > query.at_us:
            return PromptAnswer(False, "capped", next_us, chance, degraded)
        if _ignored(query, state, ledger):
            return PromptAnswer(False, "ignored", None, chance, degraded)
        if self.model and chance and chance.p < self.config.least * self.model.rate:
            return PromptAnswer(False, "unlikely", None, chance)
        if not ledger.reserve(SENDER, [query.user_id], CHANNEL, query.at_us, 1):
            next_us = ledger.next_at(query.user_id, CHANNEL, query.at_us)
            return PromptAnswer(False, "capped", next_us, chance, degraded)
        ledger.charge(SENDER, query.user_id, CHANNEL, query.at_us)
        return PromptAnswer(True, "likely" if self.model else "allowed", None, chance, degraded)

    def _against(self, query: PromptQuery, state: State) -> PromptAnswer | None:
        """What speaks against it whoever was asked before."""
        if not guards.allowed(query.surface, "share"):
            return PromptAnswer(False, "surface", None)
        if not (guards.social(state) and consent.personal(consent.say(state))):
            return PromptAnswer(False, "consent", None)
        code = self.items.ids.code(query.item_id)
        if code == UNKNOWN:
            return PromptAnswer(False, "unknown_item", None)
        if not self.items.on_sale[code] or self.items.expires_us[code] <= query.at_us:
            return PromptAnswer(False, "not_sold", None)
        if guards.quiet(query.at_us, self.zone):
            return PromptAnswer(False, "quiet", guards.loud_at(query.at_us, self.zone))
        return None


def _ignored(query: PromptQuery, state: State, ledger: Ledger) -> bool:
    """Whether somebody saw prompts and shared nothing in a month."""
    since = query.at_us - WINDOWS["month"]
    shared = any(act.event == e.SHARED and act.at_us > since for act in state.deeds)
    return not shared and ledger.count(query.user_id, CHANNEL, "month", query.at_us) >= IGNORED
