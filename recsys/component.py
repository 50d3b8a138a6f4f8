"""The contracts of a surface: sources propose, a scorer scores, rules remove."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.items import Items
from recsys.moment import Moment
from recsys.query import FeedQuery
from recsys.slate import Floats, Slate


class Source(Protocol):
    """Proposes candidates; may break or find nothing, the answer comes all the same."""

    name: str

    def propose(self, moment: Moment, n: int) -> Slate:
        """At most ``n`` items, best first."""
        ...


class Scorer(Protocol):
    """Scores candidates."""

    def score(self, rows: npt.NDArray[np.float32]) -> Floats:
        """Score of each row of ``features.frame``; higher is better; float64, shape (n,)."""
        ...


class Rule(Protocol):
    """Removes candidates and says which."""

    name: str

    def apply(
        self, slate: Slate, query: FeedQuery, moment: Moment, items: Items
    ) -> npt.NDArray[np.bool_]:
        """Whether each candidate stays; bool, shape (len(slate),)."""
        ...


Removed = Mapping[str, npt.NDArray[np.int32]]
"""Rule → codes it removed."""
