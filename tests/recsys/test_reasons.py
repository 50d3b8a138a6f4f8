"""Reasons are a closed list with words in both languages."""

import re
from pathlib import Path

import pytest

import recsys
from features.errors import UnknownName
from recsys.query import Reason
from recsys.reasons import TEXTS, text


@pytest.mark.parametrize("code", TEXTS)
def test_every_reason_has_words_in_both_languages(code):
    said = text(Reason(code, count=3, names={"category": "茶"}))
    assert re.search(r"[\u4e00-\u9fff]", said["zh"])
    assert re.search(r"[a-z]", said["en"])
    assert not re.search(r"[{}]", said["zh"] + said["en"])


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_mention_the_same(code):
    chinese, english = (set(re.findall(r"{(\w+)}", words)) for words in TEXTS[code])
    assert chinese == english <= {"count", "category"}


def test_the_list_is_closed():
    with pytest.raises(UnknownName, match=r"unknown reason 'friends_buy'.*friends_bought"):
        text(Reason("friends_buy"))
    with pytest.raises(TypeError):
        TEXTS["new"] = ("新", "new")


def test_every_reason_given_is_in_the_list_and_the_other_way_round():
    sources = Path(recsys.__file__).parent.rglob("*.py")
    given = {
        code
        for path in sources
        if path.name != "reasons.py"
        for code in re.findall(r"Reason\(f?\"(\w+(?:_{\w+})?)\"", path.read_text())
    }
    spelt = {
        code.replace("{word}", word)
        for code in given
        for word in (("bought", "like") if "{" in code else ("",))
    }
    assert spelt == set(TEXTS)
