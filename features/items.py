"""Items as arrays: what the bundle knows of the catalogue, read by many workers from one file.

Row i of every array is the item with code i. Counters are as of the bundle's instant; price,
stock, status and expiry are overlaid live.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.catalogue import of_key
from features.counters import Key
from features.ids import UNKNOWN, IdMap, mapped
from features.online import ItemFacts

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]

REGIONS = "regions"
"""Where an item is delivered: beginnings of city codes, joined by commas; without any, everywhere.
Read from ``{"regions": ["11", "4403"]}`` in the item's ``extra``."""

NAMED = (c.CATEGORY, c.BRAND, c.SHOP, "kind", REGIONS)
"""Attributes that are coded: their names stand once, items hold codes."""

NEVER_US = 2**62
"""Expiry of what does not expire; listing instant that is unknown."""


@dataclass
class Items:
    """The catalogue of one bundle.

    Parameters
    ----------
    ids : IdMap
        Item ids.
    names : mapping of str to IdMap
        Names of categories, brands, shops, kinds.
    coded : mapping of str to ndarray, int32, shape (n,)
        Code of each item's category, brand, shop, kind; −1 unknown.
    price_fen : ndarray, int64, shape (n,)
        −1 unknown.
    listed_us, expires_us : ndarray, int64, shape (n,)
        ``NEVER_US`` where unknown.
    on_sale : ndarray, bool, shape (n,)
        Not withdrawn and not out of stock.
    counters : mapping of str to ndarray, float32, shape (n,)
        ITEM counters as of the bundle's instant, by name.
    """

    ids: IdMap
    names: Mapping[str, IdMap]
    coded: Mapping[str, Codes]
    price_fen: npt.NDArray[np.int64]
    listed_us: npt.NDArray[np.int64]
    expires_us: npt.NDArray[np.int64]
    on_sale: npt.NDArray[np.bool_]
    counters: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, items: "pa.Table", counters: "pa.Table", at_us: int) -> Self:
        """Arrays from tables.

        Parameters
        ----------
        items : pyarrow.Table
            Items in force (``History.items``).
        counters : pyarrow.Table
            ITEM counters of a snapshot; items that only occur in events become items too.
        at_us : int
            The bundle's instant.
        """
        known = items[c.ITEM].to_pylist()
        seen = set(known)
        strangers = [name for name in counters[c.ITEM].to_pylist() if name not in seen]
        ids = IdMap.of([*known, *strangers])
        place = ids.codes(known)
        names, coded = {}, {}
        for column in NAMED:
            values = _regions(items) if column == REGIONS else items[column].to_pylist()
            names[column] = IdMap.of({value for value in values if value is not None})
            codes = np.full(len(ids), UNKNOWN, dtype=np.int32)
            codes[place] = names[column].codes([value or "" for value in values])
            coded[column] = codes
        on_sale = np.ones(len(ids), dtype=np.bool_)
        on_sale[place] = [
            status != "off_sale" and stock != 0
            for status, stock in zip(
                items["status"].to_pylist(), items["stock"].to_pylist(), strict=True
            )
        ]
        return cls(
            ids,
            names,
            coded,
            _column(items[c.PRICE], place, len(ids), -1),
            _column(items["listed_us"], place, len(ids), NEVER_US),
            _column(items["expires_us"], place, len(ids), NEVER_US),
            on_sale,
            _counters(counters, ids),
        )

    def overlay(self, records: Sequence[Any]) -> None:
        """Take live price, stock, status and expiry over the snapshot's, in place.

        Parameters
        ----------
        records : sequence of features.store.Item
            As they are now; items that the bundle does not know are passed over.
        """
        codes = self.ids.codes([record.item_id for record in records])
        for code, record in zip(codes, records, strict=True):
            if code == UNKNOWN:
                continue
            self.on_sale[code] = record.status != "off_sale" and record.stock != 0
            self.price_fen[code] = -1 if record.price_fen is None else record.price_fen
            self.expires_us[code] = NEVER_US if record.expires_us is None else record.expires_us

    def facts(self, item_id: str) -> ItemFacts | None:
        """What an event borrows from an item; None for a stranger."""
        code = self.ids.code(item_id)
        if code == UNKNOWN:
            return None
        category, brand, shop = (
            self.names[column].name(place)
            if (place := int(self.coded[column][code])) >= 0
            else None
            for column in (c.CATEGORY, c.BRAND, c.SHOP)
        )
        price = int(self.price_fen[code])
        listed = int(self.listed_us[code])
        return ItemFacts(
            category, brand, shop, price if price >= 0 else None,
            listed if listed < NEVER_US else None,
        )  # fmt: skip

    def available(self, codes: Codes, at_us: int) -> npt.NDArray[np.bool_]:
        """Which items can be had at an instant: on sale, listed, not expired."""
        listed = self.listed_us[codes]
        begun = (listed <= at_us) | (listed == NEVER_US)
        return np.asarray(self.on_sale[codes] & begun & (self.expires_us[codes] > at_us))

    def log_price(self, codes: Codes) -> npt.NDArray[np.float64]:
        """Natural logarithm of the price in fen; NaN where unknown."""
        price = self.price_fen[codes].astype(np.float64)
        return np.log(price, out=np.full(len(codes), np.nan), where=price > 0)

    def save(self, folder: Path) -> None:
        """Write every array into ``folder``."""
        self.ids.save(folder, "items")
        for column in NAMED:
            self.names[column].save(folder, f"names.{column}")
            np.save(folder / f"items.{column}.npy", self.coded[column])
        for name in ("price_fen", "listed_us", "expires_us", "on_sale"):
            np.save(folder / f"items.{name}.npy", getattr(self, name))
        np.save(folder / "items.counters.npy", np.stack(list(self.counters.values())))
        (folder / "items.json").write_text(json.dumps(list(self.counters)))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the arrays; those that are overlaid live are private copies of the worker."""
        stacked = mapped(folder / "items.counters.npy")
        order = json.loads((folder / "items.json").read_text())
        return cls(
            IdMap.open(folder, "items"),
            {column: IdMap.open(folder, f"names.{column}") for column in NAMED},
            {column: _map(folder, column) for column in NAMED},
            _map(folder, "price_fen", "c"),
            _map(folder, "listed_us"),
            _map(folder, "expires_us", "c"),
            _map(folder, "on_sale", "c"),
            dict(zip(order, stacked, strict=True)),
        )


def _regions(items: "pa.Table") -> list[str | None]:
    """Regions of each item, sorted; None: everywhere, or not said in a way that can be read."""
    if c.EXTRA not in items.column_names:
        return [None] * items.num_rows
    return [
        _region_set(extra) if extra and REGIONS in extra else None
        for extra in items[c.EXTRA].to_pylist()
    ]


def _region_set(extra: str) -> str | None:
    try:
        said = json.loads(extra).get(REGIONS)
    except (ValueError, AttributeError):
        return None
    if not isinstance(said, list):
        return None
    return ",".join(sorted({str(one) for one in said})) or None


def _map(folder: Path, name: str, mode: Literal["r", "c"] = "r") -> Any:
    return mapped(folder / f"items.{name}.npy", mode)


def _column(
    values: "pa.ChunkedArray", place: Codes, size: int, unknown: int
) -> npt.NDArray[np.int64]:
    column = np.full(size, unknown, dtype=np.int64)
    column[place] = values.fill_null(unknown).to_numpy()
    return column


def _counters(table: "pa.Table", ids: IdMap) -> dict[str, Floats]:
    codes = ids.codes(table[c.ITEM].to_pylist())
    columns = {}
    for counter in of_key(Key.ITEM):
        values = np.zeros(len(ids), dtype=np.float32)
        values[codes] = table[counter.column].to_numpy()
        columns[counter.name] = values
    return columns
