"""The parts of the rule table that are written twice, for files and for HTTP, agree."""

import subprocess
import sys

import pyarrow as pa
import pytest

from features.events import KINDS, Event
from features.home import Home
from features.ingest import rules
from features.ingest.casting import sort_of
from features.ingest.lookup import segment
from features.ingest.run import ingest_table
from features.tables import EVENTS, TABLES


def test_small_numbers_are_the_int16_columns_of_events() -> None:
    small = {field.name for field in EVENTS.schema if field.type == pa.int16()}
    assert small == set(rules.INT16)


@pytest.mark.parametrize("names", [rules.PAST, rules.SINCE_1990, rules.NOT_NEGATIVE])
def test_rules_name_columns_that_exist(names: tuple[str, ...]) -> None:
    assert set(names) <= {name for table in TABLES.values() for name in table.schema.names}


def test_every_column_of_an_event_can_be_read() -> None:
    assert set(segment()["track"].root) >= set(Event.__struct_fields__) - {"received_us"}
    sorts = {field.name: sort_of(field.name, field.type) for field in EVENTS.schema}
    assert set(sorts.values()) <= set(rules.WRONG_TYPE)


def test_what_kinds_demand_are_columns_of_events() -> None:
    assert {column for kind in KINDS.values() for column in kind.required} <= set(
        EVENTS.schema.names
    )


def test_one_event_is_parsed_without_arrow_or_duckdb() -> None:
    code = "import features.ingest.parse, sys; print({'pyarrow', 'duckdb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_error_of_the_caller_s_own_rows_comes_through(home: Home) -> None:
    def rows() -> object:
        yield pa.record_batch({"user_id": ["u"]})
        raise RuntimeError("the loader broke")

    with pytest.raises(RuntimeError, match="the loader broke"):
        ingest_table(rows(), "users", home, "set")  # type: ignore[arg-type]
    assert not home.root.exists()
