"""Largest inner products over item vectors: the only importer of faiss.

Up to ``EXACT`` items every vector is compared; beyond that an inverted file with 8-bit codes
(Douze et al., "The Faiss library", 2024) trades a little recall, which ``fit`` measures and logs.
"""

import logging
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

EXACT = 200_000
"""Largest catalogue that is searched exactly; 100,000 × 64 take about a millisecond."""


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
    def of(cls, vectors: npt.NDArray[np.float32]) -> Self:
        """Index vectors, shape (n, d); exactly or approximately by their number."""
        import faiss

        faiss.omp_set_num_threads(1)
        width = vectors.shape[1]
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if len(vectors) <= EXACT:
            index = faiss.IndexFlatIP(width)
            index.add(vectors)
            return cls(index)
        lists = int(4 * np.sqrt(len(vectors)))
        lossy: Any = faiss.index_factory(width, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        lossy.train(vectors[:: max(1, len(vectors) // (64 * lists))])
        lossy.add(vectors)
        lossy.nprobe = max(1, lists // 8)
        found = cls(lossy)
        log.info("approximate index, recall %.3f", found.recall(vectors))
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

    def recall(self, vectors: npt.NDArray[np.float32], n: int = 100, queries: int = 50) -> float:
        """Share of the exact ``n`` nearest that the index finds, over some of the vectors."""
        n = min(n, len(vectors))
        asked = vectors[:: max(1, len(vectors) // queries)][:queries]
        hits = 0
        for vector in asked:
            exact = np.argsort(-(vectors @ vector), kind="stable")[:n]
            hits += len(np.intersect1d(exact, self.search(vector, n)[0]))
        return hits / (n * len(asked))

    def save(self, path: Path) -> None:
        """Write the index in faiss's own format."""
        import faiss

        faiss.write_index(self.index, str(path))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read an index; its pages are shared between workers."""
        import faiss

        faiss.omp_set_num_threads(1)
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP))
