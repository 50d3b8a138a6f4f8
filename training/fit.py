"""Fits what the sources of a bundle hold, as of one instant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from features import batch
from features import columns as c
from features import events as e
from features.catalogue import CATALOGUE
from features.counters import Key
from features.errors import InputError
from features.items import Items
from features.references import References
from features.strength import Fitted
from features.weights import INTEREST
from recsys.bundle import Parts, Settings
from recsys.candidates.als import Als
from recsys.candidates.popular import Popular
from training import supply
from training.config import TrainConfig
from training.past import Past, Queries
from training.retrieval import near, voters

TARGETS = (e.ORDERED, e.OPENED, e.ADDED, e.VIEWED)
"""What a feed may be trained to bring about; the first that happens often enough is taken."""

USUAL = near.Choice()
"""What is served before anything was chosen."""

ENOUGH = 500
"""Events of a kind that make it a target."""


@dataclass(frozen=True)
class Ground:
    """What all fits of a run share.

    Parameters
    ----------
    past : Past
        The history.
    rows : ibis Table
        Its facts.
    settings : Settings
        Of the bundle.
    config : TrainConfig
        The run.
    similar : near.Choice
        Which item–item matrix is served.
    ties : Fitted, optional
        Weights of ties.
    """

    past: Past
    rows: ibis.Table
    settings: Settings
    config: TrainConfig
    similar: near.Choice = USUAL
    ties: Fitted | None = None

    def then(self, at_us: int) -> "Ground":
        """The same with ids linked as they were known to be at an instant."""
        opened = self.past.eras.at(at_us) if self.past.eras else None
        return self if opened is None else replace(self, past=opened[0], rows=opened[1])


def settings(past: Past, config: TrainConfig) -> Settings:
    """What the data say of target and repetition.

    Raises
    ------
    InputError
        When nothing happens often enough to be foretold.
    """
    counts = dict(
        past.connection.execute(
            f"SELECT {c.EVENT}, count(*) FROM facts WHERE {c.ITEM} IS NOT NULL GROUP BY ALL"
        ).fetchall()
    )
    target = next((name for name in TARGETS if counts.get(name, 0) >= ENOUGH), None)
    if target is None:
        raise InputError(
            "too little happened to learn a feed",
            expected=f"{ENOUGH} events of one of {', '.join(TARGETS)}",
            got=", ".join(f"{counts.get(name, 0)} {name}" for name in TARGETS),
            next_step="ingest a longer history; portraits, segments and counters work without it",
        )
    total, distinct = past.connection.execute(
        f"SELECT count(*), count(DISTINCT ({c.USER}, {c.ITEM})) FROM facts "
        f"WHERE {c.EVENT} = $target AND {c.ITEM} IS NOT NULL",
        {"target": target},
    ).fetchall()[0]
    return Settings(
        repeats=1 - distinct / total >= config.repeats_from,
        candidates=config.candidates,
        target=target,
        zone=past.zone.name,
    )


def sources(ground: Ground, at_us: int, popularity: str) -> Parts:
    """Fit every source on what happened before an instant; no ranker yet.

    Parameters
    ----------
    ground : Ground
        What to fit on.
    at_us : int
        T.
    popularity : str
        ITEM counter that popularity means.
    """
    ground = ground.then(at_us)
    items = catalogue(ground, at_us)
    did = interactions(ground.past, items, at_us)
    als = Als.fit(did, ground.config.als, ground.config.seed)
    popular = Popular.of_counters(items.counters, popularity)
    similar = near.fit(did, ground.similar)
    asked = ground.similar.alike
    return Parts(
        items, references(ground, at_us), als, popular, None, None, ground.settings, similar,
        rhythm=supply.rhythm(ground.past, items, at_us),
        lift=supply.lift(ground.past, items, at_us),
        content=supply.content(known_items(ground.past, at_us), items, at_us),
        alike=voters.fit(did, asked) if asked else None,
    )  # fmt: skip


def references(ground: Ground, at_us: int) -> References:
    """Weights of ties, and what people do with others, as of an instant."""
    if ground.ties is None:
        return References.empty()
    counters = batch.values(ground.rows, Key.USER, at_us, ground.past.zone).to_pyarrow()
    users = said(ground.past, counters[c.USER].to_pylist(), at_us)
    return References.empty().with_more(*ground.ties.references(counters, users, at_us))


def said(past: Past, users: Sequence[str], at_us: int) -> pa.Table:
    """Consents of people as of an instant: ``user_id``, ``consents`` (null: not asked)."""
    asked = past.say(Queries(users, np.full(len(users), at_us, dtype=np.int64)))
    consents = [None if one.consents is None else sorted(one.consents) for one in asked]
    return pa.table({
        c.USER: pa.array(users, pa.string()),
        "consents": pa.array(consents, pa.list_(pa.string())),
    })


def catalogue(ground: Ground, at_us: int) -> Items:
    """The catalogue with its counters as of an instant."""
    counters = batch.values(ground.rows, Key.ITEM, at_us, ground.past.zone).to_pyarrow()
    return Items.of(known_items(ground.past, at_us), counters, at_us)


def known_items(past: Past, at_us: int) -> pa.Table:
    """Every item in the version in force at an instant.

    An item that comes later is known by its first version, as in ``features.facts``, but not by
    the stock, status and expiry of that later time.
    """
    known = f"{c.VALID_FROM} <= {int(at_us)}"
    later = ", ".join(
        f"CASE WHEN {known} THEN {name} END AS {name}" for name in ("stock", "status", "expires_us")
    )
    newest_known = f"({known}) DESC, abs({int(at_us)} - {c.VALID_FROM})"
    return past.connection.sql(
        f"SELECT * REPLACE ({later}) FROM items QUALIFY row_number() OVER "
        f"(PARTITION BY {c.ITEM} ORDER BY {newest_known}) = 1 ORDER BY {c.ITEM}"
    ).to_arrow_table()


def interactions(past: Past, items: Items, at_us: int) -> sparse.csr_matrix:
    """Who did how much with what before an instant.

    Returns
    -------
    scipy.sparse.csr_matrix, float32, shape (people, items)
        Sum of the weights of all acts; only positive ones. Fakes are left out.
    """
    weights = " ".join(f"WHEN '{name}' THEN {weight}" for name, weight in INTEREST.items())
    rows = past.connection.sql(
        f"SELECT {c.USER}, {c.ITEM}, sum(CASE {c.EVENT} {weights} ELSE 0 END) AS weight "
        f"FROM facts WHERE {c.AT} < {int(at_us)} AND {c.ITEM} IS NOT NULL "
        f"AND {c.USER} NOT IN (SELECT unnest($fakes::VARCHAR[])) "
        f"GROUP BY ALL HAVING weight > 0 ORDER BY ALL",
        params={"fakes": sorted(past.risk.people)},
    ).to_arrow_table()
    users = rows[c.USER].combine_chunks().dictionary_encode()
    names = rows[c.ITEM].combine_chunks().dictionary_encode()
    codes = items.ids.codes(names.dictionary.to_pylist())[names.indices.to_numpy()]
    weight = rows["weight"].to_numpy().astype(np.float32)
    return sparse.csr_matrix(
        (weight, (users.indices.to_numpy(), codes)),
        shape=(len(users.dictionary), len(items)),
    )


def counts_before(past: Past, items: Items, at_us: int, target: str) -> npt.NDArray[np.int64]:
    """How often each item was the target before an instant; int64, shape (items,)."""
    rows = past.connection.sql(
        f"SELECT {c.ITEM}, count(*) AS n FROM facts WHERE {c.EVENT} = $target "
        f"AND {c.AT} < {int(at_us)} AND {c.ITEM} IS NOT NULL GROUP BY ALL",
        params={"target": target},
    ).to_arrow_table()
    found = np.zeros(len(items), dtype=np.int64)
    found[items.ids.codes(rows[c.ITEM].to_pylist())] = rows["n"].to_numpy()
    return found


def half_lives() -> list[str]:
    """ITEM counters that popularity may mean, all decayed.

    Examples
    --------
    >>> half_lives()[0]
    'item.orders_7'
    """
    from recsys.candidates.popular import COUNTERS

    return [name for name in COUNTERS if CATALOGUE[name].half_life is not None]
