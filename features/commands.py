"""The commands of the ``features`` package."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

Data = Annotated[
    Path | None, typer.Option("--data", help="The home; default HUOREN_HOME or ./huoren-data.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON report.")]


class UnknownItems(StrEnum):
    """What becomes of events whose item is in no items table."""

    KEEP = "keep"
    QUARANTINE = "quarantine"


@app.command()
def ingest(
    source: Annotated[Path, typer.Argument(help="A file or folder: Parquet, CSV, NDJSON.")],
    data: Data = None,
    mapping: Annotated[
        str | None, typer.Option(help="A mapping.yaml, or: segment, sensors.")
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="users, items, ties or events, where names do not tell.")
    ] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="Draft a mapping to stdout or to a new --mapping file.")
    ] = False,
    unknown_items: Annotated[
        UnknownItems, typer.Option(help="Events of items that no items table has.")
    ] = UnknownItems.QUARANTINE,
    as_json: Json = False,
) -> None:
    """Bring files into canonical tables: map, check, quarantine bad rows, drop repeats."""
    from features.home import Home
    from features.ingest import shell

    if guess:
        shell.draft(source, Path(mapping) if mapping else None, table)
    else:
        home = Home.from_option(data)
        shell.bring_in(
            source, home, mapping, table, unknown_items=unknown_items.value, as_json=as_json
        )


@app.command()
def features(
    data: Data = None,
    at: Annotated[
        str | None, typer.Option(help="As of this instant (ISO 8601 with a zone); default now.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Business time zone.")] = "Asia/Shanghai",
    reconcile: Annotated[
        bool,
        typer.Option("--reconcile", help="Publish nothing: compare the online states with it."),
    ] = False,
    engine: Annotated[
        str, typer.Option(help="What aggregates: duckdb, or spark for what outgrows one machine.")
    ] = "duckdb",
    print_sql: Annotated[
        str | None,
        typer.Option(
            "--print-sql", metavar="DIALECT", help="Print the counters as SQL and stop: bigquery, …"
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Instant of the earlier run to compare tags with; default the last one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute counters, ties and portraits as of an instant; hand them to the online store."""
    from rich.console import Console

    from features import job
    from features import reconcile as comparison
    from features.clock import BusinessZone, now_us, parse_instant
    from features.home import Home

    at_us = parse_instant(at) if at else None
    if print_sql:
        from features import sql

        typer.echo(sql.script(print_sql, at_us or now_us(), BusinessZone(zone)), nl=False)
        return
    if reconcile:
        found = comparison.reconcile(Home.from_option(data), BusinessZone(zone), at_us)
        comparison.show(found, Console(), as_json=as_json)
        found.require_equal()
        return
    against_us = parse_instant(against) if against else None
    published = job.run(Home.from_option(data), at_us, BusinessZone(zone), engine, against_us)
    job.show(published, Console(), as_json=as_json)


@app.command()
def forget(
    user_id: Annotated[str, typer.Argument(help="The person's id, as events name it.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Erase a person everywhere and for good; say what is pending. Run again to finish."""
    from rich.console import Console

    from features import forget
    from features.home import Home

    report = forget.forget(Home.from_option(data), user_id)
    forget.show(report, Console(), as_json=as_json)


@app.command()
def export(
    user_id: Annotated[str, typer.Argument(help="The person's id, as events name it.")],
    data: Data = None,
) -> None:
    """Print everything kept of a person as one JSON document."""
    from features import export
    from features.home import Home

    typer.echo(export.text(export.export(Home.from_option(data), user_id)))
