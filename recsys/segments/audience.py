"""Who should see an item: the feed turned round.

A model that ``huoren audience --fit`` left in the home gives everybody's chance to take the item;
its curve says what such lists were worth on items it had not learned from.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features.clock import now_us
from features.errors import MissingStep, UnknownName
from features.history import THREADS
from features.home import Home
from features.store.contacts import Ledger
from recsys.boosting import Trees
from recsys.segments import reach, suiting
from recsys.segments.desk import Desk

Floats = npt.NDArray[np.float64]

FOLDER = "audience"
"""Of the home's scores."""

_REASONS = {
    "own": ("看过或买过这件商品", "looked at or took it"),
    "together": ("买过常一起买的商品", "took what goes with it"),
    "category": ("常看这个品类", "often looks at its category"),
    "brand": ("喜欢这个品牌", "likes its brand"),
    "shop": ("常逛这家店", "often in its shop"),
    "friends": ("好友也在看", "friends look at it"),
}


@dataclass(frozen=True)
class Suits:
    """The fitted model.

    Parameters
    ----------
    trees : Trees
        Over ``suiting.COLUMNS``.
    slope, shift : float
        Of the log-odds, so that chances come true.
    card : dict
        What is told of it: goal, days, curve, calibration.
    """

    trees: Trees
    slope: float
    shift: float
    card: dict[str, Any]

    def probability(self, rows: Floats) -> Floats:
        """Chance to take the item; float64, shape (n,)."""
        p = np.clip(self.trees.score(rows, THREADS), 1e-9, 1 - 1e-9)
        odds = self.slope * np.log(p / (1 - p)) + self.shift
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))

    def save(self, home: Home) -> Path:
        """Write it in place of the one before."""
        folder = home.root / "scores" / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self.trees.save(folder / "trees.lightgbm.txt")
        told = {"slope": self.slope, "shift": self.shift, **self.card}
        partial = folder / "card.partial"
        partial.write_text(json.dumps(told, ensure_ascii=False, indent=1))
        partial.replace(folder / "card.json")
        return folder

    @classmethod
    def open(cls, home: Home) -> "Suits":
        """Read what ``save`` wrote.

        Raises
        ------
        MissingStep
            When nothing was fitted in this home.
        """
        folder = home.root / "scores" / FOLDER
        if not (folder / "card.json").is_file():
            raise MissingStep(
                f"no audience has been fitted in {home.root}",
                next_step=f"run `huoren audience --fit --data {home.root}` first",
            )
        card = json.loads((folder / "card.json").read_text())
        slope, shift = card.pop("slope"), card.pop("shift")
        return cls(Trees.open(folder / "trees.lightgbm.txt"), slope, shift, card)


@dataclass(frozen=True)
class Asked:
    """Who should see what.

    Parameters
    ----------
    item_id : str
    k : int
        People listed.
    channel : str
        Only whom it may and can reach, and who is under its caps; empty for anybody.
    """

    item_id: str
    k: int = 100
    channel: str = ""


def audience(desk: Desk, ledger: Ledger, asked: Asked) -> dict[str, Any]:
    """Rank everybody for an item.

    Returns
    -------
    dict
        ``item_id``, ``considered`` (people), ``expected`` (of those listed, how many take it),
        ``capped``, ``curve``, ``people``.

    Raises
    ------
    UnknownName
        When there is no such item or channel.
    MissingStep
        When no model has been fitted.
    """
    suits = Suits.open(desk.home)
    if asked.channel and asked.channel not in reach.CHANNELS:
        raise UnknownName.among("channel", asked.channel, reach.CHANNELS)
    known = desk.sql(
        f"SELECT 1 AS found FROM items WHERE {c.ITEM} = $item LIMIT 1", item=asked.item_id
    )
    if not known.num_rows:
        raise UnknownName(
            f"unknown item {asked.item_id!r}", expected="an item of the items table",
            next_step="`huoren ingest` it, or PUT /v1/items and `huoren features`",
        )  # fmt: skip
    _prepared(desk)
    table = suiting.rows(desk, [asked.item_id], desk.as_of_us)
    rows = suiting.matrix(table)
    chance = suits.probability(rows)
    order = np.argsort(-chance, kind="stable")
    allowed, capped = _allowed(desk, ledger, asked, table, order)
    best = order[allowed][: asked.k]
    people = table.take(pa.array(best))[c.USER].to_pylist()
    return {
        "item_id": asked.item_id, "considered": table.num_rows,
        "expected": float(chance[best].sum()), "capped": capped,
        "curve": suits.card["curve"],
        "people": [
            {"user_id": who, "probability": float(chance[at]), "reasons": _reasons(rows[at])}
            for who, at in zip(people, best.tolist(), strict=True)
        ],
    }  # fmt: skip


def _prepared(desk: Desk) -> None:
    """The tables that all items share, made by the first question of a desk."""
    made = desk.sql("SELECT count(*) AS n FROM duckdb_tables() WHERE table_name = 'habits'")
    if not made["n"][0].as_py():
        suiting.prepare(desk, desk.as_of_us)


def _allowed(
    desk: Desk, ledger: Ledger, asked: Asked, table: pa.Table, order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], int]:
    """Who of the ordered people may be told by the channel; how many are only at a cap."""
    if not asked.channel:
        return np.ones(len(order), dtype=np.bool_), 0
    reach.prepare(desk)
    who = desk.sql(
        f"SELECT {c.USER} FROM reach WHERE channel = $channel AND consents AND way",
        channel=asked.channel,
    )
    names = table[c.USER].to_pylist()
    reached = set(who[c.USER].to_pylist())
    capped = set(ledger.capped(list(reached), asked.channel, now_us()))
    ordered = [names[at] for at in order]
    return np.array([one in reached and one not in capped for one in ordered]), len(capped)


def _reasons(row: Floats) -> list[tuple[str, str]]:
    """What speaks for the item, the strongest first."""
    told = [(row[suiting.COLUMNS.index(name)], words) for name, words in _REASONS.items()]
    return [words for weight, words in sorted(told, key=lambda one: -one[0]) if weight > 0][:3]
