import logging
from dataclasses import dataclass

import pytest

from features import snapshot
from features.clock import BusinessZone, parse_instant
from features.home import Home
from features.ingest.run import ingest
from training import config, fit
from training.config import TrainConfig
from training.past import Past
from training.run import Steps, Trained, train
from training.split import Window
from training.steps.feed import windows
from training.tracking import Tracking
from training.world import World, simulate

TALKERS = ("mlflow.store.db.utils", "alembic.runtime.migration")
"""Loggers of MLflow's migrations; importing MLflow replaces the handlers of their parents."""


class Listening(logging.Handler):
    """Keeps every message."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="session")
def first_connection(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Tracking, list[str]]:
    """A new MLflow database, and what was logged meanwhile; its migrations take ten seconds."""
    loggers = [logging.getLogger(name) for name in TALKERS]
    listening = Listening()
    for logger in loggers:
        logger.addHandler(listening)
    tracking = Tracking.connect(f"sqlite:///{tmp_path_factory.mktemp('mlruns')}/mlflow.db")
    for logger in loggers:
        logger.removeHandler(listening)
    return tracking, listening.messages


@pytest.fixture(scope="session")
def tracking(first_connection: tuple[Tracking, list[str]]) -> Tracking:
    return first_connection[0]


SMALL = config.of({
    "cuts": [0.5, 0.7, 0.85],
    "queries": 200,
    "negatives": 20,
    "candidates": 60,
    "fewest_shares": 20,
    "als": {"factors": 8, "iterations": 3},
    "feed": {"rounds": 20, "min_data_in_leaf": 20},
    "sharing": {"rounds": 10, "min_data_in_leaf": 10},
})
"""How the small world is learned from, in seconds."""

END = parse_instant("2026-06-01T15:30:00+08:00")


@dataclass(frozen=True)
class Shop:
    """A small simulated world, ingested and published.

    Parameters
    ----------
    home : Home
        Its home.
    ground : Ground
        Its history, opened for training.
    windows : list of Window
        As a run would cut it.
    """

    home: Home
    ground: fit.Ground
    windows: list[Window]

    @property
    def past(self) -> Past:
        return self.ground.past


@pytest.fixture(scope="session")
def small() -> TrainConfig:
    return SMALL


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("shop")
    simulate(World(users=300, items=200, days=30), root / "world", 5, end_us=END)
    home, zone = Home(root / "home"), BusinessZone()
    ingest(root / "world", home)
    snapshot.publish(home, END, zone)
    return opened(home, END)


def opened(home: Home, at_us: int) -> Shop:
    """The history of a home before an instant, opened for training."""
    zone = BusinessZone()
    connection, rows = snapshot.connect_facts(home, at_us, zone)
    past = Past(connection, zone)
    ground = fit.Ground(past, rows, fit.settings(past, SMALL), SMALL)
    return Shop(home, ground, windows(past, ground.settings.target, SMALL))


@pytest.fixture(scope="session")
def trained(shop: Shop) -> Trained:
    return train(shop.home, SMALL, Steps())
