"""``mapping.yaml``: which source column is which canonical one, and in what units.

::

    events:
      source: "orders*.csv"            # which files; default: those named for the table
      columns:
        user_id: 用户ID                 # a column, or a dotted path into JSON
        at_us: 下单时间
        item_id: [properties.item_id, properties.product_id]   # the first that is not null
      constants: {event: Order Completed, currency: CNY}
      timezone: Asia/Shanghai
      money: yuan

A source column that ends in ``_us`` or ``_fen`` states its unit by that. A name in snake_case is
also found in camelCase (``message_id`` in ``messageId``).
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from features.clock import BusinessZone
from features.errors import InputError, MappingError, UnknownName

SHIPPED = Path(__file__).parent / "mappings"
"""Mappings that come with the distribution, chosen by name."""

VISITORS = ("anonymous_id", "visitor_id")

Scalar = str | int | float | bool | None


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _zone(value: str | None) -> str | None:
    if value is not None:
        try:
            BusinessZone(value)
        except InputError as error:
            raise ValueError(str(error)) from error
    return value


def _delimiter(value: str | None) -> str | None:
    r"""Read ``\001``, ``\x01`` and ``\t`` however YAML has left them."""
    if value is None or len(value) == 1:
        return value
    if value in {"\x0001", r"\001"}:
        return "\x01"
    plain = value.encode().decode("unicode_escape")
    if len(plain) != 1:
        raise ValueError("a delimiter is one character")
    return plain


Text = Annotated[str, BeforeValidator(_as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Scalars = Annotated[tuple[Scalar, ...], BeforeValidator(_listed)]
Money = Literal["fen", "yuan"]


class Part(BaseModel):
    """How one table is read from one kind of file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = None
    """Glob over file names or paths below SOURCE; default: files named for the table."""
    columns: dict[str, Texts] = Field(default_factory=dict)
    """Canonical name <- source column, dotted JSON path, or several of them in order."""
    canonical: bool = False
    """Whether columns under their canonical names are taken too."""
    constants: dict[str, Text] = Field(default_factory=dict)
    """Canonical name <- one value for every row (where ``columns`` finds none)."""
    values: dict[str, dict[Text, Text | None]] = Field(default_factory=dict)
    """Canonical name <- source value to canonical value; others stay as they are."""
    when: dict[str, Scalars] = Field(default_factory=dict)
    """Source column <- values; only rows that have one of them belong to this table."""
    aside: bool = False
    """Whether other parts take most rows of the same files: those then answer for unreadable rows,
    and tell whether a file is mostly bad."""
    explode: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """Paths of JSON lists, the first non-empty one makes one line of each element."""
    timezone: Annotated[str | None, BeforeValidator(_zone)] = None
    """IANA zone of times without one; such times are quarantined when left out."""
    epoch: Literal["s", "ms", "us"] | None = None
    """Unit of times that are numbers."""
    format: str | None = None
    """strptime format of times that are text; ISO 8601 when left out."""
    money: Money | dict[str, Money] = "fen"
    """Unit of amounts: for the table, or by canonical name."""
    encoding: str = "utf-8"
    delimiter: Annotated[str | None, BeforeValidator(_delimiter)] = None
    """Default: a tab for .tsv, else a comma."""
    names: tuple[str, ...] = ()
    """Column names of a file without a header line."""
    nulls: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ("", "\\N")
    """Spellings of "no value"."""
    drop: tuple[str, ...] = ()
    """Source columns or paths that are not even kept in ``extra``."""

    @property
    def dropped(self) -> frozenset[str]:
        """:attr:`drop` in every spelling."""
        return frozenset(way for path in self.drop for way in spellings(path))

    def unit(self, column: str) -> Money:
        """Money unit of a canonical column."""
        return self.money if isinstance(self.money, str) else self.money.get(column, "fen")


Parts = Annotated[tuple[Part, ...], BeforeValidator(_listed)]


