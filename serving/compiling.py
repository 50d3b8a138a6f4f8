"""Trees of the rankers answered by native code of this host, checked against LightGBM before use.

Where the code is not to be had LightGBM answers, slower and with the same numbers, and answers say
so under ``degraded`` (``ranker:interpreted``). A bundle ships no code.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.errors import HuorenError
from recsys.ranking import native

_LOG = logging.getLogger("huoren.serving")

INTERPRETED = "ranker:interpreted"

_PROBES = 64


class Ranker(Protocol):
    """What is compiled; ``recsys.ranking.lambdamart.LambdaMart`` is one."""

    text_file: Path | None
    native: native.Score | None
    columns: tuple[str, ...]

    def score(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Scores of rows, by whatever is there."""
        ...


def compile_all(rankers: Iterable[Ranker]) -> None:
    """Give every ranker native code; one that cannot have it keeps LightGBM, and the log says why.

    Parameters
    ----------
    rankers : iterable of Ranker
        Opened from text files.
    """
    for ranker in rankers:
        if ranker.native is not None or ranker.text_file is None:
            continue
        try:
            _replace(ranker, native.of_text(ranker.text_file.read_text()))
        except (HuorenError, OSError, RuntimeError, ImportError):
            _LOG.exception("LightGBM goes on answering for %s", ranker.text_file.name)


def _replace(ranker: Ranker, score: native.Score) -> None:
    """Take compiled trees into service, if they say what LightGBM says."""
    rng = np.random.default_rng(0)
    rows = rng.normal(0.0, 3.0, (_PROBES, len(ranker.columns))).astype(np.float32)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    if not np.array_equal(score(rows), ranker.score(rows)):
        raise RuntimeError("compiled trees and LightGBM differ")
    ranker.native = score
