def test_the_total_is_the_sum_of_the_lines_less_the_discount(ask) -> None:
    rows = ask(
        "select sum(price_fen * quantity) = sum(total_fen) + sum(discount_fen),"
        " count(total_fen) = 1 and count(discount_fen) = 1, min(line) = 0,"
        " max(line) = count(*) - 1, count(distinct message_id) = 1, count(distinct user_id) = 1"
        " from e where event = 'Order Completed' group by order_id"
    )
    assert len(rows) > 1_000
    assert set(rows) == {(True,) * 6}


def test_the_first_line_carries_the_total(ask) -> None:
    where = "event = 'Order Completed' and (line = 0) != (total_fen is not null)"
    assert ask(f"select count(*) from e where {where}") == [(0,)]


def test_nothing_costs_more_than_its_list_price(ask) -> None:
    where = "event = 'Order Completed' and (price_fen > list_price_fen or price_fen <= 0)"
    assert ask(f"select count(*) from e where {where}") == [(0,)]


def test_prices_outside_groups_are_those_of_the_version_in_force(ask) -> None:
    [(differing, lines)] = ask(
        "select count(*) filter (o.price_fen != v.price_fen), count(*) from"
        " (from e where event = 'Order Completed' and group_buy_id is null) o"
        " asof join i v on o.item_id = v.item_id and o.at_us >= v.valid_from_us"
    )
    assert differing == 0
    assert lines > 1_000


def test_some_orders_have_several_lines_and_some_a_discount(ask) -> None:
    [(several, cheaper)] = ask(
        "select avg((n > 1)::int), avg((off > 0)::int) from (select count(*) n, sum(discount_fen)"
        " off from e where event = 'Order Completed' group by order_id)"
    )
    assert 0.03 < several < 0.4
    assert 0.03 < cheaper < 0.5
