"""Runs a world day by day and writes what happened, and apart from it the truth."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import HOUR_US, BusinessZone, format_instant, now_us
from features.errors import InputError
from training.world.aftersales import Aftersales
from training.world.campaign import Campaign
from training.world.catalogue import Catalogue
from training.world.desire import Desire
from training.world.feed import Feed
from training.world.fraud import Fraud
from training.world.friends import Friends
from training.world.groupbuy import GroupBuy
from training.world.hearsay import Hearsay
from training.world.judge import Judge
from training.world.log import EventLog
from training.world.mechanism import Mechanism, Stage, Today, Visits
from training.world.mood import Mood
from training.world.people import People
from training.world.presets import World
from training.world.replenishment import Replenishment
from training.world.rhythm import sessions
from training.world.rings import Rings
from training.world.search import Search
from training.world.sharing import Sharing
from training.world.shopping import Shopping
from training.world.streams import Streams
from training.world.till import Till
from training.world.truth import table_in, told_in

MECHANISMS: tuple[Callable[[World, Stage], Mechanism], ...] = (
    lambda world, stage: Campaign(world.campaign, stage, world.days),
    lambda world, stage: Feed(world.feed, stage),
    lambda world, stage: Search(world.search, stage),
    lambda world, stage: Hearsay(world.hearsay, stage),
    lambda world, stage: Replenishment(world.replenishment, stage),
    lambda world, stage: Sharing(world.sharing, stage),
    lambda world, stage: GroupBuy(world.groupbuy, stage),
    lambda world, stage: Aftersales(world.aftersales, stage),
    lambda world, stage: Fraud(world.fraud, stage),
)
"""Every mechanism of the world, in the order they are asked; a new one is a line here."""

_WAVES = 12


@dataclass(frozen=True)
class Summary:
    """What a world came to.

    Parameters
    ----------
    users, items, ties, days : int
    events : dict of str to int
        Rows by event.
    start, end : str
        First and last possible instant, ISO 8601.
    explained : float
        Share of the variance of the log-odds of ordering, over the page views of the last week,
        that observables could explain; the rest are moods and weather.
    oracle_ndcg, popular_ndcg : float
        NDCG@20 of the oracle and of the most bought items on the orders of the last week, over all
        items on sale; nan when nobody ordered.
    """

    users: int
    items: int
    ties: int
    days: int
    events: dict[str, int]
    start: str
    end: str
    explained: float
    oracle_ndcg: float
    popular_ndcg: float


def simulate(
    config: World,
    out: Path,
    seed: int,
    *,
    end_us: int | None = None,
    progress: Callable[[int], None] = lambda day: None,
) -> Summary:
    """Write a world to a directory.

    Parameters
    ----------
    config : World
        What the world is like.
    out : Path
        Gets ``users.parquet``, ``items.parquet``, ``ties.parquet``, ``events/*.parquet`` and
        ``truth/``. An earlier world there is replaced.
    seed : int
        Same world, seed and end: same files, byte for byte.
    end_us : int, optional
        The instant at which the world is told; its last event is an hour earlier. Default: now.
    progress : callable, optional
        Told the number of each day that is over.

    Raises
    ------
    InputError
        When ``out`` holds something else than a world, or the seed is negative.
    """
    _check_place(out)
    draft = out.with_name(out.name + ".partial")
    shutil.rmtree(draft, ignore_errors=True)
    run = _Run(config, draft, seed, (now_us() if end_us is None else end_us) - HOUR_US)
    for day in range(config.days):
        run.live_through(day)
        progress(day)
    summary = run.finish()
    if out.exists():
        shutil.rmtree(out)
    draft.rename(out)
    return summary


def _check_place(out: Path) -> None:
    taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if taken and not told_in(out).exists():
        raise InputError(
            f"{out} is taken",
            expected="a new directory, an empty one or an earlier world",
            got="something else",
            next_step="name another directory",
        )


class _Run:
    """One world on its way."""

    def __init__(self, world: World, out: Path, seed: int, horizon_us: int) -> None:
        self.world, self.out, self.seed, self.horizon_us = world, out, seed, horizon_us
        self.zone = BusinessZone(world.zone)
        self.first_day = int(self.zone.day(horizon_us)) - world.days + 1
        self.start_us = self.zone.day_start(self.first_day)
        self.streams = Streams(seed)
        self.stage = self._set_stage()
        self.till = Till(world.till, self.stage.people, self.stage.catalogue, self.stage.log)
        self.shopping = Shopping(world.shopping, self.stage)
        self.mechanisms = [make(world, self.stage) for make in MECHANISMS]
        self.judge = Judge(world, self.stage, self.mechanisms, self.shopping)

    def _set_stage(self) -> Stage:
        world, streams = self.world, self.streams
        span = (self.start_us, self.horizon_us)
        people = People(world.people, world.users, streams, self.zone, *span)
        catalogue = Catalogue(world.catalogue, world.items, world.people.latent, streams, *span)
        friends = Friends(world.friends, people, streams, self.start_us)
        rings = Rings.of(world.fraud, people, catalogue, friends, streams, world.days)
        return Stage(
            people=people,
            catalogue=catalogue,
            friends=friends,
            rings=rings,
            desire=Desire.from_tables(world.desire, people.truth(), catalogue.truth()),
            mood=Mood(world.mood, streams, world.users),
            streams=streams,
            log=EventLog(
                self.out / "events",
                self._tag(),
                people.ids,
                catalogue.ids,
                self.horizon_us,
                rings.device,
            ),
            start_us=self.start_us,
            horizon_us=self.horizon_us,
        )

    def _tag(self) -> str:
        world = asdict(self.world)
        if self.world.fraud.share == 0:
            del world["fraud"]  # what is switched off leaves no trace
        made_of = json.dumps([world, self.seed, self.horizon_us])
        return hashlib.sha256(made_of.encode()).hexdigest()[:6]

    def live_through(self, day: int) -> None:
        """Simulate one business day and seal its events."""
        today = self._open(day)
        self.judge.open_day(today)
        parts = [mechanism.propose(today) for mechanism in self.mechanisms]
        for _ in range(_WAVES):
            visits = [part for part in parts if part is not None and len(part)]
            if not visits:
                break
            wave = self.shopping.shop(today, Visits.join(visits))
            parts = [mechanism.respond(today, wave) for mechanism in self.mechanisms]
        self._close(today)

    def _open(self, day: int) -> Today:
        start = self.zone.day_start(self.first_day + day)
        end = self.zone.day_start(self.first_day + day + 1)
        self.stage.mood.open_day(day)
        present = self.stage.people.registered < start
        user, at = sessions(
            self.world.rhythm,
            self.stage.people,
            self.streams.of("rhythm", day),
            day=day,
            weekend=int(self.zone.weekday(start)) >= 5,
            start_us=start,
            present=present,
        )
        return Today(
            number=day,
            start_us=start,
            end_us=end,
            stage=self.stage,
            live=self.stage.catalogue.live(start, end + 2 * HOUR_US),
            present=present,
            session_user=user,
            session_at=at,
            nudges=[mechanism.nudge for mechanism in self.mechanisms],
            till=self.till,
            bought={},
        )

    def _close(self, today: Today) -> None:
        today.bought.update(self.till.book.take(today.end_us))
        self.stage.catalogue.sell(today.bought["item"], today.bought["quantity"], today.end_us)
        for mechanism in self.mechanisms:
            mechanism.close(today)
        self.judge.close_day(today)
        self.stage.log.seal(today.end_us)

    def finish(self) -> Summary:
        """Write what is left and the truth."""
        self.stage.log.seal(self.horizon_us + 1, last=True)
        self.out.mkdir(parents=True, exist_ok=True)
        ties = self.stage.friends.table(self.horizon_us)
        _write(self.out / "users.parquet", self.stage.people.table())
        _write(self.out / "items.parquet", self.stage.catalogue.table(self.horizon_us))
        _write(self.out / "ties.parquet", ties)
        summary = Summary(
            users=self.world.users,
            items=self.world.items,
            ties=ties.num_rows,
            days=self.world.days,
            events=self.stage.log.counted(),
            start=format_instant(self.start_us),
            end=format_instant(self.horizon_us),
            explained=self.judge.explained(),
            oracle_ndcg=self.judge.ndcg("oracle"),
            popular_ndcg=self.judge.ndcg("popular"),
        )
        self._write_truth(summary)
        return summary

    def _write_truth(self, summary: Summary) -> None:
        told_in(self.out).parent.mkdir()
        tables = {
            "users": self.stage.people.truth(),
            "items": self.stage.catalogue.truth(),
            "ties": self.stage.friends.truth(),
            "weather": self.stage.mood.truth(),
            "oracle": self.judge.truth(),
        }
        for mechanism in self.mechanisms:
            tables.update(mechanism.truth())
        for name, table in tables.items():
            _write(table_in(self.out, name), table)
        told = {"world": asdict(self.world), "seed": self.seed, "summary": asdict(summary)}
        told_in(self.out).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd")
