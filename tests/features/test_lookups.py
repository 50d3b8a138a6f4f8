from pathlib import Path

from features.lookups import Lookup


def test_rows_are_read_by_name_after_mapping(tmp_path: Path) -> None:
    Lookup.of(["鞋", "bag"], [[1.0, 2.0], [3.0, 4.0]]).save(tmp_path, "cuts")
    back = Lookup.open(tmp_path, "cuts")
    assert back.read(["bag", "new", "鞋"], (0.0, 9.0)).tolist() == [[3, 4], [0, 9], [1, 2]]


def test_an_empty_lookup_knows_nobody() -> None:
    empty = Lookup.of((), ())
    assert (len(empty), empty.read(["x"], 7.0).tolist()) == (0, [7.0])
