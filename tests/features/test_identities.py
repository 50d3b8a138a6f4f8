"""Links between ids, and the people that follow from them."""

import random

from hypothesis import given
from hypothesis import strategies as st

from features.identities import MOST, IdLink, Linked, Rows, people, rows

names = st.sampled_from(["u0", "u1", "u2", "anonymous:3", "用户4"])
links = st.lists(st.builds(IdLink, names, names, st.integers(0, 5), st.booleans()), max_size=20)


def learned(said: list[IdLink]) -> dict[str, Linked]:
    """Rows after links came one by one."""
    kept: dict[str, Linked] = {}
    for link in said:
        one = Rows(kept.get)
        one.learn(link)
        kept |= one.changed
    return kept


def told(*pairs: str, holds: bool = True, at_us: int = 1) -> list[IdLink]:
    return [IdLink(pair[0], pair[1], at_us, holds) for pair in pairs]


@given(links, st.randoms())
def test_neither_order_nor_repetition_matters(said, dice):
    shuffled = [*said, *said[:3]]
    dice.shuffle(shuffled)
    assert people(shuffled) == people(said)
    assert learned(shuffled) == learned(said) == dict(rows(said))


def test_a_chain_is_one_person_and_breaks_where_it_is_cut():
    chain = told("ab", "bc", "cd")
    assert people(chain)["d"] == ["a", "b", "c", "d"]
    cut = people([*chain, *told("cb", holds=False, at_us=2)])
    assert [cut[one] for one in "abcd"] == [["a", "b"]] * 2 + [["c", "d"]] * 2


def test_a_circle_needs_two_cuts():
    circle = [*told("ab", "bc", "ca"), *told("ab", holds=False, at_us=2)]
    assert people(circle)["a"] == ["a", "b", "c"]
    assert set(people([*circle, *told("ac", holds=False, at_us=3)])) == {"b", "c"}


def test_both_directions_are_one_link_and_oneself_is_none():
    assert people(told("ab", "ba")) == {"a": ["a", "b"], "b": ["a", "b"]}
    assert people(told("aa")) == learned(told("aa")) == {}


def test_of_one_instant_the_separation_counts():
    assert people([*told("ab", holds=False), *told("ab")]) == {}


def test_what_too_many_share_is_no_person_until_they_are_fewer():
    star = [IdLink("till", f"u{n}", n, True) for n in range(MOST)]
    assert people(star) == {}
    assert not any(row.members for row in learned(star).values())
    fewer = [*star, IdLink("u0", "till", 999, False)]
    assert len(people(fewer)["till"]) == MOST
    assert learned(fewer) == dict(rows(fewer))


def test_whole_and_step_by_step_agree_on_larger_crowds():
    dice = random.Random(0)
    said = [
        IdLink(f"u{dice.randrange(200)}", f"u{dice.randrange(200)}", n, dice.random() < 0.8)
        for n in range(300)
    ]
    assert learned(said) == dict(rows(said))


def test_a_forgotten_id_leaves_the_others_as_if_it_had_never_linked_them():
    kept = learned(told("ab", "bc", "cd"))
    one = Rows(kept.get)
    one.forget("b")
    kept |= one.changed
    assert {user: row for user, row in kept.items() if row.links} == learned(told("cd"))
