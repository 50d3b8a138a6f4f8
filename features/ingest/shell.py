"""What ``huoren ingest`` shows: a progress bar, a table or JSON, a drafted mapping."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.errors import InputError
from features.home import Home
from features.ingest.mapping import ORDER
from features.ingest.report import Report, total
from features.ingest.run import UnknownItems, ingest
from features.ingest.sources import data_files


def bring_in(
    source: Path,
    home: Home,
    mapping: str | None,
    table: str | None,
    *,
    unknown_items: UnknownItems,
    as_json: bool,
) -> None:
    """Ingest and print the reports.

    Parameters
    ----------
    source, home, mapping, table, unknown_items
        As in :func:`features.ingest.run.ingest`.
    as_json : bool
        Print one JSON object instead of a table.
    """
    console = Console(stderr=True)
    columns = (TextColumn("ingest"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        files = len(list(data_files(source))) if source.exists() else 0
        task = bar.add_task("files", total=files)
        reports = ingest(
            source,
            home,
            mapping,
            table=table,
            unknown_items=unknown_items,
            advance=lambda path: bar.update(task, advance=1, description=path.name),
        )
    if as_json:
        listed = {"home": str(home.root), "reports": [report.as_json() for report in reports]}
        typer.echo(json.dumps(listed, ensure_ascii=False))
    else:
        show(reports, home, Console())


def show(reports: list[Report], home: Home, console: Console) -> None:
    """Print one line for each table, then reasons and notes."""
    totals = [total(reports, name) for name in ORDER if any(r.table == name for r in reports)]
    shown = Table("table", "from", "in", "kept", "duplicate", "quarantined")
    for one in totals:
        counts = (one.rows, one.kept, one.duplicate, one.quarantined)
        shown.add_row(one.table, one.source, *(f"{count:,}" for count in counts))
    console.print(shown)
    for one in totals:
        for reason, count in one.reasons.items():
            console.print(f"{one.table}: {count:,} quarantined: {reason}", highlight=False)
        for note in one.notes:
            console.print(f"{one.table}: {note}", highlight=False)
    if any(one.quarantined for one in totals):
        console.print(f"quarantined rows are in {home.quarantine}", highlight=False)


def draft(source: Path, file: Path | None, table: str | None) -> None:
    """Print a guessed mapping, or write it to a new file.

    Raises
    ------
    InputError
        When the file exists already.
    """
    from features.ingest.guess import guess

    if file is not None and file.exists():
        raise InputError(
            f"{file} exists already", next_step="name a new file, or leave --mapping out"
        )
    text = guess(source, table)
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {file}; check it, then run: huoren ingest {source} --mapping {file}")
