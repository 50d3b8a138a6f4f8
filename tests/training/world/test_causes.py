"""No effect comes before its cause, or where its cause is not."""

import pytest

SHOPPING = (
    "('Recommendation Shown', 'Product Viewed', 'Product Added', 'Order Completed', "
    "'Share Link Opened', 'Group Buy Started', 'Group Buy Joined')"
)

WITHOUT_CAUSE = {
    "a user who has not registered": "select count(*) from e join u using (user_id)"
    " where at_us <= registered_us",
    "a peer who has not registered": "select count(*) from e join u on peer_id = u.user_id"
    " where at_us <= registered_us",
    "an item not yet listed": "select count(*) from e join i using (item_id)"
    " where at_us < listed_us",
    "an item expired": "select count(*) from e join i using (item_id)"
    f" where at_us >= i.expires_us and event in {SHOPPING}",
    "a cart without a view": "select count(*) from e a where event = 'Product Added' and not exists"
    " (from e v where v.event = 'Product Viewed' and v.user_id = a.user_id"
    " and v.item_id = a.item_id and v.at_us < a.at_us)",
    "an order without a cart": "select count(*) from e o where event = 'Order Completed'"
    " and group_buy_id is null and not exists (from e a where a.event = 'Product Added'"
    " and a.user_id = o.user_id and a.item_id = o.item_id and a.at_us < o.at_us)",
    "a click without an impression": "select count(*) from e c"
    " where event = 'Recommendation Clicked' and not exists"
    " (from e s where s.event = 'Recommendation Shown' and s.request_id = c.request_id"
    " and s.item_id = c.item_id and s.user_id = c.user_id and s.position = c.position"
    " and s.at_us < c.at_us)",
    "an opening without a share": "select count(*) from e o where event = 'Share Link Opened'"
    " and not exists (from e s where s.event = 'Product Shared' and s.share_id = o.share_id"
    " and s.item_id = o.item_id and s.user_id = o.peer_id and s.peer_id = o.user_id"
    " and s.at_us < o.at_us)",
    "a share of what was not seen": "select count(*) from e s where event = 'Product Shared'"
    " and not exists (from e v where v.event = 'Product Viewed' and v.user_id = s.user_id"
    " and v.item_id = s.item_id and v.at_us < s.at_us)",
    "a share to no friend": "select count(*) from e s where event = 'Product Shared' and not exists"
    " (from t where tie_type = 'friend' and t.user_id = s.user_id and t.peer_id = s.peer_id"
    " and since_us < at_us)",
    "a join without a look": "select count(*) from e j where event = 'Group Buy Joined'"
    " and not exists (from e v where v.event = 'Group Buy Viewed' and v.user_id = j.user_id"
    " and v.group_buy_id = j.group_buy_id and v.at_us < j.at_us)",
    "a refund without an order": "select count(*) from e r where event = 'Order Refunded'"
    " and not exists (from e o where o.event = 'Order Completed' and o.order_id = r.order_id"
    " and o.item_id = r.item_id and o.user_id = r.user_id and o.at_us < r.at_us)",
    "a review without an order": "select count(*) from e r where event = 'Product Reviewed'"
    " and not exists (from e o where o.event = 'Order Completed' and o.user_id = r.user_id"
    " and o.item_id = r.item_id and o.at_us < r.at_us)",
}


@pytest.mark.parametrize("what", WITHOUT_CAUSE)
def test_nothing_comes_before_its_cause(ask, what: str) -> None:
    assert ask(WITHOUT_CAUSE[what]) == [(0,)]


def test_there_is_something_to_judge(ask) -> None:
    kinds = "('Product Added', 'Order Completed', 'Share Link Opened', 'Group Buy Joined')"
    counts = ask(f"select count(*) from e where event in {kinds} group by event")
    assert min(counts) > (100,)
