import numpy as np

from training.world.words import LEAVES

GAPS = {leaf.name: leaf.gap_days for leaf in LEAVES}
KINDS = "(select distinct item_id, category from i)"


def test_what_is_used_up_is_bought_again_and_what_lasts_is_not(ask) -> None:
    rows = ask(
        "select category, user_id, item_id, count(distinct at_us // 86400000000) from e"
        f" join {KINDS} using (item_id) where event = 'Order Completed' group by 1, 2, 3"
    )
    again = {
        used_up: np.mean([days > 1 for name, _, _, days in rows if (GAPS[name] > 0) == used_up])
        for used_up in (True, False)
    }
    assert again[True] > 2 * again[False]


def test_people_come_back_after_about_the_gap_of_the_category(ask) -> None:
    rows = ask(
        "select category, wait from (select category, entry, (at_us - lag(at_us) over"
        " (partition by user_id, item_id order by at_us)) / 86400e6 as wait from e"
        f" join {KINDS} using (item_id) where event = 'Order Completed') where entry = 'again'"
    )
    # Several units last longer, and an order in between shortens the wait.
    ratio = np.median([wait / GAPS[name] for name, wait in rows])
    assert len(rows) > 20
    assert 0.6 < ratio < 1.6
