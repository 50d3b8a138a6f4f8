"""Declarations that cannot mean anything are refused, with their mend."""

import pytest

from features.counters import Counter, Days, Key, Scope
from features.errors import DeclarationError, UnknownName

GOOD = {
    "name": "user.views_7",
    "sentence": "views, half-life a week",
    "key": Key.USER,
    "events": {"Product Viewed": 1.0},
}


def test_a_good_declaration_stands():
    assert Counter(**GOOD, half_life=Days(7)).online


@pytest.mark.parametrize(
    ("bad", "says", "mend"),
    [
        ({"name": "views"}, "bad name", "user.views_7"),
        ({"name": "item.views_7"}, "bad name", "a name such as user."),
        ({"name": "user.Views-7"}, "bad name", "a name such as"),
        ({"events": {}}, "counts nothing", 'events={"Product Viewed": 1.0}'),
        ({"half_life": 7}, "half_life has no unit", "write Days(7)"),
        ({"window": 30}, "window has no unit", "write Days(30)"),
        ({"half_life": Days(0)}, "half_life must be positive", "Days(30)"),
        ({"window": Days(-1)}, "window must be positive", "Days(30)"),
        ({"half_life": Days(7), "window": Days(7)}, "exclude each other", "keep one"),
        ({"window": Days(1.5)}, "a window counts whole days", "window=Days(30)"),
        ({"distinct": "day", "last": "at_us"}, "do not mix", "one of a sum, distinct, last"),
        ({"last": "at_us", "value": "price_fen"}, "do not mix", "one of a sum"),
        ({"distinct": "day", "half_life": Days(7)}, "do not mix", "one of a sum"),
        ({"name": "item.views", "key": Key.ITEM, "mirror": True}, "only USER and PAIR", "mirror"),
        ({"scope": "horoscope"}, "scope 'horoscope' may not be used", "personalize"),
        ({"scope": "personalize"}, "scope 'personalize' may not be used", "one of personalize"),
        ({"sensitivity": "S4"}, "sensitivity 'S4' may not be used", "one of S0"),
    ],
)
def test_a_bad_declaration_names_its_mend(bad, says, mend):
    with pytest.raises(DeclarationError) as caught:
        Counter(**(GOOD | bad))
    assert says in caught.value.problem
    assert mend in caught.value.next_step


@pytest.mark.parametrize(
    ("bad", "nearest"),
    [
        ({"events": {"Product View": 1.0}}, "Product Viewed"),
        ({"value": "price"}, "price_fen"),
        ({"distinct": "categories"}, "category"),
        ({"last": "at"}, "at_us"),
    ],
)
def test_an_unknown_word_brings_the_nearest(bad, nearest):
    with pytest.raises(UnknownName, match=nearest):
        Counter(**(GOOD | bad))


def test_durations_carry_their_unit():
    assert Days(0.5).us == 43_200_000_000
    assert Days(1) < Days(7)


def test_keys_know_their_columns():
    assert Key.PAIR.columns == ("user_id", "peer_id")
    assert Key.TOUCH.word == "touch"
    assert [key.personal for key in (Key.USER, Key.ITEM, Key.TIER)] == [True, False, False]


def test_scopes_are_words():
    assert str(Scope.SOCIAL_GRAPH) == "social_graph"
