import pytest

from features import events as e
from tests.features.portraits.people import act, known, order, portrait, value


@pytest.mark.parametrize(
    ("events", "day", "expected"),
    [
        ([], 0, None),
        ([act(0)], 1, "new"),
        ([act(0), act(19)], 20, "visitor"),
        ([act(0)], 40, "silent"),
        ([order(0)], 1, "activated"),
        ([order(0), order(5)], 6, "growing"),
        (list(map(order, [*range(0, 160, 10), *range(190, 290, 30)])), 290, "mature"),
        ([order(0), order(60), act(250)], 251, "declining"),
        ([order(0), order(200)], 201, "returned"),
        ([order(0), order(5)], 60, "silent"),
        ([order(0), order(5)], 400, "churned"),
        ([act(0, e.REFUNDED, order_id="o", total_fen=100)], 1, None),
    ],
)
def test_stages(events, day, expected):
    assert value(events, "life.stage", day) == expected


def test_a_stage_is_told_in_words():
    found = portrait([order(0)], 1)["life.stage"].to_json()
    assert (found["value"], found["word"]) == ("activated", {"zh": "首购", "en": "bought once"})


def test_days_since_the_last_order_are_business_days():
    late = order(0.49)  # 23:45 of day 0
    assert value([late], "life.r_days", 0.51) == 1  # 00:14 of day 1
    assert value([act(0)], "life.r_days", 1) is None


def test_money_is_net_of_refunds():
    refund = act(2, e.REFUNDED, order_id="o", total_fen=30)
    assert value([order(0), order(1), refund], "life.m_365", 3) == 170
    assert value([order(0), order(1), refund], "life.aov_180", 3) == 85
    assert value([refund], "life.m_365", 3) == -30
    assert value([refund], "life.aov_180", 3) is None
    assert value([order(0)], "life.aov_180", 181) is None


MEDIANS = known(median__r_days=(10.0,), median__f_365=(1.0,), median__m_365=(150.0,))


@pytest.mark.parametrize(
    ("events", "day", "cell"),
    [
        ([order(0), order(1)], 2, "111"),
        ([order(0, 200)], 2, "101"),
        ([order(0), order(1)], 20, "011"),
        ([order(0, 200)], 20, "001"),
        ([order(0, 50), order(1, 50)], 2, "110"),
        ([order(0)], 10, "100"),
        ([order(0, 50), order(1, 50)], 20, "010"),
        ([order(0)], 11, "000"),
        ([order(0)], 366, None),
        ([act(0)], 1, None),
    ],
)
def test_rfm_cells(events, day, cell):
    assert value(events, "life.rfm_cell", day, MEDIANS) == cell


def test_without_buyers_in_the_population_there_is_no_rfm_cell():
    assert value([order(0)], "life.rfm_cell", 1) is None


def test_active_days_are_counted_once():
    assert value([act(0), act(0.1), act(3)], "life.active_days_30", 4) == 2


def test_evidence_reads_as_a_sentence():
    cell = portrait([order(0), order(1), order(2)], 4, MEDIANS)["life.rfm_cell"]
    assert cell.because == (
        "365 天内 3 笔订单，365 天内实付 3.00，最近一单在 2 天前",
        "3 orders in 365 days, 3.00 paid in 365 days, the last order 2 days ago",
    )
