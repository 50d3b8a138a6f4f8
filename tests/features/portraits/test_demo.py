from tests.features.portraits.people import act, portrait, value


def test_declared_facts_are_told_as_declared():
    found = portrait([], 1, profile={"gender": "female", "city": "130200", "city_tier": "new1"})
    values = {one.tag.name: one.value for one in found.tags}
    assert (values["demo.gender"], values["geo.city"]) == ("female", "130200")
    assert found["geo.tier"].to_json()["word"] == {"zh": "新一线", "en": "new tier 1"}
    assert found["demo.gender"].because == ("资料填写：女", "declared: female")


def test_what_is_no_declared_word_is_absent():
    found = portrait([], 1, profile={"gender": "?", "city_tier": "6"})
    assert not {one.tag.name for one in found.tags} & {"demo.gender", "geo.tier", "geo.city"}


def test_an_account_is_as_old_as_its_first_act():
    assert value([act(0), act(5)], "demo.account_age_days", 7) == 7
    assert value([], "demo.account_age_days", 7) is None
