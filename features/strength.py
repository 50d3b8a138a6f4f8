"""How strong a tie is: the probability that the two do something together within a week.

A logistic model in closed form, so that one evaluation serves the batch build, training rows and
live answers:

    logit p(u, v) = intercept + weights · pair(u, v) + offset(u) + offset(v)

``pair`` reads the live counters of the pair and is the same from both ends: what was done together
and how lately, on how many days, openings and shares of either side, reciprocity, a declared tie.
``offset`` says how much a person does with others at all; it is a daily reference by person, 0 for
who is unknown or refuses to be described. Weights are fitted by ``training.ties``. Until then, the
decayed sum of ``features.ties.strength`` stands in.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import ties
from features.catalogue import CATALOGUE, declaration_hash, of_key
from features.clock import DAY_US
from features.counters import Key, Scope
from features.errors import BundleMismatch
from features.home import Home
from features.lookups import Lookup
from features.references import References
from features.subjects import Subjects

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Values = Mapping[str, Floats]

PAIR = ("tied", "together", "opened", "shared", "days", "since", "met", "both")
"""What a pair is judged by, see ``pair_columns``."""

PERSON = (
    "user.shares_30", "user.opens_30", "user.received_30", "user.interest_30",
    "user.groups_joined_30", "user.groups_started_30", "user.last_active",
)  # fmt: skip
"""Counters that a person's offset is made of; the last as days since."""

WEIGHTS, PERSON_WEIGHTS, OFFSETS = "weights.tie", "weights.tie_person", "tie.person"
"""Names of the references: intercept and weights of ``PAIR``; weights and centres of ``PERSON``;
each person's offset."""

NAMES = (WEIGHTS, PERSON_WEIGHTS, OFFSETS)
"""All of them."""

NEEDED = (Scope.SOCIAL_GRAPH, Scope.PERSONALIZE)
"""Who lacks one of these has no offset of their own."""

STRONG = 0.3
"""Chance of something done together within a week from which a tie is strong."""

LIMIT = 30.0
"""Log-odds beyond which a probability is as good as 0 or 1."""

UNKNOWN_DAYS = 365.0
"""Days since the last act of who never acted."""


