"""What an experiment or a campaign changed: lift with intervals, and whether to believe it.

People are compared by the arm they were first assigned to, whether they then saw anything or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chisquare, norm

from features import columns as c
from features import events as e
from features.clock import DAY_US
from features.errors import InputError, UnknownName
from features.history import History
from features.home import Home

Floats = npt.NDArray[np.float64]

SURE = 0.05
MISMATCH = 0.001
"""A sample ratio less likely than this by chance is called broken."""

GUARDRAILS = ("Share Reported", "Sharer Muted", "Recommendation Dismissed", "Order Refunded")
"""Events that a good change does not make more frequent."""

_OUTCOMES = f"""
    WITH assigned AS (
        SELECT {c.USER}, min({c.AT}) AS start_us, arg_min(arm, {c.AT}) AS arm
        FROM events WHERE event = '{e.CAMPAIGN_ASSIGNED}' AND campaign_id = $campaign
        GROUP BY {c.USER}
    )
    SELECT assigned.arm, assigned.start_us + $span <= $end AS complete,
        count(told.{c.AT}) FILTER (told.{c.AT} >= start_us) AS acts,
        count(told.{c.AT}) FILTER (told.{c.AT} < start_us) AS acts_before,
        coalesce(sum(told.{c.TOTAL}) FILTER (told.{c.AT} >= start_us), 0) AS paid,
        coalesce(sum(told.{c.TOTAL}) FILTER (told.{c.AT} < start_us), 0) AS paid_before
    FROM assigned LEFT JOIN events AS told
        ON told.{c.USER} = assigned.{c.USER} AND told.event = $event AND told.{c.LINE} = 0
        AND told.{c.AT} >= start_us - $span AND told.{c.AT} < start_us + $span
    GROUP BY assigned.{c.USER}, assigned.arm, assigned.start_us
    ORDER BY assigned.{c.USER}
