"""After an erasure nothing in the home names the person, and nobody else is worse off."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from _bentoml_impl.tasks import Sqlite3Store
from typer.testing import CliRunner

from features import forget, graph, job, snapshot, tombstones
from features.catalogue import of_key
from features.cli import build
from features.clock import DAY_US, BusinessZone, format_instant
from features.counters import Key
from features.errors import InputError, MissingStep
from features.forget import Report
from features.history import History
from features.home import Home
from features.ingest.run import ingest
from features.ingest.writing import Transaction
from features.store import open_store
from tests.features.histories import START, busy, catalogue_rows

ID = "远客-u3.x"
"""Five people act in ``busy``; the fourth has this id."""

AT = START + 61 * DAY_US
ZONE = BusinessZone()


def renamed(user: str | None) -> str | None:
    return ID if user == "u3" else user


def source(folder: Path) -> Path:
    """Files as a shop would send them, with faulty rows."""
    folder.mkdir()
    events = []
    for one in busy(400):
        row = {name: getattr(one, name) for name in ("message_id", "event", "item_id", "reason")}
        row |= {"user_id": renamed(one.user_id), "peer_id": renamed(one.peer_id)}
        row |= {"timestamp": format_instant(one.at_us), "order_id": "o", "share_id": "s"}
        row |= {"group_buy_id": "g", "request_id": "r", "rating": None, "line": one.line}
        row["referrer"] = ID if one.at_us % 7 == 0 else "nobody"
        events.append({name: value for name, value in row.items() if value is not None})
    events.append({**events[0], "message_id": "bad", "user_id": ID, "timestamp": "yesterday"})
    text = "\n".join(json.dumps(row, ensure_ascii=True) for row in events)
    (folder / "events.ndjson").write_text(text)
    users = [["user_id", "gender"], *([renamed(f"u{n}"), "female"] for n in range(5))]
    ties = [["user_id", "peer_id", "tie_type"], ["u1", ID, "friend"], ["u1", "u2", "follow"]]
    items = [[*catalogue_rows()[0]], *([*row.values()] for row in catalogue_rows())]
    for name, rows in (("users", users), ("ties", ties), ("items", items)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source(tmp_path_factory.mktemp("sent") / "source")


@pytest.fixture
def home(original: Home, tmp_path: Path) -> Home:
    """A copy to change."""
    return Home(shutil.copytree(original.root, tmp_path / "home", symlinks=True))


@pytest.fixture(scope="module")
def original(sent: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home where the person has left traces everywhere."""
    home = Home(tmp_path_factory.mktemp("original"))
    ingest(sent, home)
    job.run(home, AT, ZONE)
    store = open_store(home)
    late = [one for one in busy(60, seed=7, days=1) if one.event != "Order Completed"]
    store.append([
        type(one)(**{
            **{name: getattr(one, name) for name in one.__struct_fields__},
            "message_id": f"late-{one.message_id}", "user_id": renamed(one.user_id),
            "peer_id": renamed(one.peer_id), "at_us": one.at_us + 60 * DAY_US,
        })
        for one in late
    ])  # fmt: skip
    store.close()
    shown = pa.table({"request_id": ["r1", "r2"], "user_id": [ID, "u1"], "features": [[1.0], [2]]})
    for place in ("tables/impressions/day=2026-01-01", "exports"):
        (home.root / place).mkdir(parents=True)
        pq.write_table(shown, home.root / place / "part.parquet")
    (home.root / "exports" / "gold.csv").write_text(f"user_id,note\n{ID},a\nu1,b\n")
    log = {"seq": 1, "reason": "spoilt", "body": f"…{ID}…".encode().hex()}
    (home.quarantine / "log-part.jsonl").write_text(json.dumps(log) + "\n")
    return home


