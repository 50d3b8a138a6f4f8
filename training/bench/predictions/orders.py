"""Orders of any shop, and what was known of its customers by a day."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from features.errors import FileRefused, InputError, UnknownName
from training.predictions.lifetime import Customers

Floats = npt.NDArray[np.float64]

UNIT = 7.0
"""Days of the unit of time: a week."""


@dataclass(frozen=True)
class Named:
    """Columns of a table of orders.

    Parameters
    ----------
    customer, at : str
    amount : str
        Money of the row; or ``quantity`` and ``price``.
    quantity, price : str
    """

    customer: str
    at: str
    amount: str = ""
    quantity: str = ""
    price: str = ""

    def __post_init__(self) -> None:
        if not (self.amount or (self.quantity and self.price)):
            raise InputError("no money is named", expected="--amount, or --quantity and --price")


@dataclass(frozen=True)
class Known:
    """Customers by a day.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    people : Customers
        In weeks.
    """

    ids: npt.NDArray[np.str_]
    people: Customers


@dataclass(frozen=True)
class Orders:
    """Days on which customers bought, one row each, by customer and day.

    Parameters
    ----------
    customer : ndarray of str, shape (n,)
    day : ndarray, int64, shape (n,)
        Days since 1970-01-01.
    money : ndarray, float64, shape (n,)
    """

    customer: npt.NDArray[np.str_]
    day: npt.NDArray[np.int64]
    money: Floats

    @classmethod
    def read(cls, path: Path, named: Named) -> "Orders":
        """Read Parquet or CSV; rows without customer, and money of 0 or less, are left out.

        Raises
        ------
        FileRefused
            When the file cannot be read.
        UnknownName
            When a column is missing.
        InputError
            When no row is an order.
        """
        reader = "read_parquet" if path.suffix in {".parquet", ".pq"} else "read_csv"
        with duckdb.connect() as connection:
            try:
                rows = connection.from_query(f"SELECT * FROM {reader}($1)", params=[str(path)])
            except duckdb.Error as error:
                raise FileRefused(
                    f"{path} cannot be read", got=str(error).splitlines()[0]
                ) from None
            told = [named.amount] if named.amount else [named.quantity, named.price]
            for name in (named.customer, named.at, *told):
                if name not in rows.columns:
                    raise UnknownName.among("column", name, rows.columns)
            money = " * ".join(f'"{name}"::DOUBLE' for name in told)
            found = connection.execute(
                f'SELECT "{named.customer}"::VARCHAR AS customer, '
                f"epoch_ms(\"{named.at}\"::TIMESTAMP) // 86400000 AS day, sum({money}) AS money "
                f"FROM {reader}($1) WHERE \"{named.customer}\" IS NOT NULL AND {money} > 0 "
                f"AND \"{named.customer}\"::VARCHAR NOT IN ('', 'nan') "
                "GROUP BY ALL ORDER BY 1, 2", [str(path)],
            ).fetchnumpy()  # fmt: skip
        if not len(found["day"]):
            raise InputError("no orders", expected="rows with a customer and money above 0")
        return cls(
            np.asarray(found["customer"], dtype=str), np.asarray(found["day"], dtype=np.int64),
            np.asarray(found["money"], dtype=np.float64),
        )  # fmt: skip

    def known(self, day: int) -> Known:
        """Everybody who bought before a day."""
        before = self.day < day
        ids, place = np.unique(self.customer[before], return_inverse=True)
        days, money = self.day[before], self.money[before]
        start = np.full(len(ids), np.iinfo(np.int64).max)
        np.minimum.at(start, place, days)
        last = np.zeros(len(ids), dtype=np.int64)
        np.maximum.at(last, place, days)
        again = days > start[place]
        repeats = np.bincount(place[again], minlength=len(ids)).astype(np.float64)
        spent = np.bincount(place[again], money[again], minlength=len(ids))
        mean = np.divide(spent, repeats, out=np.zeros(len(ids)), where=repeats > 0)
        people = Customers(repeats, (last - start) / UNIT, (day - 1 - start) / UNIT, mean)
        return Known(ids, people)

    def after(self, ids: npt.NDArray[np.str_], start: int, end: int) -> tuple[Floats, Floats]:
        """Days with an order, and money, of some customers within days start <= day < end."""
        within = (self.day >= start) & (self.day < end)
        place = np.searchsorted(ids, self.customer[within])
        place = np.minimum(place, len(ids) - 1)
        same = ids[place] == self.customer[within]
        count = np.bincount(place[same], minlength=len(ids)).astype(np.float64)
        money = np.bincount(place[same], self.money[within][same], minlength=len(ids))
        return count, np.asarray(money, dtype=np.float64)
