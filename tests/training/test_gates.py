import pytest

from features.errors import GateRefused
from training.gates import Gates, Metrics, check


def feed(full: float, *, popular: float = 0.1, coverage: float = 0.5, **more: object) -> Metrics:
    return {
        "feed": {
            "full": {"ndcg@20": full, "coverage": coverage},
            "popularity": {"ndcg@20": popular, "coverage": 0.1},
            **more,
        }
    }


def test_the_first_good_bundle_passes() -> None:
    verdicts = check(feed(0.2), {}, Gates())
    assert [verdict.held for verdict in verdicts] == [True] * 5
    assert str(verdicts[0]) == (
        "holds    feed/full/ndcg@20 >= 100 % of feed/popularity/ndcg@20: got 0.2000, needs 0.1000"
    )
    assert str(verdicts[3]).startswith("absent   sharing/full/mrr@5")


@pytest.mark.parametrize(
    ("candidate", "line"),
    [
        (feed(0.09), r"feed/full/ndcg@20 >= 100 % of feed/popularity/ndcg@20"),
        (feed(0.19), r"feed/full/ndcg@20 >= 98 % of champion: got 0\.1900, needs 0\.1960"),
        (feed(0.2, coverage=0.05), r"feed/full/coverage >= 100 % of feed/popularity/coverage"),
        (feed(float("nan")), r"ndcg@20 .* got nan"),
        ({"feed": {"full": {"ndcg@20": 0.3}}}, r"popularity/ndcg@20: got 0\.3000, needs not meas"),
        ({"sharing": {"full": {"mrr@5": 1}}}, r"feed/full/ndcg@20 .* got not measured"),
    ],
)
def test_the_failing_line_is_named(candidate: Metrics, line: str) -> None:
    with pytest.raises(GateRefused, match=line):
        check(candidate, feed(0.2), Gates())


def test_a_little_below_the_champion_is_noise() -> None:
    assert all(verdict.held for verdict in check(feed(0.197), feed(0.2), Gates()))


def test_a_champion_measured_on_the_same_days_counts_more() -> None:
    same_days = feed(0.15, champion={"ndcg@20": 0.12})
    assert all(verdict.held for verdict in check(same_days, feed(0.2), Gates()))


def test_thresholds_are_settings() -> None:
    assert check(feed(0.15), feed(0.2), Gates(feed_of_champion=0.7))
