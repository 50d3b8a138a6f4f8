"""The oracle: what somebody who knew the true tastes would recommend.

It knows tastes, talk among friends, what is used up and the logging policy, but neither moods nor
needs of the day. Its NDCG on the last week is the ceiling for every model of this world.
"""

from dataclasses import dataclass

import numpy as np

from training.world.feed import Feed
from training.world.hearsay import Hearsay
from training.world.mechanism import Stage, Today
from training.world.presets import World
from training.world.ragged import Floats, Ints, expand, sigmoid
from training.world.replenishment import Replenishment
from training.world.words import LEAVES

_ROWS = 256


@dataclass(frozen=True)
class Oracle:
    """Expected orders per session of each user and item, at the opening of a day.

    Parameters
    ----------
    world : World
    stage : Stage
    feed, hearsay, replenishment : Feed, Hearsay, Replenishment
        Mechanisms whose state it looks into.
    """

    world: World
    stage: Stage
    feed: Feed
    hearsay: Hearsay
    replenishment: Replenishment

    def top(self, today: Today, user: Ints, k: int) -> Ints:
        """Best items of each user; shape (users, k), -1 where fewer are on sale."""
        live = np.flatnonzero(today.live)
        best = np.full((user.size, k), -1)
        width = min(k, live.size)
        for low in range(0, user.size, _ROWS):
            rows = user[low : low + _ROWS]
            order = np.argsort(-self.expected(rows, live, today), axis=1, kind="stable")
            best[low : low + rows.size, :width] = live[order[:, :width]]
        return best

    def expected(self, user: Ints, live: Ints, today: Today) -> Floats:
        """Expected orders per session; shape (users, live items)."""
        wanted = self.stage.desire.grid(user, live)
        heard = self._sparse(user, live, self.hearsay.key, self.hearsay.loudness)
        heard = 1.0 - np.exp(-heard)
        owned = self._sparse(
            user, live, self.replenishment.owned, np.ones(self.replenishment.owned.size)
        )
        lasts = self.stage.catalogue.gap_days[live] == 0
        habit = self.world.replenishment
        nudge = self.world.hearsay.lift * heard
        nudge += owned * np.where(lasts, habit.owned, habit.known)
        odds = self.world.shopping.order + wanted + nudge
        visits = self._fed(user, live, wanted + nudge) + self._searched(user, live, wanted)
        visits += 0.6 * self.world.hearsay.visits * heard * sigmoid(wanted + 0.5)
        return visits * sigmoid(odds) + self._due(user, live, today, sigmoid(odds + habit.lift))

    def _fed(self, user: Ints, live: Ints, odds: Floats) -> Floats:
        """Clicks on the feed per session."""
        c, feed = self.world.feed, self.feed
        category = self.stage.catalogue.category[live]
        clicks, milder = feed.clicks[live], np.sqrt(feed.clicks[live])
        share = milder / np.bincount(category, milder, minlength=len(LEAVES))[category]
        habit = feed.habit[user] / feed.habit[user].sum(axis=1, keepdims=True)
        shown = c.popular * clicks / clicks.sum() + c.familiar * habit[:, category] * share
        shown += (1.0 - c.popular - c.familiar) / live.size
        looked = ((1.0 + np.arange(c.slots)) ** -c.fading).sum()
        return np.asarray(looked * shown * sigmoid(c.click + odds))

    def _searched(self, user: Ints, live: Ints, wanted: Floats) -> Floats:
        """Pages reached by searching per session; the choice among few is approximated."""
        c = self.world.search
        category = self.stage.catalogue.category[live]
        known = np.sqrt(self.stage.catalogue.fame[live])
        share = known / np.bincount(category, known, minlength=len(LEAVES))[category]
        pull = np.exp(wanted)
        one_hot = np.zeros((live.size, len(LEAVES)))
        one_hot[np.arange(live.size), category] = share
        others = (pull @ one_hot)[:, category] * (c.candidates - 1)
        need = self.world.mood.need
        liked = (1.0 - need) * np.exp(self.stage.people.category_log[user]) + need / len(LEAVES)
        return np.asarray(
            c.rate * liked[:, category] * share * c.candidates * pull / (pull + others)
        )

    def _due(self, user: Ints, live: Ints, today: Today, chance: Floats) -> Floats:
        """Orders of what is used up within a week, as if spread over the week's sessions."""
        due = self.replenishment.due.peek()
        soon = due["at"] < today.start_us + 7 * (today.end_us - today.start_us)
        key = due["user"] * self.stage.catalogue.count + due["item"]
        key = np.sort(key[soon])
        sessions = 7.0 * 1.2 * sigmoid(self.stage.people.activity[user])
        return self._sparse(user, live, key, np.ones(key.size)) * chance / sessions[:, None]

    def _sparse(self, user: Ints, live: Ints, key: Ints, value: Floats) -> Floats:
        """Dense (users, live items) part of values by sorted key = user × items + item."""
        items = self.stage.catalogue.count
        low = np.searchsorted(key, user * items)
        row, place = expand(low, np.searchsorted(key, (user + 1) * items) - low)
        column = np.full(items, -1)
        column[live] = np.arange(live.size)
        item = column[key[place] % items]
        dense = np.zeros((user.size, live.size))
        dense[row[item >= 0], item[item >= 0]] = value[place[item >= 0]]
        return dense
