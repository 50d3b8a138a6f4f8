"""`huoren score`, from a home to files that segments read."""

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from features.cli import build
from features.clock import format_instant
from features.errors import FileRefused, InputError, UnknownName
from tests.training.conftest import END, Shop
from training import score
from training.predictions.scores import Scores

CAMPAIGN = "uplift.c-welcome-back"


def run(shop: Shop, *words: str) -> Result:
    base = ["score", "--data", str(shop.home.root), "--at", format_instant(END)]
    return CliRunner().invoke(build(), [*base, *words])


@pytest.fixture(scope="module")
def scored(shop: Shop) -> dict[str, object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.uplift.trial.FEWEST", 30)
        result = run(shop, CAMPAIGN, "--days=13", "--budget=20", "--cost=2", "--json")
    assert result.exception is None
    return json.loads(result.stdout)


def test_an_effect_comes_with_verdict_quadrants_and_plan(scored: dict[str, object]):
    assert scored["model"] == CAMPAIGN
    assert sum(scored["quadrants"].values()) == scored["people"]
    assert scored["qini_low"] <= scored["qini"] <= scored["qini_high"]
    assert scored["plan"]["cost"] <= 20
    assert scored["verdict"]


def test_the_table_has_everyone_once(scored: dict[str, object], shop: Shop):
    table = pq.read_table(shop.home.root / "scores" / f"{CAMPAIGN}.parquet")
    assert table.num_rows == scored["people"] == len(set(table["user_id"].to_pylist()))
    assert {"effect", "percentile", "quadrant"} <= set(table.column_names)


def test_asked_people_are_written_in_their_order(
    scored: dict[str, object], shop: Shop, tmp_path: Path
):
    known = pq.read_table(shop.home.root / "scores" / f"{CAMPAIGN}.parquet")["user_id"].to_pylist()
    asked = [known[5], known[2]]
    (tmp_path / "ids.txt").write_text("\n".join([*asked, asked[0], ""]), encoding="utf-8-sig")
    assert score.read_ids(tmp_path / "ids.txt") == asked
    rows = Scores(shop.home.root / "scores", CAMPAIGN).of(asked)
    score.save(rows, tmp_path / "out" / "rows.csv")
    found = duckdb.sql(f"SELECT user_id FROM '{tmp_path}/out/rows.csv'").fetchall()
    assert [user for (user,) in found] == asked


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["chrun"], UnknownName, "use one of: churn"),
        (["uplift.none"], UnknownName, "unknown campaign 'none'"),
        ([CAMPAIGN, "--budget", "-5"], InputError, "a budget below nothing"),
        ([CAMPAIGN, "--budget", "5", "--cost", "0"], InputError, "costs nothing"),
        ([CAMPAIGN, "--outcome", "Ordered"], UnknownName, "unknown event 'Ordered'"),
        ([CAMPAIGN, "--days", "90"], InputError, "not known yet"),
        (["churn", "--users", "no/such/file"], FileRefused, "cannot be read"),
    ],
)
def test_bad_input_is_told(shop: Shop, words: list[str], error: type[Exception], said: str):
    found = run(shop, *words).exception
    assert isinstance(found, error)
    assert said in str(found)


def test_a_model_is_no_path(shop: Shop):
    with pytest.raises(InputError, match="a model's name is a file's name"):
        Scores(shop.home.root, "../outside")
