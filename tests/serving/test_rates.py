"""Who asks too often waits; the others do not notice."""

import pytest

from serving.errors import Refusal
from serving.rates import KEPT, Rates


def test_a_burst_then_the_rate() -> None:
    rates = Rates(2.0)
    assert [rates.wait_s("a", 0.0) for _ in range(5)] == [0.0] * 4 + [0.5]
    assert rates.wait_s("a", 0.5) == 0.0
    assert rates.wait_s("b", 0.5) == 0.0


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    rates = Rates(0.1)
    rates.check("a", 0.0)
    with pytest.raises(Refusal, match=r"more than 0\.1 requests a second") as caught:
        rates.check("a", 0.0)
    assert (caught.value.kind.status, caught.value.headers) == (429, {"Retry-After": "10"})


def test_no_limit_counts_nobody() -> None:
    rates = Rates(0.0)
    assert not any(rates.wait_s("a", 0.0) for _ in range(1000))


def test_memory_is_bounded() -> None:
    rates = Rates(1.0)
    for number in range(KEPT + 5):
        rates.wait_s(str(number), 0.0)
    assert len(rates._left) == KEPT
