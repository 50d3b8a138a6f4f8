"""The tutorial runs from its first cell to its last."""

import json
from pathlib import Path
from typing import Any

import training

NOTEBOOK = Path(__file__).parents[2] / "docs" / "training.ipynb"


def test_every_cell_runs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    known: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), known)
    assert set(known["feed"]) > {"full", "popularity"}
    assert "similar items" in [one["name"] for one in known["again"].done if one["skipped"]]
    assert (known["home"].bundles / known["smaller"].bundle.manifest["sha"]).is_dir()


def test_every_public_name_is_there():
    for name in training.__all__:
        assert getattr(training, name) is not None
    assert training.TrainConfig().seed == 0
