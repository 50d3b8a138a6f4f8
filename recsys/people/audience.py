"""People an item may suit: who last opened or bought something of its category, brand or shop.

A table of the bundle, as of the start of its business day. It stands in where a sharer knows few
people; who is in it need not know the sharer, so that only those are proposed who let their acts be
used for friends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from features import columns as c
from features.clock import Int64s
from features.ids import UNKNOWN, IdMap
from features.items import Items

COLUMNS = (c.CATEGORY, c.BRAND, c.SHOP)
"""Attributes by which an item finds people."""

LATEST = 15
"""People of each attribute."""


@dataclass(frozen=True)
class Audience:
    """The latest people of every category, brand and shop.

    Parameters
    ----------
    people : IdMap
        Their ids.
    members : mapping of str to ndarray, int64, shape (values, LATEST)
        Column → for each of its values, coded as in ``Items.names``, codes of people, the latest
        first, −1 where there are no more.
    """

    people: IdMap
    members: Mapping[str, Int64s]

    @classmethod
    def empty(cls) -> Self:
        """Nobody."""
        return cls(IdMap.of([]), {})

    def of(self, items: Items, item_id: str) -> list[str]:
        """People whom an item may suit, by id; nobody for an item that is not known.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> tea = SimpleNamespace(ids=IdMap.of(["i"]), coded={"category": np.array([0])})
        >>> Audience(IdMap.of(["a"]), {"category": np.array([[0, -1]])}).of(tea, "i")
        ['a']
        """
        item = items.ids.code(item_id)
        found: set[int] = set()
        for column, members in self.members.items():
            value = int(items.coded[column][item]) if item != UNKNOWN else UNKNOWN
            if value != UNKNOWN:
                found.update(members[value].tolist())
        return sorted(self.people.names(sorted(found - {UNKNOWN})))

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        self.people.save(folder, "audience.people")
        for column, members in self.members.items():
            np.save(folder / f"audience.{column}.npy", members)
        (folder / "audience.json").write_text(json.dumps(list(self.members)))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what ``save`` wrote."""
        columns = json.loads((folder / "audience.json").read_text())
        members = {
            column: np.load(folder / f"audience.{column}.npy", mmap_mode="r") for column in columns
        }
        return cls(IdMap.open(folder, "audience.people"), members)
