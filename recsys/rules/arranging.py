"""From scores to a page: caps, diversity, floors, boosts, exploration.

The page is filled from the top, each place by the candidate of most worth that no cap forbids:
its score, scaled to 0 … 1, with its boost, less ``diversity`` times its likeness to what stands
above (Carbonell & Goldstein, "The use of MMR, diversity-based reranking", SIGIR 1998; likeness is
the part of category, brand and shop that two items share). Floors then trade the last places that
may be traded. An exploring place is drawn; its propensity says with what probability.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.clock import DAY_US
from features.ids import UNKNOWN
from features.items import NEVER_US, Items
from recsys.policy import FeedPolicy
from recsys.slate import Codes, Floats

AHEAD = 6
"""A page looks at so many times its length of the best candidates."""

LIKE = {c.CATEGORY: 0.5, c.BRAND: 0.25, c.SHOP: 0.25}
"""How much sharing an attribute makes two items alike."""

Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Page:
    """A page.

    Parameters
    ----------
    places : ndarray, intp, shape (m,)
        Places of the candidates, in the order they are shown.
    propensity : ndarray, float64, shape (m,)
        Probability of each item at its place, given what stands above it.
    held_back : mapping of str to ndarray, intp
        Cap → candidates that would have been on the page without it.
    """

    places: Places
    propensity: Floats
    held_back: Mapping[str, Places]


class Arranger:
    """Fills pages for one catalogue and one policy.

    Parameters
    ----------
    items : Items
        The catalogue.
    policy : FeedPolicy
        Of the shop.
    as_of_us : int
        When shops are new.
    """

    def __init__(self, items: Items, policy: FeedPolicy, as_of_us: int) -> None:
        self.items = items
        self.policy = policy
        self.tail = _tail(items, policy.head_share) if policy.tail_share else None
        self.young = _of_young_shops(items, policy, as_of_us) if policy.new_shop_share else None
        self.lift = _lift(items, policy)
        caps = {
            c.SHOP: policy.most_of_shop,
            c.CATEGORY: policy.most_of_category,
            "kind": policy.most_of_kind,
        }
        self.caps = {name: part for name, part in caps.items() if part < 1.0}

    def arrange(
        self, codes: Codes, scores: Floats, k: int, at_us: int,
        rng: np.random.Generator | None = None,
    ) -> Page:  # fmt: skip
        """Fill a page.

        Parameters
        ----------
        codes : ndarray, int32, shape (n,)
            Candidates.
        scores : ndarray, float64, shape (n,)
            Theirs; higher is better.
        k : int
            Length of the page at most.
        at_us : int
            The instant, for what is new.
        rng : Generator, optional
            Draws exploring places; without it nothing is left to chance.
        """
        near = best(scores, max(AHEAD * k, k + 100))
        if not len(near) or k <= 0:
            return Page(near[:0], np.zeros(0), {})
        worth = self._worth(codes[near], scores[near], k)
        order, held = self._greedy(codes[near], worth, min(k, len(near)))
        order = self._floor(order, codes[near], worth, k)
        propensity = np.ones(len(order))
        if rng is not None and self.policy.explore_every and self.policy.explore_chance:
            self._explore(order, propensity, codes[near], at_us, rng)
        return Page(near[order], propensity, {name: near[those] for name, those in held.items()})

    def _worth(self, codes: Codes, scores: Floats, k: int) -> Floats:
        """Scores from 0 to 1 with the boosts of as many candidates as may be moved."""
        low, high = float(scores.min()), float(scores.max())
        worth = (scores - low) / (high - low) if high > low else np.ones(len(scores))
        if self.lift is None:
            return worth
        lift = self.lift[codes]
        worth = worth + np.minimum(lift, 0.0)
        pushed = np.flatnonzero(lift > 0)[: int(self.policy.boosted_share * k)]
        worth[pushed] += lift[pushed]
        return worth

    def _greedy(
        self, codes: Codes, worth: Floats, size: int
    ) -> tuple[Places, dict[str, Places]]:  # fmt: skip
        """Places in order; what a cap kept out although it was worth more than the last."""
        if not self.caps and not self.policy.diversity:
            return np.argsort(-worth, kind="stable")[:size], {}
        alike = {
            name: (self.items.coded[name][codes], weight)
            for name, weight in LIKE.items()
            if self.policy.diversity and (self.items.coded[name][codes] != UNKNOWN).any()
        }
        capped = {
            name: (self.items.coded[name][codes], max(1, int(part * size)))
            for name, part in self.caps.items()
        }
        left, penalty = worth.copy(), np.zeros(len(worth))
        counts: dict[str, dict[int, int]] = {name: {} for name in capped}
        stopped = np.zeros(len(worth), dtype=np.int8)
        names = list(capped)
        order: list[int] = []
        while len(order) < size:
            place = int(np.argmax(left - penalty))
            if left[place] == -np.inf:
                break
            order.append(place)
            left[place] = -np.inf
            for number, (name, (coded, most)) in enumerate(capped.items()):
                group = int(coded[place])
                counts[name][group] = counts[name].get(group, 0) + 1
                if group != UNKNOWN and counts[name][group] >= most:
                    full = (coded == group) & (left > -np.inf)
                    left[full], stopped[full] = -np.inf, number + 1
            for coded, weight in alike.values():
                if coded[place] != UNKNOWN:
                    same = self.policy.diversity * weight / size
                    penalty += np.where(coded == coded[place], same, 0.0)
        for place in best(np.where(stopped > 0, worth, -np.inf), size - len(order)).tolist():
            if stopped[place] > 0:  # a page is not left short for a cap
                order.append(place)
                stopped[place] = 0
        least = worth[order[-1]] if order else np.inf
        held = {
            f"cap:{name}": np.flatnonzero((stopped == number + 1) & (worth > least))
            for number, name in enumerate(names)
        }
        return np.array(order, dtype=np.intp), {n: those for n, those in held.items() if len(those)}

    def _floor(self, order: Places, codes: Codes, worth: Floats, k: int) -> Places:
        """Trade the last places for the best candidates of groups that have too few."""
        traded: set[int] = set()
        for member, share in (
            (self.tail, self.policy.tail_share),
            (self.young, self.policy.new_shop_share),
        ):
            if member is None:
                continue
            belongs = member[codes]
            missing = int(np.ceil(share * min(k, len(order)))) - int(belongs[order].sum())
            if missing <= 0:
                continue
            outside = np.setdiff1d(np.flatnonzero(belongs), order)
            fresh = outside[np.argsort(-worth[outside], kind="stable")][:missing]
            last = [at for at in range(len(order) - 1, -1, -1)
                    if at not in traded and not belongs[order[at]]][: len(fresh)]  # fmt: skip
            for at, place in zip(sorted(last), fresh.tolist(), strict=False):
                order[at] = place
                traded.add(at)
        return order

    def _explore(
        self, order: Places, propensity: Floats, codes: Codes, at_us: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """Give exploring places to new items, each alike; in place."""
        listed = self.items.listed_us[codes]
        new = (listed < NEVER_US) & (at_us - listed < self.policy.new_days * DAY_US)
        pool = np.setdiff1d(np.flatnonzero(new), order)
        chance = self.policy.explore_chance
        every = self.policy.explore_every
        for at in range(every - 1, len(order), every):
            if not len(pool):
                return
            if rng.random() < chance:
                drawn = int(rng.integers(len(pool)))
                order[at], propensity[at] = pool[drawn], chance / len(pool)
                pool = np.delete(pool, drawn)
            else:
                propensity[at] = 1.0 - chance


def best(scores: Floats, n: int) -> Places:
    """Places of the ``n`` largest, descending; ties by place.

    Examples
    --------
    >>> best(np.array([1.0, 3.0, 3.0, 2.0]), 3).tolist()
    [1, 2, 3]
    """
    if n <= 0:
        return np.zeros(0, dtype=np.intp)
    if len(scores) <= n:
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, len(scores) - n)[len(scores) - n]
    near = np.flatnonzero(scores >= least)
    return near[np.argsort(-scores[near], kind="stable")][:n]


def _tail(items: Items, head_share: float) -> Bools:
    """Items outside the head of sales."""
    sold = np.asarray(items.counters["item.orders_180"], dtype=np.float64)
    order = np.argsort(-sold, kind="stable")
    before = np.cumsum(sold[order]) - sold[order]
    tail = np.ones(len(items), dtype=np.bool_)
    tail[order[(before < head_share * sold.sum()) & (sold[order] > 0)]] = False
    return tail


def _of_young_shops(items: Items, policy: FeedPolicy, as_of_us: int) -> Bools:
    """Items of shops whose first item was listed lately."""
    shops = items.coded[c.SHOP]
    first = np.full(len(items.names[c.SHOP]), NEVER_US, dtype=np.int64)
    known = shops != UNKNOWN
    np.minimum.at(first, shops[known], items.listed_us[known])
    young = np.zeros(len(items), dtype=np.bool_)
    since = first[shops[known]]
    young[known] = (since < NEVER_US) & (as_of_us - since < policy.new_days * DAY_US)
    return young


def _lift(items: Items, policy: FeedPolicy) -> Floats | None:
    """What boosts add to each item; None without any."""
    if not policy.boosts:
        return None
    lift = np.zeros(len(items))
    for boost in policy.boosts:
        if boost.what == "item":
            code = items.ids.code(boost.name)
            if code != UNKNOWN:
                lift[code] += boost.lift
        else:
            code = items.names[boost.what].code(boost.name)
            if code != UNKNOWN:
                lift[items.coded[boost.what] == code] += boost.lift
    return np.clip(lift, -0.5, 0.5)
