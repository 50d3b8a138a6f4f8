"""The feature job: everything known as of one instant, written as tables and handed to the store.

A snapshot is a directory ``features/<as of>/``: one Parquet file for each kind of key with all its
counters, the ties, the references, the portraits, and a manifest. It is written under another name
and renamed when it is whole.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from features import (
    batch,
    choices,
    graph,
    habits,
    online,
    population,
    portraits,
    risk,
    strength,
    ties,
)
from features import columns as c
from features.catalogue import declaration_hash
from features.clock import BusinessZone, format_instant
from features.counters import Counter, Key
from features.engines import Engine, open_engine
from features.engines.embedded import make_facts
from features.engines.span import Span
from features.errors import MissingStep, StoreError
from features.history import History
from features.home import Home
from features.lookups import Lookup
from features.references import References
from features.weights import INTEREST


@dataclass(frozen=True)
class Manifest:
    """What a snapshot was made from.

    Parameters
    ----------
    as_of_us : int
        T: only events before it count.
    declaration : str
        Fingerprint of the counters' declarations.
    zone : str
        The business time zone.
    references : str
        Version of the references.
    log_seq : int
        The online log was sealed up to here.
    events : int
        Rows counted.
    """

    as_of_us: int
    declaration: str
    zone: str
    references: str
    log_seq: int
    events: int


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot on disk."""

    folder: Path
    manifest: Manifest

    def table(self, key: Key) -> pa.Table:
        """Counters of one kind of key."""
        return pq.read_table(self.folder / f"{key.word}.parquet")

    @property
    def references(self) -> References:
        """The references valid from this snapshot on; raises when they are another snapshot's."""
        return References.open(self.folder / "references").require(self.manifest.references)

    @property
    def strength(self) -> pa.Table:
        """Every tie with its strength; see ``features.strength.table``."""
        return pq.read_table(self.folder / "strength.parquet")

    @property
    def risk(self) -> pa.Table:
        """Who is kept out of what models learn from, and why; see ``features.risk.Risk.table``."""
        return pq.read_table(self.folder / "risk.parquet")

    @property
    def portraits(self) -> pa.Table:
        """One row for each person, one column for each tag."""
        return pq.read_table(self.folder / "portraits.parquet")


def folder_name(at_us: int) -> str:
    """Directory name of an instant.

    Examples
    --------
    >>> folder_name(0)
    '19700101T000000Z'
    """
    return format_instant(at_us // 1_000_000 * 1_000_000).replace("-", "").replace(":", "")


def latest(home: Home) -> Snapshot:
    """The newest snapshot of a home.

    Raises
    ------
    MissingStep
        When there is none.
    StoreError
        When it was made from other declarations.
    """
    manifests = sorted(home.features.glob("*/manifest.json"))
    if not manifests:
        raise MissingStep(
            f"no features in {home.root}", next_step=f"run `huoren features --data {home.root}`"
        )
    manifest = Manifest(**json.loads(manifests[-1].read_text()))
    if manifest.declaration != declaration_hash():
        raise StoreError(
            "the newest features were made from other declarations",
            expected=declaration_hash(),
            got=manifest.declaration,
            next_step=f"run `huoren features --data {home.root}` again",
        )
    return Snapshot(manifests[-1].parent, manifest)


def earlier(home: Home, than: Snapshot, as_of_us: int | None = None) -> Snapshot | None:
    """The snapshot before one, to compare with; None when there is none.

    It may have been made from other declarations: what both know can be compared.

    Parameters
    ----------
    home : Home
        Whose.
    than : Snapshot
        The later one.
    as_of_us : int, optional
        The instant of the earlier one; the newest before ``than`` when left out.

    Raises
    ------
    MissingStep
        When there is none of that instant.
    """
    names = sorted(path.parent.name for path in home.features.glob("*/manifest.json"))
    before = [name for name in names if name < than.folder.name]
    if as_of_us is not None:
        wanted = folder_name(as_of_us)
        if wanted not in names:
            raise MissingStep(
                f"no features as of {format_instant(as_of_us)} in {home.root}",
                next_step=f"compare with one of: {', '.join(before) or 'none yet'}",
            )
        before = [wanted]
    if not before:
        return None
    folder = home.features / before[-1]
    known = {field.name for field in fields(Manifest)}
    told = json.loads((folder / "manifest.json").read_text())
    return Snapshot(folder, Manifest(**{name: told[name] for name in known}))


def connect_facts(
    home: Home, at_us: int, zone: BusinessZone, linked_us: int | None = None
) -> tuple[duckdb.DuckDBPyConnection, ir.Table]:
    """Open the history before T with the table ``facts`` made from all of it.

    With ``linked_us`` people have the ids that were known to be theirs before that instant.

    Raises
    ------
    InputError
        When there is no event before T.
    """
    span = Span.before(home, at_us, linked_us)
    return span.connection, make_facts(span, zone, whole=True)


def publish(
    home: Home, at_us: int, zone: BusinessZone, log_seq: int = 0, engine: str = "duckdb"
) -> Snapshot:
    """Compute and write the snapshot as of T.

    Parameters
    ----------
    home : Home
        Whose history.
    at_us : int
        T.
    zone : BusinessZone
        The business time zone.
    log_seq : int
        The online log is sealed up to here.
    engine : str
        What aggregates, one of ``features.engines.ENGINES``.

    Raises
    ------
    InputError
        When there is no event before T, or the engine cannot run.
    """
    target = home.features / folder_name(at_us)
    folder = target.with_name(target.name + ".partial")
    with open_engine(engine, home, at_us, zone) as opened:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_tables(opened, folder, at_us, zone)
        fakes = risk.find(opened.history, at_us, risk.trusted(home))
        sold = population.Sold.of(opened.read(population.sold(opened.facts, at_us)))
        bought = habits.Habits.read(opened.read, opened.facts, at_us)
        events = opened.events
    references = _interpret(home, folder, at_us, zone, (sold, bought), fakes)
    manifest = Manifest(at_us, declaration_hash(), zone.name, references.version, log_seq, events)
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1))
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    return Snapshot(target, manifest)


