from features.home import Home
from training import beside


def test_comparisons_with_another_champion_are_left_out(tmp_path):
    home = Home(tmp_path)
    found = {"champion": "aaa", "paired": {}, "latency": {"feed": {"p95_ms": 3.0}}}
    beside.write(home, "bbb", found)
    assert beside.read(home, "bbb", "aaa") == found
    assert beside.read(home, "bbb", "ccc") == {"latency": {"feed": {"p95_ms": 3.0}}}
    assert beside.read(home, "unknown", None) == {}
