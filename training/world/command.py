"""What ``huoren simulate`` does: makes a world and tells how it came out."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from features.clock import parse_instant
from features.errors import UnknownName
from training.world.presets import PRESETS, World
from training.world.run import Summary, simulate
from training.world.statistics import MEASURES, compare

_SHORT = {
    "this world": "world",
    "taobao_share": "taobao",
    "beibei_groupbuy": "beibei",
    "complete_journey": "journey",
    "online_retail": "retail",
}


def world_of(
    preset: str, *, users: int | None, items: int | None, days: int | None, zone: str
) -> World:
    """Take a preset and change what is given.

    Raises
    ------
    UnknownName
        When there is no such preset.
    InputError
        When a count is not positive or the zone is unknown.

    Examples
    --------
    >>> world_of("demo", users=10, items=None, days=None, zone="").users
    10
    >>> world_of("big", users=None, items=None, days=None, zone="")
    Traceback (most recent call last):
    features.errors.UnknownName: unknown preset 'big'; next: use one of: bench, demo, fraud
    """
    if preset not in PRESETS:
        raise UnknownName.among("preset", preset, PRESETS)
    world = PRESETS[preset]
    return replace(
        world,
        users=world.users if users is None else users,
        items=world.items if items is None else items,
        days=world.days if days is None else days,
        zone=zone or world.zone,
    )


def run(
    out: Path,
    *,
    users: int | None,
    items: int | None,
    days: int | None,
    seed: int,
    preset: str,
    end: str,
    zone: str,
    as_json: bool,
) -> None:
    """Simulate into ``out``, then print the world beside the real sets."""
    world = world_of(preset, users=users, items=items, days=days, zone=zone)
    end_us = parse_instant(end) if end else None
    with Progress(console=Console(stderr=True), transient=True) as bar:
        days_over = bar.add_task("days", total=world.days)
        summary = simulate(
            world, out, seed, end_us=end_us, progress=lambda _: bar.advance(days_over)
        )
    measures = compare(out)
    if as_json:
        told = {"out": str(out), **asdict(summary), "measures": measures}
        Console(soft_wrap=True).print_json(json.dumps(told, allow_nan=True).replace("NaN", "null"))
        return
    console = Console()
    console.print(_counts(out, summary))
    console.print(_beside(measures))


def _counts(out: Path, summary: Summary) -> Table:
    table = Table(title=f"{out}: {summary.start} to {summary.end}", title_justify="left")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for name in ("users", "items", "ties", "days"):
        table.add_row(name, f"{getattr(summary, name):,}")
    for name, count in summary.events.items():
        table.add_row(name, f"{count:,}")
    table.add_row("all event rows", f"{sum(summary.events.values()):,}")
    table.add_section()
    table.add_row("log-odds of ordering that can be explained", f"{summary.explained:.1%}")
    table.add_row("NDCG@20 of the oracle, last week", f"{summary.oracle_ndcg:.4f}")
    table.add_row("NDCG@20 of the most bought, last week", f"{summary.popular_ndcg:.4f}")
    return table


def _beside(measures: dict[str, dict[str, float]]) -> Table:
    table = Table(title="beside real sets", title_justify="left", box=SIMPLE, padding=0)
    table.add_column("measure")
    for source in measures:
        table.add_column(_SHORT.get(source, source), justify="right", no_wrap=True, min_width=7)
    for name in MEASURES:
        cells = (found.get(name) for found in measures.values())
        table.add_row(name, *("-" if cell is None else f"{cell:.3g}" for cell in cells))
    return table
