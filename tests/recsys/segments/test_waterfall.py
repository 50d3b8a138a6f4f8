"""From a segment to a send list, where the answer is known at each step."""

import pytest

from features.clock import HOUR_US, format_instant
from features.errors import InputError, UnknownName
from features.store import open_ledger
from recsys.segments.control import Holding
from recsys.segments.desk import open_desk
from recsys.segments.parse import parse
from recsys.segments.waterfall import waterfall
from tests.recsys.segments.conftest import AT, BUYERS

EVERYBODY = parse({"all": []})
SENT = AT + HOUR_US


@pytest.fixture
def ledger(home):
    opened = open_ledger(home)
    yield opened
    opened.forget(BUYERS)
    opened.close()


def test_caps_and_control_take_people_off(home, ledger):
    for n in range(12):
        for who in BUYERS[1:61]:
            ledger.charge("", who, "sms", SENT - 30 * 60 * 1_000_000 + n, f"{who}-{n}")
    with open_desk(home) as desk:
        desk.make("CREATE TABLE reach AS SELECT user_id, 'sms' AS channel, TRUE AS consents, "
                 "TRUE AS way FROM ground1")  # fmt: skip
        found = waterfall(desk, ledger, EVERYBODY, "sms", SENT, Holding("spring", 50.0))
    steps = {one.name: one for one in found.steps}
    assert found.segment == 199
    assert (steps["caps"].removed, steps["caps"].people) == (60, 139)
    assert steps["control"].removed + steps["control"].people == 139
    assert 50 <= steps["control"].people <= 89


def test_nobody_is_reached_without_a_way(home, ledger):
    with open_desk(home) as desk:
        found = waterfall(desk, ledger, EVERYBODY, "wecom", SENT, Holding("spring"))
    assert [(one.name, one.people) for one in found.steps][:2] == [
        ("consent", 199),
        ("reachable", 0),
    ]


def test_quiet_hours_move_the_send(home, ledger):
    night = AT // (24 * HOUR_US) * 24 * HOUR_US + 16 * HOUR_US  # midnight in Shanghai
    with open_desk(home) as desk:
        found = waterfall(desk, ledger, EVERYBODY, "sms", night, Holding("spring"))
    assert format_instant(found.send_at_us) == format_instant(night + 8 * HOUR_US)


def test_what_cannot_be(home, ledger):
    with open_desk(home) as desk, pytest.raises(UnknownName, match="channel"):
        waterfall(desk, ledger, EVERYBODY, "pigeon", SENT, Holding("spring"))
    with open_desk(home) as desk, pytest.raises(InputError, match="no control share"):
        desk.book.hold_out("", 80.0)
