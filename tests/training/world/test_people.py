from training.world.words import CITIES, SCOPES


def test_cities_belong_to_their_tier(ask) -> None:
    rows = ask("select distinct city_tier, city from u")
    assert {tier for tier, _ in rows} == set(CITIES)
    assert all(city in CITIES[tier].split() for tier, city in rows)


def test_a_few_do_not_tell_and_a_few_were_not_asked(ask) -> None:
    [(silent, unasked, half)] = ask(
        "select avg((gender is null)::int), avg((consents is null)::int),"
        " count(*) filter ((gender is null) != (birth_year is null)) from u"
    )
    assert 0.05 < silent < 0.2
    assert 0.01 < unasked < 0.1
    assert half == 0


def test_consents_are_known_scopes(ask) -> None:
    assert {scope for (scope,) in ask("select distinct unnest(consents) from u")} == set(SCOPES)


def test_people_come_at_hours_of_their_own(ask) -> None:
    rows = dict(
        ask(
            "select (at_us // 3600000000 + 8) % 24, count(*) from e"
            " where event = 'Recommendation Shown' and line = 0 group by 1"
        )
    )
    assert max(rows, key=rows.__getitem__) in (20, 21, 22)
    assert rows[21] > 5 * rows.get(4, 0)


def test_tastes_differ_between_the_sexes(ask) -> None:
    [(women, men)] = ask(
        "select avg((category = '女装')::int) filter (gender = 'female'),"
        " avg((category = '女装')::int) filter (gender = 'male') from e"
        " join u using (user_id) join (select distinct item_id, category from i) using (item_id)"
        " where event = 'Product Viewed'"
    )
    assert women > 1.5 * men
