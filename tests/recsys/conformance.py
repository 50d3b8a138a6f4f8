"""What every source, scorer and rule does; a test of one begins with a subclass of its suite."""

from dataclasses import fields

import numpy as np

from features.items import Items
from recsys.component import Rule, Scorer, Source
from recsys.query import FeedQuery
from recsys.slate import Slate
from tests.recsys.moments import acts, moment, purchases
from tests.serving import shops

NOW = 1_780_000_000_000_000
BUSY = moment(
    acts((1, 8.0, 30.0), (2, 1.0, 0.001), (2, 4.0, 0.1), ordered=(1,)),
    friends=((1.0, acts((3, 8.0, 2.0), ordered=(3,))), (0.5, acts((4, 4.0, 1.0)))),
    bought=(1,),
    at_us=NOW,
    purchased=purchases((1, 3.0, 30.0)),
)
STRANGER = moment(at_us=NOW)


class SourceSuite:
    """Subclass it and give ``source``: something fitted on the ten items of the small shop."""

    def source(self) -> Source:
        raise NotImplementedError

    def test_it_proposes_distinct_items_best_first(self):
        for who in (BUSY, STRANGER):
            slate = self.source().propose(who, 5)
            scores = slate.scores[self.source().name]
            assert len(slate) <= 5
            assert len(set(slate.codes.tolist())) == len(slate)
            assert slate.codes.dtype == np.int32
            assert set(slate.codes.tolist()) <= set(range(len(shops.ITEMS)))
            assert np.isfinite(scores).all()
            assert (np.diff(scores) <= 0).all()

    def test_it_is_asked_for_nothing_and_gives_nothing(self):
        assert len(self.source().propose(BUSY, 0)) == 0

    def test_the_same_moment_has_the_same_answer(self):
        one, other = (self.source().propose(BUSY, 10) for _ in range(2))
        assert one.codes.tolist() == other.codes.tolist()

    def test_it_leaves_the_moment_as_it_was(self):
        before = [np.array(getattr(BUSY.acts, one.name)) for one in fields(BUSY.acts)]
        self.source().propose(BUSY, 10)
        after = [getattr(BUSY.acts, one.name) for one in fields(BUSY.acts)]
        assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


class ScorerSuite:
    """Subclass it and give ``scorer`` and ``columns``."""

    columns = 3

    def scorer(self) -> Scorer:
        raise NotImplementedError

    def test_every_row_has_a_finite_score_whatever_its_neighbours(self):
        rows = np.random.default_rng(0).normal(size=(50, self.columns)).astype(np.float32)
        rows[::7] = np.nan
        whole = self.scorer().score(rows)
        assert whole.shape == (50,)
        assert whole.dtype == np.float64
        assert np.isfinite(whole).all()
        assert np.allclose(self.scorer().score(rows[3:4]), whole[3])

    def test_no_rows_no_scores(self):
        assert self.scorer().score(np.zeros((0, self.columns), dtype=np.float32)).shape == (0,)


class RuleSuite:
    """Subclass it and give ``rule``."""

    def rule(self) -> Rule:
        raise NotImplementedError

    def items(self) -> Items:
        return shops.parts().items

    def test_it_says_of_each_candidate_whether_it_stays(self):
        slate = Slate.of(np.arange(10), np.zeros(10), "popular")
        for who in (BUSY, STRANGER):
            kept = self.rule().apply(slate, FeedQuery("u", 5, NOW), who, self.items())
            assert kept.shape == (10,)
            assert kept.dtype == np.bool_

    def test_each_candidate_is_judged_alone(self):
        slate = Slate.of(np.arange(10), np.zeros(10), "popular")
        query = FeedQuery("u", 5, NOW)
        kept = self.rule().apply(slate, query, BUSY, self.items())
        for place in range(10):
            alone = self.rule().apply(slate.take(np.array([place])), query, BUSY, self.items())
            assert alone.tolist() == [kept[place]]

    def test_nothing_stays_nothing(self):
        nothing = Slate.of([], [], "popular")
        assert self.rule().apply(nothing, FeedQuery("u", 5, NOW), BUSY, self.items()).shape == (0,)