def _interpret(
    home: Home,
    folder: Path,
    at_us: int,
    zone: BusinessZone,
    market: tuple[population.Sold, habits.Habits],
    fakes: risk.Risk,
) -> References:
    """Write all that is made of counters: strength, risk, references, choices, portraits."""
    tables = {key: pq.read_table(folder / f"{key.word}.parquet") for key in Key}
    held = pq.read_table(folder / "ties.parquet")
    users = choices.people(History(home), at_us)
    sold, bought = market
    references = References.build(tables, sold, at_us, zone, bought)
    references = references.with_more(*_fitted(home, tables, users, at_us))
    edges = strength.table(tables[Key.PAIR], held, strength.Strength.of(references), at_us)
    placed = graph.Graph.of(fakes.clean(edges), users).measures()
    references = references.with_more({}, {graph.NAME: placed, risk.NAME: fakes.lookup()})
    people = portraits.build(tables, references, users, held, at_us=at_us, zone=zone)
    for name, table in (
        ("strength", edges),
        ("risk", fakes.table()),
        ("people", users),
        ("portraits", people),
    ):
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    references.save(folder / "references")
    return references


def write_tables(opened: Engine, folder: Path, at_us: int, zone: BusinessZone) -> None:
    """Write what states are made of: counters, last acts and ties."""
    opened.write(_tables(opened.facts, folder, at_us, zone))
    held = ties.in_force(opened.history, at_us)
    pq.write_table(held, folder / "ties.parquet", compression="zstd")


def _fitted(
    home: Home, tables: Mapping[Key, pa.Table], users: pa.Table, at_us: int
) -> tuple[Mapping[str, tuple[float, ...]], Mapping[str, Lookup]]:
    """Numbers and lookups of what training fitted before T."""
    fitted = strength.Fitted.newest(home, at_us)
    return ({}, {}) if fitted is None else fitted.references(tables[Key.USER], users, at_us)


def _tables(
    rows: ir.Table, folder: Path, at_us: int, zone: BusinessZone
) -> Iterator[tuple[Path, ir.Table]]:
    """What is computed from events, by file."""
    for key in Key:
        yield folder / f"{key.word}.parquet", batch.values(rows, key, at_us, zone)
    for counter in _bucketed():
        found = batch.buckets(rows, counter, at_us, zone)
        yield folder / f"buckets.{counter.name}.parquet", found
    for name, events, most in (
        ("recent", INTEREST, online.RECENT),
        ("deeds", online.DEED_EVENTS, online.DEEDS),
    ):
        yield folder / f"{name}.parquet", batch.last_acts(rows, sorted(events), most)