class Mapping(BaseModel):
    """A whole ``mapping.yaml``: for each table, one part or a list of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: Parts = ()
    items: Parts = ()
    ties: Parts = ()
    events: Parts = ()

    def parts(self, table: str) -> tuple[Part, ...]:
        """Parts of one table."""
        return tuple(getattr(self, table))


ORDER = ("users", "items", "ties", "events")
"""Tables in the order they are ingested: items before the events that name them."""

CANONICAL = Mapping(**{name: (Part(canonical=True),) for name in ORDER})
"""No mapping at all: every column under its canonical name."""


def columns_of(table: str) -> tuple[str, ...]:
    """Names that ``columns`` of a table may map; events also take ids of visitors.

    ``anonymous_id`` is who acted where there is no ``user_id``, ``visitor_id`` the anonymous id of
    the other person, ``peer_id``.

    Examples
    --------
    >>> columns_of("ties")
    ('user_id', 'peer_id', 'tie_type', 'since_us', 'source', 'extra')
    """
    from features.tables import TABLES  # brings pyarrow, which the HTTP parser does without

    return (*TABLES[table].schema.names, *(VISITORS if table == "events" else ()))


def load(place: str | Path) -> Mapping:
    """Read a mapping file, or a shipped mapping by its name (``segment``, ``sensors``).

    Raises
    ------
    MappingError
        When there is no such file, it is no YAML, or a name or value in it is unknown.

    Examples
    --------
    >>> load("segment").events[0].when
    {'type': ('track', None)}
    >>> load("snowplow")
    Traceback (most recent call last):
    features.errors.MappingError: no mapping 'snowplow' (expected a file, or one of: ...
    """
    shipped = {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}
    path = shipped.get(str(place), Path(place))
    if not path.is_file():
        expected = f"a file, or one of: {', '.join(shipped)}"
        raise MappingError(f"no mapping {str(place)!r}", expected=expected)
    try:
        return parse(path.read_text(encoding="utf-8"))
    except MappingError as error:
        raise MappingError(f"{path.name}: {error}") from error


def parse(text: str) -> Mapping:
    """Read a mapping from YAML text.

    Raises
    ------
    MappingError
        As :func:`load`.

    Examples
    --------
    >>> parse("users: {columns: {user_id: uid}}").users[0].columns
    {'user_id': ('uid',)}
    >>> parse("users: {colums: {user_id: uid}}")
    Traceback (most recent call last):
    features.errors.MappingError: unknown key of users 'colums'; next: use one of: columns...
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MappingError(f"not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict) or not raw:
        raise MappingError("no tables", expected="users:, items:, ties: or events:")
    _refuse_unknown(raw)
    try:
        return Mapping.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MappingError(f"{place}: {first['msg']}", got=repr(first["input"])) from error


def _refuse_unknown(raw: dict[str, Any]) -> None:
    _among("table", raw, Mapping.model_fields)
    for table, parts in raw.items():
        for part in _parts(parts):
            if not isinstance(part, dict):
                raise MappingError(f"{table}: expected keys such as columns:", got=repr(part))
            _among(f"key of {table}", part, Part.model_fields)
            for key in ("columns", "constants", "values", "money"):
                if isinstance(part.get(key), dict):
                    _among(f"column in {table}.{key}", part[key], columns_of(table))


def _parts(parts: object) -> list[object]:
    return list(parts) if isinstance(parts, list) else [parts]


def _among(kind: str, names: dict[str, Any], known: Any) -> None:
    for name in names:
        if name not in known:
            raise MappingError(str(UnknownName.among(kind, str(name), known)))


@lru_cache(maxsize=4096)
def spellings(path: str) -> tuple[str, ...]:
    """List the ways a path may be spelled in a source: as given, then in camelCase.

    Examples
    --------
    >>> spellings("properties.product_id")
    ('properties.product_id', 'properties.productId')
    >>> spellings("用户ID")
    ('用户ID',)
    """
    camel = re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda match: match[1].upper(), path)
    return (path,) if camel == path else (path, camel)
