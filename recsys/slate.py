"""The value passed between stages: candidates with what each source said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slate:
    """Candidates, columnar and immutable.

    Parameters
    ----------
    codes : ndarray, int32, shape (n,)
        Distinct items.
    scores : mapping of str to ndarray, float64, shape (n,)
        Source → its score; NaN where it did not propose the item.
    ranks : mapping of str to ndarray, float64, shape (n,)
        Source → its rank from 0; NaN where it did not propose the item.
    """

    codes: Codes
    scores: Mapping[str, Floats] = field(default_factory=dict)
    ranks: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def of(cls, codes: npt.ArrayLike, scores: npt.ArrayLike, source: str) -> Self:
        """What one source proposes, best first.

        Examples
        --------
        >>> Slate.of([7, 3], [.9, .5], "als").ranks["als"].tolist()
        [0.0, 1.0]
        """
        items = np.asarray(codes, dtype=np.int32)
        return cls(
            items,
            {source: np.asarray(scores, dtype=np.float64)},
            {source: np.arange(len(items), dtype=np.float64)},
        )

    def keep(self, kept: npt.NDArray[np.bool_]) -> Self:
        """The candidates where ``kept`` holds, in the same order."""
        return self.take(np.flatnonzero(kept))

    def take(self, places: npt.NDArray[np.integer]) -> Self:
        """The candidates at ``places``, in that order."""
        return replace(
            self,
            codes=self.codes[places],
            scores={name: values[places] for name, values in self.scores.items()},
            ranks={name: values[places] for name, values in self.ranks.items()},
        )

    def sources(self, place: int) -> tuple[str, ...]:
        """Who proposed the candidate at a place."""
        return self.named(np.array([place]))[0]

    def named(self, places: npt.NDArray[np.integer]) -> list[tuple[str, ...]]:
        """Who proposed the candidates at several places."""
        proposed = {name: (~np.isnan(ranks[places])).tolist() for name, ranks in self.ranks.items()}
        return [
            tuple(name for name, those in proposed.items() if those[i]) for i in range(len(places))
        ]


def merge(slates: list[Slate]) -> Slate:
    """Unite what several sources propose; each item stands once.

    Examples
    --------
    >>> union = merge([Slate.of([7, 3], [.9, .5], "als"), Slate.of([3], [8.], "popular")])
    >>> union.codes.tolist(), union.sources(0), union.sources(1)
    ([3, 7], ('als', 'popular'), ('als',))
    """
    if not slates:
        return Slate(np.zeros(0, dtype=np.int32))
    codes = np.unique(np.concatenate([slate.codes for slate in slates]))
    scores: dict[str, Floats] = {}
    ranks: dict[str, Floats] = {}
    for slate in slates:
        places = np.searchsorted(codes, slate.codes)
        for columns, found in ((slate.scores, scores), (slate.ranks, ranks)):
            for name, values in columns.items():
                found[name] = np.full(len(codes), np.nan)
                found[name][places] = values
    return Slate(codes, scores, ranks)
