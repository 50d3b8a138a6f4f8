"""The event log: rows from every mechanism, sealed day by day into canonical Parquet."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import columns as c
from features.events import KINDS
from features.tables import EVENTS
from training.world.pending import Columns, Pending
from training.world.ragged import Ints

_NAMES = tuple(KINDS)
_CODE = {name: code for code, name in enumerate(_NAMES)}

_IDS = {c.SHARE: "s", c.GROUP_BUY: "g", c.REQUEST: "r", c.ORDER: "o"}
_NUMBERS = ("position", c.PRICE, "list_price_fen", c.TOTAL, c.DISCOUNT, "size", "expires_us")
_REALS = (c.QUANTITY, "rating", "propensity")
_TEXTS = ("scene", "entry", "query", "campaign_id", "arm", "channel", "reason")
_WHO = (c.ITEM, c.PEER)


class EventLog:
    """Collects rows as integers and writes them as canonical events.

    Parameters
    ----------
    folder : Path
        Where the chunks go, one for each day that has events.
    tag : str
        Goes into every message, order, share, group and request id, so that two worlds differ.
    user_ids, item_ids : pyarrow.Array
        External ids by number.
    horizon_us : int
        Later rows are never written.
    devices : int array of shape (users,)
        Number of the device that each person is on, told in ``extra``; empty: not told.
    """

    def __init__(
        self, folder: Path, tag: str, user_ids: pa.Array, item_ids: pa.Array, horizon_us: int,
        devices: Ints,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.tag = tag
        self.horizon_us = horizon_us
        self.devices = devices
        self.chunks = 0
        self.counts = np.zeros(len(_NAMES), dtype=np.int64)
        self._ids = {c.ITEM: item_ids, c.PEER: user_ids, c.USER: user_ids}
        self._next: dict[str, int] = {}
        self._pending = Pending(
            {"event": -1, "user": -1, "message": -1, "line": 0}
            | dict.fromkeys((*_WHO, *_IDS, *_NUMBERS), -1)
            | dict.fromkeys(_REALS, float("nan"))
            | dict.fromkeys(_TEXTS, None)
        )

    def numbers(self, kind: str, count: int) -> Ints:
        """Hand out ``count`` new numbers of a kind, such as ``order_id``."""
        first = self._next.get(kind, 0)
        self._next[kind] = first + count
        return np.arange(first, first + count)

    def add(
        self,
        event: str,
        at: Ints,
        user: Ints,
        *,
        message: Ints | None = None,
        **columns: npt.ArrayLike,
    ) -> None:
        """Add rows of one event.

        Parameters
        ----------
        event : str
            One of ``features.events.KINDS``.
        at, user : int arrays of shape (n,)
            Instants and who acted.
        message : int array of shape (n,), optional
            Rows that agree are lines of one message; without it each row is one.
        **columns
            Canonical columns: ids and people as numbers (-1: none), texts as objects.
        """
        if message is None:
            message = np.arange(at.size)
        own = self.numbers("message", int(message.max()) + 1 if at.size else 0)
        self._pending.put(
            at=at,
            event=_CODE[event],
            user=user,
            message=own[message],
            **columns,
        )

    def id_of(self, kind: str, number: Ints) -> pa.Array:
        """External ids of numbers; null where the number is negative."""
        return _joined(f"{_IDS.get(kind, 'm')}-{self.tag}-", number)

    def seal(self, until_us: int, *, last: bool = False) -> None:
        """Write the rows before ``until_us`` as one chunk, in order of time.

        Without rows nothing is written, but the ``last`` chunk of a log that would have none is.
        """
        rows = self._pending.take(min(until_us, self.horizon_us + 1))
        if rows["at"].size == 0 and not (last and self.chunks == 0):
            return
        order = np.lexsort((rows["line"], rows["message"], rows["at"]))
        table = self._table({name: values[order] for name, values in rows.items()})
        self.folder.mkdir(parents=True, exist_ok=True)
        self.counts += np.bincount(rows["event"], minlength=len(_NAMES))
        name = f"part-{self.chunks:04d}.parquet"
        pq.write_table(table, self.folder / name, compression="zstd")
        self.chunks += 1

    def counted(self) -> dict[str, int]:
        """Rows written, by event."""
        return {name: int(count) for name, count in zip(_NAMES, self.counts, strict=True) if count}

    def _table(self, rows: Columns) -> pa.Table:
        size = rows["at"].size
        columns: dict[str, pa.Array] = {
            c.MESSAGE: self.id_of(c.MESSAGE, rows["message"]),
            c.LINE: pa.array(rows["line"]),
            c.EVENT: pa.array(_NAMES).take(pa.array(rows["event"])),
            c.AT: pa.array(rows["at"]),
            c.USER: self._ids[c.USER].take(pa.array(rows["user"])),
        }
        for name in _WHO:
            columns[name] = self._ids[name].take(_nullable(rows[name]))
        for name in _IDS:
            columns[name] = self.id_of(name, rows[name])
        for name in _NUMBERS:
            columns[name] = _nullable(rows[name])
        for name in _REALS:
            columns[name] = pa.array(rows[name], from_pandas=True)
        for name in _TEXTS:
            columns[name] = pa.array(rows[name], pa.string())
        paid = pc.is_valid(columns[c.PRICE])
        columns[c.CURRENCY] = pc.if_else(paid, "CNY", pa.scalar(None, pa.string()))
        if self.devices.size:
            told = _joined('{"device_id": "d', self.devices[rows["user"]])
            columns[c.EXTRA] = pc.binary_join_element_wise(told, '"}', "")
        for field in EVENTS.schema:
            columns.setdefault(field.name, pa.nulls(size, field.type))
        return pa.table(columns).select(EVENTS.schema.names).cast(EVENTS.schema)


def _nullable(numbers: Ints) -> pa.Array:
    return pa.array(numbers, mask=numbers < 0)


def _joined(prefix: str, number: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(_nullable(number), pa.string()), "")
