"""The schema takes what the parser takes, of random documents, and refuses what it refuses."""

import jsonschema_rs
import pytest
from hypothesis import given, settings

from recsys.segments.parse import parse
from recsys.segments.presets import PRESETS
from recsys.segments.schema import schema
from tests.recsys.segments.test_compile import segments
from tests.recsys.segments.test_parse import FAULTS

BEYOND = ("the range is empty", "no possible window", "window is empty", "no day", "two windows",
          "ties of ties", "of the whole order", "nested too deeply", "whole number in range",
          "total_fen is of", "no list of values", "counted as such")  # fmt: skip
"""What only the parser can say."""


@pytest.fixture(scope="module")
def judge() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema())


@settings(max_examples=60, deadline=None)
@given(segments)
def test_what_is_parsed_is_valid(judge, document):
    parse(document)
    judge.validate(document)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda one: one.name)
def test_presets_are_parsed_and_valid(judge, preset):
    parse(preset.document)
    judge.validate(preset.document)


def test_faults_are_invalid(judge):
    told = [
        document
        for document, words in FAULTS
        if judge.is_valid(document) and not any(one in words for one in BEYOND)
    ]
    assert told == []
