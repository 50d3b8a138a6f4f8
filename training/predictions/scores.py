"""Scores of everybody, kept in the home: one table for each model, and its card."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import columns as c
from features.errors import InputError, MissingStep, UnknownName
from features.home import Home
from training.predictions import quality
from training.predictions.card import reasons
from training.predictions.fit import Fitted


@dataclass(frozen=True)
class Scores:
    """Scores of one model; the segment language reads the same file.

    Parameters
    ----------
    folder : Path
        ``scores`` of the home.
    model : str
        Name of the model.
    """

    folder: Path
    model: str

    def __post_init__(self) -> None:
        if Path(self.model).name != self.model:
            raise InputError(
                "a model's name is a file's name", expected="no / in it", got=repr(self.model)
            )

    @property
    def path(self) -> Path:
        """The table."""
        return self.folder / f"{self.model}.parquet"

    @property
    def card_path(self) -> Path:
        """The card."""
        return self.folder / f"{self.model}.json"

    @property
    def card(self) -> dict[str, Any]:
        """What is told of the model."""
        told: dict[str, Any] = json.loads(self.card_path.read_text(encoding="utf-8"))
        return told

    @property
    def table(self) -> pa.Table:
        """``user_id``, ``probability`` or ``effect``, ``percentile``, ``reasons``; by user."""
        return pq.read_table(self.path)

    def of(self, users: list[str]) -> pa.Table:
        """Rows of some people, in the order asked; without a score where the model has none.

        Raises
        ------
        InputError
            When nobody is named, or none of them has a score.
        """
        if not users:
            raise InputError("nobody to score", expected="one id on each line")
        table = self.table
        place = pc.index_in(pa.array(users, pa.string()), value_set=table[c.USER].combine_chunks())
        if place.null_count == len(users):
            raise InputError(
                "none of these people has a score",
                expected="ids of the model's cohort",
                got=f"{len(users):,} ids such as {users[0]!r}",
                next_step="look at how ids are written in this home",
            )
        found = table.take(place)
        return found.set_column(0, c.USER, pa.array(users, pa.string()))


def opened(home: Home, model: str) -> Scores:
    """Scores that were written.

    Raises
    ------
    MissingStep
        When no model has been scored in this home.
    UnknownName
        When this one has not.
    """
    found = Scores(home.root / "scores", model)
    if found.card_path.exists():
        return found
    known = sorted(path.stem for path in found.folder.glob("*.json"))
    if known:
        raise UnknownName.among("scored model", model, known)
    raise MissingStep(
        f"{model} has not been scored in {home.root}", next_step=f"run `huoren score {model}`"
    )


def write(home: Home, model: str, table: pa.Table, told: Mapping[str, Any]) -> Scores:
    """Write table and card, each at once, in place of older ones."""
    made = Scores(home.root / "scores", model)
    made.folder.mkdir(parents=True, exist_ok=True)
    partial = made.path.with_suffix(".partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(made.path)
    words = json.dumps(_plain(told), ensure_ascii=False, indent=1, allow_nan=False)
    partial.write_text(words, encoding="utf-8")
    partial.replace(made.card_path)
    return made


def of_fitted(fitted: Fitted) -> pa.Table:
    """The table of a fitted goal."""
    return pa.table({
        c.USER: pa.array(fitted.asked.users, pa.string()),
        "probability": fitted.probability,
        "percentile": quality.percentiles(fitted.probability),
        "reasons": pa.array(reasons(fitted), pa.list_(pa.string())),
    })


def _plain(value: Any) -> Any:
    """As JSON takes it: what is no finite number becomes null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
