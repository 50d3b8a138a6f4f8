"""A published snapshot is what a replay of the same events would hold."""

import json
import math

import pytest

from features import choices, online, snapshot
from features.clock import DAY_US
from features.counters import Key
from features.errors import InputError, MissingStep, StoreError
from features.history import History
from features.home import Home
from features.reading import Reading
from tests.features.histories import START, ZONE, busy, keep, replay

AT = START + 40 * DAY_US + 12_345
EVENTS = busy(900)
"""Sixty days; the snapshot is made in the middle of the forty-first."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    users = [{"user_id": "u0", "valid_from_us": 0, "gender": "female", "city_tier": "1"},
             {"user_id": "silent", "valid_from_us": 0, "birth_year": 1990}]  # fmt: skip
    keep(home, EVENTS, users)
    snapshot.publish(home, AT, ZONE, log_seq=7)
    return home


@pytest.fixture(scope="module")
def published(home: Home) -> dict[str, online.State]:
    people = choices.people(History(home), AT)
    return dict(snapshot.states(snapshot.latest(home), people))


@pytest.fixture(scope="module")
def replayed() -> dict[str, online.State]:
    return replay(EVENTS, AT)


def read(state: online.State, key: Key, at_us: int) -> dict[tuple[str, str], float]:
    """Every value that says something, by counter and tail."""
    tails, values = Reading(state, at_us, ZONE).table(key)
    return {
        (name, tail): float(value)
        for name, column in values.items()
        for tail, value in zip(tails, column, strict=True)
        if value and not math.isnan(value)
    }


@pytest.mark.parametrize("key", [key for key in Key if online.live(key)])
@pytest.mark.parametrize("later_us", [0, 3 * DAY_US, 400 * DAY_US])
def test_cells_read_alike_now_and_later(published, replayed, key, later_us):
    for user, state in replayed.items():
        got = read(published[user], key, AT + later_us)
        assert got == pytest.approx(read(state, key, AT + later_us), rel=1e-9, abs=1e-9), user


def test_cells_go_on_alike_when_events_follow(published, replayed):
    after = [event for event in EVENTS if AT <= event.at_us < AT + 5 * DAY_US]
    blobs = {user: online.encode(state) for user, state in published.items()}
    for event in after:
        for states in (published, replayed):
            for person in online.people(event):
                states.setdefault(person, online.State())
            online.apply(states, online.fact(event, None, None, ZONE))
    for user, state in replayed.items():
        for key in (Key.USER, Key.PAIR, Key.TOUCH):
            got = read(published[user], key, AT + 6 * DAY_US)
            assert got == pytest.approx(read(state, key, AT + 6 * DAY_US), rel=1e-9), (user, key)
    assert any(online.encode(published[user]) != blob for user, blob in blobs.items())


@pytest.mark.parametrize("field", ["recent", "deeds", "ties", "consents", "personalized"])
def test_the_rest_is_the_same(home, field):
    people = choices.people(History(home), AT)
    fresh = dict(snapshot.states(snapshot.latest(home), people))
    expected = {user: getattr(state, field) for user, state in replay(EVENTS, AT).items()}
    assert {user: getattr(fresh[user], field) for user in expected} == expected
    assert any(expected.values())


def test_profiles_come_along_even_of_those_who_did_nothing(published):
    assert published["u0"].profile == {"gender": "female", "city_tier": "1"}
    assert published["silent"].profile == {"birth_year": "1990"}


def test_the_manifest_tells_what_it_was_made_from(home):
    manifest = snapshot.latest(home).manifest
    assert (manifest.as_of_us, manifest.log_seq, manifest.zone) == (AT, 7, ZONE.name)
    assert manifest.events == sum(event.at_us < AT for event in EVENTS)
    assert snapshot.latest(home).references.version == manifest.references


def test_without_features_the_command_is_named(tmp_path):
    with pytest.raises(MissingStep, match="huoren features"):
        snapshot.latest(Home(tmp_path))


def test_features_of_other_declarations_are_refused(tmp_path, home):
    other = Home(tmp_path)
    folder = other.features / "20260101T000000Z"
    folder.mkdir(parents=True)
    manifest = json.loads((snapshot.latest(home).folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"declaration": "another"}))
    with pytest.raises(StoreError, match=r"other declarations.*got another.*features.*again"):
        snapshot.latest(other)


def test_the_newest_counts_and_unfinished_ones_do_not(home, tmp_path):
    other = Home(tmp_path)
    text = (snapshot.latest(home).folder / "manifest.json").read_text()
    for name in ("20250101T000000Z", "20260101T000000Z"):
        (other.features / name).mkdir(parents=True)
        (other.features / name / "manifest.json").write_text(text)
    (other.features / "20270101T000000Z.partial").mkdir()
    assert snapshot.latest(other).folder.name == "20260101T000000Z"


def test_nothing_before_the_instant_is_nothing_to_publish(home):
    with pytest.raises(InputError, match="no event before"):
        snapshot.publish(home, START, ZONE)
