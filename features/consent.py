"""What may be used of a person: scopes given, tags deleted, personalisation on or off.

A fact whose scope a person did not give, or that stands behind a tag the person deleted, is null:
in the rows that train and in the rows that serve. People who were never asked are treated as having
given every scope; asking them is the app's duty.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.choices import Say
from features.counters import Scope
from features.online import State
from features.portraits.catalogue import TAGS

FRIENDS = ("friends.score", "friends.count", "friends.bought")
"""Columns made of what friends did: they need the person's social scope too."""


_SILENT = Say()


def say(state: State) -> Say:
    """What the person of a state has decided."""
    if state.consents is None and not state.suppressed and state.personalized:
        return _SILENT
    consents = None if state.consents is None else frozenset(state.consents)
    return Say(consents, frozenset(state.suppressed), state.personalized)


def gives(decided: Say, scope: Scope) -> bool:
    """Whether a person gives a scope.

    Examples
    --------
    >>> gives(Say(), Scope.SOCIAL_GRAPH), gives(Say(frozenset()), Scope.SOCIAL_GRAPH)
    (True, False)
    """
    return decided.consents is None or scope in decided.consents


def personal(decided: Say) -> bool:
    """Whether an answer may depend on the person at all."""
    return decided.personalized and gives(decided, Scope.PERSONALIZE)


@lru_cache(maxsize=4096)
def denied(decided: Say) -> frozenset[str]:
    """Names of what may not be used of a person.

    Examples
    --------
    >>> "user.opens_30" in denied(Say(frozenset({"personalize"})))
    True
    >>> sorted(denied(Say(suppressed=frozenset({"life.r_days"}))))
    ['user.last_order']
    >>> denied(Say())
    frozenset()
    """
    missing = {scope for scope in Scope if not gives(decided, scope)}
    names = {name for name, one in CATALOGUE.items() if one.key.personal and one.scope in missing}
    if Scope.SOCIAL_GRAPH in missing:
        names |= set(FRIENDS)
    for tag in decided.suppressed:
        names |= set(TAGS[tag].needs) if tag in TAGS else set()
    return frozenset(names)


def hide(
    raw: dict[str, npt.NDArray[np.float64]], decided: Sequence[Say], rows: npt.NDArray[np.int64]
) -> None:
    """Make null, in place, what may not be used.

    Parameters
    ----------
    raw : dict of str to ndarray, float64, shape (n,) or ()
        Raw columns of rows.
    decided : sequence of Say
        Of each person.
    rows : ndarray, int64, shape (n,)
        Whose each row is: a place in ``decided``.
    """
    if all(one is _SILENT for one in decided):
        return
    names = [denied(one) for one in decided]
    for name in set().union(*names) & set(raw):
        hidden = np.array([name in one for one in names], dtype=np.bool_)[rows]
        raw[name] = np.where(hidden, np.nan, raw[name])
