"""Tombstones: who was forgotten, known by salted hashes alone, so that nobody comes back.

``tombstones.json`` holds a salt made once for each home and sha256(salt + id) of each person with
the instant of forgetting. It is looked at wherever people come in (ingest, the store, sealing) and
wherever they are read (the history). What happens to a record is said once, in :func:`without` for
single records and in :class:`Absence` for SQL:

* what a forgotten person did goes, and so do ties to that person;
* what somebody else did with that person stays, without the name: it counts for who did it.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from features import columns as c
from features.clock import now_us
from features.errors import InputError
from features.events import Event
from features.home import Home
from features.identities import EVENTS

FORGOTTEN = "forgotten person"
"""Why a row about such a person is refused."""

CREATOR = "creator_id"

OWNERS = {"events": (c.USER,), "users": (c.USER,), "ties": (c.USER, c.PEER), "items": ()}
"""Columns whose person a row of a table is about."""

NAMED = {"events": (c.PEER, CREATOR)}
"""Columns that may name somebody else, and may be empty."""

R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True)
class Tombstones:
    """Everyone who was forgotten in one home.

    Parameters
    ----------
    salt : str
        Of this home.
    people : mapping of str to int
        Instant of forgetting by digest.
    salts : tuple of str
        Of other homes that share a store with this one, and whose digests are among ``people``.

    Examples
    --------
    >>> stones = Tombstones("salt").having("u1", 0)
    >>> "u1" in stones, "u2" in stones, "u1" in str(stones)
    (True, False, False)
    """

    salt: str = ""
    people: Mapping[str, int] = field(default_factory=dict)
    salts: tuple[str, ...] = ()

    def __contains__(self, user_id: object) -> bool:
        if not self.people:
            return False
        name = str(user_id)
        return any(_digest(salt, name) in self.people for salt in (self.salt, *self.salts))

    def __bool__(self) -> bool:
        return bool(self.people)

    def digest(self, user_id: str) -> str:
        """What stands for a person."""
        return _digest(self.salt, user_id)

    def having(self, user_id: str, at_us: int) -> "Tombstones":
        """These and one more; who is there already keeps the first instant."""
        return Tombstones(self.salt, {self.digest(user_id): at_us, **self.people}, self.salts)

    def joined(self, other: "Tombstones") -> "Tombstones":
        """These and those of another home.

        Examples
        --------
        >>> both = Tombstones("a").having("u1", 0).joined(Tombstones("b").having("u2", 0))
        >>> "u1" in both, "u2" in both, "u3" in both
        (True, True, False)
        """
        known = {self.salt, *self.salts, other.salt, *other.salts} - {""}
        salt = self.salt or other.salt
        return Tombstones(salt, {**other.people, **self.people}, tuple(sorted(known - {salt})))

    def sql(self, column: str) -> str:
        """Condition: the person in a column was forgotten; false where there is none."""
        digests = ", ".join(f"'{digest}'" for digest in sorted(self.people)) or "NULL"
        tests = (
            f"sha256('{salt}' || {column}) IN ({digests})" for salt in (self.salt, *self.salts)
        )
        return f"coalesce({' OR '.join(tests)}, FALSE)"

    def refuse(self, record: R) -> R:
        """Return the record as it may be kept.

        Raises
        ------
        InputError
            When it is about a forgotten person.
        """
        if not self.people:
            return record
        kept = without(record, self.__contains__)
        if kept is None:
            raise InputError(
                f"{c.USER}: {FORGOTTEN}", next_step="send nothing about this person any more"
            )
        return kept


def _digest(salt: str, user_id: str) -> str:
    return hashlib.sha256((salt + user_id).encode(errors="surrogatepass")).hexdigest()


def path(home: Home) -> Path:
    """File of a home's tombstones."""
    return home.root / "tombstones.json"


def read(home: Home) -> Tombstones:
    """Tombstones of a home, as they are now."""
    try:
        found = path(home).stat()
    except FileNotFoundError:
        return Tombstones()
    return _read(path(home), found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=16)
def _read(file: Path, _mtime_ns: int, _inode: int) -> Tombstones:
    held = json.loads(file.read_text())
    return Tombstones(held["salt"], held["people"], tuple(held.get("salts", ())))


def text(stones: Tombstones) -> str:
    """What the file holds."""
    held: dict[str, Any] = {"salt": stones.salt, "people": dict(stones.people)}
    return json.dumps(held | ({"salts": stones.salts} if stones.salts else {}), indent=1)


def with_one_more(home: Home, user_id: str) -> Tombstones:
    """Tombstones of a home and one of a person; the caller writes them."""
    known = read(home)
    salted = known if known.salt else known.joined(Tombstones(secrets.token_hex(32)))
    return salted.having(user_id, now_us())


