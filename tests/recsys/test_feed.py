"""The personal feed, asked about people whose right answer is visible."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from features.frames.feed import COLUMNS
from features.online import Act
from recsys.bundle import Settings
from recsys.candidates.alike import Alike
from recsys.feed import Feed
from recsys.query import FeedAnswer, FeedQuery
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig
from tests.recsys.crowds import NOW, Crowd, befriended, bought, bundle, did, gave, viewed
from tests.serving import shops


def query(user: str = "u", k: int = 10, **more: object) -> FeedQuery:
    return FeedQuery(user, k=k, at_us=NOW, **more)


def names(answer: FeedAnswer) -> list[str]:
    return [item.item_id for item in answer.items]


@pytest.fixture
def feed(tmp_path) -> Feed:
    return Feed(bundle(tmp_path))


@pytest.fixture(scope="module")
def ranker() -> LambdaMart:
    """Prefers items that the person did much with lately."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2_000, len(COLUMNS))).astype(np.float32)
    place = list(COLUMNS).index("touch.interest_30")
    labels = (rows[:, place] > 0.5).astype(np.int64)
    config = LambdaMartConfig(rounds=10, min_data_in_leaf=50, threads=1)
    return LambdaMart.fit(Groups(rows, labels, np.full(200, 10)), None, list(COLUMNS), config)


def test_a_stranger_gets_what_is_popular(feed):
    answer = feed.recommend(query(k=3), Crowd())
    assert names(answer) == ["i0", "i1", "i2"]
    assert not answer.known_user
    assert answer.items[0].sources == ("popular",)
    assert [reason.code for reason in answer.items[0].reasons] == ["popular"]
    assert answer.degraded == ()


@pytest.mark.parametrize(("k", "length"), [(1, 1), (4, 4), (10, 10), (500, 10)])
def test_k_is_the_most_there_is(feed, k, length):
    answer = feed.recommend(query(k=k), Crowd())
    assert len(answer.items) == length
    assert len(set(names(answer))) == length


def test_what_one_looked_at_comes_back(feed):
    answer = feed.recommend(query(), Crowd(viewed("u", "i8", days=0.1)))
    assert answer.known_user
    assert names(answer)[0] == "i8"
    assert {"again", "popular"} <= set(answer.items[0].sources)
    codes = [reason.code for reason in answer.items[0].reasons]
    assert codes[0] == "again"


@pytest.mark.parametrize("off", [
    {"query": False}, {"event": did("u", "Personalization Toggled", days=2, reason="off")},
    {"event": gave("u", "social_graph")},
])  # fmt: skip
def test_without_personalisation_opposite_people_get_the_same(feed, off):
    asked = query(personalized=off.get("query", True), recent=())
    own = [off["event"]] if "event" in off else []
    one = feed.recommend(asked, Crowd(bought("u", "i7"), befriended("u", "f"), *own))
    other = feed.recommend(asked, Crowd(viewed("u", "i2"), viewed("u", "i9"), *own))
    stranger = feed.recommend(asked, Crowd())
    assert names(one) == names(other) == names(stranger)
    assert [item.score for item in one.items] == [item.score for item in other.items]
    assert [item.reasons for item in one.items] == [item.reasons for item in other.items]
    assert not one.personalized
    assert one.features.shape == (0, 0)


def test_switched_off_friends_are_not_even_looked_up(feed):
    crowd = Crowd(befriended("u", "f"))
    feed.recommend(query(personalized=False), crowd)
    assert crowd.asked == ["u"]


def test_a_filter_that_leaves_nothing_leaves_an_empty_list(feed):
    answer = feed.recommend(query(category=frozenset({"ghost"}), explain=True), Crowd())
    assert answer.items == ()
    assert set(answer.removed["filtered"]) == set(shops.ITEMS)


def test_filters_and_exclusions_hold(feed):
    asked = query(category=frozenset({"cups"}), exclude=frozenset({"i1", "i5"}))
    assert set(names(feed.recommend(asked, Crowd(viewed("u", "i1"))))) == {"i3", "i7", "i9"}


def test_pages_that_exclude_the_earlier_ones_do_not_overlap(feed):
    crowd, seen = Crowd(viewed("u", "i4"), viewed("u", "i9")), []
    for _ in range(4):
        seen += names(feed.recommend(query(k=3, exclude=frozenset(seen)), crowd))
    assert sorted(seen) == shops.ITEMS


