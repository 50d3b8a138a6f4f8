"""The steps of a run as they go by: what is skipped, how long the others take, what is left."""

import hashlib
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import numpy as np

from training.shelf import Form, Kept, Shelf, fingerprint

T = TypeVar("T")

SECONDS = "seconds.json"
"""How long each step took when it last ran, beside the outputs."""


@dataclass
class Step:
    """One step at work.

    Parameters
    ----------
    name : str
        Of the step.
    shelf : Shelf
        Where its outputs are kept.
    base : str
        Fingerprint of what every step is made from.
    seed : int
        Of what the step draws.
    made, found : int
        Outputs that were made, and that lay there.
    """

    name: str
    shelf: Shelf
    base: str
    seed: int
    made: int = 0
    found: int = 0

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator that depends on the seed and the step alone."""
        return self.rng_of(self.name)

    def rng_of(self, name: str) -> np.random.Generator:
        """The generator of another step, to draw what that one drew."""
        word = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
        return np.random.default_rng([self.seed, word])

    def keep(self, form: Form[T], make: Callable[[], T], *needs: object) -> Kept[T]:
        """An output: taken from the shelf if it was made from the same before, else made.

        Parameters
        ----------
        form : Form
            How it is written.
        make : callable
            Makes it.
        *needs : object
            Kept outputs and settings it is made from, all of them: what is not named here cannot
            make it stale.
        """
        key = fingerprint(self.base, self.name, self.seed, *needs)
        kept = self.shelf.find(self.name, key, form)
        if kept is not None:
            self.found += 1
            return kept
        self.made += 1
        return self.shelf.keep(self.name, key, make, form)


Notice = Callable[[str, float | None], None]
"""Told the name of a step before it runs, and how many seconds are left, if that is known."""


@dataclass
class Steps:
    """Steps that have run.

    Parameters
    ----------
    shelf : Shelf, optional
        Where outputs are kept; the home's ``work`` when left out.
    notice : callable
        See ``Notice``.
    until : str
        The last step to run; all when empty.
    done : list of mapping
        Name, seconds, peak memory of the process until then, and whether nothing had to be made.
    """

    shelf: Shelf | None = None
    notice: Notice = lambda name, left: None
    until: str = ""
    done: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def run(self, name: str, shelf: Shelf, base: str, seed: int) -> Iterator[Step]:
        """Time a step and note what became of it."""
        start, step = perf_counter(), Step(name, shelf, base, seed)
        yield step
        skipped = step.found > 0 and not step.made
        self.done.append({
            "name": name,
            "seconds": round(perf_counter() - start, 2),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "skipped": skipped,
        })
        if not skipped:
            _remember(shelf.root / SECONDS, name, self.done[-1]["seconds"])


def left(shelf: Shelf, names: list[str]) -> float | None:
    """Seconds that steps took when they last ran; None when one of them never did."""
    known = _known(shelf.root / SECONDS)
    return sum(known[name] for name in names) if all(name in known for name in names) else None


def _remember(path: Path, name: str, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(_known(path) | {name: seconds}))
    fresh.replace(path)


def _known(path: Path) -> dict[str, float]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}
