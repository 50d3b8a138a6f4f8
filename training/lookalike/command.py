"""What ``huoren lookalike`` does: reads a seed, finds people like it, keeps the scores."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features import columns as c
from features.clock import format_instant
from features.home import Home
from recsys.segments.desk import Desk, open_desk
from recsys.segments.parse import loads
from recsys.segments.questions import condition_of
from training.lookalike.fit import LEAST, fit
from training.lookalike.people import People
from training.predictions import quality, scores
from training.score import read_ids

PREFIX = "lookalike."
"""What the names of such scores begin with."""

_WORDS = (".txt", ".csv")


@dataclass(frozen=True)
class Ask:
    """What is asked.

    Parameters
    ----------
    seed : str
        A saved segment, a segment's file, or a ``.txt`` or ``.csv`` with one id on each line.
    name : str
        The scores become ``lookalike.NAME``.
    least : int
        People that the seed needs.
    number : int
        Seed of samples and splits.
    """

    seed: str
    name: str
    least: int = LEAST
    number: int = 0


def run(
    home: Home, ask: Ask, step: Callable[[float, str], Any] = lambda *_: None
) -> dict[str, Any]:
    """Find, judge, write; returns the card.

    Raises
    ------
    GateRefused
        When the seed is too small, or of strangers.
    InputError
        When it is no segment.
    """
    with open_desk(home) as desk:
        step(0.0, "people")
        seed_ids = _seed(desk, ask.seed)
        people = People.of(desk, ask.number)
        found = fit(people, seed_ids, least=ask.least, seed=ask.number, step=step)
        as_of = format_instant(desk.as_of_us)
    model = f"{PREFIX}{ask.name}"
    outside = np.flatnonzero(~found.inside)
    similarity = found.similarity[outside]
    table = pa.table({
        c.USER: pa.array([people.users[at] for at in outside], pa.string()),
        "similarity": similarity,
        "percentile": quality.percentiles(similarity),
        "reasons": pa.array([[] for _ in outside], pa.list_(pa.string())),
    })
    told = {
        "model": model, "as_of": as_of, "sentence": f"like the people of {ask.seed}",
        "verdict": verdict(found.told), **found.told,
    }  # fmt: skip
    return scores.write(home, model, table, told).card


def verdict(told: dict[str, Any]) -> str:
    """What to make of it, in one sentence.

    Examples
    --------
    >>> verdict({"lift": {"ensemble": {"0.05": 1.1}}, "placebo_lift": {"0.05": 1.0}})
    'held-out seeds are found hardly better than by lot: do not use it'
    """
    lift = told["lift"]["ensemble"]["0.05"]
    if lift < 1.5:
        return "held-out seeds are found hardly better than by lot: do not use it"
    return f"in the 5 % most alike are {lift:.1f} times as many held-out seeds as by lot"


def _seed(desk: Desk, named: str) -> set[str]:
    path = Path(named)
    if path.is_file() and path.suffix in _WORDS:
        return set(read_ids(path))
    if path.is_file():
        condition = loads(path.read_text(encoding="utf-8"))
    else:
        condition = condition_of(desk, named)
    return set(desk.ask(desk.members(condition))[c.USER].to_pylist())


def show(told: dict[str, Any], echo: Callable[[str], Any]) -> None:
    """Print a card."""
    echo(
        f"{told['model']}: {told['seed']:,} of the seed known, {told['strangers']:,} strangers, "
        f"{told['people']:,} people\n{told['verdict']}"
    )
    for name, found in told["recall"].items():
        line = ", ".join(
            f"{float(share):.0%}: {value:.1%} (×{told['lift'][name][share]:.1f})"
            for share, value in found.items()
        )
        echo(f"  {name}: held-out seeds in the highest {line}")
    placebo = ", ".join(f"{float(s):.0%}: ×{v:.2f}" for s, v in told["placebo_lift"].items())
    echo(f"  placebo seed: {placebo}")
    for one in told["curve"]:
        echo(
            f"  {one['people']:,} people: similarity {one['similarity']:.3f} and more, "
            f"recall {one['recall']:.0%}, lift {one['lift']:.1f}"
        )
    for warning in told["warnings"]:
        echo(f"  warning: {warning}")
