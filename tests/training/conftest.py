import logging

import pytest

from training.tracking import Tracking

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
