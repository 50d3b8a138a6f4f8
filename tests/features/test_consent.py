"""What a person refused or deleted is null in the rows that serve and in the rows that train."""

from contextlib import closing

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import choices, consent, controls
from features.choices import Say
from features.clock import DAY_US
from features.counters import Scope
from features.frames import feed as frame
from features.points import Points
from features.portraits import TAGS
from features.reading import Reading
from tests.features.histories import START, ZONE, busy, catalogue, connect, replay

AT = START + 61 * DAY_US
PERSON = "u1"
EVENTS = busy(250)

scopes = st.sets(st.sampled_from([scope.value for scope in Scope]))
tags = st.sets(st.sampled_from(sorted(TAGS)), max_size=4)


def decided(given_scopes: set[str], deleted: set[str]) -> list:
    """The history, at whose end the person decides."""
    at_us = START + 60 * DAY_US
    others = [one for one in EVENTS if one.event != "Tag Suppressed"]
    said = [controls.tag_suppressed(PERSON, tag, at_us) for tag in sorted(deleted)]
    return [*others, controls.consent_updated(PERSON, sorted(given_scopes), at_us), *said]


def null(raw: dict[str, np.ndarray]) -> set[str]:
    return {name for name, values in raw.items() if np.isnan(values).all()}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(scopes, tags)
def test_denied_counters_are_null_online_and_offline(given_scopes, deleted):
    events = decided(given_scopes, deleted)
    expected = Say(frozenset(given_scopes), frozenset(deleted))
    names = consent.denied(expected)
    state = replay(events, AT)[PERSON]
    connection, table = connect(events)
    with closing(connection):
        items = catalogue(table, AT)
        codes, own = np.arange(3, dtype=np.int32), np.zeros(3, dtype=np.int64)
        online = frame.online(Reading(state, AT, ZONE), items, codes)
        asked = frame.Examples([PERSON], np.array([AT]), own, codes)
        offline = frame.offline(Points(connection, ZONE), items, asked)
        (told,) = choices.at(connection, [PERSON], [AT])
    said = consent.say(state)
    assert (said.consents, said.suppressed) == (told.consents, told.suppressed)
    assert told.consents == expected.consents
    before = null(online)
    for raw, one in ((online, said), (offline, told)):
        raw |= {name: np.ones(3) for name in consent.FRIENDS}
        consent.hide(raw, [one], own)
        assert names & set(raw) <= null(raw)
        assert null(raw) <= names | before


def test_something_is_denied_and_something_is_not():
    nothing = consent.denied(Say(frozenset()))
    assert {"user.opens_30", *consent.FRIENDS} <= nothing
    assert not any(name.startswith("item.") for name in nothing)
    assert consent.denied(Say(frozenset(scope.value for scope in Scope))) == frozenset()
