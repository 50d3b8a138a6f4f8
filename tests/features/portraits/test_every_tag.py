"""Every tag, read slowly from random histories, is the tag as served."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import consent, portraits
from features.choices import Say
from features.clock import DAY_US
from features.events import Event
from features.lookups import Lookup
from features.online import State
from features.portraits import TAGS, Kind
from features.portraits.person import column
from features.reading import Reading
from features.references import References
from features.subjects import of_reading
from tests.features.histories import ITEM, START, ZONE, busy, histories, moments, replay
from tests.features.portraits.plainly import Plain
from tests.features.portraits.plainly_read import READINGS

PROFILES = st.fixed_dictionaries({
    "gender": st.sampled_from(["female", "male", "?", "female,male"]),
    "birth_year": st.sampled_from(["1990", "2005", "1902", "2040", "soon", "-1"]),
    "city": st.sampled_from(["130200", "", "Atlantis"]),
    "city_tier": st.sampled_from(["3", "9"]),
    "member_level": st.sampled_from(["V1", ""]),
})
CONSENTS = st.sampled_from([
    None,
    ["personalize", "social_graph", "location_coarse", "marketing.sms", "marketing.push"],
])

EMPTY = References.empty()
REFERENCES = replace(
    EMPTY,
    numbers={
        **EMPTY.numbers, "cuts": (4.0, 4.7, 5.2, 5.4), "deal_rate": (0.3,), "looks": (3.0,),
        "median.r_days": (20.0,), "median.f_365": (1.0,), "median.m_365": (150.0,),
        **{f"mean.{name}": (0.5,) for name in ("buyer", "sharer", "gb_joiner", "lurker")},
        "lifetime.orders": (0.6, 20.0, 0.7, 2.0), "prior.led": (1.0, 4.0),
    },
    lookups={
        "cuts": Lookup.of(["c0"], [[4.0, 4.5, 5.0, 5.2]]),
        "share.category": Lookup.of(["c0", "c1"], [0.7, 0.3]),
        "share.brand": Lookup.of(["b0", "b1"], [0.6, 0.4]),
        "graph": Lookup.of(["u0", "u1"], [[0.0, 2.0, 1.5, 0.1], [0.0, 1.0, 0.5, 0.0]]),
        "gap.category": Lookup.of(["c0", "c1"], [30.0, 3.0]),
        "deal.category": Lookup.of(["c1"], [0.5]),
        "bought.category": Lookup.of(["c0", "c1"], [0.5, 0.5]),
        "next.category": Lookup.of(
            ["c0"], [[1.0, 0.0, -1.0, -1.0, -1.0, 0.7, 0.3, -1.0, -1.0, -1.0]]
        ),
    },
)  # fmt: skip


def test_every_tag_has_a_slow_reading():
    assert set(READINGS) == set(TAGS)


def plain(value: object) -> object:
    return [score for _, score in value] if isinstance(value, list) and value and isinstance(
        value[0], tuple
    ) else value  # fmt: skip


def same(tag: portraits.Tag, got: object, expected: object) -> bool:
    if got is None or expected is None:
        return got is expected
    if tag.kind in {Kind.LIST, Kind.GRADES}:
        if [key for key, _ in got] != [key for key, _ in expected]:
            return False
    elif tag.kind in {Kind.ENUM, Kind.TEXT}:
        return got == expected
    return plain(got) == pytest.approx(plain(expected), rel=1e-6, abs=1e-9)


def read(person: str, events: list[Event], state: State, at_us: int) -> dict[str, object]:
    own = Plain(
        person, sorted(events, key=lambda one: one.at_us), lambda item: ITEM.get(item or ""),
        state, at_us, ZONE, REFERENCES,
    )  # fmt: skip
    return {name: reading(own) for name, reading in READINGS.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments, PROFILES, CONSENTS)
def test_every_tag_read_slowly(events, cut, profile, consents):
    at_us = START + cut
    for person, state in replay(events, at_us).items():
        state.profile, state.consents, state.suppressed = profile, consents, []
        state.personalized = True
        people = of_reading(Reading(state, at_us, ZONE), person)
        for name, expected in read(person, events, state, at_us).items():
            got = column(TAGS[name], people, REFERENCES).at(0)
            assert same(TAGS[name], got, expected), (name, got, expected)


def test_a_long_history_read_slowly_leaves_few_tags_empty():
    events = [
        msgspec.structs.replace(
            one, network=("4G", "wifi")[n % 2], city=f"c{n % 3}", discount_fen=n % 90,
            message_id=f"m{n}",
        )
        for n, one in enumerate(busy(900, seed=10))
    ]  # fmt: skip
    at_us = events[-1].at_us + 1
    given = ["personalize", "social_graph", "location_coarse", "marketing.sms"]
    told: set[str] = set()
    for person, state in replay(events, at_us).items():
        state.profile = {"gender": "male", "birth_year": "1990", "city": "x", "city_tier": "3",
                         "member_level": "V1"}  # fmt: skip
        state.consents, state.suppressed, state.personalized = given, [], True
        people = of_reading(Reading(state, at_us, ZONE), person)
        for name, expected in read(person, events, state, at_us).items():
            got = column(TAGS[name], people, REFERENCES).at(0)
            assert same(TAGS[name], got, expected), (name, got, expected)
            told |= {name} if got is not None else set()
    assert told == set(TAGS)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), moments, st.sets(st.sampled_from(list(TAGS)), min_size=1))
def test_a_deleted_tag_is_nowhere(events, cut, deleted):
    """Not on the person's page, nor in the columns of segments, nor in what ranks and learns."""
    at_us = START + cut
    for person, state in replay(events, at_us).items():
        state.suppressed = sorted(deleted)
        reading = Reading(state, at_us, ZONE)
        shown = portraits.portrait(reading, REFERENCES, person).to_json()
        assert not deleted & {one["tag"] for one in shown["tags"]}
        people = of_reading(reading, person)
        assert not any(column(TAGS[name], people, REFERENCES).present()[0] for name in deleted)
        denied = consent.denied(Say(suppressed=frozenset(deleted)))
        assert denied >= {need for name in deleted for need in TAGS[name].needs}


@pytest.mark.parametrize("years", [10, 13])
def test_a_child_has_no_portrait(years: int):
    at_us = START + 300 * DAY_US
    state = State(profile={"birth_year": str(2026 - years), "gender": "female"})
    assert portraits.portrait(Reading(state, at_us, ZONE), REFERENCES).tags == ()
    state.profile["birth_year"] = "2000"
    assert portraits.portrait(Reading(state, at_us, ZONE), REFERENCES)["demo.gender"]
