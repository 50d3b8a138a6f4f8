"""What a goal must have before anything is learned; a gate that does not hold says what is missing.

The numbers are those marketers know from other tools: a hundred who did and a hundred who did not,
and a history of three windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from features.errors import GateRefused

FEWEST = 100
"""People who did, and people who did not."""

WINDOWS = 3
"""Windows that the history must cover."""


@dataclass(frozen=True)
class Gate:
    """One condition.

    Parameters
    ----------
    name : str
    expected : float
        At least.
    got : float
    next_step : str
        What to do when it does not hold.
    """

    name: str
    expected: float
    got: float
    next_step: str

    @property
    def holds(self) -> bool:
        """Whether there is enough."""
        return self.got >= self.expected

    def __str__(self) -> str:
        return f"{self.name}: {self.got:,.0f} of {self.expected:,.0f} needed"


def gates(days: float, history_days: float, did: int, did_not: int) -> list[Gate]:
    """Gates of a goal with a window of ``days``.

    Examples
    --------
    >>> for gate in gates(14, 60, 80, 4000):
    ...     print(gate, gate.holds)
    days of history: 60 of 42 needed True
    people who did: 80 of 100 needed False
    people who did not: 4,000 of 100 needed True
    """
    wider = "take a longer window, a wider cohort or a commoner event"
    return [
        Gate("days of history", WINDOWS * days, history_days, "wait, or take a shorter window"),
        Gate("people who did", FEWEST, did, wider),
        Gate("people who did not", FEWEST, did_not, "take a rarer event or a shorter window"),
    ]


def require(name: str, found: Sequence[Gate]) -> None:
    """Refuse when a gate does not hold.

    Raises
    ------
    GateRefused
        Names every missing number.
    """
    missing = [gate for gate in found if not gate.holds]
    if missing:
        raise GateRefused(
            f"{name} cannot be predicted",
            expected="; ".join(f"{gate.expected:,.0f} {gate.name}" for gate in missing),
            got="; ".join(f"{gate.got:,.0f}" for gate in missing),
            next_step=missing[0].next_step,
        )
