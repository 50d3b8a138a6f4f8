def test_people_buy_what_friends_bought_far_more_than_like_minded_strangers(ask) -> None:
    """Orders within a week of a friend's, against those of a stranger of the friend's community."""
    week = 7 * 86_400_000_000
    bought = (
        "with o as (select user_id, item_id, min(at_us) since from e"
        " where event = 'Order Completed' and group_buy_id is null group by 1, 2),"
        " c as (select user_id, community from true_users)"
    )
    followed = f"o.since > f.since and o.since < f.since + {week} and o.item_id = f.item_id"
    [(friends,)] = ask(
        f"{bought} select count(*) / (select count(*) from o f join t on t.peer_id = f.user_id"
        " where tie_type = 'friend') from o f join t on t.peer_id = f.user_id"
        f" join o on o.user_id = t.user_id and {followed} where tie_type = 'friend'"
    )
    [(strangers,)] = ask(
        f"{bought} select count(*) / (select count(*) from o f join c x using (user_id)"
        " join c y on x.community = y.community and y.user_id != x.user_id) from o f"
        " join c x on x.user_id = f.user_id join c y on x.community = y.community"
        f" join o on o.user_id = y.user_id and o.user_id != f.user_id and {followed}"
        " where not exists (from t where t.user_id = y.user_id and t.peer_id = x.user_id)"
    )
    assert friends > 2 * strangers > 0


def test_talk_brings_visitors_who_order_more_often(ask) -> None:
    views = dict(ask("select entry, count(*) from e where event = 'Product Viewed' group by 1"))
    lines = dict(ask("select entry, count(*) from e where event = 'Order Completed' group by 1"))
    rate = {door: lines[door] / views[door] for door in ("friend", "search")}
    assert views["friend"] > 0.03 * sum(views.values())
    assert rate["friend"] > 1.2 * rate["search"]
