"""Data sets as homes that can be learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features import columns as c
from features.clock import BusinessZone, Refresh, parse_instant
from features.errors import InputError, UnknownName
from features.history import History
from features.home import Home
from features.ingest.run import ingest, ingest_table
from training import loaders
from training.world import PRESETS, Truth, simulate

SIMULATED = "simulated"
SEED = 1
END = "2026-06-01T12:00:00+08:00"
"""Of the world that is made when no directory is given: the one whose noise is stated."""

WEEK = 7
"""Days of the last window of a simulated world, before which the oracle was asked."""

ALIASES = {"alibaba-e-commerce": "alibaba", "alibaba-ecomm": "alibaba"}


@dataclass(frozen=True)
class Opened:
    """A data set in a home.

    Parameters
    ----------
    home : Home
        With canonical tables.
    at_us : int
        Just after the last event.
    test_us : int, optional
        Where the test begins, if the set says so.
    oracle : mapping of str to sequence of str
        User → items that the truth would show, best first; empty where it is not known.
    """

    home: Home
    at_us: int
    test_us: int | None = None
    oracle: Mapping[str, Sequence[str]] | None = None


def named(source: str) -> str:
    """The set that a name means.

    Raises
    ------
    UnknownName
        When there is none.

    Examples
    --------
    >>> named("alibaba_ecomm"), named("complete_journey")
    ('alibaba', 'complete-journey')
    """
    plain = source.lower().replace("_", "-")
    plain = ALIASES.get(plain, plain)
    known = (SIMULATED, *loaders.LOADERS)
    if plain not in known:
        raise UnknownName.among("source", source, known)
    return plain


def opened(source: str, path: Path | None, root: Path, zone: BusinessZone) -> Opened:
    """Bring a set into canonical tables below ``root``.

    Parameters
    ----------
    source : str
        ``simulated`` or a set that ``huoren load`` knows.
    path : Path, optional
        The folder of the set; a world that ``huoren simulate`` wrote, or none: the preset demo.
    root : Path
        Where the home is made.
    zone : BusinessZone
        Where days begin.

    Raises
    ------
    UnknownName, InputError
        When there is no such set, or not in this folder.
    """
    name, home = named(source), Home(root / "home")
    if name == SIMULATED:
        return _simulated(path, root, home, zone)
    if path is None:
        raise InputError(f"where is {name}?", next_step="give --path DIR")
    for table, rows in loaders.load(name, path).items():
        ingest_table(rows, table, home, source=name)
    return Opened(home, _end(home))


def _simulated(path: Path | None, root: Path, home: Home, zone: BusinessZone) -> Opened:
    world = path
    if world is None:
        world = root / "world"
        simulate(PRESETS["demo"], world, SEED, end_us=parse_instant(END))
    truth = Truth(world)
    ingest(world, home)
    end = _end(home)
    last_day = int(zone.day(end))
    first_day = int(zone.day(_start(home)))
    days = last_day - first_day + 1
    cut = first_day + max(days - WEEK, days // 2)
    test_us = int(zone.floor(zone.day_start(cut), Refresh.DAY))
    return Opened(home, end, test_us, truth.oracle_lists())


def _end(home: Home) -> int:
    return _moment(home, "max") + 1


def _start(home: Home) -> int:
    return _moment(home, "min")


def _moment(home: Home, which: str) -> int:
    with History(home).connect() as connection:
        return int(connection.execute(f"SELECT {which}({c.AT}) FROM events").fetchall()[0][0])
