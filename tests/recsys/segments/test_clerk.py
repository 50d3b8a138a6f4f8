"""The counting process: answers in turn, cancels, and never dies of a question."""

import io
import json

import pytest

from features.forget import forget
from recsys.segments.clerk import Clerk
from tests.recsys.segments.conftest import PEOPLE

ESTIMATE = {"ask": "estimate", "given": {"segment": {"all": []}}}


@pytest.fixture
def clerk(home):
    made = Clerk(home, "embedded", io.StringIO())
    with made.opened:
        yield made


def test_questions_are_answered_and_faults_told(clerk):
    assert clerk.answer({"id": 1, **ESTIMATE})["told"]["people"] == 199
    wrong = {"id": 2, "ask": "estimate", "given": {"segment": {"tag": "life.stge"}}}
    assert clerk.answer(wrong)["error"] == "InputError"
    assert clerk.answer({"id": 3, "ask": "why not", "given": {}})["error"] == "UnknownName"
    clerk.cancelled.add(4)
    assert clerk.answer({"id": 4, **ESTIMATE}) == {"id": 4, "error": "Cancelled", "detail": ""}


def test_lines_in_lines_out(home):
    out = io.StringIO()
    Clerk(home, "embedded", out).serve([json.dumps({"id": 1, **ESTIMATE}) + "\n"])
    assert json.loads(out.getvalue())["id"] == 1


def test_a_saved_segment_lives_its_life(clerk):
    def ask(question, **given):
        return clerk.answer({"id": 1, "ask": question, "given": given})["told"]

    buyers = {"event": "Order Completed", "within": "7d"}
    assert ask("save", name="b", segment=buyers, note="first")["version"] == 1
    assert ask("save", name="b", segment={"not": buyers})["version"] == 2
    assert len(ask("versions", name="b")["versions"]) == 2
    assert any(line.startswith("+") for line in ask("diff", name="b", old=1, new=2)["lines"])
    page = ask("members", segment=buyers, k=50)
    rest = ask("members", segment=buyers, k=50, after=page["after"])
    assert page["user_ids"] + rest["user_ids"] == PEOPLE[1:80]
    assert ask("upload", name="l", user_ids=["u001", "x"])["strangers"] == 1
    assert ask("why", segment=buyers, user_id="u001")["contains"]
    assert ask("insight", segment=buyers)["insight"]["above"]
    assert ask("overlap", segments=[buyers, "b"])["people"]["#0"]["b"] == 0
    assert ask("delete", name="b") == {"deleted": "b"}


def test_who_is_forgotten_meanwhile_is_not_counted(clerk, home):
    before = clerk.answer({"id": 1, **ESTIMATE})["told"]["people"]
    forget(home, PEOPLE[120])
    assert clerk.answer({"id": 2, **ESTIMATE})["told"]["people"] == before - 1
