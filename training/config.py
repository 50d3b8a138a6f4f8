"""A training run as one frozen value: every default visible, TOML in, hash out."""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from features.errors import InputError, UnknownName
from recsys.candidates.als import AlsConfig
from recsys.ranking.lambdamart import LambdaMartConfig

FEWEST_CUTS = 3
"""Windows to train, to validate and to test."""


@dataclass(frozen=True)
class TrainConfig:
    """How a bundle is trained.

    Parameters
    ----------
    cuts : tuple of float
        Parts of the events to be foretold after which time is cut, ascending. The last window
        tests, the one before it validates, the others train.
    days : int
        Only the last so many days are foretold and learned from; 0: all of them. What is known of
        people and items always comes from the whole history.
    queries : int
        People asked in each window at most.
    negatives : int
        Candidates without a label drawn for each query.
    impressions : int
        Lists that were shown, of each window, that are learned from at most; 0: none.
    fewest_impressions : int
        Items of such lists in a window without which none of them teaches.
    acted_within : float
        Hours after an impression in which an act that names no request may belong to it.
    candidates : int
        Items that each source proposes.
    shares : int
        Shares that the share ranker learns from at most, the latest.
    shares_each : int
        Of these, shares of one person at most, so that a few do not teach all.
    fewest_shares : int
        Opened shares without which no share ranker is learned.
    repeats_from : float
        Purchases repeat where at least this part of them is of something bought before.
    clean : bool
        Whether fakes are left out (``features.risk``).
    seed : int
        Of everything that is drawn.
    als : AlsConfig
        The factorisation.
    feed, sharing : LambdaMartConfig
        The two rankers.

    Examples
    --------
    >>> TrainConfig().hash == TrainConfig(seed=1).hash
    False
    """

    cuts: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9)
    days: int = 0
    queries: int = 6_000
    negatives: int = 60
    impressions: int = 6_000
    fewest_impressions: int = 1_000
    acted_within: float = 1.0
    candidates: int = 200
    shares: int = 50_000
    shares_each: int = 200
    fewest_shares: int = 300
    repeats_from: float = 0.02
    clean: bool = True
    seed: int = 0
    als: AlsConfig = field(default_factory=AlsConfig)
    feed: LambdaMartConfig = field(default_factory=LambdaMartConfig)
    sharing: LambdaMartConfig = field(
        default_factory=lambda: LambdaMartConfig(
            min_data_in_leaf=50, num_leaves=15, truncation=10, eval_at=5, patience=100
        )
    )

    def __post_init__(self) -> None:
        """Refuse what no run can follow.

        Raises
        ------
        InputError
            When the cuts do not make a window each to train, to validate and to test, or a number
            that must be positive is not.

        Examples
        --------
        >>> TrainConfig(cuts=(0.8, 0.9))
        Traceback (most recent call last):
        features.errors.InputError: time is cut in a way that no run can follow (expected ...
        """
        ascending = all(low < high for low, high in pairwise((0.0, *self.cuts, 1.0)))
        if len(self.cuts) < FEWEST_CUTS or not ascending:
            raise InputError(
                "time is cut in a way that no run can follow",
                expected=f"at least {FEWEST_CUTS} ascending parts between 0 and 1",
                got=f"cuts = {list(self.cuts)}",
                next_step="set more cuts, or leave them out for the usual ones",
            )
        for name in ("queries", "negatives", "candidates"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be positive", got=f"{name} = {getattr(self, name)}")
        for name in ("impressions", "fewest_impressions", "acted_within"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"{name} is below zero",
                    expected=f"{name} >= 0",
                    got=f"{name} = {getattr(self, name)}",
                )

    @property
    def hash(self) -> str:
        """Fingerprint of every setting."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()[:16]

    def plain(self) -> dict[str, Any]:
        """Every setting as plain values."""
        return dataclasses.asdict(self)


def read(path: Path | None) -> TrainConfig:
    """Read a TOML file; what it leaves out has its default.

    Raises
    ------
    InputError
        When the file is no TOML or a value has the wrong type.
    UnknownName
        When a key is unknown; the message names the nearest.
    """
    if path is None:
        return TrainConfig()
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read", expected="TOML", got=str(error), next_step="mend the file"
        ) from error
    return of(given)


def of(given: Mapping[str, Any]) -> TrainConfig:
    """A configuration from plain values; what they leave out has its default.

    Raises
    ------
    InputError
        When a value has the wrong type.
    UnknownName
        When a key is unknown; the message names the nearest.

    Examples
    --------
    >>> of({"als": {"factors": 32}}).als.factors
    32
    >>> of({"alls": {}})
    Traceback (most recent call last):
    features.errors.UnknownName: unknown setting 'alls'; next: use one of: als
    """
    _known(given, TrainConfig().plain(), "")
    try:
        return msgspec.convert(_over(TrainConfig().plain(), given), TrainConfig)
    except msgspec.ValidationError as error:
        raise InputError("a setting has a wrong value", got=str(error)) from error


def to_toml(config: TrainConfig) -> str:
    """Every setting as TOML that ``read`` takes.

    Examples
    --------
    >>> to_toml(TrainConfig()).splitlines()[0]
    'cuts = [0.5, 0.6, 0.7, 0.8, 0.9]'
    """
    plain = config.plain()
    lines = [f"{key} = {_value(one)}" for key, one in plain.items() if not isinstance(one, dict)]
    for key, table in plain.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]", *(f"{name} = {_value(one)}" for name, one in table.items())]
    return "\n".join(lines)


def _value(given: Any) -> str:
    """A number or a tuple of numbers in TOML, which writes them as JSON does."""
    return json.dumps(list(given) if isinstance(given, tuple) else given)


def _known(given: Mapping[str, Any], plain: dict[str, Any], where: str) -> None:
    for key, value in given.items():
        if key not in plain:
            raise UnknownName.among("setting", where + key, [where + name for name in plain])
        if _tables(plain[key], value):
            _known(value, plain[key], f"{where}{key}.")


def _over(plain: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return plain | {
        key: _over(plain[key], value) if _tables(plain[key], value) else value
        for key, value in given.items()
    }


def _tables(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)
