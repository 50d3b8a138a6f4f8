"""Every source and every rule of the feed keeps its contract."""

import numpy as np
import pytest

from recsys import feed
from recsys.policy import FeedPolicy
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig
from tests.recsys.conformance import RuleSuite, ScorerSuite, SourceSuite
from tests.serving import shops

POLICY = FeedPolicy(blocked_items=("i3",), adult_categories=("tea",))


@pytest.mark.parametrize("one", feed.sources(shops.parts()), ids=lambda one: one.name)
class TestSources(SourceSuite):
    @pytest.fixture(autouse=True)
    def chosen(self, one):
        self.source = lambda: one


@pytest.mark.parametrize("one", feed.rules(shops.parts(), POLICY), ids=lambda one: one.name)
class TestRules(RuleSuite):
    @pytest.fixture(autouse=True)
    def chosen(self, one):
        self.rule = lambda: one


class TestLambdaMart(ScorerSuite):
    @pytest.fixture(autouse=True)
    def chosen(self):
        rows = np.random.default_rng(1).normal(size=(400, 3)).astype(np.float32)
        labels = (rows[:, 0] > 0).astype(np.int64)
        config = LambdaMartConfig(rounds=3, min_data_in_leaf=5, threads=1)
        found = LambdaMart.fit(Groups(rows, labels, np.full(40, 10)), None, list("abc"), config)
        self.scorer = lambda: found


def test_every_name_is_taken_once():
    for parts in (feed.sources(shops.parts()), feed.rules(shops.parts())):
        names = [one.name for one in parts]
        assert len(set(names)) == len(names)
