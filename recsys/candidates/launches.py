"""Which item somebody should start a group buy for.

People who start groups for one item fill groups for another; how often is counted from item to item
and drawn towards what fills groups anyway (a Dirichlet prior: Zhai and Lafferty, "A study of
smoothing methods for language models", TOIS 2004). What failed says little of what fills, so that
``strength`` is large: the prior counts as much as that many people.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LaunchConfig:
    """How launches are scored.

    Parameters
    ----------
    strength : float
        People whose say the prior has, beside those who started or joined a group for an item.
    tried : float
        How often somebody who also failed counts in the prior; others count once.
    """

    strength: float = 1_000.0
    tried: float = 3.0


@dataclass
class Launches:
    """What fills groups, for people who failed with some items and joined others.

    Parameters
    ----------
    config : LaunchConfig
        How.

    Examples
    --------
    >>> filled = sparse.csr_matrix([[0, 1.0, 0], [0, 1, 0], [0, 0, 1]])
    >>> failed = sparse.csr_matrix([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]])
    >>> model = Launches(LaunchConfig(strength=1.0)).fit(filled, failed, failed * 0)
    >>> model.scores(failed[:1], failed[:1] * 0).astype(float).round(2).tolist()
    [[0.0, 1.81, 0.19]]
    """

    config: LaunchConfig = LaunchConfig()

    def fit(
        self, filled: sparse.csr_matrix, failed: sparse.csr_matrix, joined: sparse.csr_matrix
    ) -> Self:
        """Count.

        Parameters
        ----------
        filled, failed, joined : scipy.sparse.csr_matrix, shape (people, items)
            1 where somebody's group for the item filled or failed, or where somebody joined one.
        """
        counts = 1.0 + (self.config.tried - 1.0) * (np.diff(failed.indptr) > 0)
        prior = np.asarray(filled.T @ counts).ravel()
        self.prior_ = (prior / max(prior.sum(), 1.0)).astype(np.float32)
        self.onward_ = [self._onward(before, filled) for before in (failed, joined)]
        return self

    def _onward(
        self, before: sparse.csr_matrix, filled: sparse.csr_matrix
    ) -> tuple[sparse.csr_matrix, Floats]:
        """From each item to what the same people filled, and the part that is left to the prior."""
        seen = np.asarray(before.sum(axis=0)).ravel() + self.config.strength
        counted = sparse.csr_matrix(
            sparse.diags(1.0 / seen) @ (before.T @ filled), dtype=np.float32
        )
        return counted, (self.config.strength / seen).astype(np.float32)

    def scores(self, failed: sparse.csr_matrix, joined: sparse.csr_matrix) -> Floats:
        """Scores of all items for people with such rows; float32, shape (people, items)."""
        whole = np.ones(failed.shape[0], dtype=np.float32)
        found = np.zeros(failed.shape, dtype=np.float32)
        for rows, (onward, left) in zip((failed, joined), self.onward_, strict=True):
            whole += np.asarray(rows @ left, dtype=np.float32)
            found += np.asarray((rows @ onward).todense(), dtype=np.float32)
        return np.asarray(found + whole[:, None] * self.prior_, dtype=np.float32)

    def best(
        self, tried: npt.NDArray[np.int32], touched: npt.NDArray[np.int32], n: int
    ) -> tuple[npt.NDArray[np.int32], Floats]:
        """The ``n`` best items for somebody who tried and touched some, as ``scores`` says.

        Only what the own items lead to, and what fills groups anyway, is looked at.

        Examples
        --------
        >>> filled = sparse.csr_matrix([[0, 1.0, 0], [0, 1, 0], [0, 0, 1]])
        >>> failed = sparse.csr_matrix([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]])
        >>> model = Launches(LaunchConfig(strength=1.0)).fit(filled, failed, failed * 0)
        >>> model.best(np.array([0]), np.array([], int), 2)[0].tolist()
        [1, 2]
        """
        whole, found = 1.0, np.zeros(len(self.prior_), dtype=np.float32)
        for own, (onward, left) in zip((tried, touched), self.onward_, strict=True):
            whole += float(left[own].sum())
            for item in own.tolist():
                span = slice(onward.indptr[item], onward.indptr[item + 1])
                found[onward.indices[span]] += onward.data[span]
        candidates = np.union1d(np.flatnonzero(found), self.usual_[: n + len(tried) + len(touched)])
        worth = found[candidates] + np.float32(whole) * self.prior_[candidates]
        order = np.argsort(-worth, kind="stable")[:n]
        order = order[worth[order] > 0]
        return candidates[order].astype(np.int32), worth[order]

    def leads(self, tried: int, item: int) -> bool:
        """Whether people who tried one item filled groups for another."""
        onward = self.onward_[0][0]
        span = slice(onward.indptr[tried], onward.indptr[tried + 1])
        return bool((onward.indices[span] == item).any())

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        (folder / "launches.json").write_text(json.dumps(asdict(self.config)))
        np.save(folder / "launches.prior.npy", self.prior_)
        for name, (onward, left) in zip(("tried", "touched"), self.onward_, strict=True):
            np.save(folder / f"launches.{name}.left.npy", left)
            for part in _PARTS:
                np.save(folder / f"launches.{name}.{part}.npy", getattr(onward, part))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what ``save`` wrote."""
        found = cls(LaunchConfig(**json.loads((folder / "launches.json").read_text())))
        found.prior_ = np.load(folder / "launches.prior.npy")
        found.onward_ = []
        for name in ("tried", "touched"):
            indptr, indices, data = (
                np.load(folder / f"launches.{name}.{part}.npy", mmap_mode="r") for part in _PARTS
            )
            size = len(found.prior_)
            onward = sparse.csr_matrix((data, indices, indptr), (size, size), copy=False)
            left = np.load(folder / f"launches.{name}.left.npy", mmap_mode="r")
            found.onward_.append((onward, left))
        return found

    @classmethod
    def open_any(cls, folder: Path) -> Self | None:
        """Map what ``save`` wrote; None where nothing was written."""
        return cls.open(folder) if (folder / "launches.json").exists() else None

    @property
    def usual_(self) -> npt.NDArray[np.intp]:
        """Items by what fills groups anyway, the best first."""
        if not hasattr(self, "_usual"):
            self._usual = np.argsort(-self.prior_, kind="stable")
        return self._usual


_PARTS = ("indptr", "indices", "data")
