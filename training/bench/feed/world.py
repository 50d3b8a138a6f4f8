"""A shop of any size for measuring: a bundle, a store of states, and the same as tables.

Tastes are made up (clusters of vectors), acts follow them, and the ranker is fitted to rows of real
requests of these people. Nobody has friends here: what a service written by hand would leave out is
left out, so that all of them answer with the same list.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.catalogue import of_key
from features.clock import DAY_US, SECOND_US, BusinessZone
from features.counters import Key
from features.events import ORDERED, VIEWED, Event
from features.frames import feed as frame
from features.home import Home
from features.ids import IdMap
from features.items import NAMED, NEVER_US, Items
from features.online import State, replay
from features.reading import Reading
from features.references import References
from features.store.embedded import load_snapshot
from recsys import moment, pipeline
from recsys.bundle import Bundle, Parts, Settings
from recsys.candidates.als import Als, AlsConfig
from recsys.candidates.popular import Popular
from recsys.feed import slate_columns, sources
from recsys.ranking.lambdamart import Groups, LambdaMart, LambdaMartConfig

ZONE = BusinessZone("Asia/Shanghai")
CANDIDATES = 250
"""Of each source: matrix factorisation and popularity together give about five hundred."""

TREES = LambdaMartConfig(rounds=300, num_leaves=63, min_data_in_leaf=30, threads=2)
TASTES = 64
FACTORS = 64
ACTS = 40
LEARNERS = 80
"""People whose candidates the ranker is fitted to."""

COUNTS = {"category": 200, "brand": 2_000, "shop": 5_000, "kind": 3, "regions": 1}


@dataclass(frozen=True)
class World:
    """What was made.

    Parameters
    ----------
    root : Path
        A home with states in force.
    bundle : Path
        The bundle to serve.
    at_us : int
        The instant that requests are about.
    users : tuple of str
        Who may ask.
    """

    root: Path
    bundle: Path
    at_us: int
    users: tuple[str, ...]


def make(
    root: Path, items: int, users: int, at_us: int, seed: int = 0, *, ranked: bool = True
) -> World:
    """Make a shop of ``items`` items and ``users`` people, with a ranker or not."""
    rng = np.random.default_rng(seed)
    tastes = rng.normal(size=(TASTES, FACTORS)).astype(np.float32)
    of_item = rng.integers(TASTES, size=items)
    vectors = tastes[of_item] + rng.normal(0.0, 1.5, (items, FACTORS)).astype(np.float32)
    catalogue = _catalogue(items, at_us, rng)
    als = Als(vectors * np.float32(0.2), AlsConfig(factors=FACTORS))
    popular = Popular.fit(catalogue.counters["item.orders_30"])
    bare = Parts(
        catalogue, References.empty(), als, popular, None, None, Settings(candidates=CANDIDATES)
    )
    names = tuple(f"u{n:07d}" for n in range(users))
    states = replay(
        _acts(names, of_item, catalogue, at_us, rng), lambda item, _: catalogue.facts(item), ZONE
    )
    learners = [states[name] for name in names[:LEARNERS]]
    ranker = _ranker(bare, learners, at_us, rng) if ranked else None
    home = Home(root)
    home.bundles.mkdir(parents=True)
    parts = Parts(
        catalogue, bare.references, als, popular, ranker, None, Settings(candidates=CANDIDATES)
    )
    bundle = Bundle.write(parts, home.bundles, at_us - 60 * SECOND_US)
    load_snapshot(home, ZONE, states.items(), (), log_seq=0, as_of_us=at_us)
    (root / "world.json").write_text(json.dumps({"at_us": at_us, "users": names}))
    return World(root, bundle.folder, at_us, names)


def _catalogue(size: int, at_us: int, rng: np.random.Generator) -> Items:
    names = {column: IdMap.of([f"{column}{n}" for n in range(COUNTS[column])]) for column in NAMED}
    return Items(
        IdMap.of([f"i{n:07d}" for n in range(size)]),
        names,
        {column: rng.integers(COUNTS[column], size=size).astype(np.int32) for column in NAMED},
        np.exp(rng.normal(8.0, 1.0, size)).astype(np.int64),
        (at_us - rng.integers(60, 460, size) * DAY_US).astype(np.int64),  # nothing new
        np.full(size, NEVER_US, dtype=np.int64),
        np.ones(size, dtype=np.bool_),
        {one.name: rng.exponential(20.0, size).astype(np.float32) for one in of_key(Key.ITEM)},
    )


def _acts(
    names: tuple[str, ...], of_item: np.ndarray, items: Items, at_us: int, rng: np.random.Generator
) -> Iterator[Event]:
    """Acts of everyone, two tastes a person, in order of time."""
    by_taste = [np.flatnonzero(of_item == taste) for taste in range(TASTES)]
    who = np.tile(np.arange(len(names)), ACTS)
    liked = rng.integers(TASTES, size=(len(names), 2))
    ages = np.sort(rng.exponential(20 * DAY_US, len(who)).astype(np.int64))[::-1]
    for number, (user, age) in enumerate(zip(who.tolist(), ages.tolist(), strict=True)):
        code = rng.choice(by_taste[liked[user, number % 2]])
        yield Event(
            message_id=f"m{number}",
            event=ORDERED if number % 10 == 0 else VIEWED,
            at_us=at_us - 60 * SECOND_US - age,
            user_id=names[user],
            item_id=items.ids.name(int(code)),
            order_id=f"o{number}" if number % 10 == 0 else None,
        )


def _ranker(parts: Parts, people: list[State], at_us: int, rng: np.random.Generator) -> LambdaMart:
    """Fitted to what these people's candidates look like; what is right is made up."""
    lists = [rows_of(parts, state, at_us) for state in people]
    weights = rng.normal(size=len(frame.COLUMNS))
    labels = []
    for rows in lists:
        seen = np.nan_to_num(rows.astype(np.float64))
        spread = seen.std(axis=0)
        worth = (seen - seen.mean(axis=0)) / np.where(spread > 0, spread, 1.0) @ weights
        worth += rng.normal(0.0, worth.std(), len(worth))
        labels.append((worth >= np.quantile(worth, 0.9)).astype(np.int64))
    sizes = np.array([len(rows) for rows in lists], dtype=np.int64)
    groups = Groups(np.concatenate(lists), np.concatenate(labels), sizes)
    return LambdaMart.fit(groups, None, tuple(frame.COLUMNS), TREES)


def rows_of(parts: Parts, state: State, at_us: int) -> np.ndarray:
    """The ranker's rows of one person's candidates; float32, shape (n, columns)."""
    reading = Reading(state, at_us, ZONE)
    now = moment.of_state(reading, [], parts.items.ids)
    slate, _ = pipeline.propose(sources(parts), now, CANDIDATES)
    raw = frame.online(reading, parts.items, slate.codes)
    raw.update(now.friends.at(slate.codes))
    raw.update(slate_columns(slate))
    return frame.assemble(raw, len(slate))
