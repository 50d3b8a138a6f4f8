"""Questions about segments, asked of a home on disk."""

import csv
import hashlib
import json
import zipfile

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features import controls
from features.clock import DAY_US
from features.counters import Scope
from features.errors import InputError, UnknownName
from features.forget import forget
from features.history import History
from features.store import open_store
from recsys.segments import activation, sizing
from recsys.segments import desk as ground_of
from recsys.segments.commands import app
from recsys.segments.control import Holding
from recsys.segments.desk import open_desk
from recsys.segments.insight import insight
from recsys.segments.parse import parse
from recsys.segments.why import why
from tests.recsys.segments.conftest import AT, BUYERS, PEOPLE, REFUSING, ZONE

ORDERED = {"event": "Order Completed", "within": "7d"}
MALE = {"tag": "demo.gender", "op": "==", "value": "male"}


@pytest.fixture
def desk(home):
    with open_desk(home) as opened:
        yield opened


def count(desk, document) -> int:
    return len(desk.ask(desk.members(parse(document))))


def test_who_refuses_is_in_no_segment(desk):
    assert count(desk, {"all": []}) == len(PEOPLE) - 1
    assert count(desk, ORDERED) == len(BUYERS) - 1
    assert count(desk, {"not": ORDERED}) == len(PEOPLE) - len(BUYERS)
    with pytest.raises(UnknownName, match="nobody of the name"):
        why(desk, parse(ORDERED), REFUSING)


def test_sizes_are_exact_and_small_ones_hidden(desk):
    found = sizing.size(desk, parse(ORDERED))
    assert (found.people, found.base, found.as_of_us) == (79, 199, AT)
    few = sizing.size(desk, parse({"all": [ORDERED, {"event": "Product Shared"}]}))
    assert (few.people, few.told, few.share) == (None, "<50", None)
    assert sizing.sample(desk, parse({"all": [ORDERED, {"event": "Product Shared"}]})) == []


@pytest.mark.parametrize("few", [0, 1, 16])
def test_different_values_however_many_are_looked_for(home, monkeypatch, few):
    monkeypatch.setattr(ground_of, "FEW", few)
    both = {"event": ["Product Viewed", "Order Completed"], "agg": "distinct", "of": "item_id"}
    with open_desk(home) as desk:
        assert count(desk, both | {"op": "==", "value": 2}) == len(BUYERS) - 1
        assert count(desk, both | {"op": "==", "value": 1}) == len(PEOPLE) - len(BUYERS)
        viewed = both | {"event": "Product Viewed", "op": ">=", "value": 2}
        assert count(desk, viewed) == 0


def test_a_sample_names_nobody(desk):
    shown = sizing.sample(desk, parse(ORDERED))
    assert len(shown) == 10
    assert not any(who in json.dumps(shown) for who in PEOPLE)


def test_overlaps_without_double_counting(desk):
    told = sizing.overlap(desk, {"buyers": parse(ORDERED), "men": parse(MALE)})
    assert told["buyers"] == {"buyers": 79, "men": 0}
    assert told["any"] == {"any": 179}


def test_what_sets_buyers_apart(desk):
    found = insight(desk, parse(ORDERED))
    traits = {(one.tag, one.value): one for one in found.above}
    female = traits["demo.gender", "female"]
    assert female.share == 1.0
    assert female.tgi == pytest.approx(100 * 199 / 99)
    assert female.q < 0.001
    assert found.items == [("i1", 79)]
    assert insight(desk, parse({"any": []})) is None


def test_chance_is_not_told_as_a_difference(desk):
    half = insight(desk, parse({"bucket": {"salt": "any", "from": 0, "to": 5000}}))
    assert half is not None
    assert not half.above
    assert not half.below


def test_why_somebody_is_in(desk):
    told = why(desk, parse({"all": [ORDERED, {"not": MALE}]}), BUYERS[1])
    assert [(one.depth, one.holds) for one in told] == [(0, True), (1, True), (1, True), (2, False)]
    assert told[3].got == "female"


def test_saved_segments_and_lists_take_part(desk):
    desk.book.save("buyers", ORDERED)
    desk.book.put_list("vip", [BUYERS[1], BUYERS[2], "stranger", PEOPLE[-1]])
    assert count(desk, {"all": [{"segment": "buyers"}, {"list": "vip"}]}) == 2
    assert count(desk, {"not": {"segment": "buyers"}}) == len(PEOPLE) - len(BUYERS)


def test_portraits_of_days_that_are_not_there(desk):
    flow = {"flow": {"tag": "life.stage", "was": "new", "now": "growing", "days": 30}}
    with pytest.raises(InputError, match="no portraits of 30 days ago"):
        count(desk, flow)
    with pytest.raises(InputError, match="no scores of 'buy'"):
        count(desk, {"score": "buy", "op": ">", "value": 0.5})


@pytest.fixture
def store(home):
    opened = open_store(home, ZONE)
    yield opened
    opened.close()


def exported(desk, store, path, **more):
    holding = Holding("spring", more.pop("control", 10.0))
    given = activation.Handover("buyers", holding, **more)
    return activation.export(desk, store, parse(ORDERED), path, given)


