"""Who is held back: from every campaign, from a programme, from one campaign; the same each time.

A person's place is a hash of the id and a salt, so that nobody has to be remembered, and whoever is
held back by one salt is not therefore held back by another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.errors import InputError
from recsys.experiments import BUCKETS, bucket

CONTROL = 10.0
"""Percent held back from every campaign unless said otherwise."""

TARGET, HELD, PROGRAMME, GLOBAL = "target", "control", "programme_control", "global_control"


@dataclass(frozen=True)
class Holding:
    """Shares held back from one campaign.

    Parameters
    ----------
    campaign : str
        Its name.
    control : float
        Percent held back from it, 0 to 50.
    programme : str
        The programme it belongs to; empty for none.
    holdouts : mapping of str to float
        ``Book.holdouts``: percent of each programme, and under ``""`` of everything.

    Raises
    ------
    InputError
        When the share cannot be.

    Examples
    --------
    >>> [Holding(name, 50.0).arm("u1") for name in ("spring", "summer", "autumn")]
    ['control', 'target', 'target']
    >>> Holding("spring", 60.0)
    Traceback (most recent call last):
    features.errors.InputError: no control share (expected 0 to 50 percent; got 60.0)
    """

    campaign: str
    control: float = CONTROL
    programme: str = ""
    holdouts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.control <= 50.0:
            raise InputError("no control share", expected="0 to 50 percent", got=str(self.control))

    @property
    def cuts(self) -> tuple[tuple[str, str, int], ...]:
        """(arm, salt, buckets below which one is in it) of each share, the widest first."""
        shares = [(GLOBAL, "global", self.holdouts.get("", 0.0))]
        if self.programme:
            share = self.holdouts.get(self.programme, 0.0)
            shares.append((PROGRAMME, f"programme:{self.programme}", share))
        shares.append((HELD, f"control:{self.campaign}", self.control))
        return tuple((arm, salt, round(share / 100.0 * BUCKETS)) for arm, salt, share in shares)

    def arm(self, user_id: str) -> str:
        """The arm of a person: ``target``, or the first of the controls that holds."""
        for arm, salt, below in self.cuts:
            if bucket(salt, user_id) < below:
                return arm
        return TARGET
