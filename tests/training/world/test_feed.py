import numpy as np
import pytest

from training.world import Truth


def test_positions_fade_as_the_truth_says(ask, truth: Truth) -> None:
    rows = ask(
        "select s.position, sum((c.item_id is not null)::int / s.propensity), sum(1 / s.propensity)"
        " from (from e where event = 'Recommendation Shown') s"
        " left join (from e where event = 'Recommendation Clicked') c using (request_id, item_id)"
        " group by 1 order by 1"
    )
    rate = np.array([clicks / shown for _, clicks, shown in rows])
    assert rate / rate.sum() == pytest.approx(truth.examined() / truth.examined().sum(), abs=0.05)


def test_propensities_sum_to_one_over_what_is_on_sale(ask) -> None:
    """Where every item can stand in a slot, the mean of 1 / propensity is how many there are."""
    [(mean, spread, shown)] = ask(
        "select avg(1 / propensity), stddev(1 / propensity), count(*)"
        " from e where event = 'Recommendation Shown'"
    )
    [(live,)] = ask(
        "with shown as (select at_us from e where event = 'Recommendation Shown' and line = 0),"
        " span as (select item_id, min(listed_us) low,"
        " min(least(coalesce(expires_us, 1e18), if(status = 'off_sale', valid_from_us, 1e18))) high"
        " from i group by 1) select count(*) / (select count(*) from shown)"
        " from shown join span on at_us >= low and at_us < high"
    )
    # Items listed or expiring within a day are not shown that day, hence the second term.
    assert mean == pytest.approx(live, abs=4 * spread / np.sqrt(shown) + 0.02 * live)


def test_no_item_stands_twice_in_a_list(ask) -> None:
    shown = "from e where event = 'Recommendation Shown'"
    assert ask(f"select count(*) - count(distinct (request_id, item_id)) {shown}") == [(0,)]
    assert ask(f"select distinct n from (select count(*) n {shown} group by request_id)") == [(8,)]


def test_what_was_shown_more_often_had_the_higher_propensity(ask) -> None:
    [(together,)] = ask(
        "select corr(log(n), p) from (select count(*) n, avg(log(propensity)) p from e"
        " where event = 'Recommendation Shown' group by item_id)"
    )
    assert together > 0.6
