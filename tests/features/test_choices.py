"""What people decided reaches the batch as it reaches the online state."""

from contextlib import closing
from pathlib import Path

import pytest

from features import choices, controls, job
from features.clock import BusinessZone, now_us
from features.history import History
from features.home import Home
from features.store import User, open_store
from features.store.sealing import seal
from tests.features.store.steps import settled

LATER = 2**53


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def after(home: Home, events: list, users: tuple[User, ...] = ()) -> dict[str, dict]:
    store = open_store(home)
    store.put_users(users)
    store.append(events)
    store.close()
    seal(home, before_us=now_us() + 1_000_000)
    rows = choices.people(History(home), LATER).to_pylist()
    return {row["user_id"]: row for row in rows}


def test_the_last_word_of_each_kind_counts(home):
    found = after(home, [
        controls.personalization_toggled("u1", on=False, at_us=1),
        controls.personalization_toggled("u1", on=True, at_us=2),
        controls.personalization_toggled("u2", on=True, at_us=1),
        controls.personalization_toggled("u2", on=False, at_us=2),
        controls.tag_suppressed("u2", "life.silent", at_us=1),
        controls.tag_suppressed("u2", "life.silent", at_us=3),
    ])  # fmt: skip
    assert [found[user]["personalized"] for user in ("u1", "u2")] == [True, False]
    assert [found[user]["suppressed"] for user in ("u1", "u2")] == [[], ["life.silent"]]


def test_a_decision_that_comes_late_does_not_undo_a_later_one(home):
    events = [
        controls.personalization_toggled("u1", on=False, at_us=2),
        controls.personalization_toggled("u1", on=True, at_us=1),
        controls.consent_updated("u1", [], at_us=2),
        controls.consent_updated("u1", ["personalize"], at_us=1),
    ]
    found = after(home, events)["u1"]
    with closing(open_store(home)) as store:
        state = settled(store).state("u1")
        assert (state.personalized, state.consents) == (False, [])
        assert (found["personalized"], found["consents"]) == (False, [])
        job.run(home, now_us(), BusinessZone())
        store.append([controls.personalization_toggled("u1", on=True, at_us=1)])
        assert not settled(store).state("u1").personalized


def test_a_profile_that_says_nothing_of_consents_leaves_them(home):
    refused = controls.consent_updated("u1", [], at_us=1)
    assert after(home, [refused], (User(user_id="u1", city="1"),))["u1"]["consents"] == []
    with History(home).connect() as connection:
        (say,) = choices.at(connection, ["u1"], [LATER])
    assert say.consents == frozenset()


@pytest.mark.parametrize(
    ("said", "expected"),
    [([["personalize"], ["share_out"]], ["share_out"]), ([[]], []), ([], ["social_graph"])],
)
def test_consents_come_from_whichever_was_later(home, said, expected):
    profile = User(user_id="u1", valid_from_us=10, consents=["social_graph"], city_tier="3")
    events = [controls.consent_updated("u1", scopes, at_us=20 + n) for n, scopes in enumerate(said)]
    row = after(home, events, (profile,))["u1"]
    assert (row["consents"], row["city_tier"]) == (expected, "3")


def test_a_profile_after_the_event_counts(home):
    profile = User(user_id="u1", valid_from_us=30, consents=["social_graph"])
    row = after(home, [controls.consent_updated("u1", [], at_us=20)], (profile,))["u1"]
    assert row["consents"] == ["social_graph"]


def test_not_asked_stays_not_asked(home):
    row = after(home, [controls.tag_suppressed("u1", "life.silent", at_us=1)])["u1"]
    assert row["consents"] is None


def test_the_state_and_the_batch_agree(home):
    events = [
        controls.consent_updated("u1", ["share_out"]),
        controls.personalization_toggled("u1", on=False),
        controls.tag_suppressed("u1", "life.silent"),
    ]
    row = after(home, events)["u1"]
    store = open_store(home)
    state = settled(store).state("u1")
    store.close()
    assert (state.consents, state.personalized, state.suppressed) == (
        row["consents"], row["personalized"], row["suppressed"],
    )  # fmt: skip
