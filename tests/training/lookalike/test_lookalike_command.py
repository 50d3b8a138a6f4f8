"""From the shell: a seed of a shop, its scores as a condition, its card."""

import json

import pytest
from typer.testing import CliRunner

from recsys.segments.desk import open_desk
from recsys.segments.parse import parse
from tests.training.test_audience import home  # noqa: F401
from training.commands import app

TEA = {"event": "*", "props": {"category": "tea"}, "op": ">=", "value": 3}


@pytest.fixture
def told(home, tmp_path):  # noqa: F811
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"all": [TEA, {"bucket": {"salt": "s", "from": 0, "to": 6000}}]}))
    words = ["lookalike", str(seed), "--name", "tea", "--least", "50", "--data", str(home.root)]
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_scores_of_likeness_are_conditions(home, told):  # noqa: F811
    assert told["lift"]["ensemble"]["0.1"] > 1.5
    top = {"score": "lookalike.tea", "op": "top_percent", "value": 10}
    with open_desk(home) as desk:
        found = desk.ask(desk.members(parse(top)))["user_id"].to_pylist()
    assert sum(one.startswith("tea") for one in found) / len(found) > 0.6
