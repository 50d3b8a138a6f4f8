"""The envelope that every bench prints its rows in."""

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from features.clock import format_instant, now_us
from training.bench.machine import machine, peak_mb, versions

Row = Mapping[str, object]


@dataclass(frozen=True)
class Report:
    """What one bench measured.

    Parameters
    ----------
    bench : str
        Its name.
    at : str
        When it ended, ISO 8601 in UTC.
    machine, versions : mapping
        What it ran on.
    seconds : float
        Wall time of all of it, preparations included.
    peak_mb : float
        The most memory that one process of it held.
    rows : sequence of mapping
        What was measured.
    command : str
        What to run to measure it again.
    """

    bench: str
    at: str
    machine: Mapping[str, object]
    versions: Mapping[str, str]
    seconds: float
    peak_mb: float
    rows: Sequence[Row]
    command: str


WIDE = 10_000
"""Columns of a screen on which any table has room."""


def measured(bench: str, measure: Callable[[], Sequence[Row]]) -> Report:
    """Run a bench and wrap what it found.

    Parameters
    ----------
    bench : str
        Its name.
    measure : callable
        Gives the rows; those that carry ``peak_mb`` count for the whole.

    Examples
    --------
    >>> report = measured("nothing", lambda: [{"method": "huoren", "peak_mb": 1e9}])
    >>> report.bench, report.peak_mb, len(report.rows)
    ('nothing', 1000000000.0, 1)
    """
    start = perf_counter()
    rows = [{name: finite(value) for name, value in row.items()} for row in measure()]
    most = max([
        peak_mb(),
        *(float(str(row["peak_mb"])) for row in rows if row.get("peak_mb") is not None),
    ])
    return Report(
        bench,
        format_instant(now_us() // 1_000_000 * 1_000_000),
        machine(),
        versions(),
        round(perf_counter() - start, 2),
        round(most, 1),
        rows,
        command(sys.argv[1:]),
    )


def finite(value: object) -> object:
    """A value as JSON has it: what is no number is None.

    Examples
    --------
    >>> finite(float("nan")), finite({"a": [1.0, float("inf")]}), finite("nan")
    (None, {'a': [1.0, None]}, 'nan')
    """
    match value:
        case float():
            return value if isfinite(value) else None
        case dict():
            return {name: finite(one) for name, one in value.items()}
        case list():
            return [finite(one) for one in value]
    return value


def command(words: Sequence[str]) -> str:
    """The command line that measures again, wherever the benchmark data is.

    Examples
    --------
    >>> command(["bench", "features", "--json", "--events", "1000000"])
    'huoren bench features --events 1000000'
    """
    return " ".join(["huoren", *(_told(word) for word in words if word != "--json")])


def _told(word: str) -> str:
    folder = Path(os.environ.get("HUOREN_BENCH_DATA", "../shared/data")).resolve()
    option, equals, value = word.rpartition("=")
    path = Path(value).resolve()
    if folder in path.parents:
        return f"{option}{equals}$HUOREN_BENCH_DATA/{path.relative_to(folder).as_posix()}"
    return shlex.quote(word)


def show(report: Report, *, as_json: bool) -> None:
    """Print one JSON object, or a table of the rows, on standard output."""
    if as_json:
        Console(soft_wrap=True, highlight=False).out(json.dumps(asdict(report), allow_nan=False))
        return
    names = list(dict.fromkeys(name for row in report.rows for name in row))
    table = Table(title=f"{report.bench}, {report.machine['cpu']}", title_justify="left")
    for name in names:
        table.add_column(name, justify="right" if name != names[0] else "left", overflow="fold")
    for row in report.rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    console = Console(highlight=False)
    if Measurement.get(console, console.options.update(width=WIDE), table).maximum <= console.width:
        console.print(table)
        return
    console.print(f"{table.title}\n")
    for row in report.rows:  # too wide for a table: each row on lines of its own
        console.print(*(f"{name} {_cell(row[name])}" for name in names if name in row), sep="  ")
        console.print()


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"
    return str(value)
