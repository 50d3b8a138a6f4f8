"""What a bundle must show before it may serve: comparisons declared as data.

Figures are those of the bundle's manifest, ``metrics[surface][method][measure]``, such as
``feed/full/ndcg@20``. What training found beside the bundle (``training.beside``) is laid over
them: the champion's figures on the same days (method ``champion``), the difference person by person
(``paired``), how far the data have moved (``drift``) and how long an answer takes (``latency``).
Without it the champion's figure is that of its own manifest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from features.errors import GateRefused, InputError, UnknownName
from training.drift import MOVED

Metrics = Mapping[str, Any]

CHAMPION = "champion"

CHANCES = ("chances/filling", "chances/joining", "chances/propensity")
"""What is foretold as a chance (``training.groupbuys``): that a group fills, that somebody joins
one, that somebody shares."""


@dataclass(frozen=True)
class Gates:
    """Thresholds; shares are of the rival's figure that must be reached."""

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
    coverage_of_champion: float = 0.7
    """Share of the catalogue that the feed shows at all, beside the bundle in service."""
    slice_of_champion: float = 0.9
    """NDCG@20 of the feed in every slice beside the bundle in service; a slice refuses when even
    the upper end of its paired interval lies below."""
    chances_of_rate: float = 1.05
    """Brier score of each chance of group buys and prompts, at most this multiple of that of saying
    the same rate of everybody; a chance refuses when even the lower end of its paired interval lies
    above."""
    calibration_error: float = 0.75
    """Expected outcomes off by this part of those that came, summed over bins."""
    latency_ms: float = 100.0
    """95 of 100 answers of the feed come within it, asked in the process."""
    drift_alarm: float = 0.3
    """Part of the ranker's columns whose PSI is above .25; more raises an alarm and refuses not."""

    def lines(self) -> tuple["Line", ...]:
        """The comparisons, in the order they are reported."""
        feed, sharing = "feed/full/ndcg@20", "sharing/full/mrr@5"
        return (
            Gate(feed, "feed/popularity/ndcg@20", self.feed_of_popularity),
            Gate(feed, CHAMPION, self.feed_of_champion),
            Gate("feed/full/coverage", "feed/popularity/coverage", self.coverage_of_popularity),
            Gate(sharing, "sharing/most_frequent/mrr@5", self.sharing_of_frequency),
            Gate(sharing, CHAMPION, self.sharing_of_champion),
            Gate("feed/full/coverage", CHAMPION, self.coverage_of_champion),
            EverySlice("feed", self.slice_of_champion),
            *(
                Below(f"{one}/brier_low", f"{one}/brier_of_rate", self.chances_of_rate)
                for one in CHANCES
            ),
            Ceiling("feed/full/calibration_error", self.calibration_error),
            Ceiling("latency/feed/p95_ms", self.latency_ms),
            Drift(self.drift_alarm),
        )


def read(path: Path | None) -> Gates:
    """Thresholds of a TOML file; what it leaves out has its default.

    Raises
    ------
    InputError
        When the file is no TOML or a value is no number.
    UnknownName
        When there is no such threshold.
    """
    if path is None:
        return Gates()
    try:
        given = msgspec.toml.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path} cannot be read", expected="TOML", got=str(error)) from error
    for name in given:
        if name not in Gates.__dataclass_fields__:
            raise UnknownName.among("threshold", name, Gates.__dataclass_fields__)
    try:
        return msgspec.convert(given, Gates)
    except msgspec.ValidationError as error:
        raise InputError("a threshold has a wrong value", got=str(error)) from error


