"""Runs a world day by day and writes what happened, and apart from it the truth."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import HOUR_US, BusinessZone, format_instant, now_us
from features.errors import InputError
from training.world.aftersales import Aftersales
from training.world.campaign import Campaign
from training.world.catalogue import Catalogue
from training.world.desire import Desire
from training.world.feed import Feed
from training.world.friends import Friends
from training.world.groupbuy import GroupBuy
from training.world.hearsay import Hearsay
from training.world.log import EventLog
from training.world.mechanism import Mechanism, Stage, Today, Visits
from training.world.mood import Mood
from training.world.oracle import Oracle, distinct, ndcg
from training.world.people import People
from training.world.presets import World
from training.world.ragged import Floats, Ints
from training.world.replenishment import Replenishment
from training.world.rhythm import sessions
from training.world.search import Search
from training.world.sharing import Sharing
from training.world.shopping import Shopping
from training.world.streams import Streams
from training.world.till import Till

MECHANISMS: tuple[Callable[[World, Stage], Mechanism], ...] = (
    lambda world, stage: Campaign(world.campaign, stage, world.days),
    lambda world, stage: Feed(world.feed, stage),
    lambda world, stage: Search(world.search, stage),
    lambda world, stage: Hearsay(world.hearsay, stage),
    lambda world, stage: Replenishment(world.replenishment, stage),
    lambda world, stage: Sharing(world.sharing, stage),
    lambda world, stage: GroupBuy(world.groupbuy, stage),
    lambda world, stage: Aftersales(world.aftersales, stage),
)
"""Every mechanism of the world, in the order they are asked; a new one is a line here."""

_ORACLE_USERS = 3_000
_ORACLE_K = 50
_SPAN_DAYS = 7
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
    if taken and not (out / "truth" / "world.json").exists():
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
        self.cut_day = max(world.days - _SPAN_DAYS, world.days // 2)
        self.judged = np.zeros(0, dtype=np.int64)
        self.best: dict[str, Ints] = {}
        self.later: list[tuple[Ints, Ints]] = []

    def _set_stage(self) -> Stage:
        world, streams = self.world, self.streams
        span = (self.start_us, self.horizon_us)
        people = People(world.people, world.users, streams, self.zone, *span)
        catalogue = Catalogue(world.catalogue, world.items, world.people.latent, streams, *span)
        return Stage(
            people=people,
            catalogue=catalogue,
            friends=Friends(world.friends, people, streams, self.start_us),
            desire=Desire.from_tables(world.desire, people.truth(), catalogue.truth()),
            mood=Mood(world.mood, streams, world.users),
            streams=streams,
            log=EventLog(
                self.out / "events", self._tag(), people.ids, catalogue.ids, self.horizon_us
            ),
            start_us=self.start_us,
            horizon_us=self.horizon_us,
        )

    def _tag(self) -> str:
        made_of = json.dumps([asdict(self.world), self.seed, self.horizon_us])
        return hashlib.sha256(made_of.encode()).hexdigest()[:6]

    def live_through(self, day: int) -> None:
        """Simulate one business day and seal its events."""
        today = self._open(day)
        if day == self.cut_day:
            self._consult(today)
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
        user, item = today.bought["user"], today.bought["item"]
        self.stage.catalogue.sell(item, today.bought["quantity"], today.end_us)
        if today.number >= self.cut_day:
            told = today.bought["at"] <= self.horizon_us
            self.later.append((user[told], item[told]))
        for mechanism in self.mechanisms:
            mechanism.close(today)
        if today.number < self.cut_day - 1:
            self.shopping.known.clear()
            self.shopping.hidden.clear()
        self.stage.log.seal(today.end_us)

    def _consult(self, today: Today) -> None:
        """Ask the oracle, and popularity, before the last week begins."""
        present = np.flatnonzero(today.present)
        chosen = self.streams.of("oracle").permutation(present)[:_ORACLE_USERS]
        self.judged = np.sort(chosen)
        named = {type(mechanism): mechanism for mechanism in self.mechanisms}
        feed, hearsay, again = (named[kind] for kind in (Feed, Hearsay, Replenishment))
        assert isinstance(feed, Feed)
        assert isinstance(hearsay, Hearsay)
        assert isinstance(again, Replenishment)
        oracle = Oracle(self.world, self.stage, feed, hearsay, again)
        self.best["oracle"] = oracle.top(today, self.judged, _ORACLE_K)
        sold = np.where(today.live, self.stage.catalogue.sold, -1)
        popular = np.argsort(-sold, kind="stable")[:20]
        self.best["popular"] = np.tile(popular, (self.judged.size, 1))

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
            explained=_explained(self.shopping.known, self.shopping.hidden),
            oracle_ndcg=self._ndcg("oracle"),
            popular_ndcg=self._ndcg("popular"),
        )
        self._write_truth(summary)
        return summary

    def _ndcg(self, judge: str) -> float:
        user = np.concatenate([u for u, _ in self.later])
        item = np.concatenate([i for _, i in self.later])
        row = np.searchsorted(self.judged, user)
        inside = row < self.judged.size
        inside[inside] = self.judged[row[inside]] == user[inside]
        return ndcg(self.best[judge][:, :20], *distinct(row[inside], item[inside]))

    def _write_truth(self, summary: Summary) -> None:
        truth = self.out / "truth"
        truth.mkdir()
        ids = self.stage.people.ids, self.stage.catalogue.ids
        row, rank = np.nonzero(self.best["oracle"] >= 0)
        tables = {
            "users": self.stage.people.truth(),
            "items": self.stage.catalogue.truth(),
            "ties": self.stage.friends.truth(),
            "weather": self.stage.mood.truth(),
            "oracle": pa.table({
                "user_id": ids[0].take(pa.array(self.judged[row])),
                "rank": rank,
                "item_id": ids[1].take(pa.array(self.best["oracle"][row, rank])),
            }),
        }
        for mechanism in self.mechanisms:
            tables.update(mechanism.truth())
        for name, table in tables.items():
            _write(truth / f"{name}.parquet", table)
        told = {"world": asdict(self.world), "seed": self.seed, "summary": asdict(summary)}
        (truth / "world.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd")


def _explained(known: list[Floats], hidden: list[Floats]) -> float:
    if not known:
        return float("nan")
    seen, unseen = np.concatenate(known), np.concatenate(hidden)
    total = float((seen + unseen).var()) if seen.size else 0.0
    return float(seen.var()) / total if total > 0 else float("nan")