def test_an_export_holds_a_control_group_back(desk, store, tmp_path):
    done = exported(desk, store, tmp_path / "out.csv", control=25.0, tags=("life.stage",))
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == done.target + done.control == done.members == 79
    assert 5 <= done.control <= 35
    assert {row["arm"] for row in rows} == {"target", "control"}
    again = exported(desk, store, tmp_path / "out.parquet", control=25.0)
    arms = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["arm"] for row in arms] == [row["arm"] for row in rows]
    assert again.control == done.control
    kept = (desk.home.root / "exports" / "record.jsonl").read_text().splitlines()
    assert json.loads(kept[-1])["campaign"] == "spring"


def test_who_refuses_after_the_snapshot_is_not_exported(desk, store, tmp_path):
    seq = store.append([controls.personalization_toggled(BUYERS[5], False, AT + DAY_US)]).last_seq
    assert store.wait_applied(seq)
    done = exported(desk, store, tmp_path / "out.csv")
    assert done.refused == 1
    assert BUYERS[5] not in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_handing_data_on_needs_a_consent_given(desk, store, tmp_path):
    who = BUYERS[7]
    scopes = ["personalize", "share_out"]
    seq = store.append([controls.consent_updated(who, scopes, AT + DAY_US)]).last_seq
    assert store.wait_applied(seq)
    done = exported(desk, store, tmp_path / "out.csv", destination="ads", control=0.0)
    assert (done.target, done.refused) == (1, 78)
    assert who not in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("more", "told"),
    [({"destination": "adz"}, "unknown destination"), ({"control": 60.0}, "control"),
     ({"tags": ("demo.gendr",)}, "open to export")],
)  # fmt: skip
def test_exports_that_cannot_be(desk, store, tmp_path, more, told):
    with pytest.raises(InputError, match=told):
        exported(desk, store, tmp_path / "out.csv", **more)
    assert not list(tmp_path.iterdir())


def test_from_the_shell(home, tmp_path):
    file = tmp_path / "buyers.yaml"
    file.write_text("event: Order Completed\nwithin: 7d\n", encoding="utf-8")
    people = tmp_path / "vip.txt"
    people.write_text("u001\nstranger\n", encoding="utf-8")

    def call(*words: str) -> str:
        result = CliRunner().invoke(app, [*words, "--data", str(home.root)])
        assert result.exit_code == 0, result.output
        return result.output

    assert "79 of 199 people, 39.7%" in call("estimate", str(file))
    assert json.loads(call("estimate", str(file), "--json"))["people"] == 79
    assert "version" in call("save", "shell", str(file))
    assert "shell\tversion" in call("list")
    assert "2 people, 1 of them strangers" in call("upload", "vip", str(people))
    assert "demo.gender female" in call("insight", "shell")
    assert "✓" in call("why", "shell", "u001")
    assert json.loads(call("overlap", "shell", str(file)))["shell"][str(file)] == 79
    assert "is off" in call("delete", "shell")


def test_whoever_is_forgotten_leaves_lists_and_segments(home):
    with open_desk(home) as desk:
        desk.book.put_list("gone", [PEOPLE[150], PEOPLE[151]])
    report = forget(home, PEOPLE[150])
    assert report.erased["lists"].rows == 1
    with open_desk(home) as desk:
        assert desk.book.listed("gone") == [PEOPLE[151]]
        assert PEOPLE[150] not in desk.ask(desk.members(parse({"all": []})))["user_id"].to_pylist()
    assert PEOPLE[150].encode() not in (home.root / "segments.db").read_bytes()


@pytest.mark.parametrize(
    ("name", "destination"),
    [("a.csv", "plain"), ("b.csv", "sms"), ("c.parquet", "ads"), ("d.csv", "ads"),
     ("e.xlsx", "wecom")],
)  # fmt: skip
def test_whoever_is_forgotten_leaves_exports_under_any_title(home, desk, store, name, destination):
    who = BUYERS[20 + "abcde".index(name[0])]
    scopes = ["personalize", *(str(scope) for scope in Scope if scope != Scope.PERSONALIZE)]
    seq = store.append([controls.consent_updated(who, scopes, AT + DAY_US)]).last_seq
    assert store.wait_applied(seq)
    path = home.root / "exports" / name
    exported(desk, store, path, destination=destination, control=0.0)
    called = hashlib.sha256(who.encode()).hexdigest() if destination == "ads" else who
    assert called in _words(path)
    assert forget(home, who).erased["exports"].rows >= 1
    assert not path.exists() or called not in _words(path)


def _words(path) -> str:
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist())
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return book.read("xl/worksheets/sheet1.xml").decode()
    return path.read_text(encoding="utf-8-sig")


def test_a_channel_needs_its_own_consent_and_arms_are_written_down(home, store, tmp_path):
    who = BUYERS[40]
    seq = store.append([controls.consent_updated(who, ["personalize"], AT + DAY_US)]).last_seq
    assert store.wait_applied(seq)
    with open_desk(home) as desk:
        holding = Holding("autumn", 20.0)
        given = activation.Handover("buyers", holding, "sms")
        path = tmp_path / "sms.csv"
        done = activation.export(desk, store, parse(ORDERED), path, given, assigned=True)
    assert done.refused >= 1
    assert who not in path.read_text(encoding="utf-8-sig")
    with History(home).connect() as connection:
        told = connection.execute(
            "SELECT arm, count(*), min(propensity) FROM events WHERE campaign_id = 'autumn' "
            "GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert told == [("control", done.control, 0.2), ("target", done.target, 0.8)]
