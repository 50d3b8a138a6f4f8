"""Send lists brought to a receiver that listens on this machine."""

import json

import pytest
from typer.testing import CliRunner

from features.errors import DeliveryError, InputError
from features.store import open_store
from recsys.segments import activation
from recsys.segments.commands import app
from recsys.segments.control import Holding
from recsys.segments.delivery import attempts, deliver
from recsys.segments.desk import open_desk
from recsys.segments.parse import parse
from recsys.segments.webhook import Hook
from tests.recsys.segments.conftest import BUYERS, REFUSING, ZONE
from tests.recsys.segments.receivers import named, receiver

BUSY = (503, {})


@pytest.fixture
def written(home, tmp_path):
    store = open_store(home, ZONE)
    with open_desk(home) as desk:
        given = activation.Handover("buyers", Holding(tmp_path.name, 25.0), tags=("life.stage",))
        ordered = parse({"event": "Order Completed", "within": "7d"})
        yield activation.export(desk, store, ordered, tmp_path / "out.parquet", given)
    store.close()


def test_everybody_to_be_contacted_comes_once_in_parts(home, written):
    with receiver() as told:
        named(home.root, told.url, people=20)
        done = deliver(home, Hook.open(home, "crm"), written)
    assert (done.people, done.parts) == (written.target, -(-written.target // 20))
    assert len(told.people) == len(set(told.people)) == written.target
    assert set(told.people) < set(BUYERS) - {REFUSING}
    said = json.loads(told.came[0][1])
    assert (said["segment"], said["people"][0]["life.stage"]) == ("buyers", "activated")


def test_a_receiver_that_is_busy_is_asked_again_and_all_is_on_record(home, written):
    waits = []
    with receiver(BUSY, (429, {"retry-after": "7"})) as told:
        named(home.root, told.url, wait_s=1.0)
        done = deliver(home, Hook.open(home, "crm"), written, waits.append)
    assert (done.attempts, [round(one) for one in waits]) == (3, pytest.approx([1, 8], abs=1))
    assert len({headers["webhook-id"] for headers, _ in told.came}) == 1
    record = attempts(home, written.campaign)
    assert [(one["attempt"], one["status"]) for one in record] == [(1, 503), (2, 429), (3, 204)]
    assert not set(BUYERS) & set(json.dumps(record).split('"'))


def test_a_delivery_that_broke_off_goes_on_where_it_stopped(home, written):
    with receiver((204, {}), *[BUSY] * 2) as told:
        named(home.root, told.url, people=30, attempts=2)
        hook = Hook.open(home, "crm")
        with pytest.raises(DeliveryError, match="HTTP 503 at attempt 2"):
            deliver(home, hook, written)
        done = deliver(home, hook, written)
        assert (done.skipped, done.people) == (1, written.target)
        assert deliver(home, hook, written).attempts == 0
    taken = {headers["webhook-id"] for headers, _ in told.came}
    assert len(taken) == done.parts


def test_a_receiver_that_refuses_is_not_asked_again(home, written):
    with receiver((400, {})) as told:
        named(home.root, told.url)
        with pytest.raises(DeliveryError, match="HTTP 400 at attempt 1"):
            deliver(home, Hook.open(home, "crm"), written)
    assert len(told.came) == 1


def test_from_the_shell(home, tmp_path):
    segment = tmp_path / "buyers.json"
    segment.write_text(json.dumps({"event": "Order Completed", "within": "7d"}))
    words = ["deliver", str(segment), "crm", "--campaign", "双11/a", "--data", str(home.root)]
    with receiver() as told:
        named(home.root, told.url)
        assert "people in 1 parts, 0 of them" in CliRunner().invoke(app, words).output
        assert "1 of them brought before" in CliRunner().invoke(app, words).output
    assert len(told.came) == 1
    shown = CliRunner().invoke(app, ["deliveries", "--data", str(home.root)]).output
    assert "crm\t双11/a\tmsg_" in shown
    named(home.root, told.url, private=False)
    with pytest.raises(InputError, match="no safe address"):
        CliRunner().invoke(app, words, catch_exceptions=False)


def test_by_default_only_hashes_of_those_who_agreed_leave(home, tmp_path):
    segment = tmp_path / "buyers.json"
    segment.write_text(json.dumps({"event": "Order Completed", "within": "7d"}))
    words = ["deliver", str(segment), "crm", "--campaign", "ads", "--data", str(home.root)]
    with receiver() as told:
        named(home.root, told.url, destination="ads")
        assert ": 0 people in 0 parts" in CliRunner().invoke(app, words).output
    assert told.came == []  # nobody gave share_out
