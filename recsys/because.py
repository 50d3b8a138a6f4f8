"""Why an item stands in a feed: the reasons its evidence bears, the strongest first."""

from collections.abc import Iterator, Sequence

from recsys.query import Reason
from recsys.reasons import FEWEST_FRIENDS


def of_item(
    named: Sequence[str], bought: float, liked: float, category: str | None
) -> Iterator[Reason]:
    """Reasons for one item of a feed.

    Parameters
    ----------
    named : sequence of str
        Sources that proposed it.
    bought, liked : float
        How many friends bought it, or did anything with it.
    category : str, optional
        Its category, where that is one the person often looks at.
    """
    if bought >= FEWEST_FRIENDS:
        yield Reason("friends_bought", int(bought))
    elif liked >= FEWEST_FRIENDS:
        yield Reason("friends_like", int(liked))
    if "friends_groups" in named:
        yield Reason("friends_group")
    if "due" in named and "again" not in named:
        yield Reason("due")
    if "again" in named:
        yield Reason("again")
    if category is not None:
        yield Reason("category", names={"category": category})
    if "session" in named:
        yield Reason("session")
    if {"als", "similar", "content"} & {*named} and "again" not in named:
        yield Reason("taste")
    if {"fresh", "content"} & {*named}:
        yield Reason("new")
    if "popular" in named:
        yield Reason("popular")
