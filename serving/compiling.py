"""Trees of the rankers as native code of this host: compiled once, kept, shared by its workers.

Until the code is there LightGBM answers, slower and with the same numbers, and answers say so under
``degraded`` (``ranker:interpreted``). Code is only ever read from a folder that belongs to the user
the service runs as and that nobody else may write (``HUOREN_CACHE``, or ``huoren`` in the user's
cache folder); never from a bundle.
"""

import fcntl
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.errors import HuorenError
from recsys.ranking import native

_LOG = logging.getLogger("huoren.serving")

INTERPRETED = "ranker:interpreted"

KEPT = 20
"""How many compiled models stay in the folder; the ones used longest ago go."""

_PATIENCE_S = 600.0
_PROBES = 64


class Ranker(Protocol):
    """What is compiled; ``recsys.ranking.lambdamart.LambdaMart`` is one."""

    text_file: Path | None
    native: native.Score | None
    columns: tuple[str, ...]

    def score(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Scores of rows, by whatever is there."""
        ...


def compile_all(rankers: Iterable[Ranker], kept_in: Path) -> None:
    """Give every ranker native code; one that cannot have it keeps LightGBM, and the log says why.

    Parameters
    ----------
    rankers : iterable of Ranker
        Opened from text files.
    kept_in : Path
        Folder; made when absent.
    """
    for ranker in rankers:
        if ranker.native is not None or ranker.text_file is None:
            continue
        try:
            with _private(kept_in) as place:
                code = _code(ranker.text_file, place)
            _replace(ranker, native.load(code, len(ranker.columns)))
        except (HuorenError, OSError, RuntimeError, ImportError, subprocess.SubprocessError):
            _LOG.exception("LightGBM goes on answering for %s", ranker.text_file.name)


def _replace(ranker: Ranker, score: native.Score) -> None:
    """Take compiled trees into service, if they say what LightGBM says."""
    rng = np.random.default_rng(0)
    rows = rng.normal(0.0, 3.0, (_PROBES, len(ranker.columns))).astype(np.float32)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    if not np.array_equal(score(rows), ranker.score(rows)):
        raise RuntimeError("compiled trees and LightGBM differ")
    ranker.native = score


@contextmanager
def _private(kept_in: Path) -> Iterator[Path]:
    """The folder, if it is this user's alone; else one for the moment."""
    try:
        kept_in.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = kept_in.stat()
        alone = found.st_uid == os.getuid() and not found.st_mode & 0o022
    except OSError:
        alone = False
    if alone:
        yield kept_in
        return
    _LOG.warning("%s is not this user's alone: compiled trees are not kept", kept_in)
    with tempfile.TemporaryDirectory() as moment:
        yield Path(moment)


def _code(text_file: Path, place: Path) -> bytes:
    path = place / f"{native.fingerprint(text_file.read_text())}.o"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of the workers compiles, the others wait for it
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}")
            words = ["-m", native.__name__, str(text_file.resolve()), str(unfinished.resolve())]
            said = subprocess.run(
                [sys.executable, *words], cwd=Path(native.__file__).parents[2],
                capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
            )  # fmt: skip
            if said.returncode:
                raise RuntimeError(f"compiling failed: {said.stderr.strip()[-500:]}")
            unfinished.rename(path)
            for old in sorted(place.glob("*.o"), key=lambda one: -one.stat().st_mtime)[KEPT:]:
                old.unlink()
    os.utime(path)
    return path.read_bytes()
