import numpy as np

from recsys.slate import Slate
from tests.recsys.candidates.matrix.test_models import world
from tests.recsys.candidates.test_similar import moment
from training.retrieval import voters


class Said:
    """A source that always says the same."""

    def __init__(self, *codes: int) -> None:
        self.codes = codes

    def propose(self, moment, n):
        return Slate.of(self.codes, np.arange(len(self.codes), 0, -1.0), "said")


def test_what_both_say_comes_first():
    slate = voters.Together(Said(1, 2, 3), Said(4, 3)).propose(moment(), 4)
    assert slate.codes.tolist() == [3, 1, 4, 2]


def test_they_are_asked_only_where_they_help():
    useless = voters.choose(world(), Said(1), lambda one: 1.0)
    useful = voters.choose(world(), Said(1), lambda one: 1.0 + isinstance(one, voters.Together))
    assert (useless, useful) == (0, voters.VOTERS[0])


def test_too_many_people_are_not_looked_through(monkeypatch):
    monkeypatch.setattr(voters, "PEOPLE", 10)
    assert voters.choose(world(), Said(1), lambda one: isinstance(one, voters.Together)) == 0
