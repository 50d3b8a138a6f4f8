"""Which files of a source go to which table."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from features.errors import FileRefused
from features.ingest import mapping as maps
from features.ingest.mapping import ORDER, Mapping, Part
from features.ingest.reading import format_of

NAMED = {name: name for name in ORDER} | {name[:-1]: name for name in ORDER}
"""Words in a file's or folder's name that tell its table."""


@dataclass(frozen=True)
class Job:
    """One file on its way into one table.

    Parameters
    ----------
    table : str
        Canonical table.
    part : Part
        How to read it.
    path : Path
        The file.
    partitions : dict of str to str
        Columns that folder names such as ``ds=2026-06-18`` give.
    """

    table: str
    part: Part
    path: Path
    partitions: dict[str, str] = field(default_factory=dict)

    @property
    def quarantine(self) -> str:
        """File name for its bad rows; the same at every run."""
        aside = f" {self.part.when}" if self.part.aside else ""
        identity = f"{self.path.resolve()} {self.part.source}{aside}"
        return quarantine_name(identity, self.path.name)


def quarantine_name(identity: str, name: str) -> str:
    """Name the quarantine file of a source.

    Examples
    --------
    >>> quarantine_name("/shop/orders.csv", "orders.csv")
    'orders-b5703edb.parquet'
    """
    digest = hashlib.blake2b(identity.encode(), digest_size=4).hexdigest()
    stem = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in Path(name).stem)
    return f"{stem[:80]}-{digest}.parquet"


def jobs_of(source: Path, mapping: Mapping | None, table: str | None) -> list[Job]:
    """List what is to be read, users and items first.

    Parameters
    ----------
    source : Path
        A file, or a folder that is searched to its bottom.
    mapping : Mapping, optional
        Canonical names when left out.
    table : str, optional
        Take this table alone; a file's name need not tell it then.

    Raises
    ------
    FileRefused
        When the source does not exist, or nothing in it belongs to a table.
    """
    if not source.exists():
        raise FileRefused(f"there is no {source}", next_step="check the path")
    files = list(data_files(source))
    jobs = [
        Job(name, part, path, partitions_of(source, path))
        for name in ([table] if table else ORDER)
        for path in files
        for part in _parts(name, path, mapping)
        if _belongs(source, path, name, part, mapping, table)
    ]
    if not jobs:
        raise FileRefused(
            f"nothing in {source} belongs to a table",
            expected="files or folders named users, items, ties or events",
            got=", ".join(path.name for path in files[:8]) or "no data file",
            next_step="name the table with --table, or the files in a mapping with source:",
        )
    return jobs


def data_files(source: Path) -> Iterator[Path]:
    """List a source's data files in order of their paths; hidden ones and ``_SUCCESS`` left out."""
    if source.is_file():
        yield source
        return
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source).parts
        hidden = any(name.startswith((".", "_")) for name in inside)
        if path.is_file() and not hidden and format_of(path) is not None:
            yield path


def table_of(source: Path, path: Path) -> str | None:
    """Tell a file's table from its name, then from its folders, the nearest first.

    Examples
    --------
    >>> table_of(Path("shop"), Path("shop/events/ds=2026-06-18/part-0.parquet"))
    'events'
    >>> table_of(Path("shop"), Path("shop/user_2026.csv")), table_of(Path("a"), Path("a/b.csv"))
    ('users', None)
    """
    inside = path.relative_to(source).parts if path != source else (path.name,)
    for name in (*reversed(inside), source.name):
        word = "".join(sign if sign.isalpha() else " " for sign in name.lower()).split()
        if word and word[0] in NAMED:
            return NAMED[word[0]]
    return None


def _parts(table: str, path: Path, mapping: Mapping | None) -> tuple[Part, ...]:
    if mapping is not None:
        return mapping.parts(table)
    if table == "events" and format_of(path) == "NDJSON":
        return maps.load("segment").events
    return maps.CANONICAL.parts(table)


def _belongs(
    source: Path, path: Path, name: str, part: Part, mapping: Mapping | None, table: str | None
) -> bool:
    if part.source is not None:
        inside = path.name if path == source else path.relative_to(source).as_posix()
        return fnmatch(path.name, part.source) or fnmatch(inside, part.source)
    if table is not None or (mapping is not None and source.is_file()):
        return True
    found = table_of(source, path)
    alone = mapping is not None and sum(bool(mapping.parts(other)) for other in ORDER) == 1
    return found == name or (found is None and alone)


def partitions_of(source: Path, path: Path) -> dict[str, str]:
    """Read the columns that folder names give.

    Examples
    --------
    >>> partitions_of(Path("shop"), Path("shop/ds=2026-06-18/part-0.csv"))
    {'ds': '2026-06-18'}
    """
    folders = path.relative_to(source).parts[:-1] if path != source else ()
    named = (folder.partition("=") for folder in (source.name, *folders) if "=" in folder)
    return {name: value for name, _, value in named}
