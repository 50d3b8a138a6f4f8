"""``huoren bench features``: every method on one history, in turn."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from features.engines.spark import require_spark
from features.errors import InputError, UnknownName
from training.bench import history
from training.bench.features import aggregate, online
from training.bench.features.compare import max_rel_diff
from training.bench.machine import alone
from training.bench.report import Row

_LOG = logging.getLogger(__name__)

ONCE_FROM = 20_000_000
"""From this many events on one run is measured; below, the median of three after a first one."""

ONLINE_EVENTS = 20_000
"""Events that the online store is filled with."""

METHODS = (*aggregate.METHODS, "online")


def rows(events: int, methods: Sequence[str] | None = None) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    events : int
        Rows of the history.
    methods : sequence of str, optional
        Which of ``METHODS``; all when left out. Spark is passed over, with a word about it, where
        it cannot run.

    Yields
    ------
    mapping
        ``method``, ``events``, ``seconds``, ``peak_mb``; ``max_rel_diff`` from the first row;
        ``online``: see ``training.bench.features.online``.

    Raises
    ------
    InputError
        When there are fewer than 1,000 events.
    UnknownName
        When there is no such method.
    """
    for method in methods or ():
        if method not in METHODS:
            raise UnknownName.among("method", method, METHODS)
    if events < 1_000:
        raise InputError(
            "too few events to measure", expected="--events 1000 or more", got=str(events)
        )
    with TemporaryDirectory(prefix="huoren-bench-") as place:
        folder = Path(place)
        home = alone(history.write, folder / "home", events).root
        for method in methods or METHODS:
            if method == "online":
                yield alone(online.measure, home, min(events, ONLINE_EVENTS), folder / "online")
            elif method != "spark" or _spark_runs():
                yield _aggregated(method, home, folder, events)


def _aggregated(method: str, home: Path, folder: Path, events: int) -> Row:
    times = 1 if events >= ONCE_FROM else 3
    made = folder / method
    found = alone(aggregate.measure, method, home, history.END_US, made, times)
    row: dict[str, object] = {"method": method, "events": events, **found}
    ours = folder / "huoren"
    if method != "huoren" and ours.exists():
        row["max_rel_diff"] = alone(max_rel_diff, ours, made)
    return row


def _spark_runs() -> bool:
    try:
        require_spark()
    except InputError as error:
        _LOG.warning("no row for spark: %s", error)
        return False
    return True
