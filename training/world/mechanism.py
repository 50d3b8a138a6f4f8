"""The seam: what a mechanism sees of a day, and what it may answer.

A mechanism is one file with a frozen config, a class and its truth. The world asks each of them, in
the order of ``training.world.run.MECHANISMS``:

``propose``  who comes to which product page today, and why
``respond``  what follows from what people just saw and bought (asked until nothing follows)
``close``    what remains when the day is over (later events, memory)
``nudge``    how it bends the log-odds that somebody orders something
``truth``    what a model may never see

A new mechanism (live rooms, notes, bargains) is one more file and one more line in that list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.world.catalogue import Catalogue
from training.world.desire import Desire
from training.world.friends import Friends
from training.world.log import EventLog
from training.world.mood import Mood
from training.world.pending import Columns
from training.world.people import People
from training.world.ragged import Bools, Floats, Ints, draw_between, running
from training.world.streams import Streams
from training.world.till import Till

if TYPE_CHECKING:
    from training.world.rings import Rings

LUCK = 5
"""Uniform draws that a visit carries, so that no other visit can change what comes of it."""


@dataclass(frozen=True)
class Stage:
    """What stands still: people, things, ties, and where the rows go."""

    people: People
    catalogue: Catalogue
    friends: Friends
    desire: Desire
    mood: Mood
    streams: Streams
    log: EventLog
    start_us: int
    horizon_us: int
    rings: "Rings"


@dataclass(frozen=True)
class Visits:
    """People who open product pages; every field is an array of shape (n,).

    Parameters
    ----------
    user, item, at : int arrays
    session : int array
        Things bought in one session make one order.
    entry : object array of str
        By which door: feed, search, friend, share …
    request, position, share, peer : int arrays
        What led there; -1 where nothing did.
    lift : float array
        Log-odds of ordering that the door adds.
    sure : bool array
        Whether the visit ends in an order whatever the log-odds.
    luck : float array of shape (n, LUCK)
    """

    user: Ints
    item: Ints
    at: Ints
    session: Ints
    entry: npt.NDArray[np.object_]
    request: Ints
    position: Ints
    share: Ints
    peer: Ints
    lift: Floats
    sure: Bools
    luck: Floats

    def __len__(self) -> int:
        return self.user.size

    @classmethod
    def of(
        cls,
        rng: np.random.Generator,
        user: Ints,
        item: Ints,
        at: Ints,
        session: Ints,
        entry: str,
        **columns: npt.ArrayLike,
    ) -> Self:
        """Build visits through one door; columns not given say that nothing led there."""
        given: dict[str, Any] = {
            "entry": np.full(user.size, entry, dtype=object),
            "lift": 0.0,
            "sure": False,
            **dict.fromkeys(("request", "position", "share", "peer"), -1),
            **columns,
        }
        spread = {name: np.broadcast_to(value, user.shape) for name, value in given.items()}
        return cls(
            user=user,
            item=item,
            at=at,
            session=session,
            luck=rng.random((user.size, LUCK)),
            **spread,
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put visits one after the other."""
        return cls(**{
            f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)
        })

    def where(self, kept: npt.NDArray[np.generic]) -> Self:
        """Rows of a mask or of indices."""
        return replace(self, **{f.name: getattr(self, f.name)[kept] for f in fields(self)})


@dataclass(frozen=True)
class Wave:
    """Visits and what came of them; arrays of shape (n,), ``done`` when each had ended."""

    visits: Visits
    carted: Bools
    ordered: Bools
    done: Ints


@dataclass(frozen=True)
class Today:
    """One business day.

    Parameters
    ----------
    number : int
        Days since the world began.
    start_us, end_us : int
        The day is ``start_us <= at < end_us``.
    stage : Stage
    live : bool array of shape (items,)
        On sale all day long.
    present : bool array of shape (users,)
        Registered before the day.
    session_user, session_at : int arrays of shape (sessions,)
        Who comes today, and when; a session's number is its row.
    nudges : sequence of callables
        Log-odds of ordering that the mechanisms add for (today, user, item).
    till : Till
        Where orders are placed.
    bought : dict of arrays
        Order lines paid today; complete when ``close`` is asked.
    """

    number: int
    start_us: int
    end_us: int
    stage: Stage
    live: Bools
    present: Bools
    session_user: Ints
    session_at: Ints
    nudges: Sequence[Callable[["Today", Ints, Ints], Floats | None]]
    till: Till
    bought: Columns
    _streams: dict[str, np.random.Generator] = field(default_factory=dict)

    def rng(self, mechanism: str) -> np.random.Generator:
        """Stream of a mechanism for today; the same one whenever it is asked for."""
        if mechanism not in self._streams:
            self._streams[mechanism] = self.stage.streams.of(mechanism, self.number)
        return self._streams[mechanism]

    def new_sessions(self, count: int) -> Ints:
        """Numbers of sessions outside the day's rhythm, such as one begun by a friend's link."""
        return self.stage.log.numbers("session", count) + (1 << 40)

    def nudge(self, user: Ints, item: Ints) -> Floats:
        """Sum of what the mechanisms add to the log-odds that a user orders an item; (n,)."""
        total = np.zeros(user.size)
        for nudge in self.nudges:
            part = nudge(self, user, item)
            if part is not None:
                total += part
        return total


class Mechanism:
    """Answers nothing to every question; a mechanism overrides what it has an answer to."""

    name: ClassVar[str]

    def propose(self, today: Today) -> Visits | None:
        """Return who comes to which product page today, and why."""

    def respond(self, today: Today, wave: Wave) -> Visits | None:
        """Return visits that follow, still today, from what people just saw and bought."""

    def close(self, today: Today) -> None:
        """Take note of the day; ``today.bought`` holds its order lines."""

    def nudge(self, today: Today, user: Ints, item: Ints) -> Floats | None:
        """Return log-odds of ordering to add for each user and the item beside it; (n,)."""

    def truth(self) -> dict[str, pa.Table]:
        """Return tables of what models may not see, by name."""
        return {}


def pick(
    today: Today, rng: np.random.Generator, user: Ints, category: Ints, candidates: int
) -> Ints:
    """Choose what people find when they look through a category.

    Each comes across some live items, famous ones sooner, and takes the one wanted most, with some
    noise.

    Returns
    -------
    int array of shape (n,)
        Items; -1 where the category has none on sale.
    """
    catalogue = today.stage.catalogue
    live = np.flatnonzero(today.live)
    shelf = live[np.argsort(catalogue.category[live], kind="stable")]
    kind = catalogue.category[shelf]
    low, high = np.searchsorted(kind, category), np.searchsorted(kind, category, side="right")
    some = np.flatnonzero(high > low)
    cumulative = running(np.sqrt(catalogue.fame[shelf]))
    shape = (some.size, candidates)
    place = draw_between(
        cumulative,
        np.broadcast_to(low[some, None], shape),
        np.broadcast_to(high[some, None], shape),
        rng.random(shape),
    )
    seen = shelf[place]
    who = np.broadcast_to(user[some, None], shape)
    wanted = today.stage.desire.pairs(who.ravel(), seen.ravel()).reshape(shape)
    best = np.argmax(wanted + rng.gumbel(size=shape), axis=1)
    found = np.full(user.size, -1)
    found[some] = seen[np.arange(some.size), best]
    return found
