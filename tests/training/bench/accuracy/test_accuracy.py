"""The whole bench on a town whose people buy what their club and their friends buy."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.errors import InputError, UnknownName
from recsys.candidates.matrix.ease import EaseConfig
from training.bench.accuracy import command, run, suite
from training.bench.commands import app
from training.retrieval import space, split

CLUBS, PEOPLE, ITEMS = 5, 30, 14


def put(folder: Path, name: str, **columns: object) -> Path:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> suite.Files:
    """Each buys half of the club's items, tests on two more; newcomers have one and friends."""
    folder, rng = tmp_path_factory.mktemp("town"), np.random.default_rng(0)
    rows: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for person in range(CLUBS * PEOPLE):
        own = rng.permutation(ITEMS) + person % CLUBS * ITEMS
        known = 1 if person < 30 else ITEMS // 2
        rows["train"] += [(f"u{person}", f"i{item}") for item in own[:known]]
        rows["test"] += [(f"u{person}", f"i{item}") for item in own[known : known + 2]]
    files = {
        name: put(folder, name, user=[a for a, _ in pairs], item=[b for _, b in pairs])
        for name, pairs in rows.items()
    }
    near = [(p, p + CLUBS * step) for p in range(100) for step in (1, 3, 7)]
    links = put(folder, "links", user=[f"u{a}" for a, _ in near], friend=[f"u{b}" for _, b in near])
    return suite.Files(files["train"], files["test"], links=links)


@pytest.fixture(scope="module")
def rows(town: suite.Files) -> dict[tuple[str, bool], dict]:
    data = split.read(town.train, town.test, links=town.links)
    only = ("popularity", "edlae", "item_knn", "als", "ease_friends", "friends")
    found = list(run.rows(data, minutes=0.02, cuts=(10,), only=only))
    return {(str(row["method"]), bool(row["social"])): dict(row) for row in found}


def test_every_method_has_a_row_and_the_blend_its_ablation(rows) -> None:
    assert list(rows) == [
        ("popularity", False), ("edlae", False), ("item_knn", False), ("als", False),
        ("ease_friends", True), ("friends", True), ("blend", False), ("blend", True),
        ("served", True),
    ]  # fmt: skip
    for row in rows.values():
        assert row["ndcg@20_low"] <= row["ndcg@20"] <= row["ndcg@20_high"]
        assert 0 < row["recall@10"] <= row["recall@20"] <= 1
        assert row["peak_mb"] > 50


def test_taste_beats_popularity_and_what_is_served_is_near_the_blend(rows) -> None:
    least = 1.5 * rows["popularity", False]["ndcg@20"]
    assert rows["edlae", False]["ndcg@20"] > least
    assert rows["blend", True]["ndcg@20"] > least
    assert rows["served", True]["ndcg@20"] > 0.9 * rows["blend", True]["ndcg@20"]


def test_what_was_chosen_is_told(rows) -> None:
    assert rows["edlae", False]["chosen"]["l2"] > 0
    assert rows["blend", True]["chosen"]["trees"] >= 0


def test_the_command_prints_one_object(town: suite.Files) -> None:
    asked = ["accuracy", "--train", str(town.train), "--test", str(town.test), "--k", "5"]
    short = [*asked, "--minutes", "0.001", "--json", "--method", "item_knn"]
    done = CliRunner().invoke(app, short)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    assert '"bench": "accuracy"' in done.stdout
    assert '"ndcg@20_high"' in done.stdout


def test_other_libraries_stand_beside_and_not_in_the_blend(town: suite.Files) -> None:
    data = split.read(town.train, town.test)
    found = list(run.rows(data, minutes=0.001, cuts=(10,), only=["item_knn"], peers=True))
    assert [row["method"] for row in found] == [
        "implicit_bm25", "implicit_bpr", "item_knn", "blend", "served",
    ]  # fmt: skip
    assert found[0]["ndcg@10"] == pytest.approx(found[2]["ndcg@10"], rel=0.2)
    assert "implicit_bm25" not in found[3]["chosen"]


def test_a_family_that_starts_elsewhere_is_blended_all_the_same(
    town: suite.Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space.Family, "after", lambda one, found: replace(one, share=9.0))
    data = split.read(town.train, town.test, links=town.links)
    only = ["item_knn", "user_knn_friends"]
    found = list(run.rows(data, minutes=0.001, cuts=(10,), only=only))
    blends = [row["social"] for row in found if row["method"] == "blend"]
    assert blends == [False, True]


def test_published_settings_are_fitted_as_they_are(town: suite.Files) -> None:
    settings = {"ease": EaseConfig(l2=80.0, dropout=0.0)}
    (row,) = suite.measure_again(town, settings, (10,))
    assert (row["method"], row["chosen"]["l2"]) == ("ease", 80.0)
    assert row["ndcg@10"] > 0.3
    with pytest.raises(InputError, match="--suite"):
        command.rows(town, None, 1.0, (20,), 0, again=True)


def test_nobody_with_two_items_means_nothing_to_choose_by(tmp_path: Path) -> None:
    train = put(tmp_path, "train", user=["a", "b"], item=["x", "y"])
    data = split.read(train, put(tmp_path, "test", user=["a"], item=["y"]))
    with pytest.raises(InputError, match=r"nothing to choose by.*--valid"):
        list(run.rows(data, minutes=0.01))


@pytest.mark.parametrize(("given", "said"), [
    ({"train": None}, "what is to be measured"), ({"influence": Path("x")}, "influence without"),
])  # fmt: skip
def test_half_a_question_is_refused(given: dict, said: str) -> None:
    paths = {"train": Path("a"), "test": Path("b"), "valid": None, "links": None} | given
    with pytest.raises(InputError, match=said):
        command.files(**{"influence": None} | paths, suite=False)


def test_unknown_names_are_refused(town: suite.Files, monkeypatch, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="gowalla"):
        next(suite.run(["gowala"], 1.0, (20,), 0))
    monkeypatch.setenv("HUOREN_BENCH_DATA", str(tmp_path / "absent"))
    with pytest.raises(InputError, match="HUOREN_BENCH_DATA"):
        next(suite.run(["gowalla"], 1.0, (20,), 0))
    data = split.read(town.train, town.test)
    with pytest.raises(UnknownName, match="item_knn"):
        list(run.rows(data, only=["item_kn"]))
    with pytest.raises(InputError, match="no time"):
        command.rows(town, None, 0.0, (20,), 0)
