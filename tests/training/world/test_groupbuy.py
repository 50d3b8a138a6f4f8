import numpy as np
import pytest

GROUPS = (
    "with s as (from e where event = 'Group Buy Started'),"
    " j as (select group_buy_id, count(*) n, max(at_us) last from e"
    " where event = 'Group Buy Joined' group by 1),"
    " f as (from e where event in ('Group Buy Succeeded', 'Group Buy Failed')) "
)


def test_a_group_fills_when_all_have_joined(ask) -> None:
    rows = ask(
        GROUPS + "select s.size, coalesce(j.n, 0) + 1, f.size, f.event = 'Group Buy Succeeded'"
        " from s join f using (group_buy_id) left join j using (group_buy_id)"
    )
    assert len(rows) > 100
    assert all(members == told for _, members, told, _ in rows)
    assert all((members == needed) == filled for needed, members, _, filled in rows)


def test_a_group_ends_once_in_time(ask) -> None:
    rows = ask(
        GROUPS + "select s.at_us < f.at_us and f.at_us <= s.expires_us"
        " and coalesce(j.last <= f.at_us, true), f.event = 'Group Buy Succeeded',"
        " f.at_us = s.expires_us"
        " from s join f using (group_buy_id) left join j using (group_buy_id)"
    )
    assert all(ordered for ordered, _, _ in rows)
    assert all(filled != expired for _, filled, expired in rows)


def test_every_member_of_a_full_group_orders_at_its_price_and_nobody_else(ask) -> None:
    members = ask(
        "select group_buy_id, user_id from e"
        " where event in ('Group Buy Started', 'Group Buy Joined')"
        " and group_buy_id in (select group_buy_id from e where event = 'Group Buy Succeeded'"
        " and at_us < (select max(at_us) from e) - 60000000)"
    )
    paid = ask(
        "select o.group_buy_id, o.user_id, o.price_fen = s.price_fen from e o"
        " join (from e where event = 'Group Buy Started') s using (group_buy_id)"
        " where o.event = 'Order Completed'"
    )
    assert set(members) <= {(group, user) for group, user, _ in paid}
    assert len(paid) - len(members) <= 5
    assert all(same for _, _, same in paid)


def test_the_chance_of_success_is_calibrated(ask) -> None:
    rows = ask(
        "select p_success, event = 'Group Buy Succeeded' from true_group_buys"
        " join e using (group_buy_id) where event in ('Group Buy Succeeded', 'Group Buy Failed')"
        " and group_buy_id in (select group_buy_id from e where event = 'Group Buy Started'"
        " and expires_us < (select max(at_us) from e))"
    )
    chance, filled = np.array(rows, dtype=float).T
    error = np.sqrt((chance * (1 - chance)).sum()) / len(rows)
    assert filled.mean() == pytest.approx(chance.mean(), abs=3 * error)
    assert filled[chance > 0.7].mean() > 2 * filled[chance < 0.3].mean()