def texts(home: Home) -> Iterator[tuple[Path, bytes]]:
    """Everything the home holds, Parquet unpacked."""
    for path in sorted(home.root.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                rows = pq.ParquetFile(path).read().to_pylist()
                yield path, repr(rows).encode()


def naming(home: Home, text: str = ID) -> list[Path]:
    """Files that hold an id, plainly, escaped or in hexadecimal."""
    forms = (text.encode(), json.dumps(text)[1:-1].encode(), text.encode().hex().encode())
    return [path for path, held in texts(home) if any(form in held for form in forms)]


def test_before_the_erasure_the_person_is_everywhere(home):
    places = {path.relative_to(home.root).parts[0] for path in naming(home)}
    assert places == {"tables", "state", "features", "quarantine", "exports"}


def test_afterwards_no_byte_names_the_person(home):
    report = forget.forget(home, ID)
    assert naming(home) == []
    assert {"events", "users", "ties", "quarantine", "log", "states", "snapshots"} < set(
        report.erased
    )
    assert report.erased["users"].rows == 1
    assert report.erased["ties"].rows == 1
    assert report.erased["events"].stripped > 0
    assert report.erased["impressions"].rows == 1
    assert report.erased["exports"].rows == 2
    assert report.pending == ()
    assert naming(home, "u1")
    left = snapshot.latest(home)
    assert left.references.version == left.manifest.references
    placed = left.references.lookup(graph.NAME, [ID, "u1"], graph.UNPLACED)
    assert np.isfinite(placed).all(axis=1).tolist() == [False, True]


def test_results_of_batch_scoring_go_with_anybody(home):
    path = home.root / "tasks" / "bentoml.3000.db"
    path.parent.mkdir(exist_ok=True)
    Sqlite3Store.init_db(str(path))
    with closing(sqlite3.connect(path)) as kept, kept:
        kept.execute("INSERT INTO result (task_id, input) VALUES ('t', 'of others')")
    assert forget.forget(home, ID).erased["results"].rows == 1
    with closing(sqlite3.connect(path)) as kept:
        assert kept.execute("SELECT count(*) FROM result").fetchone() == (0,)
    assert b"of others" not in path.read_bytes()


def test_the_old_source_does_not_bring_the_person_back(home, sent):
    forget.forget(home, ID)
    reports = {one.table: one for one in ingest(sent, home)}
    assert reports["users"].reasons == {"user_id: forgotten person": 1}
    own = sum(renamed(one.user_id) == ID for one in busy(400))
    assert reports["events"].reasons["user_id: forgotten person"] >= own
    assert reports["events"].kept == 0
    assert naming(home) == []


def test_a_fresh_home_with_the_tombstone_takes_everybody_else(home, sent, tmp_path):
    forget.forget(home, ID)
    other = Home(tmp_path / "other")
    other.root.mkdir()
    tombstones.path(other).write_bytes(tombstones.path(home).read_bytes())
    ingest(sent, other)
    assert naming(other) == []
    assert History(other).events().num_rows == sum(
        1 for _ in History(home).events(end_us=AT - DAY_US)["message_id"]
    )


def own_counters(home: Home) -> dict[str, list[float | None]]:
    """What everybody else did, by person."""
    names = [one.column for one in of_key(Key.USER) if not one.mirror]
    rows = snapshot.latest(home).table(Key.USER).to_pylist()
    return {row["user_id"]: [row[name] for name in names] for row in rows if row["user_id"] != ID}


def test_the_next_snapshot_knows_nothing_and_others_keep_what_they_did(home):
    job.run(home, AT, ZONE)
    before = own_counters(home)
    forget.forget(home, ID)
    job.run(home, AT, ZONE)
    assert naming(home) == []
    after = own_counters(home)
    assert after.keys() == before.keys()
    names = [one.name for one in of_key(Key.USER) if not one.mirror]
    for user, values in before.items():
        for name, one, other in zip(names, values, after[user], strict=True):
            assert other == pytest.approx(one, rel=1e-12), (user, name)


def test_an_interrupted_erasure_is_finished_by_the_next(home, monkeypatch):
    def dies(self: Transaction) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            forget.forget(home, ID)
    assert naming(home) != []
    assert ID not in History(home).users()["user_id"].to_pylist()
    forget.forget(home, ID)
    assert naming(home) == []
    again = forget.forget(home, ID)
    assert again.erased == {}


def made(home: Home, name: str) -> Path:
    folder = home.bundles / name
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"run_id": f"run-{name}"}))
    return folder


def test_older_bundles_wait_for_a_promotion_and_then_go(tmp_path):
    home = Home(tmp_path)
    old = made(home, "a" * 64)
    home.champion.write_text(json.dumps({"sha": old.name}))
    report = forget.forget(home, ID)
    assert [one.what.split(":")[0] for one in report.pending] == [
        f"MLflow run run-{old.name}",
        "bundle aaaaaaaaaaaa (in service)",
    ]
    young = made(home, "b" * 64)
    home.champion.write_text(json.dumps({"sha": young.name}))
    report = forget.forget(home, ID)
    assert report.erased["bundles"].files == 1
    assert not old.exists()
    assert young.exists()


def test_a_file_of_no_known_kind_is_reported(tmp_path):
    (tmp_path / "notes.txt").write_text(f"ask {ID}, soon")
    report = forget.forget(Home(tmp_path), ID)
    assert [one.what for one in report.pending] == ["notes.txt names the person"]


@pytest.mark.parametrize(("user", "error"), [("", InputError), (ID, MissingStep)])
def test_nobody_and_nowhere_are_refused(tmp_path, user, error):
    with pytest.raises(error):
        forget.forget(Home(tmp_path / "nowhere"), user)


def test_the_command_prints_the_report(home):
    run: Callable[..., object] = CliRunner().invoke
    result = run(build(), ["forget", ID, "--data", str(home.root), "--json"])
    told = json.loads(result.stdout)
    assert told["erased"]["users"] == {"rows": 1, "stripped": 0, "files": 1}
    assert told["pending"] == []
    table = run(build(), ["forget", "stranger", "--data", str(home.root)])
    assert "nothing is pending" in table.stdout
    assert isinstance(forget.forget(home, "stranger"), Report)


def test_the_states_keep_no_deleted_bytes(home):
    forget.forget(home, ID)
    with sqlite3.connect(home.state / "log.db") as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone()[0] > 0
    connection.close()
    assert all(ID.encode() not in path.read_bytes() for path in home.state.iterdir())
