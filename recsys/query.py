"""What is asked and what is answered: the values between serving and the capabilities."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from features.groupbuys import GroupBuy
from features.online import Act, State


class People(Protocol):
    """Who the capabilities ask for the states of people; an online store, or a dict in tests."""

    def states(self, user_ids: Iterable[str]) -> Mapping[str, State]:
        """States of those among ``user_ids`` that are known."""
        ...


class Groups(Protocol):
    """Who the feed asks for open group buys; ``serving.groups.OpenGroups`` are some."""

    def of_people(self, user_ids: Iterable[str], at_us: int) -> Sequence[GroupBuy]:
        """Group buys that some people are in and that one can join."""
        ...


@dataclass(frozen=True)
class Reason:
    """Why something is in an answer, from a closed list.

    Parameters
    ----------
    code : str
        One of ``recsys.reasons.TEXTS``.
    count : int, optional
        Evidence, such as how many friends.
    names : mapping of str to str
        What the text mentions, such as the category.
    """

    code: str
    count: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FeedQuery:
    """A request for a personal feed.

    Parameters
    ----------
    user_id : str
        Whoever asks; unknown people get the cold-start list.
    k : int
        Items wanted.
    at_us : int
        The instant of the request.
    scene, context : str, mapping
        Where it is shown; city, network, channel, entry.
    category, kind, price_max_fen : filters
        Empty or None: no filter.
    exclude : frozenset of str
        Item ids not to show: those of earlier pages too.
    recent : sequence of Act
        What the app saw in this session and has not sent yet, oldest first.
    personalized : bool
        False: the list may not depend on the person.
    explain : bool
        Also say who was removed by which rule, and the time of each stage.
    deadline_s : float
        On the clock of ``time.monotonic``; what has not begun by then is left out and named.
    groups : Groups, optional
        Open group buys, where they are known.
    seed : int, optional
        Of what is drawn by chance, such as exploring places; without it nothing is.
    """

    user_id: str
    k: int
    at_us: int
    scene: str = "home"
    context: Mapping[str, str] = field(default_factory=dict)
    category: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    price_max_fen: int | None = None
    exclude: frozenset[str] = frozenset()
    recent: tuple[Act, ...] = ()
    personalized: bool = True
    explain: bool = False
    deadline_s: float = math.inf
    seed: int | None = None
    groups: Groups | None = field(default=None, compare=False)


@dataclass(frozen=True)
class FeedItem:
    """One recommended item with its score, who proposed it, and why."""

    item_id: str
    score: float
    sources: tuple[str, ...]
    reasons: tuple[Reason, ...]
    propensity: float  # probability that the item was shown at this place


@dataclass(frozen=True)
class FeedAnswer:
    """A feed.

    Parameters
    ----------
    items : tuple of FeedItem
        Best first, at most k.
    known_user, personalized : bool
        Whether anything was known of the person, and whether it was used.
    degraded : tuple of str
        What was left out because it broke or was late, such as ``source:friends``.
    feature_names : tuple of str
        Names of the columns of ``features``.
    features : ndarray, float32, shape (len(items), len(feature_names))
        What the ranker saw, for the impression log.
    emptied_by : tuple of str
        Where the list is empty: the filters (``filter:category``) or rules that left nothing.
    removed : mapping of str to tuple of str
        Rule or filter → item ids it removed; with ``explain``.
    proposed : mapping of str to tuple of str
        Item id → sources that proposed it, of all candidates; with ``explain``.
    milliseconds : mapping of str to float
        Stage → time.
    candidates : mapping of str to int
        Source → how many items it proposed.
    """

    items: tuple[FeedItem, ...]
    known_user: bool
    personalized: bool
    degraded: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    features: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 0), dtype=np.float32)
    )
    emptied_by: tuple[str, ...] = ()
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proposed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    candidates: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ShareQuery:
    """A request for people to share an item with.

    Parameters
    ----------
    user_id, item_id : str
        Who shares what.
    k : int
        People wanted.
    at_us : int
        The instant of the request.
    purpose : str
        share, group_buy, bargain, tip or question.
    surface : str
        Where it is shown: one of ``recsys.guards.SURFACES``.
    without : frozenset of str
        People not to name, such as those who are in the group buy already.
    """

    user_id: str
    item_id: str
    k: int
    at_us: int
    purpose: str = "share"
    surface: str = "app"
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ShareTarget:
    """One person to share with."""

    kind: str  # person, contact, community
    id: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ShareAnswer:
    """People to share with, best first, and how many were held back.

    ``held`` says who and why; operators alone may be told.
    """

    targets: tuple[ShareTarget, ...]
    held_back: int
    degraded: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class ShareItemsQuery:
    """A request for items to share with one friend.

    Parameters
    ----------
    user_id, peer_id : str
        Who shares with whom.
    k : int
        Items wanted.
    at_us : int
        The instant of the request.
    """

    user_id: str
    peer_id: str
    k: int
    at_us: int


@dataclass(frozen=True)
class SharedItem:
    """One item to share."""

    item_id: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ShareItemsAnswer:
    """Items to share with a friend, best first; ``held`` is for operators alone."""

    items: tuple[SharedItem, ...]
    held: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PromptQuery:
    """A question whether to ask somebody now to share an item.

    Parameters
    ----------
    user_id, item_id : str
        Who would share what.
    surface : str
        Where the prompt would be shown: one of ``recsys.guards.SURFACES``.
    at_us : int
        The instant of the request.
    """

    user_id: str
    item_id: str
    surface: str
    at_us: int


@dataclass(frozen=True)
class Chance:
    """A chance with a 95 % interval."""

    p: float
    low: float
    high: float


PromptWhy = Literal[
    "likely", "allowed", "surface", "consent", "unknown_item", "not_sold", "quiet", "capped",
    "ignored", "unlikely",
]  # fmt: skip


@dataclass(frozen=True)
class PromptAnswer:
    """Whether to show a prompt.

    Parameters
    ----------
    show : bool
        Show it; it counts as shown from now on.
    why : str
        ``likely`` or ``allowed``; or what speaks against it: ``surface``, ``consent``,
        ``unknown_item``, ``not_sold``, ``quiet``, ``capped``, ``ignored``, ``unlikely``.
    next_us : int or None
        When it may be asked at the earliest; None: now, or time alone does not mend it.
    chance : Chance or None
        Of sharing; None: unknown.
    degraded : tuple of str
        ``propensity``: nothing was learned yet.
    """

    show: bool
    why: PromptWhy
    next_us: int | None
    chance: Chance | None = None
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupQuery:
    """A request for group buys to join, or for items to start one for.

    Parameters
    ----------
    user_id : str
        Whoever asks.
    k : int
        Answers wanted.
    at_us : int
        The instant of the request.
    """

    user_id: str
    k: int
    at_us: int


@dataclass(frozen=True)
class Forecast:
    """Chance that a group buy fills before it ends.

    Parameters
    ----------
    p, low, high : float
        With a 95 % interval.
    drivers : tuple of (str, float)
        What moves the log-odds away from those of a usual group, the strongest first.
    degraded : tuple of str
        ``filling``: nothing was learned yet, so that nothing is known.
    """

    p: float
    low: float
    high: float
    drivers: tuple[tuple[str, float], ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenGroup:
    """One group buy to join.

    Parameters
    ----------
    group : GroupBuy
        As it is now.
    score : float
        Higher is better, among those of friends and among those of strangers.
    friends : int
        Members that are near.
    forecast : Forecast
        Whether it fills.
    reasons : tuple of Reason
        Why it is there.
    """

    group: GroupBuy
    score: float
    friends: int
    forecast: Forecast
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class GroupsAnswer:
    """Group buys to join: those of friends first."""

    groups: tuple[OpenGroup, ...]
    personalized: bool
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True)
class LaunchItem:
    """One item to start a group buy for."""

    item_id: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class LaunchAnswer:
    """Items to start a group buy for, best first."""

    items: tuple[LaunchItem, ...]
    personalized: bool
    degraded: tuple[str, ...] = ()
