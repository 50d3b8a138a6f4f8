from dataclasses import replace

import pytest

from features.counters import Scope, Sensitivity
from features.errors import DeclarationError
from features.portraits import TAGS, Kind, Use
from features.portraits.catalogue import indexed
from features.portraits.phrases import PHRASES

GOOD = TAGS["life.f_365"]


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"name": "Life"}, r"life\.r_days"),
        ({"zh": ""}, "give zh"),
        ({"sensitivity": "S3"}, "S0, S1, S2, sys"),
        ({"scope": "anything"}, "personalize"),
        ({"kind": "money"}, "enum"),
        ({"needs": ()}, "name the counters"),
        ({"needs": ("user.order",)}, r"user\.orders"),
        ({"needs": ("touch.orders",)}, "PHRASES"),
        ({"profile": ("religion",)}, "gender"),
        ({"needs": ("user.opens_30",)}, "SOCIAL_GRAPH"),
        ({"needs": ("user.shares",)}, "class S1"),
        ({"kind": Kind.ENUM}, "words="),
        ({"kind": Kind.VECTOR}, "labels="),
        ({"sensitivity": Sensitivity.SYSTEM}, "usable_in"),
        ({"sensitivity": Sensitivity.DELICATE}, "EXPORT"),
    ],
)
def test_a_bad_declaration_is_refused_with_its_mend(change, mend):
    with pytest.raises(DeclarationError, match=mend):
        replace(GOOD, **change)


def test_a_name_may_be_taken_once():
    with pytest.raises(DeclarationError, match="declared twice"):
        indexed([GOOD, GOOD])


def test_ties_stay_in_and_only_their_number_leaves():
    ties = TAGS["soc.strong_ties"]
    assert ties.scope is Scope.SOCIAL_GRAPH
    assert Use.EXPORT not in ties.usable_in


def test_a_tag_knows_its_events():
    assert TAGS["life.m_365"].events == ("Order Completed", "Order Refunded")


def test_no_phrase_is_idle():
    assert set(PHRASES) == {name for tag in TAGS.values() for name in tag.needs}