def without(record: R, forgotten: Callable[[str], bool]) -> R | None:
    """A record without forgotten people; None where nothing is left, itself where nothing goes.

    Parameters
    ----------
    record : Struct
        An event, or a record of the store.
    forgotten : callable
        Whether a person was forgotten.

    Examples
    --------
    >>> opened = Event(message_id="m", event="Share Link Opened", at_us=0, user_id="a", peer_id="b")
    >>> without(opened, {"b"}.__contains__).peer_id is None, without(opened, {"a"}.__contains__)
    (True, None)
    """
    owners = (c.USER,) if isinstance(record, Event) else (c.USER, c.PEER)
    if any(forgotten(one) for name in owners if (one := getattr(record, name, None))):
        return None
    if isinstance(record, Event) and record.event in EVENTS and forgotten(record.peer_id or ""):
        return None  # who else somebody was
    named = (name for name in NAMED["events"] if isinstance(record, Event))
    gone: dict[str, str | None] = {
        name: None for name in named if (one := getattr(record, name)) and forgotten(one)
    }
    extra = getattr(record, c.EXTRA, None)
    if extra and (cleaned := cleaned_extra(extra, forgotten)) != extra:
        gone[c.EXTRA] = cleaned
    return msgspec.structs.replace(record, **gone) if gone else record


def cleaned_extra(extra: str, forgotten: Callable[[str], bool]) -> str | None:
    """JSON without the values that name forgotten people.

    Examples
    --------
    >>> cleaned_extra('{"by": "u1", "n": 3, "likes": ["u1", "u2"]}', {"u1"}.__contains__)
    '{"n": 3, "likes": ["u2"]}'
    >>> cleaned_extra("no JSON: u1", {"u1"}.__contains__)
    'no JSON: u1'
    """
    try:
        told = json.loads(extra)
    except ValueError:
        return extra
    left = _cleaned(told, forgotten)
    if left == told:
        return extra
    return None if left is None else json.dumps(left, ensure_ascii=False)


def _cleaned(value: Any, forgotten: Callable[[str], bool]) -> Any:
    if isinstance(value, dict):
        kept = {k: _cleaned(v, forgotten) for k, v in value.items() if not forgotten(k)}
        return {k: v for k, v in kept.items() if v is not None or value[k] is None}
    if isinstance(value, list):
        return [_cleaned(v, forgotten) for v in value if not _names(v, forgotten)]
    return None if _names(value, forgotten) else value


def _names(value: Any, forgotten: Callable[[str], bool]) -> bool:
    return isinstance(value, (str, int)) and forgotten(str(value))


@dataclass(frozen=True)
class Absence:
    """What :func:`without` does, as SQL on the rows of one canonical table.

    Parameters
    ----------
    table : str
        Name of a canonical table.
    people : str
        SQL that lists forgotten ids, such as a subquery.

    Examples
    --------
    >>> Absence("users", "'u1'").gone
    "(coalesce(user_id IN ('u1'), FALSE))"
    >>> Absence("users", "'u1'").rows("users")
    "SELECT * FROM users WHERE NOT (coalesce(user_id IN ('u1'), FALSE))"
    """

    table: str
    people: str

    def _is(self, column: str) -> str:
        return f"coalesce({column} IN ({self.people}), FALSE)"

    @property
    def gone(self) -> str:
        """Condition: the row goes."""
        tests = [self._is(name) for name in OWNERS[self.table]]
        return f"({' OR '.join(tests) or 'FALSE'})"

    @property
    def stripped(self) -> Mapping[str, str]:
        """New values of the columns that may lose a name."""
        return {
            name: f"CASE WHEN {self._is(name)} THEN NULL ELSE {name} END"
            for name in NAMED.get(self.table, ())
        }

    def rows(self, source: str) -> str:
        """Query of the rows that stay of a relation with the table's columns."""
        values = ", ".join(f"{how} AS {name}" for name, how in self.stripped.items())
        chosen = f"* REPLACE ({values})" if values else "*"
        return f"SELECT {chosen} FROM {source} WHERE NOT {self.gone}"


def named(stones: Tombstones, sources: Mapping[str, str]) -> str:
    """Query of the forgotten people that relations still name.

    Parameters
    ----------
    stones : Tombstones
        Of the home.
    sources : mapping of str to str
        Relation by the name of the canonical table that it is.
    """
    columns = [
        (source, name)
        for table, source in sources.items()
        for name in dict.fromkeys((*OWNERS[table], *NAMED.get(table, ())))
    ]
    people = " UNION ".join(f"SELECT {name} AS {c.USER} FROM {source}" for source, name in columns)
    return f"SELECT {c.USER} FROM ({people}) WHERE {stones.sql(c.USER)}"
