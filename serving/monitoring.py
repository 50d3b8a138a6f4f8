"""What the service tells of itself: Prometheus metrics, over all workers at ``/metrics``."""

import os
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip
_COUNTS = (0, 1, 10, 50, 100, 200, 500, 1_000)


class Metrics:
    """The metrics of one worker.

    Workers of one service share a directory (``PROMETHEUS_MULTIPROC_DIR``), and whichever is asked
    answers for all.
    """

    def __init__(self) -> None:
        own = CollectorRegistry()
        self.seconds = Histogram(
            "huoren_request_seconds",
            "Time from the request's arrival to its answer",
            ["route", "status"],
            buckets=_SECONDS,
            registry=own,
        )
        self.degraded = Counter(
            "huoren_degraded", "Answers that left a part out", ["part"], registry=own
        )
        self.stages = Histogram(
            "huoren_feed_stage_seconds",
            "Time of one stage of a personal list",
            ["stage"],
            buckets=_SECONDS,
            registry=own,
        )
        self.candidates = Histogram(
            "huoren_feed_candidates",
            "Items that one source proposed for a personal list",
            ["source"],
            buckets=_COUNTS,
            registry=own,
        )
        self.events = Counter(
            "huoren_events", "Events by what became of them", ["result"], registry=own
        )
        self.impressions = Counter(
            "huoren_impressions", "Lists written to the impression log", ["result"], registry=own
        )
        self.bundle = Gauge(
            "huoren_bundle_info",
            "1 for the bundle in service, 0 for those before it",
            ["version"],
            multiprocess_mode="liveall",
            registry=own,
        )
        self.bundle_age = Gauge(
            "huoren_bundle_age_seconds",
            "Service time since the data of the bundle in service ends",
            multiprocess_mode="livemax",
            registry=own,
        )
        self.refused = Gauge(
            "huoren_bundles_refused",
            "Bundles that were named and refused",
            multiprocess_mode="livemax",
            registry=own,
        )
        self.lag = Gauge(
            "huoren_state_lag_entries",
            "Durable log entries that the states do not contain yet",
            multiprocess_mode="livemax",
            registry=own,
        )
        for result in ("written", "dropped"):
            self.impressions.labels(result)
        self._own = own
        self._version = ""

    def listed(self, milliseconds: Mapping[str, float], candidates: Mapping[str, int]) -> None:
        """Count one personal list: the time of its stages, what its sources proposed."""
        for stage, taken in milliseconds.items():
            self.stages.labels(stage).observe(taken / 1e3)
        for source, items in candidates.items():
            self.candidates.labels(source).observe(items)

    def serve(self, version: str) -> None:
        """Say which bundle is in service."""
        if version != self._version:
            if self._version:
                self.bundle.labels(self._version).set(0)
            self.bundle.labels(version).set(1)
            self._version = version

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        if not os.environ.get(DIRECTORY):
            return generate_latest(self._own)
        _bury(Path(os.environ[DIRECTORY]))
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def close(self) -> None:
        """Take this worker's gauges back."""
        if Path(os.environ.get(DIRECTORY, "/nowhere")).is_dir():
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _bury(folder: Path) -> None:
    """Take back the gauges of workers that were killed, which could not do so themselves."""
    for process in {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*.db")}:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            continue  # it lives, under another account