class Line(Protocol):
    """One gate."""

    def judge(self, candidate: Metrics, champion: Metrics) -> "Verdict":
        """What becomes of it."""
        ...


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
    alarm : bool
        It holds, but somebody should look.
    """

    line: str
    needed: float | None
    got: float | None
    held: bool
    alarm: bool = False

    def __str__(self) -> str:
        """One line for people."""
        got, needed = (
            "not measured" if value is None else f"{value:.4f}" for value in (self.got, self.needed)
        )
        word = "holds  " if self.held else "REFUSED"
        if self.held and self.got is None:
            word = "absent "
        return f"{'ALARM  ' if self.alarm else word}  {self.line}: got {got}, needs {needed}"


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


@dataclass(frozen=True)
class Ceiling:
    """A figure that may not be above ``most``; one that was not measured holds."""

    metric: str
    most: float

    def judge(self, candidate: Metrics, champion: Metrics) -> Verdict:
        """Compare.

        Examples
        --------
        >>> figures = {"latency": {"feed": {"p95_ms": 60}}}
        >>> print(Ceiling("latency/feed/p95_ms", 50).judge(figures, {}))
        REFUSED  latency/feed/p95_ms <= 50: got 60.0000, needs 50.0000
        """
        got = figure(candidate, self.metric)
        held = got is None or got <= self.most
        return Verdict(f"{self.metric} <= {self.most:g}", self.most, got, held)


@dataclass(frozen=True)
class Below:
    """A figure that is at most ``share`` of a rival; one that was not measured holds."""

    metric: str
    rival: str
    share: float

    def judge(self, candidate: Metrics, champion: Metrics) -> Verdict:
        """Compare.

        Examples
        --------
        >>> figures = {"chances": {"filling": {"brier_low": 0.3, "brier_of_rate": 0.2}}}
        >>> gate = Below("chances/filling/brier_low", "chances/filling/brier_of_rate", 1.0)
        >>> print(gate.judge(figures, {}))
        REFUSED  chances/filling/brier_low <= 100 % of chances/filling/brier_of_rate: got 0.3...
        """
        got, rival = figure(candidate, self.metric), figure(candidate, self.rival)
        needed = None if rival is None else rival * self.share
        held = got is None or needed is None or got <= needed
        line = f"{self.metric} <= {self.share * 100:g} % of {self.rival}"
        return Verdict(line, needed, got, held)


@dataclass(frozen=True)
class EverySlice:
    """No slice of a surface is worse than ``share`` of the champion's, person by person."""

    surface: str
    share: float

    def judge(self, candidate: Metrics, champion: Metrics) -> Verdict:
        """Compare the slice that lost most for certain."""
        found = candidate.get("paired", {}).get(self.surface, {})
        line = f"every slice of {self.surface} >= {self.share * 100:g} % of champion"
        room = {
            name: one["high"] + (1 - self.share) * one["theirs"]
            for name, one in found.items()
            if one["theirs"] > 0
        }
        if not room:
            return Verdict(line, None, None, held=True)
        worst = min(room, key=lambda name: room[name])
        needed, got = found[worst]["theirs"] * self.share, found[worst]["ours"]
        return Verdict(f"{line}; {worst}", needed, got, held=not room[worst] < 0)


@dataclass(frozen=True)
class Drift:
    """At most a part of the columns has moved since the champion learned."""

    most: float

    def judge(self, candidate: Metrics, champion: Metrics) -> Verdict:
        """Count; more than ``most`` raises an alarm."""
        found = candidate.get("drift") or {}
        line = f"columns moved since champion (PSI > {MOVED:g}) <= {self.most * 100:g} %"
        if not found:
            return Verdict(line, self.most, None, held=True)
        moved = sum(value > MOVED for value in found.values()) / len(found)
        return Verdict(line, self.most, moved, held=True, alarm=moved > self.most)


def laid(metrics: Metrics, beside: Metrics) -> dict[str, Any]:
    """Figures of a manifest with what was found beside the bundle.

    Examples
    --------
    >>> laid({"feed": {"full": {}}}, {"metrics": {"feed": {"champion": {}}}, "drift": {"x": 0.1}})
    {'feed': {'full': {}, 'champion': {}}, 'drift': {'x': 0.1}}
    """
    more = beside.get("metrics", {})
    found = {name: {**methods, **more.get(name, {})} for name, methods in metrics.items()}
    parts = ("paired", "drift", "latency")
    return found | {name: beside[name] for name in parts if name in beside}


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
    if not {"feed", "sharing"} & candidate.keys():
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
