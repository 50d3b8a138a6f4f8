"""What ``huoren score`` does: fit a goal, score its cohort, keep and show what came out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from features import snapshot
from features.clock import BusinessZone, now_us
from features.errors import FileRefused
from features.home import Home
from training.past import Past
from training.predictions import goals, scores
from training.predictions.fit import fit, steps
from training.predictions.goals import Goal


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


def run(home: Home, model: str, users: Path | None, at_us: int | None, zone: BusinessZone) -> Job:
    """Fit, score, write.

    Raises
    ------
    UnknownName, FileRefused
        When there is no such goal, or a file cannot be read.
    GateRefused
        When there is too little to learn from.
    """
    goal = goal_of(model)
    asked = None if users is None else read_ids(users)
    now = now_us() if at_us is None else at_us
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(goal.name, total=steps())
        written = score(home, goal, now, zone, lambda: bar.advance(task))
    return Job(written, written.table if asked is None else written.of(asked))


def score(
    home: Home, goal: Goal, at_us: int, zone: BusinessZone, step: Callable[[], Any]
) -> scores.Scores:
    """Fit a goal on the history before an instant and write the scores of its cohort."""
    connection, _ = snapshot.connect_facts(home, at_us, zone)
    with connection:
        end_us = min(at_us, end(connection))
        fitted = fit(Past(connection, zone), goal, end_us, step=step)
    return scores.write(home, fitted, end_us)


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
    card = job.scores.card
    if as_json:
        told = card | {"folder": str(job.scores.folder), "rows": job.rows.num_rows}
        console.out(json.dumps(told, ensure_ascii=False, allow_nan=False), highlight=False)
        return
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
