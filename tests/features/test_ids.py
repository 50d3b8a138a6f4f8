"""External ids and their codes: a hit is exact, whatever the hashes say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.ids import UNKNOWN, IdMap

names = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), unique=True)


@given(names, names)
def test_every_name_comes_back(known, others):
    ids = IdMap.of(known)
    assert ids.names(ids.codes(known)) == known
    assert sorted(ids.codes(known)) == list(range(len(known)))
    strangers = [name for name in others if name not in known]
    assert ids.codes(strangers).tolist() == [UNKNOWN] * len(strangers)


def test_names_are_any_text():
    ids = IdMap.of(["用户2", "", "a", "👨‍👩‍👧"])
    assert [ids.name(ids.code(name)) for name in ("用户2", "", "👨‍👩‍👧")] == ["用户2", "", "👨‍👩‍👧"]


def colliding(*texts: str) -> IdMap:
    """A map in which every name has the hash of the first."""
    digest = IdMap.of([texts[0]]).hashes[0]
    parts = [text.encode() for text in texts]
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    blob = np.frombuffer(b"".join(parts), dtype=np.uint8)
    return IdMap(np.full(len(texts), digest, dtype=np.uint64), ends, blob)


@pytest.mark.parametrize("others", [("other",), ("one", "two", "three")])
def test_equal_hashes_are_compared_name_by_name(others):
    assert colliding("a", *others).code("a") == 0
    first, *rest = colliding("a", *others, "a").names(range(len(others) + 2))
    assert (first, rest) == ("a", [*others, "a"])


def test_a_name_behind_others_of_its_hash_is_found():
    digest = IdMap.of(["wanted"]).hashes[0]
    behind = colliding("other", "wanted")
    behind = IdMap(np.full(2, digest, dtype=np.uint64), behind.ends, behind.blob)
    assert behind.code("wanted") == 1


def test_a_stranger_with_a_known_hash_is_unknown():
    digest = IdMap.of(["stranger"]).hashes[0]
    known = IdMap.of(["known"])
    known = IdMap(np.array([digest]), known.ends, known.blob)
    assert known.code("stranger") == UNKNOWN


def test_a_name_may_not_come_twice():
    with pytest.raises(InputError, match="an id comes twice"):
        IdMap.of(["a", "b", "a"])


def test_an_empty_map_knows_nobody():
    empty = IdMap.of([])
    assert len(empty) == 0
    assert empty.codes(["a"]).tolist() == [UNKNOWN]


def test_an_opened_map_answers_like_the_saved_one(tmp_path):
    ids = IdMap.of([f"u{n}" for n in range(50)])
    ids.save(tmp_path, "people")
    opened = IdMap.open(tmp_path, "people")
    wanted = ["u7", "u49", "nobody"]
    assert opened.codes(wanted).tolist() == ids.codes(wanted).tolist()
    assert opened.name(opened.code("u7")) == "u7"
