"""What ``huoren forget`` does: a tombstone, then everything that names the person, then a report.

The tombstone comes first: from then on nothing about the person comes in, and nobody who reads the
history sees what is still there. A run that was cut off is finished by the next one. Whoever has
several ids (``features.identities``) goes with all of them.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from features import tombstones
from features.clock import BusinessZone, format_instant
from features.erasure import Count, Erasure
from features.errors import InputError
from features.history import History
from features.home import Home
from features.identities import people
from features.ingest.writing import Transaction
from features.store import open_ledger, open_store, zone_in_force
from features.store.files import guarded, locked, put_in_place

_LAG_S = 60.0
"""What was said last of the person's ids may not be applied yet."""


@dataclass(frozen=True)
class Pending:
    """What still remembers the person.

    Parameters
    ----------
    what : str
        Where.
    until : str
        Until when.
    finish : str
        The command that ends it.
    """

    what: str
    until: str
    finish: str


@dataclass(frozen=True)
class Report:
    """What an erasure did.

    Parameters
    ----------
    since_us : int
        Instant of the tombstone.
    ids : int
        Under how many ids the person was known.
    erased : dict of str to Count
        By place; places where nothing was are left out.
    pending : tuple of Pending
        What is left to do.
    seconds : float
        How long it took.
    """

    since_us: int
    ids: int
    erased: dict[str, Count]
    pending: tuple[Pending, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values, as ``--json`` prints them."""
        return {
            "since": format_instant(self.since_us),
            "ids": self.ids,
            "erased": {place: asdict(count) for place, count in self.erased.items()},
            "pending": [asdict(one) for one in self.pending],
            "seconds": round(self.seconds, 2),
        }


def forget(home: Home, user_id: str) -> Report:
    """Erase a person from a home for good.

    Parameters
    ----------
    home : Home
        Services may go on answering from it.
    user_id : str
        The person, by any id.

    Raises
    ------
    InputError
        No id; or another ingest is writing: the person is kept out from now on, run it again.
    MissingStep
        There is no such home.
    StoreError
        The store cannot erase now; the person is kept out from now on, run it again.
    """
    if not user_id:
        raise InputError("nobody to forget", expected="a user id", got="an empty text")
    start = perf_counter()
    home.require(home.root, "ingest")
    zone = zone_in_force(home)
    ids = _ids(home, zone, user_id)
    since_us = min(bury(home, one) for one in ids)
    erased: dict[str, Count] = {}
    if zone or home.state.exists():
        with closing(open_store(home, zone)) as store:
            done = store.forget(ids)
        with closing(open_ledger(home)) as ledger:
            ledger.forget(ids)
        erased["log"], erased["states"] = Count(done.entries), Count(done.states)
    home.state.mkdir(parents=True, exist_ok=True)
    with locked(home.state / "seal.lock"):
        for one in ids:
            with Transaction(home) as into, Erasure(home, one, into) as erasure:
                erasure.run()
                into.commit()
            for place, count in erasure.counts.items():
                erased[place] = erased.get(place, Count()) + count
    _unfinished(home).unlink(missing_ok=True)
    bundles, pending = _bundles(home, since_us)
    erased["bundles"] = Count(files=bundles)
    for one in ids:
        pending += _left(home, one)
    said = {place: count for place, count in erased.items() if any(asdict(count).values())}
    return Report(since_us, len(ids), said, tuple(pending), perf_counter() - start)


def _ids(home: Home, zone: BusinessZone | None, user_id: str) -> list[str]:
    """All ids of a person, noted until the erasure is done: a next run could not find them."""
    file = _unfinished(home)
    found = {user_id, *(json.loads(file.read_text()) if file.exists() else ())}
    known = people(History(home).links(forgotten=True))
    found |= {other for one in found for other in known.get(one, ())}
    if zone:
        with closing(open_store(home, zone)) as store:
            store.wait_applied(store.log_seq, _LAG_S)
            found |= {other for one in found for other in store.ids(one)}
    ids = sorted(found)
    if len(ids) > 1:
        with guarded(file):
            written = file.with_name(f".{file.name}.{uuid4().hex}")
            written.write_text(json.dumps(ids))
            put_in_place(written, file)
    return ids


def _unfinished(home: Home) -> Path:
    return home.root / "forgetting.json"


def bury(home: Home, user_id: str) -> int:
    """Put a person's tombstone; returns its instant, the first one where it stands already."""
    file = tombstones.path(home)
    with locked(home.root / "tombstones.lock"), guarded(file):
        stones = tombstones.with_one_more(home, user_id)
        written = file.with_name(f".tombstones.{uuid4().hex}")
        written.write_text(tombstones.text(stones))
        put_in_place(written, file)
    return stones.people[stones.digest(user_id)]


def _bundles(home: Home, since_us: int) -> tuple[int, list[Pending]]:
    """Destroy bundles older than the tombstone once a younger one is in service.

    Returns
    -------
    destroyed : int
        Bundles.
    pending : list of Pending
        Those that cannot go yet, and the tracked runs of all.
    """
    made = {path.parent: path for path in sorted(home.bundles.glob("*/manifest.json"))}
    older = {folder: path for folder, path in made.items() if _made_us(path) < since_us}
    runs = {folder: json.loads(path.read_text()).get("run_id") for folder, path in older.items()}
    champion = json.loads(home.champion.read_text())["sha"] if home.champion.exists() else ""
    pending = [_tracked(run) for run in runs.values() if run]
    if home.bundles / champion in made and home.bundles / champion not in older and champion:
        for folder in older:
            shutil.rmtree(folder)
        return len(older), pending
    again = f"huoren features && huoren train && huoren promote, each with --data {home.root}"
    for folder in older:
        serving = " (in service)" if folder.name == champion else ""
        pending.append(
            Pending(
                f"bundle {folder.name[:12]}{serving}: learned while the person was known",
                "a bundle trained after the erasure is promoted",
                f"{again}; then the same huoren forget again destroys it",
            )
        )
    return 0, pending


def _made_us(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000


def _tracked(run: str) -> Pending:
    return Pending(
        f"MLflow run {run}: its artefacts were learned while the person was known",
        "it is deleted from the tracking server",
        f"mlflow runs delete --run-id {run} && mlflow gc --run-ids {run}",
    )


def _left(home: Home, user_id: str) -> Iterator[Pending]:
    """Files of no known kind that name the person; a mere number says too little to look for."""
    if user_id.isdecimal():
        return
    name = re.compile(rb"(?<![\w-])" + re.escape(user_id.encode()) + rb"(?![\w-])")
    known = (home.state, home.bundles, home.features)
    for path in sorted(home.root.rglob("*")):
        handled = path.suffix == ".parquet" or any(place in path.parents for place in known)
        if path.is_file() and not handled and name.search(path.read_bytes()):
            place = path.relative_to(home.root).as_posix()
            yield Pending(f"{place} names the person", "it is deleted", f"rm {path}")


def show(report: Report, console: Console, *, as_json: bool) -> None:
    """Print what was erased where and what is pending, or one JSON object."""
    if as_json:
        console.print_json(json.dumps(report.as_json()))
        return
    table = Table("place", "rows gone", "names taken out", "files")
    for place, count in report.erased.items():
        table.add_row(place, f"{count.rows:,}", f"{count.stripped:,}", f"{count.files:,}")
    console.print(table)
    for one in report.pending:
        console.print(f"pending: {one.what}", highlight=False)
        console.print(f"    until {one.until}: {one.finish}", highlight=False)
    if not report.pending:
        console.print("nothing is pending")
