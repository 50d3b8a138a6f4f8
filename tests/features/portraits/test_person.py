import json
import subprocess
import sys

import pytest

from features import events as e
from features.events import Event
from features.portraits import TAGS
from tests.features.portraits.people import act, order, portrait

FULL = [order(0), act(0.1), act(0.2, e.SHARED, share_id="s", peer_id="v")]
PROFILE = {"gender": "male", "city": "110000", "city_tier": "1"}


def names(*events: Event, **more: object) -> set[str]:
    return {one.tag.name for one in portrait(events, 1, **more).tags}


def test_a_brand_new_person_has_counts_of_nothing_and_no_guesses():
    assert names() == {"life.f_365", "life.m_365", "life.active_days_30", "soc.strong_ties"}


def test_a_deleted_tag_is_absent():
    assert names(*FULL) - names(*FULL, suppressed=["life.stage"]) == {"life.stage"}


def test_a_missing_consent_takes_its_tags_away():
    asked = names(*FULL, profile=PROFILE, consents=["personalize"])
    gone = names(*FULL, profile=PROFILE) - asked
    assert gone == {
        "soc.share_open", "soc.strong_ties", "soc.share_gmv_90", "soc.k_factor",
        "scene.after_social", "geo.city", "geo.tier",
    }  # fmt: skip
    assert names(*FULL, profile=PROFILE, consents=[]) == set()


def test_without_personalisation_there_is_no_portrait():
    found = portrait(FULL, 1, personalized=False)
    assert (found.tags, found.to_json()["personalized"]) == ((), False)


@pytest.mark.parametrize(
    "event",
    [
        act(0),
        act(0, e.REFUNDED, item=None, order_id="o"),
        act(0, e.REFUNDED, order_id="o", total_fen=5),
        act(0, e.OPENED, item=None, share_id="s"),
        act(0, "Cart Viewed", item=None),
        act(0, e.SHARED, share_id="s", peer_id="u"),
    ],
)
@pytest.mark.parametrize("day", [0, 1, 400, 40_000])
def test_one_event_leaves_no_nan(event: Event, day: int):
    found = json.dumps(portrait([event], day, profile=PROFILE).to_json(), allow_nan=False)
    assert "NaN" not in found


def test_the_json_of_a_tag():
    found = portrait([order(0)], 2).to_json()
    assert found["as_of"] == "2026-01-03T04:00:00Z"
    assert next(one for one in found["tags"] if one["tag"] == "life.r_days") == {
        "tag": "life.r_days",
        "name": {"zh": "距上次购买天数", "en": "days since the last order"},
        "sentence": TAGS["life.r_days"].sentence,
        "type": "int",
        "value": 2,
        "unit": "days",
        "class": "S0",
        "scope": "personalize",
        "refresh": "live",
        "evidence": {
            "values": {"user.last_order": "2026-01-01T04:00:00Z"},
            "text": {"zh": "最近一单在 2 天前", "en": "the last order 2 days ago"},
        },
        "as_of": "2026-01-03T04:00:00Z",
    }


def test_lists_and_vectors_in_json_say_what_each_number_is():
    found = {one["tag"]: one["value"] for one in portrait(FULL, 1).to_json()["tags"]}
    assert found["aff.cat_top"][0]["key"] == "shoes"
    assert list(found["time.hours"]) == [str(hour) for hour in range(24)]


def test_a_serving_process_reads_portraits_without_the_batch_engines():
    code = (
        "import sys; from features.portraits import portrait; "
        "print({'pyarrow', 'ibis', 'duckdb', 'pandas'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
