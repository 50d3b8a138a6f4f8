"""Lists of sources and rules are run; what breaks is named, what is removed is told."""

import numpy as np

from recsys import pipeline
from recsys.query import FeedQuery
from recsys.slate import Slate
from tests.recsys.moments import moment

QUERY = FeedQuery("u", k=3, at_us=0)


class Fixed:
    """Proposes the same codes to everybody."""

    def __init__(self, name: str, *codes: int) -> None:
        self.name = name
        self.codes = codes

    def propose(self, moment, n):
        codes = self.codes[:n]
        return Slate.of(codes, -np.arange(len(codes)), self.name)


class Broken:
    name = "friends"

    def propose(self, moment, n):
        raise ZeroDivisionError


class Without:
    """Removes some codes."""

    def __init__(self, name: str, *codes: int) -> None:
        self.name = name
        self.codes = codes
        self.seen: list[int] = []

    def apply(self, slate, query, moment, items):
        self.seen = slate.codes.tolist()
        return ~np.isin(slate.codes, self.codes)


def test_a_source_that_breaks_is_left_out_and_named(caplog):
    slate, broken = pipeline.propose([Fixed("a", 1, 2), Broken(), Fixed("b", 3)], moment(), 10)
    assert slate.codes.tolist() == [1, 2, 3]
    assert broken == ("source:friends",)
    assert "ZeroDivisionError" in caplog.text


def test_when_every_source_breaks_the_answer_is_empty():
    slate, broken = pipeline.propose([Broken(), Broken()], moment(), 10)
    assert (len(slate), broken) == (0, ("source:friends", "source:friends"))


def test_each_source_is_asked_for_n():
    slate, _ = pipeline.propose([Fixed("a", 1, 2, 3), Fixed("b", 9)], moment(), 2)
    assert slate.codes.tolist() == [1, 2, 9]


def test_rules_say_what_they_removed_and_later_ones_do_not_see_it():
    first, second, idle = Without("bought", 2), Without("excluded", 2, 3), Without("idle", 99)
    slate = Slate.of([1, 2, 3], [3.0, 2.0, 1.0], "a")
    kept, removed = pipeline.apply([first, second, idle], slate, QUERY, moment(), None)
    assert kept.codes.tolist() == [1]
    assert {name: codes.tolist() for name, codes in removed.items()} == {
        "bought": [2], "excluded": [3],
    }  # fmt: skip
    assert (first.seen, second.seen) == ([1, 2, 3], [1, 3])


def test_past_the_deadline_the_last_source_alone_is_asked():
    slate, left_out = pipeline.propose([Fixed("a", 1), Fixed("b", 2)], moment(), 10, deadline_s=0.0)
    assert (slate.codes.tolist(), left_out) == ([2], ("source:a",))
