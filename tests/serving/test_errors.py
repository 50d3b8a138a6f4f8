import logging

import pytest

from features import errors
from serving.errors import KINDS, Refusal, fault, refusal


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (errors.UnknownName("x"), "invalid-fields"),
        (errors.BundleCorrupt("x"), "not-ready"),
        (errors.MissingStep("x"), "not-ready"),
        (errors.StoreError("x"), "store-unavailable"),
        (Refusal("too-large", "x"), "too-large"),
    ],
)
def test_errors_of_ours_have_a_kind(error: Exception, word: str) -> None:
    assert refusal(error, "r1").word == word


def test_defects_are_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        told = refusal(KeyError("secret"), "r1")
    assert (told.word, "secret" in told.detail, "r1" in told.detail) == ("internal", False, True)
    assert "secret" in caplog.text


def test_a_problem_has_what_rfc_9457_asks_for() -> None:
    problem = Refusal("too-large", "2 MiB").problem("r1")
    assert (problem.type, problem.status) == ("/problems/too-large", 413)
    assert problem.title == KINDS["too-large"].title


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Expected `int`, got `str` - at `$.recent[0].at`", "recent[0].at"),
        ("Object missing required field `user_id`", "user_id"),
        ("Object contains unknown field `a` - at `$.filters`", "filters.a"),
        ("Expected `object`, got `array`", "(body)"),
    ],
)
def test_the_field_at_fault_is_named(message: str, field: str) -> None:
    assert fault(message).field == field
