"""simulate or load → ingest → features → train → promote → serve → ask → stop → tell."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from features import columns as c
from features.clock import DAY_US, SECOND_US, format_instant, now_us
from features.errors import InputError, UnknownName
from features.history import History
from features.home import Home
from features.weights import INTEREST
from training.demo import tell
from training.demo.asking import Answers, converse
from training.demo.steps import Steps

SIMULATED = "simulated"

SOURCES = (SIMULATED, "ciao", "taobao-share")
"""Data in which people are tied to each other."""


@dataclass(frozen=True)
class Cast:
    """Whom the demo asks about.

    Parameters
    ----------
    user : str
        Somebody who was active lately and has friends.
    sharer, item : str
        Somebody whose links are opened, and an item to share.
    """

    user: str
    sharer: str
    item: str


def run(
    source: str,
    path: Path | None,
    out: Path,
    *,
    keep: bool = False,
    size: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Go the whole way.

    Parameters
    ----------
    source : str
        One of ``SOURCES``.
    path : Path, optional
        Folder of the public set; not for the simulated world.
    out : Path
        ``<out>/<source>`` is made anew.
    size : mapping of str to int
        Users, items, days of the simulated world, where they are not the preset's.
    keep : bool
        Print how to go on with the home and leave the service running until Ctrl-C.

    Returns
    -------
    dict
        What ``summary.json`` holds.

    Raises
    ------
    UnknownName, InputError
        When there is no such source, or its folder is not given.
    """
    if source not in SOURCES:
        raise UnknownName.among("source", source, SOURCES)
    if source != SIMULATED and path is None:
        raise InputError(f"where is {source}?", next_step="give --path DIR")
    place = out / source
    shutil.rmtree(place, ignore_errors=True)
    home = Home((place / "home").resolve())
    console = Console()
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("start", total=None)
        steps = Steps(
            {"HUOREN_MLRUNS": str((place / "mlruns").resolve())},
            lambda name: bar.update(task, description=name),
        )
        trained, at_us = _learn(steps, source, path, place, home, size)
        cast = choose(home, at_us)
        at = format_instant(at_us)
        with steps.serving("--data", str(home.root), "--at", at) as url:
            answers = converse(url, cast.user, cast.sharer, cast.item, at_us - SECOND_US)
    summary = _summary(source, steps, trained, answers)
    (place / "summary.json").write_text(json.dumps(summary, indent=1))
    tell.everything(console, summary, trained, answers, home, place)
    if keep:
        tell.keep(console, home, at)
        with steps.serving("--data", str(home.root), "--at", at) as url:
            tell.until_stopped(console, url)
    return summary


def _learn(
    steps: Steps,
    source: str,
    path: Path | None,
    place: Path,
    home: Home,
    size: Mapping[str, int],
) -> tuple[dict[str, Any], int]:
    """Everything up to the promoted bundle; the result of training, and the service's instant."""
    data = ("--data", str(home.root))
    if source == SIMULATED:
        sized = [word for name, count in size.items() for word in (f"--{name}", str(count))]
        steps.run("simulate", "simulate", str(place / "world"), "--preset", "demo", *sized)
        steps.run("ingest", "ingest", str(place / "world"), *data)
        at_us = now_us()
    else:
        steps.run("load", "load", source, str(path), *data)
        at_us = last_event(home) + DAY_US
    steps.run("features", "features", *data, "--at", format_instant(at_us))
    trained = steps.run("train", "train", *data)
    steps.run("evaluate", "evaluate", *data)
    steps.run("promote", "promote", "challenger", *data)
    return trained, at_us


def last_event(home: Home) -> int:
    """Instant of the newest event of a home."""
    with History(home).connect() as connection:
        return int(connection.execute(f"SELECT max({c.AT}) FROM events").fetchall()[0][0])


def choose(home: Home, at_us: int) -> Cast:
    """Pick people worth showing: active lately, with friends; opened by many."""
    with History(home).connect(at_us - 180 * DAY_US, at_us) as connection:
        user = _first(
            connection,
            f"SELECT {c.USER} FROM events LEFT JOIN (SELECT {c.USER}, count(*) AS friends "
            f"FROM ties GROUP BY ALL) USING ({c.USER}) WHERE {c.EVENT} IN (SELECT unnest($events)) "
            f"GROUP BY ALL ORDER BY least(count(*), 20) * (1 + least(coalesce(any_value(friends), "
            f"0), 20)) DESC, max({c.AT}) DESC, {c.USER} LIMIT 1",
            {"events": sorted(INTEREST)},
        )
        shared = connection.execute(
            f"SELECT {c.PEER}, last({c.ITEM} ORDER BY {c.AT}) FROM events "
            f"WHERE {c.EVENT} = 'Share Link Opened' AND {c.PEER} IS NOT NULL "
            f"AND {c.ITEM} IS NOT NULL GROUP BY ALL "
            f"ORDER BY count(DISTINCT {c.USER}) DESC, {c.PEER} LIMIT 1"
        ).fetchall()
        popular = _first(
            connection,
            f"SELECT {c.ITEM} FROM events WHERE {c.ITEM} IS NOT NULL GROUP BY ALL "
            f"ORDER BY count(*) DESC, {c.ITEM} LIMIT 1",
        )
    sharer, item = shared[0] if shared else (user, popular)
    return Cast(user, sharer, item)


def _first(connection: duckdb.DuckDBPyConnection, query: str, given: Any = None) -> str:
    return str(connection.execute(query, given).fetchall()[0][0])


def _summary(
    source: str, steps: Steps, trained: dict[str, Any], answers: Answers
) -> dict[str, Any]:
    feed = trained["metrics"]["feed"]
    sharing = trained["metrics"].get("sharing", {})
    return {
        "source": source,
        "steps": steps.done,
        "feed": {
            name: {"ndcg@20": feed[name]["ndcg@20"]} for name in ("full", "popularity", "als")
        },
        "sharing": {
            name: {"mrr@5": sharing[name]["mrr@5"]}
            for name in ("full", "most_frequent")
            if name in sharing
        },
        "http": {
            "feed_ms": round(answers.milliseconds, 2),
            "changed_after_event": answers.changed,
        },
    }