def _bucketed() -> Iterator[Counter]:
    for key in Key:
        yield from (one for one in online.live(key) if one.distinct or one.window)


def states(snapshot: Snapshot, users: pa.Table) -> Iterator[tuple[str, online.State]]:
    """Everyone's online state as of the snapshot, for ``Store.load``.

    Parameters
    ----------
    snapshot : Snapshot
        Made by ``publish``.
    users : pyarrow.Table
        Of ``features.choices.people``: profiles, consents, switches, deleted tags.
    """
    found: dict[str, online.State] = {}
    for row in users.to_pylist():
        profile = {
            name: str(row[name])
            for name in ("gender", "birth_year", "city", c.CITY_TIER, "member_level")
            if row[name] is not None
        }
        if row["registered_us"] is not None:
            profile["registered_us"] = str(row["registered_us"])
        found[row[c.USER]] = online.State(
            profile=profile,
            consents=row["consents"],
            personalized=row["personalized"],
            suppressed=row["suppressed"],
            decided={
                what: row[name]
                for what, name in (("consents", "scopes_us"), ("personalized", "switched_us"))
                if row[name] is not None
            },
        )
    for key in Key:
        if online.live(key):
            _fill_cells(found, snapshot, key)
    for counter in _bucketed():
        _fill_buckets(found, snapshot, counter)
    for user, at_us, event, item, peer in _rows(snapshot, "recent"):
        _of(found, user).recent.append(online.Act(at_us, event, item, peer))
    for user, at_us, event, item, peer in _rows(snapshot, "deeds"):
        _of(found, user).deeds.append(online.Act(at_us, event, item, peer))
    for user, peer, kind in _rows(snapshot, "ties"):
        _of(found, user).ties[peer] = kind
    yield from found.items()


def _fill_cells(found: dict[str, online.State], snapshot: Snapshot, key: Key) -> None:
    table = snapshot.table(key)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    live = online.live(key)
    tails = columns[key.columns[1]] if len(key.columns) > 1 else [""] * table.num_rows
    made: list[list[Any]] = [[None] * len(live) for _ in tails]
    for position, counter in enumerate(live):
        if counter.distinct or counter.window:
            continue
        for i, value in enumerate(columns[counter.column]):
            if c.AT in {counter.last, counter.first}:
                made[i][position] = None if value is None else [int(value), int(value)]
            elif value and counter.half_life:
                made[i][position] = [value, snapshot.manifest.as_of_us]
            elif value:
                made[i][position] = [value]
    for user, tail, row in zip(columns[c.USER], tails, made, strict=True):
        _of(found, user).cells.setdefault(key.word, {})[tail] = row


def _fill_buckets(found: dict[str, online.State], snapshot: Snapshot, counter: Counter) -> None:
    position = online.live(counter.key).index(counter)
    width = len(online.live(counter.key))
    for *key, bucket, amount in _rows(snapshot, f"buckets.{counter.name}"):
        table = _of(found, key[0]).cells.setdefault(counter.key.word, {})
        row = table.setdefault(key[1] if len(key) > 1 else "", [None] * width)
        cell = row[position] = row[position] or {}
        if counter.distinct:
            cell[bucket] = int(amount)
        else:
            cell[int(bucket)] = amount


def _rows(snapshot: Snapshot, name: str) -> Iterator[tuple[Any, ...]]:
    table = pq.read_table(snapshot.folder / f"{name}.parquet")
    return zip(*(table[column].to_pylist() for column in table.column_names), strict=True)


def _of(found: dict[str, online.State], user: str) -> online.State:
    state = found.get(user)
    if state is None:
        state = found[user] = online.State()
    return state


def summary(snapshot: Snapshot) -> Mapping[str, Any]:
    """Rows by kind of key, for the printed table."""
    return {
        key.word: pq.read_metadata(snapshot.folder / f"{key.word}.parquet").num_rows for key in Key
    }
