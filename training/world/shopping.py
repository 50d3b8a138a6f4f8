"""From a product page to the cart, the wish list and the order."""

from dataclasses import dataclass

import numpy as np

from features.clock import SECOND_US
from features.events import ADDED, VIEWED, WISHED
from training.world.mechanism import Stage, Today, Visits, Wave
from training.world.ragged import Bools, Floats, Ints, sigmoid


@dataclass(frozen=True)
class ShoppingConfig:
    """How a visit ends."""

    order: float = -3.9
    """Log-odds of ordering what is wanted neither more nor less, on an average day."""
    cart: float = 1.3
    """Log-odds by which putting it into the cart is likelier than ordering it."""
    wish: float = -0.6
    """Log-odds by which collecting it is likelier than ordering it."""


class Shopping:
    """Turns visits into views, carts and orders.

    Attributes
    ----------
    known, hidden : lists of float arrays
        Parts of the log-odds of each visit that models could and could not see, by day.
    """

    def __init__(self, config: ShoppingConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage
        self.known: list[Floats] = []
        self.hidden: list[Floats] = []

    def shop(self, today: Today, visits: Visits) -> Wave:
        """Log the views and what follows; ``done`` is when each visitor had finished."""
        known, hidden = self._log_odds(today, visits)
        odds = known + hidden
        ordered = (visits.luck[:, 0] < sigmoid(odds)) | visits.sure
        carted = (visits.luck[:, 0] < sigmoid(odds + self.config.cart)) | ordered
        wished = (visits.luck[:, 1] < sigmoid(odds + self.config.wish)) & ~ordered
        cart_at = visits.at + (15 + 100 * visits.luck[:, 2]).astype(np.int64) * SECOND_US
        self._log(today, visits, carted, wished, cart_at)
        done = cart_at.copy()
        done[ordered] = self._order(today, visits.where(ordered), cart_at[ordered])
        return Wave(visits, carted, ordered, done)

    def _log_odds(self, today: Today, visits: Visits) -> tuple[Floats, Floats]:
        wanted = self.stage.desire.pairs(visits.user, visits.item)
        known = self.config.order + wanted + visits.lift + today.nudge(visits.user, visits.item)
        category = self.stage.catalogue.category[visits.item]
        hidden = self.stage.mood.of(visits.user, category)
        self.known.append(known[~visits.sure])
        self.hidden.append(hidden[~visits.sure])
        return known, hidden

    def _log(
        self, today: Today, visits: Visits, carted: Bools, wished: Bools, cart_at: Ints
    ) -> None:
        price = self.stage.catalogue.price_at(visits.item, visits.at)
        for event, rows, at in (
            (VIEWED, np.ones(len(visits), dtype=bool), visits.at),
            (WISHED, wished, cart_at + SECOND_US),
            (ADDED, carted, cart_at),
        ):
            some = visits.where(rows)
            self.stage.log.add(
                event,
                at[rows],
                some.user,
                item_id=some.item,
                request_id=some.request,
                position=some.position,
                share_id=some.share,
                peer_id=some.peer,
                entry=some.entry,
                price_fen=price[rows],
                quantity=1.0 if event == ADDED else float("nan"),
            )

    def _order(self, today: Today, visits: Visits, cart_at: Ints) -> Ints:
        """Place one order for each session; return when each line was paid."""
        if len(visits) == 0:
            return cart_at
        _, session = np.unique(visits.session, return_inverse=True)
        last = np.zeros(int(session.max()) + 1, dtype=np.int64)
        np.maximum.at(last, session, cart_at)
        at = last[session] + (40 + session % 200) * SECOND_US
        # The same item twice in a session is one line.
        key = session * self.stage.catalogue.count + visits.item
        _, row = np.unique(key, return_index=True)
        lines = visits.where(row)
        order = self.stage.log.numbers("order_id", last.size)[session[row]]
        used_up = self.stage.catalogue.gap_days[lines.item] > 0
        more = np.floor(np.log(np.maximum(lines.luck[:, 2], 1e-3)) / np.log(0.25))
        today.till.place(
            today.rng("till"),
            at[row],
            lines.user,
            lines.item,
            order,
            np.where(used_up, 1 + np.minimum(more, 4), 1).astype(np.int64),
            self.stage.catalogue.price_at(lines.item, at[row]),
            caused=lines.sure,
            request_id=lines.request,
            position=lines.position,
            share_id=lines.share,
            peer_id=lines.peer,
            entry=lines.entry,
        )
        return at
