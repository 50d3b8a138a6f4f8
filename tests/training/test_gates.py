import pytest

from features.errors import GateRefused, InputError, UnknownName
from training.gates import Drift, Gates, Metrics, check, laid, read


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
    assert [verdict.held for verdict in verdicts] == [True] * len(Gates().lines())
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


def slices(**high: float) -> Metrics:
    """A bundle beside a champion of 0.2 in every slice, with upper ends of the differences."""
    paired = {
        name: {"ours": 0.2 + end - 0.01, "theirs": 0.2, "high": end} for name, end in high.items()
    }
    return laid(feed(0.2), {"paired": {"feed": paired}})


def test_a_slice_that_lost_for_certain_refuses() -> None:
    assert check(slices(new=-0.01, old=0.05), {}, Gates())
    with pytest.raises(GateRefused, match=r"every slice of feed >= 90 % of champion; new"):
        check(slices(new=-0.03, old=0.05), {}, Gates())


def test_a_slow_or_badly_calibrated_bundle_is_refused() -> None:
    slow = laid(feed(0.2), {"latency": {"feed": {"p95_ms": 101.0}}})
    with pytest.raises(GateRefused, match=r"latency/feed/p95_ms <= 100: got 101"):
        check(slow, {}, Gates())
    wrong = feed(0.2)
    wrong["feed"]["full"]["calibration_error"] = 0.8
    with pytest.raises(GateRefused, match=r"calibration_error <= 0\.75: got 0\.8"):
        check(wrong, {}, Gates())


def test_chances_that_say_less_than_their_rate_are_refused() -> None:
    judged = {"filling": {"brier_low": 0.20, "brier_of_rate": 0.195}}
    assert check(feed(0.2) | {"chances": judged}, {}, Gates())
    told = r"chances/filling/brier_low <= 100 % of .*rate: got 0\.2000"
    with pytest.raises(GateRefused, match=told):
        check(feed(0.2) | {"chances": judged}, {}, Gates(chances_of_rate=1.0))


def test_a_feed_of_few_items_is_refused() -> None:
    with pytest.raises(GateRefused, match=r"feed/full/coverage >= 70 % of champion"):
        check(feed(0.2, coverage=0.3), feed(0.2), Gates())


def test_data_that_moved_raise_an_alarm_and_refuse_nothing() -> None:
    moved = {"a": 0.3, "b": 0.01}
    verdict = Drift(0.3).judge({"drift": moved}, {})
    assert verdict.held
    assert str(verdict).startswith("ALARM")
    assert not Drift(0.5).judge({"drift": moved}, {}).alarm


def test_thresholds_come_from_a_file(tmp_path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text("latency_ms = 20")
    assert read(path) == Gates(latency_ms=20.0)
    path.write_text("latency = 20")
    with pytest.raises(UnknownName, match="latency_ms"):
        read(path)
    path.write_text("latency_ms = 'fast'")
    with pytest.raises(InputError, match="wrong value"):
        read(path)
