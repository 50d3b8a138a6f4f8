"""Whether to ask somebody to share now: each reason against it, one by one."""

from dataclasses import replace

import numpy as np
import pytest

from features.clock import DAY_US, HOUR_US
from features.frames import propensity
from features.home import Home
from features.store.contacts import EmbeddedLedger, Policy
from recsys.prompting import CHANNEL, Prompting
from recsys.query import PromptQuery
from recsys.ranking.logit import Logit
from tests.recsys.crowds import NOW, Crowd, bundle, did, gave
from tests.serving import shops

NOON = NOW + 8 * HOUR_US
"""In Shanghai."""


def asked(user: str = "u", item: str = "i0", surface: str = "app", at_us: int = NOON):
    return PromptQuery(user, item, surface, at_us)


def shares(user: str, times: int = 5):
    return [did(user, "Product Shared", "i2", n + 1.0, share_id=f"s{n}") for n in range(times)]


@pytest.fixture(scope="module")
def prompting(tmp_path_factory) -> Prompting:
    """Who shared before shares again."""
    rows = np.zeros((200, len(propensity.COLUMNS)))
    rows[:, 0] = np.arange(200) % 2
    model = Logit.fit(rows, rows[:, 0] > 0, range(200), list(propensity.COLUMNS))
    parts = replace(shops.parts(), chances={"propensity": model})
    return Prompting(bundle(tmp_path_factory.mktemp("bundle"), parts))


@pytest.fixture
def ledger(tmp_path):
    made = EmbeddedLedger(Home(tmp_path), Policy())
    yield made
    made.close()


def test_who_shares_is_asked_and_who_does_not_is_not(prompting, ledger):
    crowd = Crowd(*shares("u"), did("v", "Product Viewed", "i2"))
    answer = prompting.decide(asked(), crowd, ledger)
    assert (answer.show, answer.why) == (True, "likely")
    assert answer.chance.low < answer.chance.p < answer.chance.high
    other = prompting.decide(asked("v"), crowd, ledger)
    assert (other.show, other.why) == (False, "unlikely")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (asked(surface="sms"), "surface"),
        (asked(item="ghost"), "unknown_item"),
        (asked(at_us=NOW), "quiet"),  # four in the morning
        (asked("refuses"), "consent"),
    ],
)
def test_what_speaks_against_it(prompting, ledger, query, why):
    answer = prompting.decide(query, Crowd(*shares("u"), gave("refuses", "personalize")), ledger)
    assert (answer.show, answer.why) == (False, why)


def test_a_quiet_night_ends_at_eight(prompting, ledger):
    answer = prompting.decide(asked(at_us=NOW), Crowd(*shares("u")), ledger)
    assert answer.next_us == NOW - NOW % HOUR_US + 4 * HOUR_US


def test_a_prompt_that_was_shown_counts(prompting, ledger):
    crowd = Crowd(*shares("u"))
    assert prompting.decide(asked(), crowd, ledger).show
    again = prompting.decide(asked(at_us=NOON + 1), crowd, ledger)
    assert (again.show, again.why) == (False, "capped")
    assert again.next_us == NOON + 60_000_000
    assert ledger.count("u", CHANNEL, "hour", NOON + 1) == 1


def test_who_saw_prompts_and_shared_nothing_is_left_alone(prompting, ledger):
    for day in range(3):
        ledger.charge("huoren", "u", CHANNEL, NOON - (day + 2) * DAY_US)
    silent = [did("u", "Product Shared", "i2", 40.0 + n, share_id="s") for n in range(9)]
    assert prompting.decide(asked(), Crowd(*silent), ledger).why == "ignored"
    assert prompting.decide(asked(), Crowd(*silent, *shares("u")), ledger).show


def test_where_nothing_was_learned_caps_alone_decide(tmp_path, ledger):
    plain = Prompting(bundle(tmp_path))
    answer = plain.decide(asked(), Crowd(), ledger)
    assert (answer.show, answer.why, answer.degraded) == (True, "allowed", ("propensity",))
