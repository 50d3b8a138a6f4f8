"""The declared counters."""

from itertools import groupby

import pytest

from features import catalogue
from features.catalogue import CATALOGUE, counter, declaration_hash, of_key
from features.clock import Refresh
from features.counters import Counter, Days, Key, Scope
from features.errors import DeclarationError, UnknownName
from features.events import KINDS
from features.weights import INTEREST

every = pytest.mark.parametrize("declared", CATALOGUE.values(), ids=CATALOGUE)


@every
def test_a_declaration_says_what_it_counts(declared):
    assert len(declared.sentence) >= 8
    assert declared.sentence == declared.sentence.strip()
    assert declared.name in CATALOGUE
    assert set(declared.events) <= set(KINDS)


@every
def test_what_concerns_another_person_needs_the_social_consent(declared):
    if declared.mirror or declared.key is Key.PAIR:
        assert declared.scope is Scope.SOCIAL_GRAPH


@every
def test_a_half_life_is_what_the_name_says(declared):
    number = declared.name.rpartition("_")[2]
    duration = declared.half_life or declared.window
    if number.isdigit():
        assert duration == Days(int(number))


def test_sentences_tell_the_counters_of_a_key_apart():
    for _, group in groupby(CATALOGUE.values(), lambda one: one.key):
        sentences = [one.sentence for one in group]
        assert len(set(sentences)) == len(sentences)


def test_items_are_refreshed_daily_and_people_live():
    for declared in CATALOGUE.values():
        assert declared.refresh is (Refresh.LIVE if declared.key.personal else Refresh.DAY)
        assert declared.online is declared.key.personal


def test_every_key_has_counters():
    assert sum(len(of_key(key)) for key in Key) == len(CATALOGUE)
    assert all(of_key(key) for key in Key)


def test_one_added_twice_is_refused():
    one = counter("user.orders")
    with pytest.raises(DeclarationError, match=r"user\.orders is declared twice.*rename one"):
        catalogue._index([one, one])


def test_the_nearest_names_are_offered():
    with pytest.raises(UnknownName, match=r"unknown counter 'user\.order'.*user\.orders"):
        counter("user.order")


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        CATALOGUE["user.views"] = counter("user.orders")


def test_the_fingerprint_follows_the_declarations(monkeypatch):
    before = declaration_hash()
    changed = Counter("user.orders", "orders ever", Key.USER, {"Order Completed": 2.0}, once=True)
    monkeypatch.setattr(catalogue, "CATALOGUE", {**CATALOGUE, "user.orders": changed})
    assert declaration_hash() != before


def test_a_refund_takes_back_what_an_order_said():
    assert INTEREST["Order Refunded"] == -INTEREST["Order Completed"]
