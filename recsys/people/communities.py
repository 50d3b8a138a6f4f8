"""Communities somebody shares into or is active in: chat groups that the app knows by an id."""

from collections.abc import Sequence

from features.counters import Key
from features.reading import Reading

MOST = 3
"""Communities that are proposed at most."""

SHARED_MORE = 4.0
"""How many acts in a community say as much of it as one share into it."""

RECIPIENT = "community:"
"""How a community is called in the contact ledger, beside people."""


def communities(reading: Reading) -> list[tuple[str, float]]:
    """Communities of a person with how much was done there lately, most first."""
    names, values = reading.table(Key.COMMUNITY)
    weights = values["community.active_30"] + SHARED_MORE * values["community.shared_30"]
    found = sorted(zip(names, weights.tolist(), strict=True), key=lambda one: (-one[1], one[0]))
    return [(name, weight) for name, weight in found if weight > 0][:MOST]


def room(k: int, found: Sequence[tuple[str, float]]) -> int:
    """How many of ``k`` places people have: communities take what is left, and a fifth at most.

    Examples
    --------
    >>> room(10, [("c", 1.0)]), room(10, [("c", 1.0)] * 3), room(4, [("c", 1.0)]), room(9, [])
    (9, 8, 4, 9)
    """
    return k - min(len(found), k // 5)
