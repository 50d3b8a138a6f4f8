"""Largest inner products over item vectors: the only importer of faiss.

Up to ``EXACT`` items every vector is compared; beyond that an inverted file with 8-bit codes
(Douze et al., "The Faiss library", 2024) trades a little recall: of its lists no more are looked
through than ``RECALL`` asks for, measured on the vectors that will be asked for.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

EXACT = 200_000
"""Largest catalogue that is searched exactly; 100,000 × 64 take about a millisecond."""

RECALL = 0.95
"""Part of the true nearest hundred that an inverted file is to find, if it can."""

NEAREST, QUERIES = 100, 50
"""How many of the nearest of how many vectors a recall is measured by."""

PARTS = (64, 32, 16, 8, 4)
"""One in so many lists is looked through, the fewest first."""


class Nearest:
    """An index of vectors.

    Parameters
    ----------
    index : faiss.Index
        Of inner products.
    """

    def __init__(self, index: Any) -> None:
        self.index = index

    @classmethod
    def of(
        cls, vectors: npt.NDArray[np.float32], asked: npt.NDArray[np.float32] | None = None
    ) -> Self:
        """Index vectors; exactly or approximately by their number.

        Parameters
        ----------
        vectors : ndarray, float32, shape (n, d)
            Rows of zeros are like nothing: where there are many vectors they are left out.
        asked : ndarray, float32, shape (m, d), optional
            Such as will be asked for; some of the vectors when left out.
        """
        import faiss

        faiss.omp_set_num_threads(1)
        width = vectors.shape[1]
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if len(vectors) <= EXACT:
            index = faiss.IndexFlatIP(width)
            index.add(vectors)
            return cls(index)
        told = np.flatnonzero(vectors.any(axis=1))
        lists = max(1, int(4 * np.sqrt(len(told))))
        lossy: Any = faiss.index_factory(width, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        lossy.train(vectors[told[:: max(1, len(told) // (64 * lists))]])
        lossy.add_with_ids(vectors[told], told)
        found = cls(lossy)
        wanted = _sample(vectors[told] if asked is None else asked, QUERIES)
        truth = _exact(vectors, wanted, min(NEAREST, len(told)))
        for part in PARTS:
            lossy.nprobe = max(1, lists // part)
            recall = found._recall(wanted, truth)
            if recall >= RECALL:
                break
        log.info("approximate index: %d of %d lists, recall %.3f", lossy.nprobe, lists, recall)
        return found

    def search(
        self, vector: npt.NDArray[np.float32], n: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Codes and inner products of the ``n`` nearest, best first."""
        if n <= 0:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        scores, codes = self.index.search(vector[None, :], min(n, self.index.ntotal))
        found = codes[0] >= 0
        return codes[0][found].astype(np.int32), scores[0][found]

    def recall(
        self, vectors: npt.NDArray[np.float32], n: int = NEAREST, queries: int = QUERIES
    ) -> float:
        """Share of the exact ``n`` nearest that the index finds, over some of the vectors."""
        asked = _sample(vectors, queries)
        return self._recall(asked, _exact(vectors, asked, min(n, len(vectors))))

    def _recall(
        self, asked: npt.NDArray[np.float32], truth: Sequence[npt.NDArray[np.int64]]
    ) -> float:
        found = (
            self.search(vector, len(exact))[0] for vector, exact in zip(asked, truth, strict=True)
        )
        hits = [len(np.intersect1d(exact, one)) for exact, one in zip(truth, found, strict=True)]
        return sum(hits) / sum(map(len, truth))

    def save(self, path: Path) -> None:
        """Write the index in faiss's own format."""
        import faiss

        faiss.write_index(self.index, str(path))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read an index; its pages are shared between workers."""
        import faiss

        faiss.omp_set_num_threads(1)
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        if isinstance(index, faiss.IndexIVF):
            lists: Any = faiss.downcast_InvertedLists(index.invlists)  # type: ignore[arg-type]
            lists.prefetch_nthread = 0  # threads for each search cost more than the search
        return cls(index)


def _sample(vectors: npt.NDArray[np.float32], n: int) -> npt.NDArray[np.float32]:
    return vectors[:: max(1, len(vectors) // n)][:n]


def _exact(
    vectors: npt.NDArray[np.float32], asked: npt.NDArray[np.float32], n: int
) -> list[npt.NDArray[np.int64]]:
    """The ``n`` nearest of each, in no order."""
    return [np.argpartition(-(vectors @ vector), n - 1)[:n] for vector in asked]
