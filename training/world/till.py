"""The till: order lines become orders with prices, discounts and totals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.events import ORDERED
from training.world.catalogue import Catalogue
from training.world.log import EventLog
from training.world.pending import Pending
from training.world.people import People
from training.world.ragged import Bools, Floats, Ints, rank_within, sigmoid


@dataclass(frozen=True)
class TillConfig:
    """What an order costs."""

    coupon_from_fen: int = 9_900
    """Least sum of an order that a coupon can be used on."""
    coupon: float = 0.1
    """Part of the sum that a coupon takes off."""
    coupon_use: float = -1.2
    """Log-odds that somebody neither keen on deals nor averse uses one."""


class Till:
    """Places orders and remembers their lines.

    Attributes
    ----------
    book : Pending
        Order lines by the instant they are paid: user, item, order, quantity, price,
        ``caused`` (1 when a campaign caused the order).
    """

    def __init__(
        self, config: TillConfig, people: People, catalogue: Catalogue, log: EventLog
    ) -> None:
        self.config = config
        self.people = people
        self.catalogue = catalogue
        self.log = log
        self.book = Pending({
            "user": -1,
            "item": -1,
            "order": -1,
            "quantity": 1,
            "price": 0,
            "caused": 0,
        })

    def place(
        self,
        rng: np.random.Generator,
        at: Ints,
        user: Ints,
        item: Ints,
        order: Ints,
        quantity: Ints,
        price: Ints,
        *,
        caused: Bools | None = None,
        couponed: bool = True,
        **columns: npt.ArrayLike,
    ) -> None:
        """Place orders.

        Parameters
        ----------
        rng : numpy.random.Generator
            Decides on coupons.
        at, user, item, order, quantity, price : int arrays of shape (lines,)
            Lines of one order stand together and agree in ``order``, ``user`` and ``at``.
        caused : bool array of shape (lines,), optional
            Whether a campaign caused it.
        couponed : bool
            Whether coupons may be used.
        **columns
            Further columns of the event.
        """
        if order.size == 0:
            return
        first = rank_within(order) == 0
        which = np.cumsum(first) - 1
        total = np.bincount(which, price * quantity).astype(np.int64)
        off = self._coupon(rng, user[first], total) if couponed else np.zeros_like(total)
        self.log.add(
            ORDERED,
            at,
            user,
            message=which,
            line=rank_within(order),
            item_id=item,
            order_id=order,
            quantity=quantity.astype(np.float64),
            price_fen=price,
            list_price_fen=self.catalogue.list_price[item],
            total_fen=np.where(first, (total - off)[which], -1),
            discount_fen=np.where(first, off[which], -1),
            **columns,
        )
        self.book.put(
            at=at,
            user=user,
            item=item,
            order=order,
            quantity=quantity,
            price=price,
            caused=0 if caused is None else caused.astype(np.int64),
        )

    def _coupon(self, rng: np.random.Generator, user: Ints, total: Ints) -> Ints:
        lean: Floats = self.people.deal_lean[user]
        used = rng.random(user.size) < sigmoid(self.config.coupon_use + lean)
        used &= total >= self.config.coupon_from_fen
        return np.where(used, (total * self.config.coupon).astype(np.int64), 0)
