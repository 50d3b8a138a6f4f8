import numpy as np

from training.world import Truth

ORDERS_AFTER = (
    "select arm, coalesce(n, 0) from (from e where event = 'Campaign Assigned') a left join"
    " (select o.user_id, count(distinct o.order_id) n from e o join"
    " (select user_id, at_us since from e where event = 'Campaign Assigned') using (user_id)"
    " where o.event = 'Order Completed' and at_us > since and at_us <= since + 14 * 86400000000"
    " group by 1) using (user_id)"
)


def test_the_difference_of_the_arms_is_the_mean_effect(ask, truth: Truth) -> None:
    rows = ask(ORDERS_AFTER)
    treated = np.array([n for arm, n in rows if arm == "treat"])
    control = np.array([n for arm, n in rows if arm == "control"])
    error = np.sqrt(treated.var() / treated.size + control.var() / control.size)
    effect = truth.table("campaign")["effect"].to_numpy().mean()
    assert abs(treated.mean() - control.mean() - effect) < 2 * error
    assert error < 0.12


def test_the_campaign_brings_exactly_the_orders_drawn(ask) -> None:
    rows = ask(
        "select arm, drawn, coalesce(n, 0) from true_campaign left join (select user_id,"
        " count(distinct order_id) n from e where event = 'Order Completed' and entry = 'campaign'"
        " group by 1) using (user_id)"
    )
    for arm, drawn, made in rows:
        assert made == (max(drawn, 0) if arm == "treat" else max(-drawn, 0))


def test_arms_are_assigned_once_by_even_lot(ask) -> None:
    rows = ask("select user_id, arm, propensity from e where event = 'Campaign Assigned'")
    assert len({user for user, _, _ in rows}) == len(rows) > 800
    assert {propensity for _, _, propensity in rows} == {0.5}
    share = np.mean([arm == "treat" for _, arm, _ in rows])
    assert abs(share - 0.5) < 3 * 0.5 / np.sqrt(len(rows))
    assert dict(ask("select user_id, arm from true_campaign")) == {u: a for u, a, _ in rows}


def test_some_people_are_better_left_alone(truth: Truth) -> None:
    effect = truth.table("campaign")["effect"].to_numpy()
    assert 0.1 < (effect < 0).mean() < 0.4


def test_most_of_the_effect_can_be_learned_from_the_users_table(ask) -> None:
    rows = ask(
        "select effect, birth_year, (gender = 'female')::int as woman, woman * birth_year,"
        " list_position(['1', 'new1', '2', '3', '4', '5'], city_tier)"
        " from true_campaign join u using (user_id) where birth_year is not null"
    )
    effect, *facts = np.array(rows, dtype=float).T
    x = np.column_stack([np.ones(effect.size), *(f / np.abs(f).max() for f in facts)])
    left = effect - x @ np.linalg.lstsq(x, effect)[0]
    assert left.var() < 0.35 * effect.var()
