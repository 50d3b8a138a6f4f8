import json
from pathlib import Path

import pytest

from features.errors import BundleCorrupt, BundleMismatch, UnknownName
from features.lookups import Lookup
from features.references import References

NUMBERS = {"cuts": (1.0, 2.0, 3.0, 4.0), "median.m_365": (float("nan"),), "prior.x": (1.0, 3.0)}
LOOKUPS = {
    "share.brand": Lookup.of(["耐克", "b"], [0.1 + 0.2, 0.7]),
    "cuts": Lookup.of(["c"], [[0.1, 0.2, 0.3, 0.4]]),
    "graph.core": Lookup.of((), ()),
}
SOME = References.measured({**References.empty().numbers, **NUMBERS}, LOOKUPS, 7)


def test_a_round_trip_is_exact(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    back = References.open(tmp_path)
    assert (back.version, back.as_of_us, back.declaration) == (SOME.version, 7, SOME.declaration)
    assert back.numbers["cuts"] == NUMBERS["cuts"]
    assert back.numbers["median.m_365"][0] != back.numbers["median.m_365"][0]
    assert back.lookup("share.brand", ["b", "耐克", "new"], 0.0).tolist() == [0.7, 0.1 + 0.2, 0.0]
    assert not list(tmp_path.glob("graph.core*"))


def test_the_version_names_the_content() -> None:
    other = References.measured({**NUMBERS, "prior.x": (1.0, 4.0)}, LOOKUPS, 7)
    moved = References.measured(NUMBERS, {**LOOKUPS, "cuts": Lookup.of(["d"], [[0.1] * 4])}, 7)
    assert len({SOME.version, other.version, moved.version}) == 3


def test_another_declaration_is_refused_with_the_mend(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    path = tmp_path / "references.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"declaration": "old"}))
    with pytest.raises(BundleMismatch, match="run `huoren features` again"):
        References.open(tmp_path)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    path = tmp_path / "references.json"
    path.write_text(path.read_text().replace("3.0", "3.5"))
    with pytest.raises(BundleCorrupt):
        References.open(tmp_path)


def test_an_unknown_category_takes_the_global_cuts() -> None:
    assert SOME.cuts(["c", "new"]).tolist() == [[0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]]


def test_an_unknown_reference_is_named() -> None:
    with pytest.raises(UnknownName, match=r"prior\.x"):
        SOME.prior("y")
