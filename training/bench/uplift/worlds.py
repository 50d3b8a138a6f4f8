"""Trials with a known effect on everyone: frozen simulated worlds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from features import snapshot
from features.clock import BusinessZone, parse_instant
from features.home import Home
from features.ingest.run import ingest
from training.past import Past
from training.uplift import history
from training.uplift.trial import Trial
from training.world import World, simulate
from training.world.truth import Truth

TRIAL = World(users=12_000, items=600, days=28)
"""The world that the share of the oracle's Qini is quoted on. The outcome is orders in 14 days:
the effect's standard deviation is 0.28 of them, three tenths of which nothing can tell."""

FIRST_SEED = 101

END_US = parse_instant("2026-06-01T12:00:00+08:00")


def trials(count: int, world: World = TRIAL) -> Iterator[Trial]:
    """Simulate worlds one after the other; the trial of each, with everyone's true effect."""
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        with TemporaryDirectory(prefix="huoren-bench-") as place:
            yield trial_of(Path(place), world, seed)


def trial_of(folder: Path, world: World, seed: int) -> Trial:
    """The trial of one world."""
    zone = BusinessZone(world.zone)
    simulate(world, folder / "world", seed, end_us=END_US)
    home = Home(folder / "home")
    ingest(folder / "world", home)
    connection, _ = snapshot.connect_facts(home, END_US, zone)
    with connection:
        past = Past(connection, zone)
        (campaign_id,) = history.campaigns(past)
        found = history.read(past, campaign_id, days=world.campaign.days)
        effects = Truth(folder / "world").campaign_effect(found.users)
        return replace(found.trial, effect=np.asarray(effects))