"""


@dataclass(frozen=True)
class Effect:
    """One arm against the control, in one metric.

    Parameters
    ----------
    arm, metric : str
        Which.
    control, treatment : float
        Means per person.
    lift, low, high : float
        Difference of the means and its 95 % interval.
    relative : float or None
        Lift over the control's mean; None where that is 0.
    p : float
        Two-sided.
    per_thousand : float
        Acts or money that the arm added for each thousand people.
    """

    arm: str
    metric: str
    control: float
    treatment: float
    lift: float
    low: float
    high: float
    relative: float | None
    p: float
    per_thousand: float


@dataclass(frozen=True)
class Readout:
    """What came of a campaign.

    Parameters
    ----------
    campaign : str
        Its name.
    people : mapping of str to int
        By arm, those whose days are over.
    waiting : int
        People whose days are not over yet.
    ratio_p : float
        How likely the sample ratio is if people were divided as planned.
    effects : list of Effect
        Each arm in each metric.
    guardrails : list of Effect
        What should not have grown.
    warnings : list of str
        Why not to believe it.
    """

    campaign: str
    people: Mapping[str, int]
    waiting: int
    ratio_p: float
    effects: list[Effect]
    guardrails: list[Effect]
    warnings: list[str]


def readout(
    home: Home,
    campaign: str,
    *,
    at_us: int,
    event: str = "Order Completed",
    days: int = 14,
    control: str = "control",
    shares: Mapping[str, float] | None = None,
) -> Readout:
    """Compare the arms of a campaign.

    Parameters
    ----------
    home : Home
        With ``Campaign Assigned`` events: ``campaign_id``, ``arm``.
    campaign : str
        Which.
    at_us : int
        Only events before it.
    event : str
        What was hoped for.
    days : int
        Each person is watched for so long after the assignment; as long before it, what they did
        makes the comparison sharper.
    control : str
        The arm that the others are compared with.
    shares : mapping of str to float, optional
        Planned shares of the arms; when left out, the chances that the assignments carry, and equal
        ones where they carry none.

    Raises
    ------
    InputError
        When nobody was assigned, or nobody's days are over.
    UnknownName
        When no arm has the control's name.
    """
    told = _told(home, campaign, at_us, event, days)
    arms = told["arm"]
    counts = {arm: int((arms == arm).sum()) for arm in sorted(set(arms.tolist()))}
    if control not in counts:
        raise UnknownName.among("arm", control, counts)
    planned = dict(shares or _planned(home, campaign, at_us, counts))
    ratio_p = _ratio(counts, planned)
    effects, guardrails = [], []
    for arm in counts:
        if arm != control:
            effects += _effects(told, arm, control, event)
    for name in GUARDRAILS:
        seen = _told(home, campaign, at_us, name, days)
        guardrails += [_proportion(seen, arm, control, name) for arm in counts if arm != control]
    return Readout(
        campaign, counts, told["waiting"].size, ratio_p, effects, guardrails,
        _warnings(ratio_p, counts, effects, guardrails),
    )  # fmt: skip


def _told(
    home: Home, campaign: str, at_us: int, event: str, days: int
) -> dict[str, npt.NDArray[np.generic]]:
    asked = {"campaign": campaign, "event": event, "span": days * DAY_US, "end": at_us}
    with History(home).connect(end_us=at_us) as connection:
        found = connection.execute(_OUTCOMES, asked).fetchnumpy()
    columns = {name: np.asarray(column) for name, column in found.items()}
    complete = columns.pop("complete").astype(bool)
    if not complete.any():
        raise InputError(
            f"nothing to read of {campaign!r}",
            expected=f"people assigned at least {days} days before the end",
            got=f"{complete.size} people assigned",
            next_step="wait, or give fewer --days",
        )
    return {name: column[complete] for name, column in columns.items()} | {
        "waiting": np.flatnonzero(~complete)
    }


def _planned(home: Home, campaign: str, at_us: int, counts: Mapping[str, int]) -> dict[str, float]:
    """Mean chance of each arm by the assignments; equal where one of them carries none."""
    with History(home).connect(end_us=at_us) as connection:
        found = connection.execute(
            f"SELECT arm, avg(propensity) FROM events WHERE event = '{e.CAMPAIGN_ASSIGNED}' "
            "AND campaign_id = $campaign GROUP BY arm HAVING count(propensity) = count(*)",
            {"campaign": campaign},
        ).fetchall()
    told = {str(arm): float(chance) for arm, chance in found if arm in counts and chance > 0}
    return told if told.keys() == counts.keys() else dict.fromkeys(counts, 1.0)


def _ratio(counts: Mapping[str, int], planned: Mapping[str, float]) -> float:
    weights = np.array([planned.get(arm, 0.0) for arm in counts])
    if (weights <= 0).any():
        missing = [arm for arm in counts if planned.get(arm, 0.0) <= 0]
        raise InputError("arms that were not planned", got=", ".join(missing))
    observed = np.array(list(counts.values()), dtype=np.float64)
    if observed.size < 2:
        return 1.0
    return float(chisquare(observed, observed.sum() * weights / weights.sum()).pvalue)


def _effects(
    told: Mapping[str, npt.NDArray[np.generic]], arm: str, control: str, event: str
) -> list[Effect]:
    arms = told["arm"]
    made = [_proportion(told, arm, control, event)]
    for metric, now, before in (
        (f"{event}: times", "acts", "acts_before"), (f"{event}: fen", "paid", "paid_before"),
    ):  # fmt: skip
        values = np.asarray(told[now], dtype=np.float64)
        if values.any():
            sharp = adjusted(values, np.asarray(told[before], dtype=np.float64))
            made.append(_means(sharp[arms == arm], sharp[arms == control], arm, metric))
    return made


def adjusted(values: Floats, before: Floats) -> Floats:
    """Outcomes less what the time before explains, with the same mean.

    Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by
    utilizing pre-experiment data", WSDM 2013.

    Parameters
    ----------
    values, before : ndarray, float64, shape (n,)
        Of each person, after and before the assignment.

    Examples
    --------
    >>> adjusted(np.array([1.0, 3.0, 5.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [3.0, 3.0, 3.0]
    """
    spread = float(before.var())
    if spread == 0.0:
        return values
    slope = float(np.mean((values - values.mean()) * (before - before.mean()))) / spread
    return np.asarray(values - slope * (before - before.mean()), dtype=np.float64)


def _means(treated: Floats, held: Floats, arm: str, metric: str) -> Effect:
    lift = float(treated.mean() - held.mean())
    error = float(np.sqrt(_variance(treated) + _variance(held)))
    half = float(norm.ppf(1 - SURE / 2)) * error
    p = float(2 * norm.sf(abs(lift) / error)) if error > 0 else 1.0
    return _effect(
        arm, metric, float(held.mean()), float(treated.mean()), lift - half, lift + half, p
    )


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) / values.size if values.size > 1 else 0.0


def _proportion(
    told: Mapping[str, npt.NDArray[np.generic]], arm: str, control: str, event: str
) -> Effect:
    did = np.asarray(told["acts"], dtype=np.float64) > 0
    arms = told["arm"]
    x, n = int(did[arms == arm].sum()), int((arms == arm).sum())
    y, m = int(did[arms == control].sum()), int((arms == control).sum())
    low, high = newcombe(x, n, y, m)
    pooled = (x + y) / (n + m)
    error = float(np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)))
    p = float(2 * norm.sf(abs(x / n - y / m) / error)) if error > 0 else 1.0
    return _effect(arm, f"{event}: people", y / m, x / n, low, high, p)


def _effect(
    arm: str, metric: str, held: float, treated: float, low: float, high: float, p: float
) -> Effect:
    lift = treated - held
    relative = lift / held if held else None
    return Effect(arm, metric, held, treated, lift, low, high, relative, p, 1_000 * lift)


def newcombe(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """95 % interval of the difference of two proportions x / n − y / m.

    Newcombe, "Interval estimation for the difference between independent proportions", Statistics
    in Medicine 17 (1998), method 10: from the two Wilson intervals.

    Examples
    --------
    >>> tuple(round(end, 4) for end in newcombe(56, 70, 48, 80))
    (0.0524, 0.3339)
    """
    (p, low_p, high_p), (q, low_q, high_q) = _wilson(x, n), _wilson(y, m)
    below = np.sqrt((p - low_p) ** 2 + (high_q - q) ** 2)
    above = np.sqrt((high_p - p) ** 2 + (q - low_q) ** 2)
    return float(p - q - below), float(p - q + above)


def _wilson(x: int, n: int) -> tuple[float, float, float]:
    z = float(norm.ppf(1 - SURE / 2))
    share = x / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, float(middle - half), float(middle + half)


def _warnings(
    ratio_p: float,
    counts: Mapping[str, int],
    effects: Sequence[Effect],
    guardrails: Sequence[Effect],
) -> list[str]:
    told = []
    if ratio_p < MISMATCH:
        sizes = ", ".join(f"{arm} {count}" for arm, count in counts.items())
        told.append(f"arms are not divided as planned ({sizes}; p {ratio_p:.2g}): do not read on")
    if len(counts) < 2:
        told.append("one arm alone: nothing to compare")
    if effects and all(one.low <= 0 <= one.high for one in effects):
        told.append("no evidence of an effect: every interval covers 0")
    told += [
        f"{one.arm}: {one.metric} grew by {one.lift:.2%} ({one.low:.2%} to {one.high:.2%})"
        for one in guardrails
        if one.low > 0
    ]
    return told
