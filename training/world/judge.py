"""How hard a world is: the oracle and popularity on the last week, and how much is noise."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from training.world.feed import Feed
from training.world.hearsay import Hearsay
from training.world.mechanism import Mechanism, Stage, Today
from training.world.oracle import Oracle
from training.world.presets import World
from training.world.ragged import Ints, rank_within
from training.world.replenishment import Replenishment
from training.world.shopping import Shopping

_USERS = 3_000
_LISTED = 50
_K = 20
_WEEK = 7


class Judge:
    """Takes lists before the last week begins and compares them with the week's orders.

    Parameters
    ----------
    world : World
    stage : Stage
    mechanisms : sequence of Mechanism
    shopping : Shopping
        Tells the log-odds of each visit, known and hidden.
    """

    def __init__(
        self, world: World, stage: Stage, mechanisms: Sequence[Mechanism], shopping: Shopping
    ) -> None:
        self.world = world
        self.stage = stage
        self.mechanisms = mechanisms
        self.shopping = shopping
        self.cut_day = max(world.days - _WEEK, world.days // 2)
        self.users = np.zeros(0, dtype=np.int64)
        self.lists: dict[str, Ints] = {}
        self._ordered: list[tuple[Ints, Ints]] = []

    def open_day(self, today: Today) -> None:
        """Ask the oracle, and popularity, when the last week begins."""
        if today.number != self.cut_day:
            return
        self.shopping.known.clear()
        self.shopping.hidden.clear()
        present = np.flatnonzero(today.present)
        self.users = np.sort(self.stage.streams.of("oracle").permutation(present)[:_USERS])
        self.lists["oracle"] = self._oracle().top(today, self.users, _LISTED)
        sold = np.where(today.live, self.stage.catalogue.sold, -1)
        popular = np.argsort(-sold, kind="stable")[:_K]
        self.lists["popular"] = np.tile(popular, (self.users.size, 1))

    def close_day(self, today: Today) -> None:
        """Note the orders of the last week."""
        if today.number >= self.cut_day:
            told = today.bought["at"] <= self.stage.horizon_us
            self._ordered.append((today.bought["user"][told], today.bought["item"][told]))

    def ndcg(self, name: str) -> float:
        """NDCG@20 of the ``oracle`` or of ``popular`` items."""
        user = np.concatenate([user for user, _ in self._ordered])
        item = np.concatenate([item for _, item in self._ordered])
        row = np.searchsorted(self.users, user)
        inside = row < self.users.size
        inside[inside] = self.users[row[inside]] == user[inside]
        return ndcg(self.lists[name][:, :_K], *distinct(row[inside], item[inside]))

    def explained(self) -> float:
        """Share of the variance of the log-odds of ordering that observables could explain."""
        known, hidden = np.concatenate(self.shopping.known or [np.zeros(0)]), self.shopping.hidden
        total = known + np.concatenate(hidden or [np.zeros(0)])
        spread = float(total.var()) if total.size else 0.0
        return float(known.var()) / spread if spread > 0 else float("nan")

    def truth(self) -> pa.Table:
        """Lists of the oracle, best first."""
        listed = self.lists["oracle"]
        row, rank = np.nonzero(listed >= 0)
        return pa.table({
            "user_id": self.stage.people.ids.take(pa.array(self.users[row])),
            "rank": rank,
            "item_id": self.stage.catalogue.ids.take(pa.array(listed[row, rank])),
        })

    def _oracle(self) -> Oracle:
        named = {type(mechanism): mechanism for mechanism in self.mechanisms}
        feed, hearsay, again = (named[kind] for kind in (Feed, Hearsay, Replenishment))
        assert isinstance(feed, Feed)
        assert isinstance(hearsay, Hearsay)
        assert isinstance(again, Replenishment)
        return Oracle(self.world, self.stage, feed, hearsay, again)


def ndcg(best: Ints, row: Ints, item: Ints) -> float:
    """Mean NDCG of lists over the users who ordered anything.

    Parameters
    ----------
    best : int array of shape (users, k)
        Lists, best first.
    row, item : int arrays of shape (orders,)
        Relevant pairs: row of ``best`` and item, each once.

    Returns
    -------
    float
        Binary NDCG with the ideal over min(relevant, k); nan without any order.

    Examples
    --------
    >>> ndcg(np.array([[3, 4], [5, 6]]), np.array([0, 1]), np.array([3, 9]))
    0.5
    """
    if row.size == 0:
        return float("nan")
    k = best.shape[1]
    gain = 1.0 / np.log2(np.arange(k) + 2.0)
    match = best[row] == item[:, None]
    reached = np.bincount(row, (match * gain).sum(axis=1), minlength=best.shape[0])
    relevant = np.bincount(row, minlength=best.shape[0])
    ideal = np.cumsum(gain)[np.minimum(relevant, k) - 1]
    some = relevant > 0
    return float((reached[some] / ideal[some]).mean())


def distinct(row: Ints, item: Ints) -> tuple[Ints, Ints]:
    """Drop repeated pairs."""
    order = np.lexsort((item, row))
    row, item = row[order], item[order]
    base = int(item.max()) + 1 if item.size else 1
    first = rank_within(row * base + item) == 0
    return row[first], item[first]
