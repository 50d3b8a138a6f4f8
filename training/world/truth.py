"""Reads the truth of a world, for tests and evaluation; training never does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import InputError, MissingStep
from training.world.desire import Desire, DesireConfig
from training.world.ragged import Floats, Ints


def told_in(world: Path) -> Path:
    """File that tells how a world was made."""
    return world / "truth" / "_world.json"


def table_in(world: Path, name: str) -> Path:
    """File of one table of the truth; the underscore keeps it out of whatever reads data."""
    return world / "truth" / f"_{name}.parquet"


@dataclass(frozen=True)
class Truth:
    """What really drove a world.

    Parameters
    ----------
    world : Path
        Directory that ``simulate`` wrote.

    Raises
    ------
    MissingStep
        When no truth is there.

    Examples
    --------
    >>> Truth(Path("no/such/world"))
    Traceback (most recent call last):
    features.errors.MissingStep: no/such/world has no truth; next: ...
    """

    world: Path

    def __post_init__(self) -> None:
        if not told_in(self.world).exists():
            raise MissingStep(
                f"{self.world} has no truth", next_step=f"run `huoren simulate {self.world}`"
            )

    def table(self, name: str) -> pa.Table:
        """Read one table of the truth, such as users, ties, shares, group_buys or campaign."""
        path = table_in(self.world, name)
        if not path.exists():
            known = ", ".join(sorted(p.stem[1:] for p in path.parent.glob("*.parquet")))
            raise InputError(f"the truth has no table {name!r}", expected=f"one of {known}")
        return pq.read_table(path)

    def oracle_scores(self, user_ids: Sequence[str], item_ids: Sequence[str]) -> Floats:
        """Log-odds that each user orders each item once seen, on an average day; (users, items)."""
        user = _places(self.table("users")["user_id"], user_ids, "user")
        item = _places(self.table("items")["item_id"], item_ids, "item")
        return self._config["shopping"]["order"] + self._desire.grid(user, item)

    def tie_strength(self, user_ids: Sequence[str], peer_ids: Sequence[str]) -> Floats:
        """How much each user heeds the peer beside them, 0 for no friends; mean 1; shape (n,)."""
        ties = self.table("ties")
        keys = zip(ties["user_id"].to_pylist(), ties["peer_id"].to_pylist(), strict=True)
        strength = dict(zip(keys, ties["strength"].to_pylist(), strict=True))
        pairs = zip(user_ids, peer_ids, strict=True)
        return np.array([strength.get(pair, 0.0) for pair in pairs])

    def campaign_effect(self, user_ids: Sequence[str]) -> Floats:
        """Expected orders more for being treated; nan for who was in no arm; shape (n,)."""
        trial = self.table("campaign")
        ids = trial["user_id"].to_pylist()
        effect = dict(zip(ids, trial["effect"].to_pylist(), strict=True))
        return np.array([effect.get(user, np.nan) for user in user_ids])

    def open_chance(self) -> pa.Table:
        """Chance of opening by share and recipient: share_id, peer_id, p_open."""
        return self.table("shares")

    def examined(self) -> Floats:
        """Chance that each position of a list is looked at; shape (slots,)."""
        return np.asarray(self.table("positions")["examined"].to_numpy())

    def oracle_lists(self) -> dict[str, list[str]]:
        """Items that the oracle would have shown before the last week, best first, by user."""
        rows = self.table("oracle")
        lists: dict[str, list[str]] = {}
        for user, item in zip(
            rows["user_id"].to_pylist(), rows["item_id"].to_pylist(), strict=True
        ):
            lists.setdefault(user, []).append(item)
        return lists

    @cached_property
    def _config(self) -> dict[str, dict[str, float]]:
        told = json.loads(told_in(self.world).read_text())
        world: dict[str, dict[str, float]] = told["world"]
        return world

    @cached_property
    def _desire(self) -> Desire:
        config = DesireConfig(**self._config["desire"])
        return Desire.from_tables(config, self.table("users"), self.table("items"))


def _places(known: pa.ChunkedArray, wanted: Sequence[str], kind: str) -> Ints:
    place = pc.index_in(pa.array(wanted, pa.string()), value_set=known.combine_chunks())
    if place.null_count:
        missing = pc.filter(pa.array(wanted), pc.is_null(place))[0].as_py()
        raise InputError(f"this world has no {kind} {missing!r}")
    return np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)
