"""The bench, on a world where everybody shares with one and the same friend."""

from datetime import UTC, datetime, timedelta

from training.bench.sharing.run import rows


def test_every_method_names_the_only_friend(tmp_path):
    begin = datetime(2022, 1, 1, tzinfo=UTC)
    lines = ["inviter_id,item_id,voter_id,timestamp"]
    for n in range(1_200):
        at = begin + timedelta(hours=2 * n)
        pair = n % 12
        voter = f"v{pair}" if n // 12 % 4 else f"w{pair}"
        lines.append(f"u{pair},i{n % 5},{voter},{at:%Y-%m-%d %H:%M:%S}")
    (tmp_path / "s.csv").write_text("\n".join(lines))
    found = {
        one["method"]: one for one in rows(tmp_path / "s.csv", None, None, eighty_days_later(begin))
    }
    assert list(found) == [
        "most_frequent", "most_recent", "half_life", "half_life_reverse", "huoren",
    ]  # fmt: skip
    assert found["most_frequent"]["mrr@5"] > 0.8
    assert found["huoren"]["hit@5"] == 1.0
    assert found["huoren"]["low"] <= found["huoren"]["mrr@5"] <= found["huoren"]["high"]
    assert found["huoren"]["ratio_low"] <= found["huoren"]["ratio"]


def eighty_days_later(begin: datetime) -> int:
    return int((begin + timedelta(days=80)).timestamp() * 1e6)
