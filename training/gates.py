"""What a bundle must show before it may serve: comparisons declared as data.

Figures are those of the bundle's manifest, ``metrics[surface][method][measure]``, such as
``feed/full/ndcg@20``. The champion's figure is taken from the candidate's own evaluation where that
measured it on the same days (method ``champion``), else from the champion's manifest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.errors import GateRefused

Metrics = Mapping[str, Any]

CHAMPION = "champion"


@dataclass(frozen=True)
class Gates:
    """Thresholds, each a share of the rival's figure that must be reached."""

    feed_of_popularity: float = 1.0
    """NDCG@20 of the feed beside showing everybody what is popular."""
    feed_of_champion: float = 0.98
    """NDCG@20 of the feed beside the bundle in service."""
    coverage_of_popularity: float = 1.0
    """Share of the catalogue that the feed shows at all, beside popularity's."""
    sharing_of_frequency: float = 1.0
    """MRR@5 of share targets beside the most frequent earlier recipient."""
    sharing_of_champion: float = 0.98
    """MRR@5 of share targets beside the bundle in service."""

    def lines(self) -> tuple["Gate", ...]:
        """The comparisons, in the order they are reported."""
        feed, sharing = "feed/full/ndcg@20", "sharing/full/mrr@5"
        return (
            Gate(feed, "feed/popularity/ndcg@20", self.feed_of_popularity),
            Gate(feed, CHAMPION, self.feed_of_champion),
            Gate("feed/full/coverage", "feed/popularity/coverage", self.coverage_of_popularity),
            Gate(sharing, "sharing/most_frequent/mrr@5", self.sharing_of_frequency),
            Gate(sharing, CHAMPION, self.sharing_of_champion),
        )


@dataclass(frozen=True)
class Verdict:
    """What became of one gate.

    Parameters
    ----------
    line : str
        The gate in words.
    needed, got : float or None
        None where there is no such figure.
    held : bool
    """

    line: str
    needed: float | None
    got: float | None
    held: bool

    def __str__(self) -> str:
        """One line for people."""
        got, needed = (
            "not measured" if value is None else f"{value:.4f}" for value in (self.got, self.needed)
        )
        word = "REFUSED" if not self.held else "absent " if self.got is None else "holds  "
        return f"{word}  {self.line}: got {got}, needs {needed}"


@dataclass(frozen=True)
class Gate:
    """One comparison: ``metric`` is at least ``share`` of ``rival``.

    Parameters
    ----------
    metric, rival : str
        ``surface/method/measure``; the rival may be ``champion``: its figure of the same metric.
    share : float
    """

    metric: str
    rival: str
    share: float

    def judge(self, candidate: Metrics, champion: Metrics) -> Verdict:
        """Compare.

        A surface that neither evaluation speaks of holds, because a shop without shares has no
        figures for sharing. A figure that is missing otherwise does not.

        Examples
        --------
        >>> gate = Gate("feed/full/ndcg@20", "feed/popularity/ndcg@20", 1.0)
        >>> figures = {"feed": {"full": {"ndcg@20": 0.1}, "popularity": {"ndcg@20": 0.2}}}
        >>> print(gate.judge(figures, {}))
        REFUSED  feed/full/ndcg@20 >= 100 % of feed/popularity/ndcg@20: got 0.1000, needs 0.2000
        >>> gate.judge({"sharing": {}}, {}).held
        True
        """
        got = figure(candidate, self.metric)
        rival = self._rival(candidate, champion)
        needed = None if rival is None else rival * self.share
        line = f"{self.metric} >= {self.share * 100:g} % of {self.rival}"
        return Verdict(line, needed, got, self._holds(got, needed, candidate, champion))

    def _rival(self, candidate: Metrics, champion: Metrics) -> float | None:
        if self.rival != CHAMPION:
            return figure(candidate, self.rival)
        surface, _, measure = self.metric.split("/", 2)
        same_days = figure(candidate, f"{surface}/{CHAMPION}/{measure}")
        return figure(champion, self.metric) if same_days is None else same_days

    def _holds(
        self, got: float | None, needed: float | None, candidate: Metrics, champion: Metrics
    ) -> bool:
        surface = self.metric.partition("/")[0]
        if surface not in candidate and surface not in champion:
            return True
        if needed is None and self.rival == CHAMPION:
            return True
        return got is not None and needed is not None and got >= needed


def check(candidate: Metrics, champion: Metrics, gates: Gates) -> list[Verdict]:
    """Judge every gate.

    Parameters
    ----------
    candidate, champion : mapping
        ``metrics`` of the two manifests; the champion's is empty before the first promotion.
    gates : Gates

    Raises
    ------
    GateRefused
        When one does not hold, or the candidate was never evaluated; the message names every line.

    Examples
    --------
    >>> check({}, {}, Gates())
    Traceback (most recent call last):
    features.errors.GateRefused: the bundle carries no figures (expected metrics of feed or ...
    """
    if not any(gate.metric.partition("/")[0] in candidate for gate in gates.lines()):
        raise GateRefused(
            "the bundle carries no figures",
            expected="metrics of feed or sharing in its manifest",
            next_step="run `huoren train`, which evaluates",
        )
    verdicts = [gate.judge(candidate, champion) for gate in gates.lines()]
    failed = [verdict for verdict in verdicts if not verdict.held]
    if failed:
        raise GateRefused(
            f"{len(failed)} of {len(verdicts)} gates refuse the bundle",
            expected="every gate to hold",
            got="; ".join(str(verdict) for verdict in failed),
            next_step="see the run's report for the slices that lost",
        )
    return verdicts


def figure(metrics: Metrics, path: str) -> float | None:
    """Look a figure up by ``outer/inner`` path; None where there is none.

    Examples
    --------
    >>> figure({"feed": {"full": {"ndcg@20": 0.1}}}, "feed/full/ndcg@20")
    0.1
    >>> figure({"feed": 3}, "feed/full/ndcg@20") is None
    True
    """
    found: Any = metrics
    for name in path.split("/"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return float(found) if isinstance(found, int | float) else None
