"""A trial from a table: one row for each person, in Parquet or CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from features.errors import FileRefused, InputError, UnknownName
from training.uplift.trial import Trial

Floats = npt.NDArray[np.float64]

LEVELS = 12
"""Words of a column with at most so many become columns of their own; others are numbered."""


@dataclass(frozen=True)
class Design:
    """Which column is what.

    Parameters
    ----------
    treatment : str
        Names each person's arm.
    control : str
        Value of the untreated arm; every other value counts as treated.
    outcome : str
        What is to be changed; a number, or true and false.
    features : tuple of str
        What was known before the assignment.
    after : tuple of str
        Other columns that came after the assignment; refused among the features.
    propensity : str
        Chance of being treated that each person had; empty where it was the same for all.
    effect : str
        True effect on each person, where a simulation tells it.
    treated_at, outcome_at : str
        Instants of assignment and outcome, where the table has them.
    """

    treatment: str
    control: str
    outcome: str
    features: tuple[str, ...]
    after: tuple[str, ...] = ()
    propensity: str = ""
    effect: str = ""
    treated_at: str = ""
    outcome_at: str = ""

    def __post_init__(self) -> None:
        if not self.features:
            raise InputError("no feature is named", expected="--features COL,COL,…")
        later = {
            self.treatment: "it is the treatment",
            self.outcome: "it is an outcome",
            **dict.fromkeys(self.after, "it is an outcome"),
            self.effect: "it is the effect itself",
            self.outcome_at: "it is when the outcome came",
        }
        for name in self.features:
            if name in later:
                raise InputError(
                    f"{name} is no feature: {later[name]}",
                    expected="what was known before the assignment",
                    next_step=f"leave {name} out of --features",
                )


def read(path: Path, design: Design) -> Trial:
    """Read a trial.

    Parameters
    ----------
    path : Path
        Parquet, or CSV with a header.
    design : Design
        Which column is what.

    Raises
    ------
    FileRefused
        When the file is missing or unreadable.
    UnknownName
        When a column is not in it.
    InputError
        When the control value never comes, or an outcome is earlier than its treatment.
    """
    with duckdb.connect() as connection:
        columns = _columns(connection, path)
        treated = _treated(connection, columns, design)
        _check_order(connection, columns, design)
        wide = [_feature(connection, columns, name) for name in design.features]
        rows = np.column_stack([part for _, parts in wide for part in parts])
        return Trial(
            rows,
            tuple(name for names, _ in wide for name in names),
            treated,
            _number(connection, columns, design.outcome),
            _number(connection, columns, design.propensity) if design.propensity else np.zeros(0),
            _number(connection, columns, design.effect) if design.effect else None,
        )


def arms(path: Path, treatment: str) -> dict[str, int]:
    """People by value of the treatment column."""
    with duckdb.connect() as connection:
        columns = _columns(connection, path)
        return _counts(connection, _known(columns, treatment))


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    if not path.is_file():
        raise FileRefused(f"{path} is not there", expected="a Parquet or CSV file")
    reader = "read_parquet" if path.suffix in {".parquet", ".pq"} else "read_csv"
    try:
        connection.execute(f"CREATE TEMP TABLE trial AS SELECT * FROM {reader}(?)", [str(path)])
    except duckdb.Error as error:
        raise FileRefused(
            f"{path} cannot be read", expected="Parquet, or CSV with a header",
            got=str(error).splitlines()[0],
        ) from None  # fmt: skip
    described = connection.execute("DESCRIBE trial").fetchall()
    return {str(name): str(kind) for name, kind, *_ in described}


def _known(columns: dict[str, str], name: str) -> str:
    if name not in columns:
        raise UnknownName.among("column", name, columns)
    return '"' + name.replace('"', '""') + '"'


def _counts(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str, int]:
    found = connection.execute(
        f"SELECT coalesce({column}::VARCHAR, '') AS arm, count(*) FROM trial GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {str(arm): int(people) for arm, people in found}


def _treated(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, str], design: Design
) -> npt.NDArray[np.bool_]:
    column = _known(columns, design.treatment)
    counts = _counts(connection, column)
    if "" in counts:
        raise InputError(
            f"{counts['']:,} people are in no arm",
            expected=f"a value of {design.treatment} in every row",
            next_step="leave out who was not assigned",
        )
    if design.control not in counts:
        raise InputError(
            "treatment without control",
            expected=f"rows whose {design.treatment} is {design.control!r}",
            got=", ".join(f"{arm!r} {people:,}" for arm, people in list(counts.items())[:8]),
            next_step="name the value of the untreated arm with --control",
        )
    found = connection.execute(f"SELECT {column}::VARCHAR <> ? AS t FROM trial", [design.control])
    return np.asarray(found.fetchnumpy()["t"], dtype=np.bool_)


def _check_order(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, str], design: Design
) -> None:
    if not (design.treated_at and design.outcome_at):
        return
    first, then = (_known(columns, name) for name in (design.treated_at, design.outcome_at))
    (early,) = connection.execute(
        f"SELECT count(*) FROM trial WHERE {then}::TIMESTAMPTZ < {first}::TIMESTAMPTZ"
    ).fetchall()[0]
    if early:
        raise InputError(
            "an outcome is earlier than its treatment",
            expected=f"{design.outcome_at} at or after {design.treated_at}",
            got=f"{early:,} rows the other way round",
            next_step="count only what came after the assignment",
        )


def _number(connection: duckdb.DuckDBPyConnection, columns: dict[str, str], name: str) -> Floats:
    column = _known(columns, name)
    try:
        found = connection.execute(f"SELECT {column}::DOUBLE AS v FROM trial").fetchnumpy()["v"]
    except duckdb.Error:
        raise InputError(
            f"{name} is no number", expected="numbers, or true and false", got=columns[name]
        ) from None
    return _filled(found)


def _feature(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, str], name: str
) -> tuple[list[str], list[Floats]]:
    column = _known(columns, name)
    kind = columns[name]
    if kind.startswith(("TIMESTAMP", "DATE")):
        days = f"SELECT epoch({column}::TIMESTAMP) / 86400.0 AS v FROM trial"
        return [name], [_filled(connection.execute(days).fetchnumpy()["v"])]
    if kind != "VARCHAR" and not kind.startswith("ENUM"):
        return [name], [_number(connection, columns, name)]
    words = connection.execute(f"SELECT coalesce({column}::VARCHAR, '') AS v FROM trial")
    return _words(name, words.fetchnumpy()["v"])


def _words(name: str, values: Any) -> tuple[list[str], list[Floats]]:
    levels, codes, counts = np.unique(
        np.asarray(values, dtype=str), return_inverse=True, return_counts=True
    )
    if len(levels) <= LEVELS:
        parts = [(codes == i).astype(np.float64) for i in range(len(levels))]
        return [f"{name}={level}" for level in levels], parts
    rank = np.empty(len(levels))
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(levels))
    return [name], [rank[codes]]


def _filled(values: Any) -> Floats:
    return np.asarray(np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan))


def features_of(names: Sequence[str]) -> tuple[str, ...]:
    """Names given one by one or with commas.

    Examples
    --------
    >>> features_of(["age, tier", "city"])
    ('age', 'tier', 'city')
    """
    parts = (part.strip() for name in names for part in name.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
