"""A portrait served after a replay equals the row built in batch, on the same references."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import batch, population, portraits
from features.clock import DAY_US
from features.counters import Key
from features.events import Event
from features.online import State
from features.population import Sold
from features.portraits import TAGS, Kind
from features.portraits.person import column
from features.reading import Reading
from features.references import References
from features.subjects import of_reading
from tests.features.histories import START, ZONE, connect, histories, moments, replay

LATER = 20 * DAY_US

USERS = pa.table({
    "user_id": ["u0", "u1", "u9"],
    "gender": ["female", None, "male"],
    "city": ["130200", "", "110000"],
    "city_tier": ["3", "7", "1"],
    "consents": [["personalize", "location_coarse"], None, []],
    "suppressed": [["life.stage", "aff.cat_top"], None, None],
    "personalized": [None, True, True],
})


def tables_of(events: list[Event], at_us: int) -> tuple[dict[Key, pa.Table], Sold]:
    _, facts = connect(events)
    keys = [key for key in Key if key.personal and key is not Key.TOUCH]
    tables = {key: batch.values(facts, key, at_us, ZONE).to_pyarrow() for key in keys}
    return tables, Sold.of(population.sold(facts, at_us).to_pyarrow())


def with_profile(states: dict[str, State]) -> dict[str, State]:
    for row in USERS.to_pylist():
        state = states.setdefault(row["user_id"], State())
        state.profile = {n: row[n] for n in ("gender", "city", "city_tier") if row[n]}
        state.consents = row["consents"]
        state.suppressed = row["suppressed"] or []
    return states


def same(tag: portraits.Tag, served: object, built: object) -> bool:
    if served is None or built is None:
        return served is built
    if tag.kind is Kind.BOOL:
        return bool(served) is built
    if tag.kind in {Kind.LIST, Kind.GRADES}:
        built = [(one["key"], one["score"]) for one in built]
        keys = [key for key, _ in served] == [key for key, _ in built]
        scores = pytest.approx([score for _, score in built], rel=1e-6, abs=1e-9)
        return keys and [score for _, score in served] == scores
    if tag.kind in (Kind.ENUM, Kind.TEXT):
        return served == built
    return served == pytest.approx(built, rel=1e-6, abs=1e-9)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments, st.sampled_from([0, LATER]))
def test_the_portrait_served_is_the_row_built(events, cut, age):
    at_us = START + cut
    earlier, sold = tables_of(events, at_us - age)
    references = References.build(earlier, sold, at_us - age, ZONE)
    tables = tables_of(events, at_us)[0] if age else earlier
    states = with_profile(replay(events, at_us))
    built = portraits.build(tables, references, USERS, at_us=at_us, zone=ZONE).to_pylist()
    assert {row["user_id"] for row in built} == set(states)
    for row in built:
        reading = Reading(states[row["user_id"]], at_us, ZONE)
        served = portraits.portrait(reading, references)
        json.dumps(served.to_json(), allow_nan=False)
        values = {one.tag.name: one.value for one in served.tags}
        for tag in TAGS.values():
            got = values.get(tag.name)
            if not tag.user_visible:
                got = column(tag, of_reading(reading, row["user_id"]), references).at(0)
            assert same(tag, got, row[tag.column]), (tag.name, got, row[tag.column])


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories())
def test_references_survive_a_round_trip(tmp_path: Path, events):
    at_us = START + LATER
    tables, sold = tables_of(events, at_us)
    references = References.build(tables, sold, at_us, ZONE)
    references.save(tmp_path / references.version)
    back = References.open(tmp_path / references.version)
    one = portraits.build(tables, references, at_us=at_us, zone=ZONE)
    assert portraits.build(tables, back, at_us=at_us, zone=ZONE).equals(one)
