"""Runs the lists of a surface: sources → union, rules → kept and removed."""

import logging
import math
from collections.abc import Sequence
from time import monotonic

import numpy as np

from features.items import Items
from recsys.component import Removed, Rule, Source
from recsys.moment import Moment
from recsys.query import FeedQuery
from recsys.slate import Slate, merge

log = logging.getLogger(__name__)


def propose(
    sources: Sequence[Source], moment: Moment, n: int, deadline_s: float = math.inf
) -> tuple[Slate, tuple[str, ...]]:
    """Ask every source; one that breaks, or whose turn comes too late, is left out and named.

    The last source is the fallback: it is asked however late it is.

    Returns
    -------
    slate : Slate
        The union of what was proposed.
    degraded : tuple of str
        ``source:<name>`` of each that was left out.
    """
    found, broken = [], []
    for source in sources:
        if source is not sources[-1] and monotonic() > deadline_s:
            broken.append(f"source:{source.name}")
            continue
        try:
            found.append(source.propose(moment, n))
        except Exception:  # fail open: a feed without one source is better than none
            log.exception("source %s left out", source.name)
            broken.append(f"source:{source.name}")
    return merge(found), tuple(broken)


def apply(
    rules: Sequence[Rule], slate: Slate, query: FeedQuery, moment: Moment, items: Items
) -> tuple[Slate, Removed]:
    """Apply rules in order.

    Returns
    -------
    slate : Slate
        What stays.
    removed : mapping of str to ndarray
        Rule → codes it removed.
    """
    removed = {}
    for rule in rules:
        kept = rule.apply(slate, query, moment, items)
        if not np.all(kept):
            removed[rule.name] = slate.codes[~kept]
            slate = slate.keep(kept)
    return slate, removed
