"""What ``huoren score`` does: fit a goal or an effect, score people, keep and show them."""

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from features import columns as c
from features import events as e
from features.clock import BusinessZone, now_us
from features.errors import FileRefused, UnknownName
from features.home import Home
from features.progress import tell
from training.past import opened
from training.predictions import goals, quality, scores
from training.predictions.card import card
from training.predictions.fit import fit, steps
from training.predictions.goals import Goal
from training.uplift import everyone
from training.uplift.plan import ORDER, spend

UPLIFT = "uplift."
"""What the name of a campaign's effect begins with."""


@dataclass(frozen=True)
class Job:
    """A scored model, and the rows that were asked for.

    Parameters
    ----------
    scores : Scores
    rows : pyarrow.Table
        Of the people asked for; of everybody where nobody was.
    """

    scores: scores.Scores
    rows: pa.Table


def goal_of(model: str) -> Goal:
    """A preset by name, or a goal of one's own by its TOML file."""
    path = Path(model)
    return goals.read(path) if path.suffix == ".toml" else goals.named(model)


@dataclass(frozen=True)
class Offer:
    """How a model of an effect is asked for.

    Parameters
    ----------
    outcome : str
        The event that is wanted.
    days : float
        How long after the assignment it counts.
    budget : float, optional
        What may be spent; no plan where it is left out.
    cost : float
        Of treating one person, in the budget's unit.
    """

    outcome: str = e.ORDERED
    days: float = 14.0
    budget: float | None = None
    cost: float = 1.0

    def __post_init__(self) -> None:
        if self.budget is not None:
            spend(np.zeros(1), np.full(1, self.cost), self.budget)
        if self.outcome not in e.KINDS:
            raise UnknownName.among("event", self.outcome, e.KINDS)


NO_OFFER = Offer()


def run(
    home: Home,
    model: str,
    users: Path | None,
    at_us: int | None,
    zone: BusinessZone,
    offer: Offer = NO_OFFER,
) -> Job:
    """Fit, score, write.

    Raises
    ------
    UnknownName, FileRefused
        When there is no such goal or campaign, or a file cannot be read.
    GateRefused
        When there is too little to learn from.
    InputError
        When a campaign has no control, or a budget is negative.
    """
    campaign = model.removeprefix(UPLIFT) if model.startswith(UPLIFT) else ""
    goal = None if campaign else goal_of(model)
    asked = None if users is None else read_ids(users)
    past, _ = opened(home, now_us() if at_us is None else at_us, zone, clean=False)
    with past.connection, Progress(console=Console(stderr=True), transient=True) as bar:
        now = min(at_us or 2**62, end(past.connection))
        task = bar.add_task(model, total=steps() if goal else None)
        if goal:
            told_of = count(1)

            def step() -> None:
                bar.advance(task)
                tell(next(told_of) / (steps() + 1), model)

            fitted = fit(past, goal, now, step=step)
            table, told = scores.of_fitted(fitted), card(fitted, now)
        else:
            found = everyone.fit(past, campaign, now, outcome=offer.outcome, days=offer.days)
            table, told = _of_effect(found), everyone.told(found, model, offer.outcome, now)
            if offer.budget is not None:
                told["plan"] = dict(found.plan(offer.budget, offer.cost).told)
    written = scores.write(home, goal.name if goal else model, table, told)
    return Job(written, written.table if asked is None else written.of(asked))


def _of_effect(found: everyone.Everyone) -> pa.Table:
    return pa.table({
        c.USER: pa.array(found.users, pa.string()),
        "effect": found.effect,
        "percentile": quality.percentiles(found.score),
        "quadrant": [ORDER[code].value for code in found.quadrant],
        "reasons": pa.array([[] for _ in found.users], pa.list_(pa.string())),
    })


def end(connection: Any) -> int:
    """Just after the last event: windows are counted back from where the history ends."""
    return int(connection.execute("SELECT max(at_us) + 1 FROM facts").fetchall()[0][0])


def read_ids(path: Path) -> list[str]:
    """Ids, one on each line.

    Raises
    ------
    FileRefused
        When the file cannot be read as text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefused(
            f"{path} cannot be read", expected="text, one id on each line", got=str(error)
        ) from None
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def save(rows: pa.Table, out: Path) -> None:
    """Write rows as Parquet or, by its ending, as CSV."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        joined = [" ".join(one or ()) for one in rows["reasons"].to_pylist()]
        place = rows.schema.get_field_index("reasons")
        pacsv.write_csv(rows.set_column(place, "reasons", pa.array(joined, pa.string())), out)
    else:
        pq.write_table(rows, out, compression="zstd")


def show(job: Job, console: Console, *, as_json: bool) -> None:
    """Print the card: as JSON with the asked rows' number, or as tables."""
    told = job.scores.card
    if as_json:
        told = told | {"path": str(job.scores.path), "rows": job.rows.num_rows}
        console.out(json.dumps(told, ensure_ascii=False, allow_nan=False), highlight=False)
        return
    if "backtest" in told:
        _show_goal(told, console)
    else:
        _show_effect(told, console)


def _show_goal(card: dict[str, Any], console: Console) -> None:
    test = card["backtest"]
    console.print(
        f"{card['model']} {card['zh']}: {card['sentence']}\n"
        f"{card['people']:,} people, {card['expected']:,.0f} expected; back-test from "
        f"{test['from']}: {test['band']} (lift quality {test['lift_quality']:.0f}, AUC "
        f"{test['auc']:.3f}, {test['rate']:.1%} did it, {test['foretold_rate']:.1%} foretold)"
    )
    table = Table("the highest", "people", "expected to", "wasted", "caught", "lift", "back-test")
    for cut, then in zip(card["cuts"], test["cuts"], strict=True):
        table.add_row(
            f"{cut['share']:.0%}", f"{cut['people']:,}", f"{cut['converters']:,.0f}",
            f"{cut['wasted']:,.0f}", f"{cut['caught']:.0%}", f"{cut['lift']:.1f}",
            f"{then['lift']:.1f}",
        )  # fmt: skip
    console.print(table)
    for driver in card["drivers"][:5]:
        more = "more, likelier" if driver["more_is_likelier"] else "more, less likely"
        console.print(f"  {driver['moves']:.0%} {driver['sentence']} ({more})")


def _show_effect(card: dict[str, Any], console: Console) -> None:
    low, high = card["qini_low"], card["qini_high"]
    console.print(
        f"{card['model']}: average effect {card['average_effect']:+.4f} on {card['outcome']}; "
        f"Qini {card['qini']:.4f} ({low:.4f} to {high:.4f}) on {card['trial']:,} people\n"
        f"{card['verdict']}"
    )
    for warning in card["warnings"]:
        console.print(f"  warning: {warning}")
    for name, people in card["quadrants"].items():
        console.print(f"  {name}: {people:,}")
    if card["plan"]:
        console.print("  plan: " + ", ".join(f"{k} {v:,.4g}" for k, v in card["plan"].items()))
