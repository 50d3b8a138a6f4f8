from features.clock import DAY_US
from recsys.candidates.fresh import Fresh
from tests.recsys.moments import moment
from tests.serving import shops

NOW = 1_780_000_000_000_000


def test_the_newest_come_first_and_old_ones_not_at_all():
    items = shops.parts().items
    items.listed_us[:4] = [NOW - days * DAY_US for days in (9, 2, 90, -1)]
    assert Fresh(items).propose(moment(at_us=NOW), 80).codes.tolist() == [1, 0]


def test_where_nothing_has_a_date_nothing_is_new():
    assert len(Fresh(shops.parts().items).propose(moment(at_us=NOW), 80)) == 0
