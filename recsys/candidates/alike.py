"""What people with the same taste did: neighbours found among people at request time.

Herlocker et al., "An algorithmic framework for performing collaborative filtering", SIGIR 1999;
rare items count more, by the idf of Robertson & Zaragoza, 2009. Nobody's id is in it: a person is
whoever did what the moment says, so that somebody who came a minute ago has neighbours too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.similar import largest
from recsys.moment import Moment
from recsys.slate import Slate

Ints = npt.NDArray[np.int32]
Wide = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

ITEMS = 50
"""Items of a person that neighbours are found by."""

ARRAYS = ("whose", "who", "whats", "what", "rarity", "norms", "fairness")


@dataclass(frozen=True)
class AlikeConfig:
    """How neighbours are found.

    Parameters
    ----------
    neighbours : int
        People who vote.
    power : float
        Their likeness counts to this power.
    popularity : float
        Votes are divided by an item's people to this power.
    people, items : int
        People kept for each item, and items for each person: bounds the time of a request.
    half_life_days : float
        How fast an act loses its say.
    """

    neighbours: int = 200
    power: float = 1.0
    popularity: float = 0.15
    people: int = 1_000
    items: int = 100
    half_life_days: float = 60.0


class Alike:
    """Votes of the people most like a person.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``whose, who``: item → people, int64 and int32; ``whats, what``: person → items, likewise;
        ``rarity`` of items, ``norms`` of people, ``fairness`` of items, float32.
    config : AlikeConfig
        As fitted.
    """

    name = "alike"

    def __init__(self, arrays: dict[str, Array], config: AlikeConfig) -> None:
        self.arrays = arrays
        self.config = config

    @classmethod
    def fit(
        cls, interactions: sparse.csr_matrix, config: AlikeConfig = AlikeConfig(), seed: int = 0
    ) -> Self:
        """Keep who did what, shape (users, items), and how rare it is."""
        people, items = interactions.shape
        rng = np.random.default_rng(seed)
        degrees = np.bincount(interactions.indices, minlength=items)
        rarity = np.log(1.0 + (people - degrees + 0.5) / (degrees + 0.5)).astype(np.float32)
        rows = np.repeat(np.arange(people), np.diff(interactions.indptr))
        norms = np.sqrt(np.bincount(rows, rarity[interactions.indices] ** 2.0, people))
        whose, who = _some(interactions.indices, rows, items, config.people, rng)
        whats, what = _some(rows, interactions.indices, people, config.items, rng)
        fairness = np.maximum(degrees, 1.0) ** -config.popularity
        given: list[Array] = [
            whose, who, whats, what, rarity, norms.astype(np.float32), fairness.astype(np.float32)
        ]  # fmt: skip
        return cls(dict(zip(ARRAYS, given, strict=True)), config)

    def propose(self, moment: Moment, n: int) -> Slate:
        """What the neighbours did most; nothing for somebody without acts."""
        acts, arrays, config = moment.acts, self.arrays, self.config
        own, place = np.unique(acts.codes, return_inverse=True)
        decayed = acts.weights * 2.0 ** (-acts.ages / config.half_life_days)
        worth = np.log1p(np.maximum(np.bincount(place, decayed, minlength=len(own)), 0.0))
        strongest = np.argsort(-worth, kind="stable")[:ITEMS]
        rarity = np.asarray(arrays["rarity"], dtype=np.float64)[own[strongest]]
        said = worth[strongest] * rarity**2
        likeness = _sums(arrays["whose"], arrays["who"], own[strongest], said, len(arrays["norms"]))
        near = np.flatnonzero(likeness > 0)
        close = likeness[near] / arrays["norms"][near]
        if len(near) > config.neighbours:
            kept = np.argpartition(-close, config.neighbours)[: config.neighbours]
            near, close = near[kept], close[kept]
        votes = _sums(
            arrays["whats"], arrays["what"], near, close**config.power, len(arrays["rarity"])
        )
        votes *= arrays["fairness"]
        votes[own] = 0.0
        best = largest(votes, n)
        return Slate.of(best, votes[best], self.name)

    def save(self, folder: Path) -> None:
        """Write the arrays and how neighbours are found."""
        for name, one in self.arrays.items():
            np.save(folder / f"alike.{name}.npy", one)
        np.save(folder / "alike.config.npy", np.array([*vars(self.config).values()]))

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Map what ``save`` wrote; None where nothing was."""
        if not (folder / "alike.config.npy").exists():
            return None
        arrays = {name: np.load(folder / f"alike.{name}.npy", mmap_mode="r") for name in ARRAYS}
        neighbours, power, popularity, people, items, days = np.load(folder / "alike.config.npy")
        config = AlikeConfig(
            int(neighbours), float(power), float(popularity), int(people), int(items), float(days)
        )
        return cls(arrays, config)


def _some(
    rows: npt.NDArray[np.integer], values: npt.NDArray[np.integer], size: int, most: int,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], Ints]:  # fmt: skip
    """Values row by row, at most some of each, drawn; where rows start, and the values."""
    order = np.lexsort((rng.random(len(rows)), rows))
    counts = np.bincount(rows, minlength=size)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = order[place < most]
    starts = np.concatenate([[0], np.cumsum(np.minimum(counts, most))])
    return starts.astype(np.int64), values[kept].astype(np.int32)


def _sums(
    starts: Array, values: Array,
    rows: npt.NDArray[np.integer], worth: Wide, size: int,
) -> Wide:  # fmt: skip
    """Worth of rows, summed where their values point."""
    begin = np.asarray(starts[rows], dtype=np.int64)
    sizes = np.asarray(starts[rows + 1], dtype=np.int64) - begin
    ahead = np.cumsum(sizes) - sizes
    places = np.repeat(begin - ahead, sizes) + np.arange(int(sizes.sum()))
    found = np.bincount(values[places], np.repeat(worth, sizes), minlength=size)
    return np.asarray(found, dtype=np.float64)
