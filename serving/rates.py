"""How often one caller may ask: a token bucket for each, in each worker."""

from collections import OrderedDict

from serving.errors import Refusal

KEPT = 10_000
"""Callers that are remembered; of more, those that asked longest ago start afresh."""

BURST_SECONDS = 2.0
"""A caller that was quiet may catch up so much."""


class Rates:
    """Buckets of many callers.

    Parameters
    ----------
    per_second : float
        Requests; 0: no limit.

    Examples
    --------
    >>> rates = Rates(1.0)
    >>> [rates.wait_s("k", at) for at in (0.0, 0.0, 0.0, 1.0)]
    [0.0, 0.0, 1.0, 0.0]
    """

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._most = max(1.0, per_second * BURST_SECONDS)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str, now_s: float) -> float:
        """Take one from a caller's bucket: 0, or how long until there is one."""
        if not self.per_second:
            return 0.0
        left, then = self._left.get(caller, (self._most, now_s))
        left = min(self._most, left + (now_s - then) * self.per_second)
        wait = 0.0 if left >= 1.0 else (1.0 - left) / self.per_second
        self._left[caller] = (left if wait else left - 1.0, now_s)
        self._left.move_to_end(caller)
        if len(self._left) > KEPT:
            self._left.popitem(last=False)
        return wait

    def check(self, caller: str, now_s: float) -> None:
        """Refuse who asks too often.

        Raises
        ------
        Refusal
            ``rate-limited``, with ``Retry-After``.
        """
        wait = self.wait_s(caller, now_s)
        if wait:
            raise Refusal(
                "rate-limited",
                f"more than {self.per_second:g} requests a second",
                headers={"Retry-After": str(max(1, round(wait)))},
            )
