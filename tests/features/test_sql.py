"""What a warehouse would run gives what we compute; every dialect parses as itself."""

import pyarrow as pa
import pytest
import sqlglot
from typer.testing import CliRunner

from features import batch, sql
from features.clock import DAY_US
from features.commands import app
from features.counters import Key
from features.errors import UnknownName
from features.events import Event
from tests.features.histories import START, ZONE, busy, connect

AT = START + 40 * DAY_US + 12_345
PARSERS = {"mssql": "tsql", "impala": "hive"}


LINKS = [
    Event(message_id=f"id{n}", event="User Aliased", at_us=START + n, user_id=one, peer_id=two)
    for n, (one, two) in enumerate([("u1", "u2"), ("anonymous:7", "u2"), ("u3", "u4")])
]


@pytest.mark.parametrize("links", [[], LINKS])
def test_duckdb_runs_it_and_finds_the_same_values(links: list[Event]):
    connection, facts = connect(
        [*busy(600), *links], users=[{"user_id": "u1", "valid_from_us": 0, "city_tier": "2"}]
    )
    if links:  # the job reads rows as they were sent
        for name in ("events", "users"):
            connection.execute(f"DROP VIEW {name}; CREATE VIEW {name} AS FROM sent_{name}")
    connection.execute(sql.script("duckdb", AT, ZONE)).fetchall()
    for key in Key:
        order = [(name, "ascending") for name in key.columns]
        expected = batch.values(facts, key, AT, ZONE).to_pyarrow().sort_by(order)
        got = connection.sql(f"FROM huoren_{key.word}").to_arrow_table().sort_by(order)
        assert got.num_rows > 0
        for name, column in zip(expected.column_names, expected.columns, strict=True):
            if pa.types.is_floating(column.type):
                close = pytest.approx(column.to_numpy(), rel=1e-9, abs=1e-9, nan_ok=True)
                assert got[name].to_numpy() == close
            else:
                assert got[name].equals(column)


@pytest.mark.parametrize("dialect", sql.DIALECTS)
def test_every_dialect_parses_and_makes_one_table_for_each_key(dialect):
    parser = PARSERS.get(dialect, dialect)
    made = dict(sql.statements(dialect, AT, ZONE))
    assert [*made][-len(Key) - 2 :] == [
        "huoren_persons", "huoren_facts", *(f"huoren_{key.word}" for key in Key)
    ]  # fmt: skip
    for name, statement in made.items():
        (tree,) = sqlglot.parse(statement.rstrip(";"), dialect=parser)
        target = tree.find(sqlglot.exp.Create, sqlglot.exp.Into)
        assert target.find(sqlglot.exp.Table).name == name


def test_it_reads_no_columns_that_a_shop_may_lack():
    facts = dict(sql.statements("postgres", AT, ZONE))["huoren_facts"]
    assert "extra" not in facts
    assert "currency" not in facts


def test_an_unknown_dialect_names_the_nearest():
    with pytest.raises(UnknownName, match=r"unknown dialect 'snowflak'.*use one of: snowflake"):
        sql.script("snowflak", AT, ZONE)


def test_the_command_prints_it_without_a_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["features", "--print-sql", "bigquery", "--at", "2026-06-18T00:00:00+08:00"]
    told = CliRunner().invoke(app, given, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("-- Counters as of 2026-06-17T16:00:00Z")
    assert "CREATE TABLE huoren_touch AS" in told.stdout
    assert not list(tmp_path.iterdir())
