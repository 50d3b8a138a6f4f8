"""The feed: lists shown by a known logging policy, and clicks with position bias.

Each day the live items are dealt at random into as many decks as a list has slots. A list begins at
a random deck and takes one item from each in turn, so that no item stands twice in it and every
slot is an independent draw: the propensity written beside an impression is exactly the chance that
this item stands in this slot, given the day's decks.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from features.clock import SECOND_US
from features.events import CLICKED, SHOWN
from training.world.mechanism import Mechanism, Stage, Today, Visits, Wave
from training.world.ragged import Bools, Floats, Ints, draw_between, running, sigmoid
from training.world.words import LEAVES


@dataclass(frozen=True)
class FeedConfig:
    """How lists are made and looked at."""

    slots: int = 8
    """Items in a list."""
    popular: float = 0.45
    """Share of slots filled in proportion to recent clicks."""
    familiar: float = 0.35
    """Share filled from categories the person clicked before; the rest is uniform."""
    fading: float = 0.6
    """A slot at position p is looked at with probability (1 + p) ** -fading."""
    click: float = -2.3
    """Log-odds of a click on an item looked at that is wanted neither more nor less."""
    half_life: float = 7.0
    """Days after which the policy counts a click half."""
    mood: float = 0.4
    """How much of the day's mood goes into clicks."""


class Feed(Mechanism):
    """Shows lists to everybody who comes and lets people click."""

    name: ClassVar[str] = "feed"

    def __init__(self, config: FeedConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self.clicks = 1.0 + 2.0 * stage.catalogue.fame
        self.habit = np.full((stage.people.count, len(LEAVES)), 0.3)

    def propose(self, today: Today) -> Visits | None:
        """Show one list to each session; return the clicks."""
        live = np.flatnonzero(today.live)
        slots = min(self.config.slots, live.size)
        if slots == 0 or today.session_user.size == 0:
            return None
        rng = today.rng(self.name)
        decks = _Decks.dealt(rng, live, slots, self.clicks, self.stage.catalogue.category)
        user = np.repeat(today.session_user, slots)
        position = np.tile(np.arange(slots), today.session_user.size)
        deck = np.repeat(rng.integers(slots, size=today.session_user.size), slots) + position
        item, propensity = self._fill(rng, decks, user, deck % slots)
        session = np.repeat(np.arange(today.session_user.size), slots)
        request = self.stage.log.numbers("request_id", today.session_user.size)[session]
        at = today.session_at[session]
        self.stage.log.add(
            SHOWN, at, user, message=session, line=position, item_id=item, request_id=request,
            position=position, propensity=propensity / slots, scene="home",
        )  # fmt: skip
        chosen = np.flatnonzero(self._clicked(today, rng, user, item, position))
        user, item, position = user[chosen], item[chosen], position[chosen]
        at = at[chosen] + (2 + 9 * (position + 1)) * SECOND_US
        request, session = request[chosen], session[chosen]
        self.stage.log.add(
            CLICKED, at, user, item_id=item, request_id=request, position=position, scene="home"
        )
        return Visits.of(
            rng, user, item, at + SECOND_US, session, "feed", request=request, position=position
        )

    def respond(self, today: Today, wave: Wave) -> None:
        """Learn, as a logging policy does, from every page view."""
        seen = wave.visits
        np.add.at(self.clicks, seen.item, 1.0)
        np.add.at(self.habit, (seen.user, self.stage.catalogue.category[seen.item]), 1.0)

    def close(self, today: Today) -> None:
        """Forget a little."""
        keep = 2.0 ** (-1.0 / self.config.half_life)
        self.clicks = 0.3 + (self.clicks - 0.3) * keep
        self.habit = 0.3 + (self.habit - 0.3) * keep

    def truth(self) -> dict[str, pa.Table]:
        """Chance that each position is looked at."""
        position = np.arange(self.config.slots)
        looked = (1.0 + position) ** -self.config.fading
        return {"positions": pa.table({"position": position, "examined": looked})}

    def _clicked(
        self, today: Today, rng: np.random.Generator, user: Ints, item: Ints, position: Ints
    ) -> Bools:
        mood = self.stage.mood.of(user, self.stage.catalogue.category[item])
        odds = self.config.click + self.stage.desire.pairs(user, item) + self.config.mood * mood
        looked = (1.0 + position) ** -self.config.fading
        chance = looked * sigmoid(odds + today.nudge(user, item))
        return np.asarray(rng.random(user.size) < chance)

    def _fill(
        self, rng: np.random.Generator, decks: "_Decks", user: Ints, deck: Ints
    ) -> tuple[Ints, Floats]:
        """Draw an item for each slot; return it and its chance within the deck."""
        c = self.config
        habit = self.habit[user]
        held = habit * decks.holds[deck]
        total = held.sum(axis=1)
        u = rng.random((3, user.size))
        category = (np.cumsum(held, axis=1) < (u[1] * total)[:, None]).sum(axis=1)
        category = np.minimum(category, len(LEAVES) - 1)
        # Rounding can end on a category the deck lacks; the last one it holds is meant.
        category = np.where(decks.holds[deck, category], category, decks.last[deck])
        cell = deck * len(LEAVES) + category
        low, high = decks.deck_ptr[deck], decks.deck_ptr[deck + 1]
        by_clicks = draw_between(decks.clicks, low, high, u[2])
        by_habit = draw_between(decks.milder, decks.cell_ptr[cell], decks.cell_ptr[cell + 1], u[2])
        by_chance = low + (u[2] * (high - low)).astype(np.int64)
        place = np.where(u[0] < c.popular + c.familiar, by_habit, by_chance)
        place = np.where(u[0] < c.popular, by_clicks, place)
        shown = decks.cell_of[place]
        within = np.diff(decks.milder)[place] / (
            decks.milder[decks.cell_ptr[shown + 1]] - decks.milder[decks.cell_ptr[shown]]
        )
        kind = shown - deck * len(LEAVES)
        chance = (
            c.popular * np.diff(decks.clicks)[place] / (decks.clicks[high] - decks.clicks[low])
            + c.familiar * within * habit[np.arange(user.size), kind] / total
            + (1.0 - c.popular - c.familiar) / (high - low)
        )
        return decks.item[place], chance


@dataclass(frozen=True)
class _Decks:
    """Live items sorted by deck and category, with running weights."""

    item: Ints
    cell_of: Ints
    deck_ptr: Ints
    cell_ptr: Ints
    clicks: Floats
    milder: Floats
    holds: Bools
    last: Ints

    @classmethod
    def dealt(
        cls, rng: np.random.Generator, live: Ints, decks: int, clicks: Floats, category: Ints
    ) -> "_Decks":
        item = rng.permutation(live)
        cell = np.arange(item.size) % decks * len(LEAVES) + category[item]
        order = np.argsort(cell, kind="stable")
        item, cell = item[order], cell[order]
        cell_ptr = np.searchsorted(cell, np.arange(decks * len(LEAVES) + 1))
        holds = (np.diff(cell_ptr) > 0).reshape(decks, len(LEAVES))
        return cls(
            item=item,
            cell_of=cell,
            deck_ptr=cell_ptr[:: len(LEAVES)],
            cell_ptr=cell_ptr,
            clicks=running(clicks[item]),
            milder=running(np.sqrt(clicks[item])),
            holds=holds,
            last=len(LEAVES) - 1 - np.argmax(holds[:, ::-1], axis=1),
        )
