"""What a worker holds while it runs: opened together, closed together."""

import os
import time
from dataclasses import dataclass
from typing import Self

from features import tombstones
from features.clock import SECOND_US
from features.ingest.parse import parse_event
from features.store import Store, open_ledger
from features.store.contacts import Ledger
from serving.admission import Admission
from serving.audit import Audit
from serving.clerk import Clerk
from serving.groups import OpenGroups
from serving.guard import Caller, Guard
from serving.impressions import Impressions
from serving.loading import Loading
from serving.monitoring import Metrics
from serving.rates import Rates
from serving.settings import ServiceClock, Settings
from serving.tasks import Tasks
from serving.tokens import Tokens
from serving.tracing import Tracing


@dataclass(frozen=True)
class Resources:
    """Everything the routes work with.

    Parameters
    ----------
    settings : Settings
        What the worker was told from outside.
    clock : ServiceClock
        The service's time.
    store : Store
        Events and states.
    loading : Loading
        The models in service.
    ledger : Ledger
        Who was contacted how often.
    groups : OpenGroups
        Group buys that can be joined now.
    guard, admission : Guard, Admission
        Who may ask, and when it is too much.
    impressions, metrics, audit : Impressions, Metrics, Audit
        What is written down.
    tokens : Tokens
        For the clients of an app.
    key_rates, person_rates : Rates
        How often one key, and the token of one person, may ask.
    clerk, tasks : Clerk, Tasks
        What marketers ask, answered by processes of their own.
    tracing : Tracing or None
        Of requests, where some are to be traced.
    """

    settings: Settings
    clock: ServiceClock
    store: Store
    ledger: Ledger
    loading: Loading
    groups: OpenGroups
    guard: Guard
    admission: Admission
    impressions: Impressions
    metrics: Metrics
    tokens: Tokens
    key_rates: Rates
    person_rates: Rates
    audit: Audit
    clerk: Clerk
    tasks: Tasks
    tracing: Tracing | None

    @classmethod
    def around(cls, settings: Settings, store: Store) -> Self:
        """Put everything around an open store; nothing runs yet."""
        clock = ServiceClock(settings.clock_offset_us)
        metrics = Metrics()
        limits = settings.limits

        groups = OpenGroups()

        def told(loading: Loading) -> None:
            groups.follow(store)
            _tell(metrics, loading, clock, store)

        tokens = Tokens.open(settings.home.state / "tokens.key")
        return cls(
            settings=settings,
            clock=clock,
            store=store,
            ledger=open_ledger(settings.home, place=settings.store),
            loading=Loading(settings, store, clock, told),
            groups=groups,
            guard=Guard.open(settings.keys, tokens),
            admission=Admission(limits.queue_ms),
            impressions=Impressions(
                settings.home.table("impressions"),
                limits.impressions,
                limits.flush_seconds,
                lambda result, lists: metrics.impressions.labels(result).inc(lists),
                lambda person: person in tombstones.read(settings.home),
            ),
            metrics=metrics,
            tokens=tokens,
            key_rates=Rates(limits.key_rate),
            person_rates=Rates(limits.person_rate),
            audit=Audit(settings.home.root / "audit"),
            clerk=Clerk(settings),
            tasks=Tasks(settings),
            tracing=Tracing.open(settings.traces),
        )

    def rate(self, caller: Caller) -> None:
        """Refuse a caller who asks too often.

        Raises
        ------
        Refusal
            ``rate-limited``.
        """
        if caller.name:
            rates = self.key_rates if caller.user_id is None else self.person_rates
            rates.check(caller.name, time.monotonic())

    def start(self) -> None:
        """Load, warm up and begin to follow the champion."""
        self.impressions.start()
        parse_event({}, 0)  # the first event does not wait for the mapping
        self.loading.start()

    def close(self) -> None:
        """Stop following, write what waits, release the store."""
        self.clerk.close()
        self.tasks.close()
        self.loading.stop()
        self.impressions.stop()
        self.ledger.close()
        self.store.close()
        if self.tracing is not None:
            self.tracing.close()
        self.metrics.close()


def _tell(metrics: Metrics, loading: Loading, clock: ServiceClock, store: Store) -> None:
    models = loading.models
    if models is not None:
        metrics.serve(models.version)
        metrics.bundle_age.set((clock.now_us() - models.as_of_us) / SECOND_US)
    metrics.refused.set(len(loading.refused))
    metrics.lag.set(max(store.log_seq - store.applied_seq, 0))


def worker() -> int:
    """Number that tells this worker from the others: its process id."""
    return os.getpid()
