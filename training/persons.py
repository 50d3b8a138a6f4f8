"""What is known of people at an instant, as rows of numbers: counters and profile.

The same columns describe people to every prediction; each value is what the feature job would have
published by then.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features import consent
from features.catalogue import of_key
from features.choices import Say
from features.clock import DAY_US, Int64s
from features.counters import Counter, Key
from features.portraits import TAGS
from training.past import Past, Queries

Floats = npt.NDArray[np.float64]

_UNKNOWN = ("", "unknown")

_YEAR_DAYS = 365.2425


def columns() -> tuple[str, ...]:
    """Names of the columns of ``rows``."""
    return (*(counter.name for counter in of_key(Key.USER)), *PROFILE)


def rows(past: Past, users: Sequence[str], at_us: Int64s) -> Floats:
    """Describe people, each at an instant of their own.

    Parameters
    ----------
    past : Past
        The history.
    users : sequence of str, length n
    at_us : ndarray, int64, shape (n,)
        Only what came strictly before counts.

    Returns
    -------
    ndarray, float64, shape (n, len(columns()))
        Amounts as their logarithm, instants as days ago; NaN where unknown or not allowed.
    """
    values = past.points.values(Key.USER, {c.USER: users}, at_us)
    said = past.say(Queries(users, at_us))
    consent.hide(values, said, np.arange(len(users)))
    counted = [_formed(counter, values[counter.name], at_us) for counter in of_key(Key.USER)]
    return np.column_stack([*counted, *_profile(past, users, at_us, said)])


def _formed(counter: Counter, values: Floats, at_us: Int64s) -> Floats:
    if c.AT in {counter.first, counter.last}:
        return (at_us - values) / DAY_US
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _number(text: str | None, _year: float) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _female(text: str | None, _year: float) -> float:
    if text is None or text in _UNKNOWN:
        return float("nan")
    return float(text.lower() in {"f", "female", "女"})


def _age(text: str | None, year: float) -> float:
    return year - _number(text, year)


def _city(text: str | None, _year: float) -> float:
    """The first two digits of a city's code name its province."""
    return _number(text[:2], 0.0) if text else float("nan")


_READ: dict[str, tuple[str, Callable[[str | None, float], float]]] = {
    "profile.tier": (c.CITY_TIER, _number),
    "profile.female": ("gender", _female),
    "profile.age": ("birth_year", _age),
    "profile.level": ("member_level", _number),
    "profile.province": ("city", _city),
}

PROFILE = (*_READ, "profile.registered_days")
"""Columns of the profile."""


_TAGS = {
    "profile.tier": "geo.tier", "profile.female": "demo.gender", "profile.province": "geo.city",
}  # fmt: skip
"""Tags that show a column of the profile: deleting the tag hides the column."""


def _hidden(column: str, decided: Say) -> bool:
    name = _TAGS.get(column)
    return name is not None and (
        name in decided.suppressed or not consent.gives(decided, TAGS[name].scope)
    )


def _profile(past: Past, users: Sequence[str], at_us: Int64s, said: Sequence[Say]) -> list[Floats]:
    """The version of each profile in force at the instant, as the history's own facts take it."""
    asked = pa.table({"row": np.arange(len(users)), c.USER: pa.array(users, pa.string()),
                      "asked_us": at_us})  # fmt: skip
    past.connection.register("asked_people", asked)
    names = [name for name, _ in _READ.values()]
    wanted = ", ".join(f"u.{name}::VARCHAR AS {name}" for name in names)
    found = past.connection.sql(
        f"SELECT {wanted}, u.registered_us FROM asked_people a ASOF LEFT JOIN users u "
        f"ON a.{c.USER} = u.{c.USER} AND a.asked_us >= u.{c.VALID_FROM} ORDER BY a.row"
    ).to_arrow_table()
    past.connection.unregister("asked_people")
    years = 1970 + at_us / DAY_US / _YEAR_DAYS
    read = []
    for name, (column, form) in _READ.items():
        texts = found[column].to_pylist()
        values = np.array([form(t, y) for t, y in zip(texts, years, strict=True)])
        hidden = np.array([_hidden(name, one) for one in said], dtype=np.bool_)
        read.append(np.where(hidden, np.nan, values))
    registered = found["registered_us"].to_pandas().to_numpy(dtype=np.float64)
    return [*read, (at_us - registered) / DAY_US]
