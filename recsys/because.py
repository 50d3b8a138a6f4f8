"""Why an item stands in a feed: the reasons its evidence bears, the strongest first."""

from collections.abc import Iterator, Sequence

from features import columns as c
from features.ids import UNKNOWN
from features.items import Items
from features.reading import Reading
from recsys.query import Reason
from recsys.reasons import FEWEST_FRIENDS
from recsys.slate import Codes, Floats

INTEREST_30 = "category.interest_30"
OFTEN = 1.0
"""Interest in a category from which on a reason mentions it."""


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
    if {"als", "alike", "similar", "content"} & {*named} and "again" not in named:
        yield Reason("taste")
    if {"fresh", "content"} & {*named}:
        yield Reason("new")
    if "popular" in named:
        yield Reason("popular")


def liked_categories(
    items: Items, codes: Codes, interest: Floats | None, reading: Reading | None
) -> list[str | None]:
    """Name of each item's category, where it is one that the person often looks at.

    Parameters
    ----------
    items : Items
        The catalogue.
    codes : ndarray, int32, shape (n,)
        Items of a list.
    interest : ndarray, float64, shape (n,), optional
        The person's interest in their categories, where it was computed already.
    reading : Reading or None
        Else it is read here; None: the person did nothing, or nothing that may be used.
    """
    if reading is None:
        return [None] * len(codes)
    names = items.names[c.CATEGORY]
    coded = items.coded[c.CATEGORY][codes].tolist()
    if interest is None:
        of = {code: names.name(code) for code in set(coded) - {UNKNOWN}}
        liked = {code: reading.number(INTEREST_30, name) >= OFTEN for code, name in of.items()}
        often = [liked.get(code, False) for code in coded]
    else:
        often = (interest >= OFTEN).tolist()
    return [
        names.name(code) if one and code != UNKNOWN else None
        for code, one in zip(coded, often, strict=True)
    ]
