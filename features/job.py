"""What ``huoren features`` does: seals the log, publishes a snapshot, hands it to the store."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from features import choices, groupbuys, portraits, snapshot, unmerged
from features.clock import BusinessZone, format_instant, now_us
from features.history import History
from features.home import Home
from features.portraits import drift, profile
from features.portraits.drift import Drift
from features.snapshot import Snapshot
from features.store import load_snapshot
from features.store.records import Item
from features.store.sealing import seal

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Published:
    """What the job did.

    Parameters
    ----------
    snapshot : Snapshot
        Written below the home's ``features``.
    sealed : int
        Lines of the online log that moved into the history.
    people : int
        States handed to the store.
    portraits : pyarrow.Table
        Those of the snapshot.
    drifts : list of Drift
        How far tags moved since the run compared with; empty without one.
    against : Snapshot, optional
        That run.
    """

    snapshot: Snapshot
    sealed: int
    people: int
    portraits: "pa.Table"
    drifts: list[Drift]
    against: Snapshot | None

    @property
    def page(self) -> Path:
        """The profile, to be read in a browser."""
        return self.snapshot.folder / "profile.html"


def run(
    home: Home,
    at_us: int | None,
    zone: BusinessZone,
    engine: str = "duckdb",
    against_us: int | None = None,
) -> Published:
    """Publish everything known as of an instant.

    Parameters
    ----------
    home : Home
        With canonical tables.
    at_us : int, optional
        T; now when left out.
    zone : BusinessZone
        The business time zone.
    engine : str
        What aggregates, one of ``features.engines.ENGINES``.
    against_us : int, optional
        Instant of the earlier run to compare tags with; the one before when left out.

    Raises
    ------
    InputError
        When there is no event before T, or the engine cannot run.
    MissingStep
        When there is no run of ``against_us``.
    """
    sealed = seal(home, zone, before_us=now_us())
    newest = snapshot.publish(home, at_us or now_us(), zone, sealed.log_seq, engine)
    as_of = newest.manifest.as_of_us
    history = History(home)
    states = dict(snapshot.states(newest, choices.people(history, as_of)))
    states |= unmerged.states(home, as_of, zone)
    items = (
        Item(**{name: row[name] for name in Item.__struct_fields__})
        for row in history.items(as_of).to_pylist()
    )
    with closing(history.connect(end_us=as_of)) as connection:
        groups = groupbuys.history(connection, as_of)
    load_snapshot(
        home,
        zone,
        states.items(),
        items,
        history.links(as_of),
        groups,
        log_seq=newest.manifest.log_seq,
        as_of_us=as_of,
    )
    people, older = newest.portraits, snapshot.earlier(home, newest, against_us)
    drifts = drift.compare(older.portraits, people) if older else []
    published = Published(newest, sealed.entries, len(states), people, drifts, older)
    page = profile.render(people, as_of, newest.manifest.references, drifts)
    published.page.write_text(page, encoding="utf-8")
    return published


def report(published: Published) -> dict[str, Any]:
    """The job's result as plain values."""
    manifest = published.snapshot.manifest
    return {
        "as_of": format_instant(manifest.as_of_us),
        "folder": str(published.snapshot.folder),
        "events": manifest.events,
        "sealed": published.sealed,
        "people": published.people,
        "references": manifest.references,
        "rows": dict(snapshot.summary(published.snapshot)),
        "tags": {
            one.tag.name: {"share": round(one.share, 4), "people": one.people}
            for one in portraits.coverage(published.portraits)
        },
        "profile": str(published.page),
        "against": published.against and format_instant(published.against.manifest.as_of_us),
        "drift": {one.tag.name: round(one.index, 4) for one in published.drifts},
    }


def show(published: Published, console: Console, *, as_json: bool) -> None:
    """Print the coverage of every tag, or one JSON object."""
    if as_json:
        console.print_json(json.dumps(report(published)))
        return
    manifest = published.snapshot.manifest
    table = Table(title=f"Portraits as of {format_instant(manifest.as_of_us)}")
    moved = {one.tag.name: one.index for one in published.drifts}
    for name in ("tag", "标签", "coverage", "people", "PSI", "distribution"):
        table.add_column(name, justify="right" if name in {"coverage", "people", "PSI"} else "left")
    for one in portraits.coverage(published.portraits):
        index = f"{moved[one.tag.name]:.3f}" if one.tag.name in moved else "–"
        share = f"{one.share:.0%}"
        table.add_row(one.tag.name, one.tag.zh, share, f"{one.people:,}", index, one.distribution)
    console.print(table)
    if published.against:
        before = format_instant(published.against.manifest.as_of_us)
        far = sum(one.index >= drift.LARGE for one in published.drifts)
        console.print(
            f"against {before}: {far} of {len(moved)} tags moved far (PSI ≥ {drift.LARGE})"
        )
    console.print(f"every tag with its distribution: {published.page}")
    console.print(
        f"{manifest.events:,} events of {published.people:,} people → {published.snapshot.folder}"
    )
