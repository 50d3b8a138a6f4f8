"""Scores of everybody, kept in the home: one table for each model, and its card."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import columns as c
from features.errors import InputError, MissingStep, UnknownName
from features.home import Home
from training.predictions import quality
from training.predictions.card import card, reasons
from training.predictions.fit import Fitted

TABLE = "scores.parquet"
CARD = "card.json"


@dataclass(frozen=True)
class Scores:
    """Scores of one model.

    Parameters
    ----------
    folder : Path
        With the table and the card.
    """

    folder: Path

    @property
    def card(self) -> dict[str, Any]:
        """What is told of the model."""
        told: dict[str, Any] = json.loads((self.folder / CARD).read_text(encoding="utf-8"))
        return told

    @property
    def table(self) -> pa.Table:
        """``user_id``, ``probability``, ``percentile``, ``reasons``; by user."""
        return pq.read_table(self.folder / TABLE)

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


def folder(home: Home, model: str) -> Path:
    """Where the scores of a model are."""
    return home.root / "scores" / model


def opened(home: Home, model: str) -> Scores:
    """Scores that were written.

    Raises
    ------
    MissingStep
        When no model has been scored in this home.
    UnknownName
        When this one has not.
    """
    place = folder(home, model)
    if (place / CARD).exists():
        return Scores(place)
    known = sorted(path.parent.name for path in place.parent.glob(f"*/{CARD}"))
    if known:
        raise UnknownName.among("scored model", model, known)
    raise MissingStep(
        f"{model} has not been scored in {home.root}", next_step=f"run `huoren score {model}`"
    )


def write(home: Home, fitted: Fitted, at_us: int) -> Scores:
    """Write table and card, in place of older ones."""
    table = pa.table({
        c.USER: pa.array(fitted.asked.users, pa.string()),
        "probability": fitted.probability,
        "percentile": quality.percentiles(fitted.probability)
        if len(fitted.probability)
        else np.zeros(0, np.int16),
        "reasons": pa.array(reasons(fitted), pa.list_(pa.string())),
    })
    place = folder(home, fitted.goal.name)
    made = place.with_name(place.name + ".partial")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    pq.write_table(table, made / TABLE, compression="zstd")
    told = json.dumps(card(fitted, at_us), ensure_ascii=False, indent=1)
    (made / CARD).write_text(told, encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    made.rename(place)
    return Scores(place)
