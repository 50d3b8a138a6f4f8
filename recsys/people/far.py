"""People two steps away: whom those met whom a person met.

``features.walks.beyond`` says the same of a history; a test holds the two equal.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from features.catalogue import CATALOGUE
from features.counters import Key
from features.online import State, live
from features.reading import Reading
from recsys.people.near import TOGETHER
from recsys.slate import Floats

DECIMALS = 12
"""Of a reach: what is equal but for rounding is equal."""

WALKED = 50
"""Near people that are walked through."""

FARTHEST = 20
"""People found at most."""

HUB = 200
"""Nobody walks through somebody who met more people than that: it says little of any of them."""

_PLACES = tuple(live(Key.PAIR).index(CATALOGUE[name]) for name in TOGETHER)
_HALF_LIFE_US = CATALOGUE["pair.together_90"].half_life.us  # type: ignore[union-attr]


def far(
    reading: Reading, own: str, names: Sequence[str], weights: Floats, states: Mapping[str, State]
) -> dict[str, tuple[float, float]]:
    """People two steps away, with reach and number of ways; the widest reach first.

    Parameters
    ----------
    reading : Reading
        Of the person, for the instant.
    own : str
        The person.
    names : sequence of str
        Near people who let their acts be used for friends, the nearest first.
    weights : ndarray, float64
        How near.
    states : mapping of str to State
        Of those that are known.

    Returns
    -------
    dict of str to (float, float)
        At most ``FARTHEST``; the closeness that leads there, all of it being 1, and through how
        many people.
    """
    met = {own, *names}
    total = float(weights[:WALKED].sum())
    reach: defaultdict[str, float] = defaultdict(float)
    ways: defaultdict[str, int] = defaultdict(int)
    for name, weight in zip(names[:WALKED], weights[:WALKED].tolist(), strict=True):
        passing = _met(states.get(name), reading.at_us) if weight > 0 else {}
        if not 0 < len(passing) <= HUB:
            continue
        whole = sum(passing.values())
        for peer, worth in passing.items():
            if peer not in met:
                reach[peer] += weight / total * worth / whole
                ways[peer] += 1
    rounded = {peer: round(value, DECIMALS) for peer, value in reach.items()}
    best = sorted(rounded, key=lambda peer: (-rounded[peer], peer))[:FARTHEST]
    return {peer: (rounded[peer], float(ways[peer])) for peer in best}


def _met(state: State | None, at_us: int) -> dict[str, float]:
    """Whom somebody met, and the decayed weight of what was done together."""
    found: dict[str, float] = {}
    rows = state.cells.picked(Key.PAIR.word, _PLACES) if state else {}
    for peer, cells in rows.items():
        for cell in cells:
            if cell:
                value, newest = cell
                worth = value * 2.0 ** ((newest - at_us) / _HALF_LIFE_US)
                found[peer] = found.get(peer, 0.0) + worth
    return found
