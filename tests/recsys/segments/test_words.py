"""Segments in words."""

import pytest

from recsys.segments.parse import parse
from recsys.segments.words import sentence

TOLD = [
    ({"all": []}, "所有人", "everybody"),
    ({"any": [{"list": "vip"}, {"segment": "new"}]}, "在名单“vip”中，或在人群“new”中",
     "on list “vip” or in segment “new”"),
    ({"tag": "life.r_days", "op": "top_percent", "value": 20}, "最高的百分之20", "in the top 20 %"),
    ({"tag": "life.r_days", "op": "unknown"}, "未知", "is unknown"),
    ({"tag": "aff.cat_top", "op": "has_any", "value": ["茶"], "top": 3}, "前3位含任一茶",
     "(first 3) has any of 茶"),
    ({"event": "*", "within": "12h"}, "近12小时任意行为次数不少于1",
     "events of any kind in the last 12 hours at least 1"),
    ({"event": "Order Completed", "agg": "distinct", "of": "shop", "op": ">", "value": 2,
      "between": ["2026-06-01", "2026-06-18"]},
     "2026-06-01至2026-06-18Order Completed的不同shop数大于2",
     "different shop of Order Completed from 2026-06-01 to 2026-06-18 above 2"),
    ({"event": "Order Completed", "agg": "sum", "of": "amount_fen", "props": {"brand": "b1"}},
     "历来Order Completed（brand是b1）的amount_fen合计不少于1",
     "amount_fen of Order Completed (brand is b1) ever at least 1"),
    ({"sequence": ["Product Viewed", "Product Added"], "gap": "2d", "without": "Order Completed"},
     "历来依次Product Viewed→Product Added，间隔不超过2天，其后未Order Completed",
     "ever Product Viewed then Product Added, at most 2 days apart, not followed by "
     "Order Completed"),
    ({"social": {"ties": "friend", "where": {"list": "vip"}, "value": 2}},
     "满足（在名单“vip”中）的好友人数不少于2", "friends with (on list “vip”) at least 2"),
    ({"bucket": {"salt": "s", "from": 0, "to": 1000}}, "10.00%", "a random 10.00% under “s”"),
    ({"flow": {"tag": "life.stage", "was": "new", "now": "silent", "days": 30}}, "30天前",
     "30 days ago and is silent now"),
    ({"score": "buy", "op": ">=", "value": 0.5}, "模型buy得分不少于0.5", "score buy at least 0.5"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "zh", "en"), TOLD)
def test_both_languages(document, zh, en):
    condition = parse(document)
    assert zh in sentence(condition, "zh")
    assert en in sentence(condition, "en")


def test_inner_groups_are_set_apart():
    both = {"any": [{"list": "a"}, {"list": "b"}]}
    told = sentence(parse({"all": [both, {"list": "c"}]}), "en")
    assert told == "(on list “a” or on list “b”) and on list “c”"
