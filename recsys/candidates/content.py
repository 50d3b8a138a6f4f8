"""New items like those of a person, by attributes and by the letters of their titles.

An item is its attributes and each two and three neighbouring letters of its title, weighted by
rarity, condensed to the strongest directions of the catalogue (latent semantic analysis: Deerwester
et al., 1990; by random projection with one power iteration: Halko, Martinsson & Tropp, SIAM Review
2011). Letter n-grams need no word segmentation, which Chinese titles would (McNamee & Mayfield,
"Character n-gram tokenization", Information Retrieval 2004).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from xxhash import xxh32_intdigest

from recsys.candidates.nearest import Nearest
from recsys.moment import Moment
from recsys.slate import Slate

WIDTH = 64
"""Length of the vectors."""

SPARE = 16
"""Directions more than are kept, for accuracy."""

BUCKETS = 1 << 16
"""Tokens are hashed into so many columns."""

HALF_LIFE_DAYS = 30.0
"""How fast an act loses its say."""

SEED = 20_110_606
"""Of the random projection; the same in every bundle."""

Vectors = npt.NDArray[np.float32]


def grams(title: str) -> list[str]:
    """Two and three neighbouring letters of a title, without spaces and signs, in lower case.

    Full-width letters count as half-width ones.

    Examples
    --------
    >>> grams("纯棉T恤")
    ['纯棉', '棉t', 't恤', '纯棉t', '棉t恤']
    >>> grams("Ｔ恤，白")
    ['t恤', '恤白', 't恤白']
    """
    plain = unicodedata.normalize("NFKC", title).lower()
    letters = "".join(one for one in plain if one.isalnum())
    return [letters[at : at + n] for n in (2, 3) for at in range(len(letters) - n + 1)]


def vectors(tokens: Iterable[Sequence[str]]) -> Vectors:
    """Vectors of length 1 of items given by their tokens; float32, shape (items, ``WIDTH``).

    An item without tokens is 0. A token that every item has says nothing.
    """
    rows = [[xxh32_intdigest(one.encode()) % BUCKETS for one in each] for each in tokens]
    sizes = [len(each) for each in rows]
    indptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    indices = np.array([one for each in rows for one in each], dtype=np.int64)
    counted = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.float32), indices, indptr), shape=(len(rows), BUCKETS)
    )
    counted.sum_duplicates()
    held = np.bincount(counted.indices, minlength=BUCKETS)
    rarity = np.log((1.0 + len(rows)) / (1.0 + held)).astype(np.float32)
    counted.data = np.log1p(counted.data) * rarity[counted.indices]
    found = _condensed(counted)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(length > 0, length, 1.0), dtype=np.float32)


def _condensed(counted: sparse.csr_matrix) -> Vectors:
    """Coordinates of the rows along the strongest directions; float32, shape (rows, ``WIDTH``)."""
    width = min(WIDTH + SPARE, counted.shape[0])
    rng = np.random.default_rng(SEED)
    found = np.zeros((counted.shape[0], WIDTH), dtype=np.float32)
    if not counted.nnz:
        return found
    counted = counted[:, np.unique(counted.indices)]  # most buckets are empty in a small shop
    sketch = counted @ rng.standard_normal((counted.shape[1], width), dtype=np.float32)
    basis = np.linalg.qr(np.asarray(counted @ (counted.T @ sketch)))[0]
    small = np.asarray(counted.T @ basis).T
    turned, strength, _ = np.linalg.svd(small @ small.T)
    coordinates = basis @ (turned * np.sqrt(strength))
    kept = min(WIDTH, width)
    found[:, :kept] = coordinates[:, :kept]
    return found


@dataclass(frozen=True)
class Content:
    """Likeness to what a person did, among new items.

    Parameters
    ----------
    vectors : ndarray, float32, shape (items, WIDTH)
        Of all items.
    new : ndarray, int32, shape (m,)
        Items that are new.
    nearest : Nearest
        Index of the new ones.
    """

    vectors: Vectors
    new: npt.NDArray[np.int32]
    nearest: Nearest
    name = "content"

    @classmethod
    def fit(cls, tokens: Iterable[Sequence[str]], new: npt.NDArray[np.int32]) -> Self:
        """Make the vectors, and the index of the new items.

        Parameters
        ----------
        tokens : iterable of sequence of str
            Of each item, by code: attributes and ``grams`` of the title.
        new : ndarray, int32
            Items that are new.
        """
        found = vectors(tokens)
        return cls(found, new, Nearest.of(found[new]))

    def propose(self, moment: Moment, n: int) -> Slate:
        """New items nearest to what the person did; nothing for somebody without acts."""
        acts = moment.acts
        if not len(acts.codes) or not len(self.new):
            return Slate.of([], [], self.name)
        weight = np.maximum(acts.weights, 0.0) * 2.0 ** (-acts.ages / HALF_LIFE_DAYS)
        person = weight.astype(np.float32) @ self.vectors[acts.codes]
        length = float(np.linalg.norm(person))
        if not length:
            return Slate.of([], [], self.name)
        places, scores = self.nearest.search(np.asarray(person / length, dtype=np.float32), n)
        near = scores > 0
        return Slate.of(self.new[places[near]], scores[near], self.name)

    def save(self, folder: Path) -> None:
        """Write vectors, new items and index."""
        np.save(folder / "content.vectors.npy", self.vectors)
        np.save(folder / "content.new.npy", self.new)
        self.nearest.save(folder / "content.faiss")

    @classmethod
    def open(cls, folder: Path) -> "Content | None":
        """Map what ``save`` wrote; None where nothing was."""
        if not (folder / "content.new.npy").exists():
            return None
        return cls(
            np.load(folder / "content.vectors.npy", mmap_mode="r"),
            np.load(folder / "content.new.npy"),
            Nearest.open(folder / "content.faiss"),
        )