@dataclass(frozen=True)
class Fitted:
    """Weights as ``training.ties`` fits them.

    Parameters
    ----------
    as_of_us : int
        Only events before it were learned from.
    pair : ndarray, float64, shape (1 + len(PAIR),)
        Intercept, then weights.
    person : ndarray, float64, shape (2, len(PERSON))
        Weights, and the means at which an offset is 0.
    """

    as_of_us: int
    pair: Floats
    person: Floats

    @property
    def plain(self) -> dict[str, Any]:
        """The weights as plain values, for ``of``."""
        pair, person = self.pair.tolist(), self.person.tolist()
        return {"as_of_us": self.as_of_us, "pair": pair, "person": person}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """The weights that ``plain`` gave."""
        return cls(plain["as_of_us"], np.array(plain["pair"]), np.array(plain["person"]))

    @property
    def numbers(self) -> dict[str, tuple[float, ...]]:
        """The weights as references."""
        return {
            WEIGHTS: tuple(self.pair.tolist()),
            PERSON_WEIGHTS: tuple(self.person.ravel().tolist()),
        }

    def save(self, home: Home, told: Mapping[str, Any]) -> Path:
        """Keep for the feature job, beside how good they are."""
        path = _folder(home) / f"{self.as_of_us:020d}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {**self.plain, "declaration": declaration_hash(), "measured": dict(told)}
        draft = path.with_suffix(".partial")
        draft.write_text(json.dumps(content, indent=1))
        draft.replace(path)
        return path

    @classmethod
    def newest(cls, home: Home, at_us: int) -> Self | None:
        """The last ones that knew nothing after T and read the counters as declared now."""
        for path in sorted(_folder(home).glob("*.json"), reverse=True):
            content = json.loads(path.read_text())
            if content["as_of_us"] <= at_us and content["declaration"] == declaration_hash():
                return cls.of(content)
        return None

    def offsets(self, names: Sequence[str], values: Values, at_us: int) -> Lookup:
        """How much each person does with others, in log-odds; n names, values of shape (n,)."""
        weights, means = self.person
        return Lookup.of(names, (person_columns(values, at_us) - means) @ weights)

    def references(
        self, table: "pa.Table", users: "pa.Table | None", at_us: int
    ) -> tuple[dict[str, tuple[float, ...]], dict[str, Lookup]]:
        """Numbers and lookups that ``Strength.of`` reads.

        Parameters
        ----------
        table : pyarrow.Table
            Counters of ``Key.USER`` as of T.
        users : pyarrow.Table, optional
            ``user_id`` and ``consents``; whoever refuses one of ``NEEDED`` has no offset.
        at_us : int
            T.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        silent = pa.array([] if users is None else _refusing(users), pa.string())
        table = table.filter(pc.invert(pc.is_in(table[c.USER], silent)))
        columns = {name: name.replace(".", "__") for name in PERSON}
        values = {name: _plain(table[column]) for name, column in columns.items()}
        found = self.offsets(table[c.USER].to_pylist(), values, at_us)
        return self.numbers, {OFFSETS: found}


@dataclass(frozen=True)
class Strength:
    """Strength of ties; without weights the decayed sum.

    Parameters
    ----------
    weights : ndarray, float64, shape (1 + len(PAIR),), optional
        Intercept, then weights.
    offsets : Lookup, optional
        Of people.

    Examples
    --------
    >>> none = {counter.name: np.zeros(2) for counter in of_key(Key.PAIR)}
    >>> Strength()("u", ["a", "b"], np.array([1.0, 0.0]), none, 0).round(2).tolist()
    [0.69, 0.0]
    """

    weights: Floats | None = None
    offsets: Lookup | None = None

    @classmethod
    def of(cls, references: References) -> Self:
        """The one that references describe.

        Raises
        ------
        BundleMismatch
            When the weights are of other columns.
        """
        weights = references.numbers.get(WEIGHTS)
        if weights is None:
            return cls()
        if len(weights) != 1 + len(PAIR):
            raise BundleMismatch(
                "the weights of ties are of other columns",
                expected=f"{1 + len(PAIR)} numbers",
                got=f"{len(weights)}",
                next_step="run `huoren train` with this version",
            )
        return cls(np.array(weights), references.lookups.get(OFFSETS))

    def __call__(
        self, users: str | Sequence[str], peers: Sequence[str], tied: Floats, values: Values,
        at_us: "int | npt.NDArray[np.int64]",
    ) -> Floats:  # fmt: skip
        """Strength of n ties.

        Parameters
        ----------
        users : str, or sequence of str of length n
            From whom.
        peers : sequence of str, length n
            To whom.
        tied : ndarray, float64, shape (n,)
            1 where a tie is declared.
        values : mapping of str to ndarray, float64, shape (n,)
            Counters of ``Key.PAIR``.
        at_us : int, or ndarray of int64, shape (n,)
            The instant of the values.

        Returns
        -------
        ndarray, float64, shape (n,)
            A probability; where nothing was fitted a decayed sum, at least 0.
        """
        if self.weights is None:
            return ties.strength(tied, values["pair.together_90"], values["pair.together_by_90"])
        odds = self.weights[0] + pair_columns(tied, values, at_us) @ self.weights[1:]
        if self.offsets is not None and len(peers):
            own = self.offsets.read([users] if isinstance(users, str) else users, 0.0)
            odds = odds + own + self.offsets.read(peers, 0.0)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -LIMIT, LIMIT))), dtype=np.float64)

    def strong(
        self, users: str | Sequence[str], peers: Sequence[str], tied: Floats, values: Values,
        at_us: "int | npt.NDArray[np.int64]",
    ) -> Bools:  # fmt: skip
        """Which of n ties are strong; see ``__call__``.

        Without weights, a decayed count x of openings at a half-life of 30 days estimates
        x ln 2 / 30 a day; of a Poisson stream, the chance of one in 7 days is 1 - 2 ** (-7 x / 30).
        """
        if self.weights is None:
            openings = values["pair.opened_30"] + values["pair.opened_by_30"]
            chances = 1.0 - 2.0 ** (-7.0 * openings / 30.0)
        else:
            chances = self(users, peers, tied, values, at_us)
        return np.asarray(chances.round(9) >= STRONG)

    def strong_of(self, people: Subjects) -> Ints:
        """How many strong ties each of n people has; int64, shape (n,).

        Parameters
        ----------
        people : Subjects
            With counters of ``Key.PAIR`` and declared ties.
        """
        met, held = people.keyed[Key.PAIR], people.ties
        names = list(dict.fromkeys([*met.names, *held.names]))
        place = {name: code for code, name in enumerate(names)}
        peers, bound = (
            np.array([place[name] for name in one.names], dtype=np.int64)[one.codes]
            for one in (met, held)
        )
        both = met.owners * len(names) + peers, held.owners * len(names) + bound
        new = ~np.isin(both[1], both[0])
        owners = np.append(met.owners, held.owners[new])
        values = {
            name: np.append(one, _nothing(name, new.sum())) for name, one in met.values.items()
        }
        tied = np.append(np.isin(*both), np.ones(new.sum())).astype(np.float64)
        ends = (
            [people.ids[one] for one in owners.tolist()],
            [names[one] for one in np.append(peers, bound[new]).tolist()],
        )
        strong = self.strong(*ends, tied, values, people.at_us)
        return np.bincount(owners[strong], minlength=len(people)).astype(np.int64)


UNFITTED = Strength()
"""The decayed sum."""


def pair_columns(tied: Floats, values: Values, at_us: "int | npt.NDArray[np.int64]") -> Floats:
    """``PAIR`` of n pairs; float64, shape (n, len(PAIR)).

    Examples
    --------
    >>> values = {counter.name: np.zeros(1) for counter in of_key(Key.PAIR)}
    >>> values |= {"pair.together_90": np.array([1.0]), "pair.last_together": np.array([0.0])}
    >>> row = pair_columns(np.ones(1), values, DAY_US)
    >>> dict(zip(PAIR, row[0].round(2).tolist(), strict=True))
    {'tied': 1.0, 'together': 0.69, ..., 'since': 0.69, 'met': 1.0, 'both': 0.0}
    """
    mine, theirs = values["pair.together_90"], values["pair.together_by_90"]
    last = np.fmax(values["pair.last_together"], values["pair.last_together_by"])
    met = np.isfinite(last)
    days = np.maximum(at_us - np.where(met, last, at_us), 0.0) / DAY_US
    sums = {
        "together": mine + theirs,
        "opened": values["pair.opened_30"] + values["pair.opened_by_30"],
        "shared": values["pair.shared_30"] + values["pair.received_30"],
        "days": values["pair.days_90"] + values["pair.days_by_90"],
        "since": days,
        "both": np.minimum(mine, theirs),
    }
    columns = {name: np.log1p(np.maximum(one, 0.0)) for name, one in sums.items()}
    columns |= {"tied": tied, "met": met.astype(np.float64)}
    return np.stack([columns[name] for name in PAIR], axis=1)


def person_columns(values: Values, at_us: "int | npt.NDArray[np.int64]") -> Floats:
    """``PERSON`` of n people; float64, shape (n, len(PERSON))."""
    *counts, last = PERSON
    idle = np.nan_to_num((at_us - values[last]) / DAY_US, nan=UNKNOWN_DAYS)
    rows = [values[name] for name in counts] + [np.minimum(idle, UNKNOWN_DAYS)]
    return np.log1p(np.maximum(np.stack(rows, axis=1), 0.0))


def table(pairs: "pa.Table", held: "pa.Table", strength: Strength, at_us: int) -> "pa.Table":
    """Every tie with its strength, one direction a row.

    Parameters
    ----------
    pairs : pyarrow.Table
        Counters of ``Key.PAIR`` as of T, from ``features.batch.values``.
    held : pyarrow.Table
        Declared ties, from ``features.ties.in_force``.
    strength : Strength
        Of the references in force.
    at_us : int
        T.

    Returns
    -------
    pyarrow.Table
        ``user_id``, ``peer_id``, ``strength``, ``strong`` (bool), ``answered`` (part of what the
        two did that was the peer answering the user, half where nothing was done); sorted.
    """
    import pyarrow as pa

    ends = [c.USER, c.PEER]
    declared = held.select(ends).append_column("tied", pa.array(np.ones(held.num_rows)))
    whole = pairs.join(declared, ends, join_type="full outer").combine_chunks()
    whole = whole.sort_by([(name, "ascending") for name in ends])
    values = {
        counter.name: _plain(whole[counter.column], lasting=bool(counter.last))
        for counter in of_key(Key.PAIR)
    }
    mine, theirs = values["pair.together_90"], values["pair.together_by_90"]
    users, peers = (whole[name].to_pylist() for name in ends)
    known = users, peers, _plain(whole["tied"], lasting=False), values, at_us
    return (
        whole
        .select(ends)
        .append_column("strength", pa.array(strength(*known)))
        .append_column("strong", pa.array(strength.strong(*known)))
        .append_column("answered", pa.array((1.0 + theirs) / (2.0 + mine + theirs)))
    )


def _nothing(name: str, n: int) -> Floats:
    """What ``n`` pairs who did nothing have of a counter."""
    lasting = bool(CATALOGUE[name].last or CATALOGUE[name].first)
    return np.full(n, np.nan if lasting else 0.0)


def _plain(column: "pa.ChunkedArray", *, lasting: bool = True) -> Floats:
    """Numbers with NaN for null, or 0 where null means that nothing was done."""
    found = np.asarray(column.to_numpy(), dtype=np.float64)
    return found if lasting else np.nan_to_num(found)


def _refusing(users: "pa.Table") -> list[str]:
    ids, given = users[c.USER].to_pylist(), users["consents"].to_pylist()
    return [
        user
        for user, scopes in zip(ids, given, strict=True)
        if scopes is not None and not set(NEEDED) <= set(scopes)
    ]


def _folder(home: Home) -> Path:
    return home.root / "fitted" / "ties"