def test_what_friends_bought_comes_up_and_says_so(feed):
    friends = [f"f{n}" for n in range(3)]
    crowd = Crowd(*(befriended("u", f) for f in friends), *(bought(f, "i9") for f in friends))
    answer = feed.recommend(query(), crowd)
    assert names(answer)[0] == "i9"
    reason = answer.items[0].reasons[0]
    assert (reason.code, reason.count) == ("friends_bought", 3)


def test_two_friends_are_not_counted_aloud(feed):
    crowd = Crowd(*(befriended("u", f) for f in "ab"), *(bought(f, "i9") for f in "ab"))
    codes = {r.code for item in feed.recommend(query(), crowd).items for r in item.reasons}
    assert not codes & {"friends_bought", "friends_like"}


@pytest.mark.parametrize("who", ["f", "u"])
def test_a_friend_who_refused_is_not_used_nor_friends_of_one_who_did(feed, who):
    deeds = [befriended("u", "f"), bought("f", "i9")]
    assert "friends" in feed.recommend(query(), Crowd(*deeds)).items[0].sources
    answer = feed.recommend(query(), Crowd(*deeds, gave(who, "personalize")))
    assert not any("friends" in item.sources for item in answer.items)
    assert answer.personalized


def test_ones_own_opened_link_makes_nobody_a_friend_of_oneself(feed):
    own = did("u", "Share Link Opened", "i8", peer_id="u", share_id="s")
    answer = feed.recommend(query(), Crowd(own, bought("u", "i9")))
    assert not any("friends" in item.sources for item in answer.items)


@pytest.mark.parametrize(("repeats", "there"), [(True, True), (False, False)])
def test_what_was_bought_is_shown_where_purchases_repeat(tmp_path, repeats, there):
    parts = replace(shops.parts(), settings=Settings(repeats=repeats))
    crowd = Crowd(bought("u", "i0", days=300), *(viewed("u", "i1") for _ in range(150)))
    answer = Feed(bundle(tmp_path, parts)).recommend(query(explain=True), crowd)
    assert ("i0" in names(answer)) is there
    assert answer.removed.get("bought", ()) == (() if there else ("i0",))


def test_what_is_sold_out_now_is_not_shown(feed):
    feed.items.on_sale[feed.items.ids.code("i0")] = False
    answer = feed.recommend(query(explain=True), Crowd(viewed("u", "i0")))
    assert "i0" not in names(answer)
    assert answer.removed == {"not_available": ("i0",)}


def test_what_the_app_just_saw_counts_at_once(feed):
    act = Act(NOW - 1_000_000, "Product Viewed", "i9")
    crowd = Crowd(viewed("u", "i2", days=3))
    answer = feed.recommend(query(recent=(act,)), crowd)
    (item,) = [item for item in answer.items if item.item_id == "i9"]
    assert "again" in item.sources
    assert names(answer).index("i9") < 3
    assert [act.item_id for act in crowd.known["u"].recent] == ["i2"]  # nothing is kept of it


def test_the_future_is_not_seen(feed):
    answer = feed.recommend(query(), Crowd(viewed("u", "i9", days=-1)))
    assert not any("again" in item.sources for item in answer.items)


def test_the_rankers_rows_come_along(tmp_path, ranker):
    parts = replace(shops.parts(), feed=ranker)
    answer = Feed(bundle(tmp_path, parts)).recommend(query(k=4), Crowd(viewed("u", "i6")))
    assert answer.feature_names == tuple(COLUMNS)
    assert answer.features.shape == (4, len(COLUMNS))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert ranker.score(answer.features).tolist() == pytest.approx(scores)
    assert names(answer)[0] == "i6"


def test_a_ranker_that_breaks_is_left_out_and_named(tmp_path, ranker, monkeypatch, caplog):
    feed = Feed(bundle(tmp_path, replace(shops.parts(), feed=ranker)))
    monkeypatch.setattr(feed.parts.feed, "score", lambda rows: 1 / 0)
    answer = feed.recommend(query(k=3), Crowd())
    assert names(answer) == ["i0", "i1", "i2"]
    assert answer.degraded == ("ranker",)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("name", ["als", "similar", "friends_taste", "friends", "again", "popular"])
