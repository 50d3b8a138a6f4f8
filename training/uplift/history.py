"""A trial from the history: who was put into an arm by lot, and what they did in the days after."""

from dataclasses import dataclass

import numpy as np

from features import columns as c
from features import events as e
from features.clock import DAY_US, Int64s
from features.errors import InputError, UnknownName
from training import persons
from training.past import Past
from training.uplift.trial import Trial

CONTROL = "control"
"""The untreated arm's name in ``Campaign Assigned``."""


@dataclass(frozen=True)
class Campaign:
    """A trial of the history.

    Parameters
    ----------
    campaign_id : str
    users : list of str, length n
        Who was assigned, once each, at their first assignment.
    at_us : ndarray, int64, shape (n,)
        When.
    trial : Trial
        What was known of them then, and what came of it.
    """

    campaign_id: str
    users: list[str]
    at_us: Int64s
    trial: Trial


def campaigns(past: Past) -> list[str]:
    """Ids of all campaigns with assigned arms, the latest first."""
    found = past.connection.execute(
        f"SELECT campaign_id FROM facts WHERE {c.EVENT} = ? AND campaign_id IS NOT NULL "
        f"GROUP BY 1 ORDER BY max({c.AT}) DESC, 1",
        [e.CAMPAIGN_ASSIGNED],
    ).fetchall()
    return [str(name) for (name,) in found]


def read(
    past: Past,
    campaign_id: str,
    *,
    outcome: str = e.ORDERED,
    days: float = 14.0,
    end_us: int | None = None,
    control: str = CONTROL,
) -> Campaign:
    """Read a trial.

    Parameters
    ----------
    past : Past
        The history.
    campaign_id : str
    outcome : str
        Name of the event that is wanted; the outcome is how often it came, an order counted once.
    days : float
        How long after the assignment it counts.
    end_us : int, optional
        End of the history; people assigned less than ``days`` before are left out, because what
        they do is not known yet.
    control : str
        Name of the untreated arm.

    Raises
    ------
    UnknownName
        When there is no such campaign.
    InputError
        When an arm is missing, or nobody was assigned long enough ago.
    """
    if campaign_id not in (known := campaigns(past)):
        raise UnknownName.among("campaign", campaign_id, known)
    latest = (2**62) if end_us is None else end_us - round(days * DAY_US)
    found = past.connection.sql(
        f"""
        WITH arms AS (
            SELECT {c.USER}, min({c.AT}) AS since, arg_min(arm, {c.AT}) AS arm,
                   arg_min(propensity, {c.AT}) AS propensity
            FROM facts WHERE {c.EVENT} = $assigned AND campaign_id = $campaign AND arm IS NOT NULL
            GROUP BY 1
        )
        SELECT arms.{c.USER}, since, arm, propensity, count(done.{c.AT}) AS came
        FROM arms LEFT JOIN (
            SELECT {c.USER}, {c.AT} FROM facts WHERE {c.EVENT} = $outcome AND {c.LINE} = 0
        ) done ON done.{c.USER} = arms.{c.USER} AND done.{c.AT} >= since
              AND done.{c.AT} < since + $window
        WHERE since <= $latest GROUP BY ALL ORDER BY 1
        """,
        params={"assigned": e.CAMPAIGN_ASSIGNED, "campaign": campaign_id, "outcome": outcome,
                "window": round(days * DAY_US), "latest": latest},
    ).to_arrow_table()  # fmt: skip
    if not found.num_rows:
        raise InputError(
            "the outcome of this campaign is not known yet",
            expected=f"people assigned {days:g} days before the end of the history",
            next_step="wait, or give fewer days",
        )
    users, at_us = found[c.USER].to_pylist(), found["since"].to_numpy()
    treated = np.array([arm != control for arm in found["arm"].to_pylist()])
    own = found["propensity"].to_numpy()
    chance = np.where(treated, own, 1.0 - own)
    trial = Trial(
        persons.rows(past, users, at_us),
        persons.columns(),
        treated,
        found["came"].to_numpy().astype(np.float64),
        chance if np.all(np.isfinite(chance)) else np.zeros(0),
    )
    return Campaign(campaign_id, users, at_us, trial)
