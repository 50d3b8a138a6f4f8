"""A bundle brought up to date: what is new in it, what is kept, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from features import snapshot
from features.clock import DAY_US, BusinessZone
from features.errors import InputError, MissingStep
from features.home import Home
from features.ingest.run import ingest
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.query import FeedQuery
from tests.training.conftest import END, SMALL
from training import refresh
from training.replayed import Replayed
from training.run import Steps, Trained, train
from training.steps.course import Course
from training.world import World, simulate

CONFIG = replace(
    SMALL, cuts=(0.6, 0.75, 0.9), queries=60, feed=replace(SMALL.feed, rounds=10),
    fewest_shares=10**6,
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    root = tmp_path_factory.mktemp("refresh")
    simulate(World(users=160, items=100, days=24), root / "world", 5, end_us=END)
    home = Home(root / "home")
    ingest(root / "world", home)
    snapshot.publish(home, END - 3 * DAY_US, BusinessZone())
    return home


@pytest.fixture(scope="module")
def old(home) -> Bundle:
    with pytest.raises(MissingStep, match="no bundle to refresh"):
        refresh.base(home)
    made = train(home, CONFIG, Steps()).bundle
    with pytest.raises(InputError, match="nothing is known after"):
        refresh.refresh(home, made, Steps())
    return made


@pytest.fixture(scope="module")
def new(home, old) -> Trained:
    snapshot.publish(home, END, BusinessZone())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(refresh, "FEWEST", 20)
        return refresh.refresh(home, refresh.base(home), Steps())


def test_sources_are_of_now_and_the_rest_is_as_it_was(old, new):
    made = Bundle.open(new.bundle.folder)
    assert (made.as_of_us, made.manifest["refreshed"]) == (END, old.manifest["sha"])
    assert not np.array_equal(made.parts.als.vectors, old.parts.als.vectors)
    assert not np.array_equal(made.parts.items.counters["item.views_7"],
                              old.parts.items.counters["item.views_7"])  # fmt: skip
    assert made.manifest["similar"] == old.manifest["similar"]
    assert made.parts.outcomes.heads.keys() == old.parts.outcomes.heads.keys()


def test_the_days_since_judge_it_as_it_was(old, new):
    assert new.windows["test"].start_us == old.as_of_us
    assert set(new.metrics["feed"]) > {"full", "popularity"}
    assert new.beside["champion"] == old.manifest["sha"]
    assert new.bundle.manifest["windows"]["test"] == [END, END]


def test_it_answers(home, new):
    past, _ = Course(home, CONFIG).opened
    users = sorted(past.acts.people)[:3]
    people, feed = Replayed.of(past, users, new.bundle.parts.items), Feed(new.bundle)
    for user in users:
        assert feed.recommend(FeedQuery(user, k=5, at_us=END), people).items


def test_where_hardly_anybody_came_nothing_is_judged(home, old, new, monkeypatch):
    monkeypatch.setattr(refresh, "FEWEST", 10**6)
    made = refresh.refresh(home, old, Steps())
    assert made.metrics == old.manifest["metrics"]
    assert made.bundle.parts.feed.rounds == old.parts.feed.rounds
    assert made.bundle.as_of_us == END
