"""Versions, dependencies and lists."""

import pytest

from features.errors import InputError, UnknownName
from features.home import Home
from recsys.segments.book import Book

BUYERS = {"event": "Order Completed"}


@pytest.fixture
def book(tmp_path):
    opened = Book.open(Home(tmp_path))
    yield opened
    opened.close()


def test_versions_and_what_changed(book):
    book.save("buyers", BUYERS, "李", "first")
    book.save("buyers", BUYERS | {"within": "30d"})
    assert [one.version for one in book.versions("buyers")] == [1, 2]
    assert book.get("buyers", 1).document == BUYERS
    assert '+ "within": "30d"' in book.diff("buyers", 1, 2)
    with pytest.raises(UnknownName, match="buyers"):
        book.get("buyers", 3)


def test_no_segment_contains_itself(book):
    book.save("a", BUYERS)
    book.save("b", {"segment": "a"})
    with pytest.raises(InputError, match="contains itself: a → b → a"):
        book.save("a", {"not": {"segment": "b"}})
    with pytest.raises(InputError, match="contains itself: a → a"):
        book.save("a", {"social": {"where": {"segment": "a"}}})


def test_what_others_are_made_of_stays(book):
    book.save("a", BUYERS)
    book.save("b", {"segment": "a"})
    with pytest.raises(InputError, match=r"part of others .*b"):
        book.delete("a")
    book.delete("b")
    book.delete("a")
    assert book.names() == []
    with pytest.raises(UnknownName):
        book.get("a")


def test_lists(book):
    assert book.put_list("vip", ["u1", "u2", "u2"]) == 2
    assert book.put_list("vip", ["用户"], "append") == 3
    assert book.put_list("vip", ["u1"], "remove") == 2
    assert book.put_list("vip", ["u9"]) == 1
    with pytest.raises(UnknownName, match="mode"):
        book.put_list("vip", [], "add")
    with pytest.raises(UnknownName, match="vip"):
        book.save("a", {"list": "vips"})
    assert book.forget(["u9"]) == 1


def test_a_newer_file_is_refused(tmp_path):
    first = Book.open(Home(tmp_path))
    first.connection.execute("PRAGMA user_version = 99")
    first.close()
    with pytest.raises(InputError, match="newer version"):
        Book.open(Home(tmp_path))


def test_a_deleted_name_can_be_used_again(book):
    book.save("a", BUYERS)
    book.delete("a")
    assert book.save("a", BUYERS).version == 2
    assert book.names() == ["a"]
