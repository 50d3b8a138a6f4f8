"""How large a segment was on other days, where it is known."""

import pytest
from typer.testing import CliRunner

from features import job
from features.clock import DAY_US
from features.home import Home
from recsys.segments.commands import app
from recsys.segments.desk import open_desk
from recsys.segments.parse import parse
from recsys.segments.trend import trend
from tests.features.histories import keep
from tests.recsys.segments.conftest import AT, BUYERS, PEOPLE, ZONE, _event

ORDERED = parse({"event": "Order Completed"})


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """Sixty people had ordered three days ago, and 80 yesterday."""
    place = Home(tmp_path_factory.mktemp("trend"))
    events = [_event(f"v{who}", "Product Viewed", who, 9.0, "i0") for who in PEOPLE]
    events += [
        _event(f"o{who}", "Order Completed", who, 5.0 if n < 60 else 1.0, "i1")
        for n, who in enumerate(BUYERS)
    ]
    keep(place, events)
    for days in (6, 3, 0):
        job.run(place, AT - days * DAY_US, ZONE)
    return place


def test_each_day_is_counted_on_what_was_known_then(home):
    with open_desk(home) as desk:
        found = trend(desk, ORDERED)
        again = trend(desk, ORDERED, seconds=-1.0)
        first = trend(desk, parse({"event": "Product Viewed"}), seconds=-1.0)
        few = trend(desk, ORDERED, days=4)
    assert [(one.people, one.base) for one in found.points] == [(0, 200), (60, 200), (80, 200)]
    assert again == found  # all three were kept
    assert ([one.people for one in first.points], first.missing) == ([200], 2)
    assert [one.people for one in few.points] == [60, 80]


def test_what_may_change_by_itself_is_not_kept(home):
    with open_desk(home) as desk:
        desk.book.put_list("vip", PEOPLE[:60])
        listed = parse({"list": "vip"})
        assert [one.people for one in trend(desk, listed).points] == [60, 60, 60]
        desk.book.put_list("vip", PEOPLE[:90])
        assert [one.people for one in trend(desk, listed).points] == [90, 90, 90]


def test_from_the_shell(home, tmp_path):
    (tmp_path / "a.yaml").write_text("{event: Order Completed}")
    told = CliRunner().invoke(app, ["trend", str(tmp_path / "a.yaml"), "--data", str(home.root)])
    assert [line.split("\t")[1] for line in told.output.splitlines()] == [
        "0 of 200", "60 of 200", "80 of 200",
    ]  # fmt: skip
