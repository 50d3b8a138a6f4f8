"""The online row: throughput, latencies, a read."""

import pytest

from training.bench import history
from training.bench.features import online


def test_a_store_is_filled_and_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(online, "PACED_S", 0.1)
    monkeypatch.setattr(online, "READS", 20)
    row = online.measure(300, tmp_path)
    assert (row["method"], row["events"]) == ("online", 300)
    assert row["events_per_s"] == pytest.approx(300 / row["seconds"], rel=0.05)
    assert 0 < row["ack_p99_ms"] <= row["apply_p99_ms"]
    assert row["read_us"] > 0
    assert row["heavy_kb"] > 0.1


def test_the_first_events_come_file_by_file(tmp_path):
    home = history.write(tmp_path / "home", 2_000)
    drawn = online.first_events(home, 50)
    assert [one.message_id for one in drawn] == [f"message-{n:07}" for n in range(50)]
    assert len(online.first_events(home, 9_999)) == 2_000
