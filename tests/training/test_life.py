"""Retraining as a routine: three times over moving windows while a service answers."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features import columns as c
from features import snapshot
from features.clock import DAY_US, BusinessZone, format_instant
from features.home import Home
from features.ingest.run import ingest, ingest_table
from tests.training.conftest import END, SMALL
from training import beside, champion, loaders, promote
from training.config import TrainConfig
from training.demo.asking import App
from training.demo.run import last_event
from training.demo.steps import Steps as Commands
from training.gates import Gates
from training.run import Steps, train
from training.steps.course import Course
from training.tracking import Tracking
from training.world import World, simulate

LENIENT = Gates(*[0.0] * 7, chances_of_rate=99.0, calibration_error=99.0, latency_ms=60_000.0)
"""A tiny model proves nothing; what is promoted here is to be swapped, not admired."""

SWAPPED_WITHIN_S = 120.0


@dataclass
class Listener:
    """Asks for a feed over and over and notes who answered, and what went wrong."""

    url: str
    user: str
    versions: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stopped: bool = False

    def listen(self) -> None:
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=10)) as connection:
            while not self.stopped:
                try:
                    answer = App(connection).feed(self.user, None, k=5)
                    assert answer["items"]
                    self.versions.append(answer["model_version"])
                except Exception as error:  # whatever a caller would see
                    self.failures.append(repr(error))
                sleep(0.05)

    def wait_for(self, version: str) -> None:
        until = monotonic() + SWAPPED_WITHIN_S
        while self.versions[-1:] != [version]:
            said = f"{version} never answered: {self.versions[-1:]}, {self.failures[-1:]}"
            assert monotonic() < until, said
            sleep(0.05)


@contextmanager
def answering(home: Home, at_us: int, user: str) -> Iterator[Listener]:
    commands = Commands({}, lambda name: None)
    with commands.serving("--data", str(home.root), "--at", format_instant(at_us)) as url:
        listener = Listener(url, user)
        thread = threading.Thread(target=listener.listen)
        thread.start()
        try:
            yield listener
        finally:
            listener.stopped = True
            thread.join()


def simulated(root: Path, request: pytest.FixtureRequest) -> tuple[Home, int]:
    home = Home(root / "home")
    simulate(World(users=160, items=100, days=26), root / "world", 5, end_us=END)
    ingest(root / "world", home)
    return home, 3


def ciao(root: Path, request: pytest.FixtureRequest) -> tuple[Home, int]:
    """Some people and products of the public set."""
    home = Home(root / "home")
    tables = loaders.load("ciao", request.getfixturevalue("bench_data") / "ciao")
    for name, column, each in (
        ("events", c.USER, 3), ("events", c.ITEM, 20), ("users", c.USER, 3),
        ("ties", c.USER, 3), ("ties", c.PEER, 3),
    ):  # fmt: skip
        rows = tables[name]
        some = [one for one in pc.unique(rows[column]).to_pylist() if int(one) % each == 0]
        tables[name] = rows.filter(pc.is_in(rows[column], pa.array(some)))
    used = pc.unique(tables["events"][c.ITEM])
    tables["items"] = tables["items"].filter(pc.is_in(tables["items"][c.ITEM], used))
    for name, rows in tables.items():
        ingest_table(rows, name, home, source="ciao", unknown_items="keep")
    return home, 60


CONFIG: TrainConfig = replace(
    SMALL,
    cuts=(0.6, 0.75, 0.9),
    queries=30,
    feed=replace(SMALL.feed, rounds=4),
    fewest_shares=10**6,
)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(simulated, id="simulated"),
        pytest.param(ciao, id="ciao", marks=pytest.mark.soak),  # minutes
    ],
)
def test_three_windows_with_promote_and_rollback_while_a_service_answers(
    made, tmp_path, tracking: Tracking, request
):
    home, apart = made(tmp_path, request)
    last, zone = last_event(home) + 1, BusinessZone()
    shas: list[str] = []

    def retrain(at_us: int) -> str:
        snapshot.publish(home, at_us, zone)
        trained = train(home, CONFIG, Steps())
        beside.write(home, trained.bundle.version, trained.beside)
        shas.append(str(trained.bundle.manifest["sha"]))
        promote.promote(home, shas[-1], tracking, LENIENT, why=f"window {len(shas)}")
        return trained.bundle.version

    first = retrain(last - 2 * apart * DAY_US)
    user = Course(home, CONFIG).opened[0].acts.people
    with answering(home, last, next(iter(user))) as listener:
        listener.wait_for(first)
        for at_us in (last - apart * DAY_US, last):
            listener.wait_for(retrain(at_us))
        promote.rollback(home, why="the figures of the third window")
        listener.wait_for(shas[1][:12])
    assert listener.failures == []
    assert len(set(shas)) == 3
    assert list(dict.fromkeys(listener.versions)) == [sha[:12] for sha in shas]
    said = [(one["action"], one["sha"]) for one in champion.history(home)]
    assert said == [*(("promote", sha) for sha in shas), ("rollback", shas[1])]
    compared = beside.read(home, shas[2][:12], shas[1])
    assert compared["paired"]["feed"]["all"]["queries"] > 0
    assert set(compared["metrics"]) >= {"feed"}
    assert compared["drift"]
