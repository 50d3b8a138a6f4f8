"""References: what the population looks like as of an instant, so that one person can be compared.

Medians, priors, shares and price cuts are computed in batch, published once, and read alike by the
batch build and by serving. A reference is either a few ``numbers`` under a name, or a ``Lookup``:
numbers by category, brand, user, … Graph measures and fitted weights join them under names of their
own (``lookups["graph.core"]``, ``numbers["weights.churn_30"]``) without a change of the files.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from features import habits as habits_of
from features import population
from features.catalogue import declaration_hash
from features.clock import BusinessZone
from features.counters import Key
from features.errors import BundleCorrupt, BundleMismatch, MissingStep, UnknownName
from features.lookups import Lookup
from features.subjects import of_tables

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

_FILE = "references.json"

NO_HABITS = habits_of.Habits()
"""Of buyers of nothing."""

PERSONAL = ("graph", "risk", "tie.person")
"""Lookups by person."""


@dataclass(frozen=True, eq=False)
class References:
    """Population statistics of one instant.

    Parameters
    ----------
    as_of_us : int
        The instant.
    declaration : str
        Fingerprint of the counters they were made from.
    numbers : mapping of str to tuple of float
        A few numbers by name; NaN where the population could not tell.
    lookups : mapping of str to Lookup
        Numbers by category, brand, …; an empty one may be left out.

    Examples
    --------
    >>> References.empty().prior("share_open")
    (2.0, 2.0)
    >>> References.empty().number("median.age")
    Traceback (most recent call last):
    features.errors.UnknownName: unknown reference 'median.age'; next: use one of: ...
    """

    as_of_us: int
    declaration: str
    numbers: Mapping[str, tuple[float, ...]]
    lookups: Mapping[str, Lookup]

    @classmethod
    def build(
        cls,
        tables: Mapping[Key, "pa.Table"],
        sold: population.Sold,
        at_us: int,
        zone: BusinessZone,
        habits: habits_of.Habits = NO_HABITS,
    ) -> Self:
        """Measure the population.

        Parameters
        ----------
        tables : mapping of Key to pyarrow.Table
            Counters as of ``at_us``, from ``features.batch.values``.
        sold : features.population.Sold
            Units sold before ``at_us``, for the price cuts.
        at_us : int
            The instant.
        zone : BusinessZone
            The business time zone.
        habits : features.habits.Habits
            What buyers do in categories.
        """
        people = of_tables(tables, at_us, zone)
        numbers, lookups = population.measure(people, sold)
        told, more = habits_of.measure(habits)
        return cls.measured(numbers | told, lookups | more, at_us)

    @classmethod
    def empty(cls) -> Self:
        """References of a population of nobody: all fallbacks."""
        numbers, lookups = population.measure(population.NOBODY, population.NOTHING_SOLD)
        told, more = habits_of.measure(NO_HABITS)
        return cls.measured(numbers | told, lookups | more, 0)

    @classmethod
    def measured(
        cls, numbers: Mapping[str, tuple[float, ...]], lookups: Mapping[str, Lookup], at_us: int
    ) -> Self:
        """References of this declaration; empty lookups are dropped."""
        kept = {name: table for name, table in lookups.items() if len(table)}
        return cls(at_us, declaration_hash(), dict(numbers), kept)

    def with_more(
        self, numbers: Mapping[str, tuple[float, ...]], lookups: Mapping[str, Lookup]
    ) -> Self:
        """These and others; of equal names the others; empty lookups are dropped.

        Examples
        --------
        >>> References.empty().with_more({"median.r_days": (3.0,)}, {}).number("median.r_days")
        3.0
        """
        kept = {name: one for name, one in {**self.lookups, **lookups}.items() if len(one)}
        return type(self)(self.as_of_us, self.declaration, {**self.numbers, **numbers}, kept)

    def less(self, *names: str) -> Self:
        """These without some numbers and lookups."""
        numbers = {name: one for name, one in self.numbers.items() if name not in names}
        lookups = {name: one for name, one in self.lookups.items() if name not in names}
        return type(self)(self.as_of_us, self.declaration, numbers, lookups)

    @cached_property
    def version(self) -> str:
        """Fingerprint of the content."""
        digest = hashlib.sha256(self._text().encode())
        for name in sorted(self.lookups):
            table = self.lookups[name]
            for part in (table.ids.blob, table.ids.ends, table.values):
                digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:16]

    def number(self, name: str) -> float:
        """One number; NaN where the population could not tell.

        Raises
        ------
        UnknownName
            When there is no reference of that name.
        """
        return self.vector(name)[0]

    def vector(self, name: str) -> tuple[float, ...]:
        """A few numbers; raises like ``number``."""
        if name not in self.numbers:
            raise UnknownName.among("reference", name, self.numbers)
        return self.numbers[name]

    def prior(self, rate: str) -> tuple[float, float]:
        """Parameters a and b of the beta prior of a rate of ``population.RATES``."""
        a, b = self.vector(f"prior.{rate}")
        return a, b

    def share(self, key: Key, names: Sequence[str]) -> Floats:
        """Shares of the population's interest; 0 for unknown names; shape (len(names),)."""
        return self.lookup(f"share.{key.word}", names, 0.0)

    def cuts(self, categories: Sequence[str]) -> Floats:
        """Four cuts of log price for each category, global ones if unknown; shape (n, 4)."""
        whole = self.vector("cuts")
        if "cuts" not in self.lookups:
            return np.tile(np.array(whole), (len(categories), 1))
        return self.lookup("cuts", categories, whole)

    def require(self, version: str) -> Self:
        """Refuse to be taken for another version.

        Raises
        ------
        BundleMismatch
            When ``version`` is not this one's.

        Examples
        --------
        >>> References.empty().require("0123456789abcdef")
        Traceback (most recent call last):
        features.errors.BundleMismatch: other references (expected 0123...; next: ...
        """
        if self.version != version:
            raise BundleMismatch(
                "other references",
                expected=version,
                got=self.version,
                next_step="use the references of the same `huoren features`",
            )
        return self

    def names(self, name: str, codes: npt.NDArray[np.int64]) -> list[str]:
        """Names at places of a lookup."""
        return self.lookups[name].ids.names(codes) if len(codes) else []

    def size(self, name: str) -> int:
        """How many names a lookup holds."""
        return len(self.lookups[name]) if name in self.lookups else 0

    def lookup(self, name: str, names: Sequence[str], default: float | Sequence[float]) -> Floats:
        """Values of ``names`` in a lookup; ``default`` where unknown."""
        if name not in self.lookups:
            return np.array([default] * len(names), dtype=np.float64)
        return self.lookups[name].read(names, default)

    def save(self, folder: Path) -> None:
        """Write as JSON and ``.npy`` into a new or empty folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.lookups.items():
            table.save(folder, name)
        content = {"version": self.version, **json.loads(self._text())}
        (folder / _FILE).write_text(json.dumps(content, indent=1))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what ``save`` wrote.

        Raises
        ------
        MissingStep
            When the folder holds no references.
        BundleMismatch
            When they were made from other counters than this program declares.
        BundleCorrupt
            When a file was changed.

        Examples
        --------
        >>> References.open(Path("nowhere"))
        Traceback (most recent call last):
        features.errors.MissingStep: no references in nowhere; next: run `huoren features`
        """
        path = folder / _FILE
        if not path.exists():
            raise MissingStep(f"no references in {folder}", next_step="run `huoren features`")
        content, found = cls._read(folder)
        if content["declaration"] != declaration_hash():
            raise BundleMismatch(
                f"the references in {folder} were made from other counters",
                expected=declaration_hash(),
                got=content["declaration"],
                next_step="run `huoren features` again",
            )
        missing = set(_empty().numbers) - set(content["numbers"])
        if missing:
            raise BundleMismatch(
                f"the references in {folder} were made by another version",
                expected=f"numbers {', '.join(sorted(missing))}",
                got="none of that name",
                next_step="run `huoren features` again",
            )
        if found.version != content["version"]:
            raise BundleCorrupt(
                f"the references in {folder} were changed",
                expected=content["version"],
                got=found.version,
                next_step="run `huoren features` again",
            )
        return found

    @classmethod
    def without(cls, folder: Path, user_id: str) -> Self | None:
        """What ``save`` wrote, of whatever declaration, without a person; None if it names nobody.

        Parameters
        ----------
        folder : Path
            May hold no references.
        user_id : str
            The person.
        """
        if not (folder / _FILE).exists():
            return None
        _, found = cls._read(folder)
        named = {name: one for name, one in found.lookups.items() if name in PERSONAL}
        left = {name: one.without(user_id) for name, one in named.items()}
        if all(left[name] is one for name, one in named.items()):
            return None
        return found.with_more({}, left)

    @classmethod
    def _read(cls, folder: Path) -> tuple[dict[str, Any], Self]:
        content = json.loads((folder / _FILE).read_text())
        found = cls(
            content["as_of_us"],
            content["declaration"],
            {name: _floats(row) for name, row in content["numbers"].items()},
            {name: Lookup.open(folder, name) for name in content["lookups"]},
        )
        return content, found

    def _text(self) -> str:
        return json.dumps({
            "as_of_us": self.as_of_us,
            "declaration": self.declaration,
            "numbers": {
                name: [None if math.isnan(one) else one for one in row]
                for name, row in sorted(self.numbers.items())
            },
            "lookups": sorted(self.lookups),
        })


@cache
def _empty() -> References:
    return References.empty()


def _floats(row: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if one is None else float(one) for one in row)
