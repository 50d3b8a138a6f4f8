import pytest

from features.errors import InputError, UnknownName
from recsys.policy import FeedPolicy, of, read


def test_a_file_changes_what_it_names(tmp_path):
    path = tmp_path / "feed.toml"
    path.write_text('most_of_shop = 0.25\n[[boosts]]\nwhat = "shop"\nname = "s1"\nlift = 0.1\n')
    found = read(path)
    assert (found.most_of_shop, found.boosts[0].name) == (0.25, "s1")
    assert found.explore_every == FeedPolicy().explore_every


def test_without_a_file_all_is_as_usual(tmp_path):
    assert read(tmp_path / "feed.toml") == FeedPolicy()


@pytest.mark.parametrize(("given", "said"), [
    ({"most_of_shop": 1.5}, "no share"), ({"diversity": -1.0}, "negative"),
    ({"most_of_shop": "much"}, "wrong value"), ({"boosts": [{"what": "price"}]}, "wrong value"),
])  # fmt: skip
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        of(given)


def test_a_policy_has_nothing_to_do_with_prices():
    with pytest.raises(UnknownName):
        of({"price": 1})