def test_a_source_that_breaks_is_left_out_and_named(feed, monkeypatch, name):
    crowd = Crowd(befriended("u", "f"), bought("f", "i9"), viewed("u", "i8"))
    (source,) = [one for one in feed.sources if one.name == name]
    monkeypatch.setattr(type(source), "propose", lambda self, moment, n: 1 / 0)
    answer = feed.recommend(query(), crowd)
    assert answer.degraded == (f"source:{name}",)
    assert answer.items


def test_people_alike_are_asked_where_the_bundle_has_them(tmp_path, ranker):
    """Who bought i4 bought i9 as well."""
    parts = shops.parts()
    pairs = ([0, 0, 1, 1], np.tile(parts.items.ids.codes(["i4", "i9"]), 2))
    both = sparse.csr_matrix((np.ones(4, np.float32), pairs), shape=(2, len(parts.items)))
    feed = Feed(bundle(tmp_path, replace(parts, feed=ranker, alike=Alike.fit(both))))
    answer = feed.recommend(query(k=10), Crowd(viewed("u", "i4")))
    said = {one.item_id: one.sources for one in answer.items}
    assert "alike" in said["i9"]


def test_past_its_deadline_a_request_gets_what_is_popular(feed):
    late = feed.recommend(query(deadline_s=0.0), Crowd(viewed("u", "i4")))
    assert (late.degraded, late.personalized, late.known_user) == (("personal",), False, True)
    assert names(late) == names(feed.recommend(query(personalized=False), Crowd()))


def test_whatever_else_breaks_there_is_a_list_and_the_rules_hold(feed, monkeypatch, caplog):
    monkeypatch.setattr(feed, "_moment", None)
    first, *rest = names(feed.recommend(query(personalized=False), Crowd()))
    answer = feed.recommend(query(exclude=frozenset({first})), Crowd())
    assert names(answer)[: len(rest)] == rest
    assert answer.degraded == ("personal",)
    assert "popular alone" in caplog.text


def test_a_rule_that_breaks_lets_nothing_through(feed, monkeypatch):
    monkeypatch.setattr(feed.rules[0], "apply", None, raising=False)
    with pytest.raises(TypeError):
        feed.recommend(query(), Crowd())


class Failing(Crowd):
    """A store that answers for one person alone, or for nobody."""

    def __init__(self, *events, answers: int) -> None:
        super().__init__(*events)
        self.answers = answers

    def states(self, user_ids):
        if self.answers == 0:
            raise TimeoutError
        self.answers -= 1
        return super().states(user_ids)


@pytest.mark.parametrize(("answers", "left_out"), [(0, "state"), (1, "friends")])
def test_a_store_that_fails_costs_what_it_would_have_told(feed, answers, left_out):
    crowd = Failing(befriended("u", "f"), bought("f", "i9"), answers=answers)
    answer = feed.recommend(query(k=3), crowd)
    assert answer.degraded == (left_out,)
    assert names(answer) == ["i0", "i1", "i2"]


def test_each_stage_is_timed_when_asked(feed):
    answer = feed.recommend(query(explain=True), Crowd())
    assert list(answer.milliseconds) == ["state", "sources", "rules", "ranking"]
    assert answer.candidates["popular"] == 10


def test_a_deleted_tag_hides_its_facts_from_the_ranker(tmp_path, ranker):
    feed = Feed(bundle(tmp_path, replace(shops.parts(), feed=ranker)))
    column = list(COLUMNS).index("user.since_order")
    known = feed.recommend(query(), Crowd(bought("u", "i1")))
    hidden = feed.recommend(
        query(), Crowd(bought("u", "i1"), did("u", "Tag Suppressed", reason="life.r_days"))
    )
    assert known.features[0, column] == pytest.approx(np.log1p(1.0))
    assert np.isnan(hidden.features[:, column]).all()


def test_the_same_question_has_the_same_answer(feed):
    crowd = Crowd(viewed("u", "i3"), viewed("u", "i4"), befriended("u", "f"), bought("f", "i5"))
    first, second = (feed.recommend(query(), crowd) for _ in range(2))
    assert names(first) == names(second)
