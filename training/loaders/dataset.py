"""A public data set said as data: its Parquet files, and one SQL query for each canonical table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import InputError
from features.tables import Table, table


@dataclass(frozen=True)
class Dataset:
    """What a folder holds and what becomes of it.

    Parameters
    ----------
    name : str
        As users type it.
    files : mapping of str to tuple of str
        File name -> columns that must be in it.
    queries : mapping of str to str
        Canonical table -> SQL over views named like the files, without ``.parquet``; each view
        also has ``file_row_number``. Columns the query leaves out are null.
    """

    name: str
    files: Mapping[str, tuple[str, ...]]
    queries: Mapping[str, str]

    def load(self, path: Path) -> dict[str, pa.Table]:
        """Read the folder.

        Returns
        -------
        dict of str to pyarrow.Table
            One for each query, in their order, with the schemas of ``features.tables``.

        Raises
        ------
        InputError
            When a file or a column is missing.
        """
        self._check(path)
        with duckdb.connect() as connection:
            for file in self.files:
                source = str(path / file).replace("'", "''")
                connection.execute(
                    f"CREATE VIEW {Path(file).stem} AS "
                    f"SELECT * FROM read_parquet('{source}', file_row_number = true)"
                )
            return {
                name: conformed(table(name), connection.sql(query).to_arrow_table())
                for name, query in self.queries.items()
            }

    def _check(self, path: Path) -> None:
        expected = ", ".join(self.files)
        missing = [file for file in self.files if not (path / file).is_file()]
        if missing:
            raise InputError(
                f"no data set {self.name} in {path}",
                expected=expected,
                got=f"no {', '.join(missing)}",
                next_step="give the folder that holds these Parquet files",
            )
        for file, columns in self.files.items():
            absent = set(columns) - set(_columns(path / file))
            if absent:
                raise InputError(
                    f"{path / file} is another file",
                    expected=f"columns {', '.join(columns)}",
                    got=f"no {', '.join(sorted(absent))}",
                )


def conformed(kind: Table, rows: pa.Table) -> pa.Table:
    """Order and cast columns to the schema of a canonical table; absent ones become null.

    Raises
    ------
    InputError
        When a column is none of the table's.

    Examples
    --------
    >>> ties = pa.table({"user_id": ["a"], "peer_id": ["b"], "tie_type": ["follow"]})
    >>> conformed(table("ties"), ties).column_names
    ['user_id', 'peer_id', 'tie_type', 'since_us', 'source', 'extra']
    >>> conformed(table("ties"), pa.table({"friend": ["a"]}))
    Traceback (most recent call last):
    features.errors.InputError: not a column of ties (expected user_id, ...; got friend)
    """
    strange = [name for name in rows.column_names if name not in kind.schema.names]
    if strange:
        expected = ", ".join(kind.schema.names)
        raise InputError(f"not a column of {kind.name}", expected=expected, got=", ".join(strange))
    nothing = pa.nulls(rows.num_rows)
    arrays = [
        (rows[field.name] if field.name in rows.column_names else nothing).cast(field.type)
        for field in kind.schema
    ]
    return pa.Table.from_arrays(arrays, schema=kind.schema)


def _columns(file: Path) -> list[str]:
    try:
        return list(pq.read_schema(file).names)
    except pa.ArrowInvalid as error:
        raise InputError(f"{file} cannot be read", expected="a Parquet file") from error
