"""Strength of ties: the same from both ends, in the batch build and live."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import choices, snapshot
from features import events as e
from features.clock import DAY_US
from features.counters import Key
from features.errors import BundleMismatch
from features.history import History
from features.home import Home
from features.portraits.social import strong_ties
from features.reading import Reading
from features.references import References
from features.strength import OFFSETS, PAIR, PERSON, WEIGHTS, Fitted, Strength
from features.subjects import of_reading
from tests.features.histories import START, ZONE, busy, keep, replay

AT = START + 40 * DAY_US
RNG = np.random.default_rng(7)
FITTED = Fitted(AT - 1, RNG.normal(size=1 + len(PAIR)), RNG.normal(size=(2, len(PERSON))))

EVENTS = [
    one for one in busy(900) if one.event not in {e.CONSENT_UPDATED, e.PERSONALIZATION_TOGGLED}
]
"""Of people who let everything be known."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    keep(home, EVENTS)
    FITTED.save(home, {"auc": 0.5})
    snapshot.publish(home, AT, ZONE)
    return home


def test_the_snapshot_holds_what_is_read_live(home: Home):
    newest = snapshot.latest(home)
    strength = Strength.of(newest.references)
    batch = {(u, v): p for u, v, p, _, _ in zip(*newest.strength.to_pydict().values(), strict=True)}
    for user, state in replay(EVENTS, AT).items():
        peers, values = Reading(state, AT, ZONE).table(Key.PAIR)
        tied = np.array([float(peer in state.ties) for peer in peers])
        for peer, live in zip(peers, strength(user, peers, tied, values, AT), strict=True):
            assert live == pytest.approx(batch[user, peer], rel=1e-6), (user, peer)
    assert len(batch) > 10
    assert len(set(batch.values())) > 5


def test_both_ends_of_a_mutual_tie_see_the_same(home: Home):
    newest = snapshot.latest(home)
    rows = newest.strength.to_pylist()
    seen = {(row["user_id"], row["peer_id"]): row["strength"] for row in rows}
    tied = {(u, v) for u, v, _ in zip(*snapshot_ties(newest), strict=True)}
    both = [pair for pair in seen if (pair in tied) == (pair[::-1] in tied) and pair[::-1] in seen]
    assert both
    for one, other in both:
        assert seen[one, other] == pytest.approx(seen[other, one])


def test_the_portrait_counts_the_strong_ties_of_the_snapshot(home: Home):
    newest = snapshot.latest(home)
    strong = Counter(row["user_id"] for row in newest.strength.to_pylist() if row["strong"])
    told = {row["user_id"]: row["soc__strong_ties"] for row in newest.portraits.to_pylist()}
    assert {user: n for user, n in told.items() if n} == dict(strong)
    assert strong
    for user, state in replay(EVENTS, AT).items():
        live = of_reading(Reading(state, AT, ZONE), user)
        assert strong_ties(live, newest.references).data.tolist() == [strong[user]]


def snapshot_ties(newest: snapshot.Snapshot) -> list[list[str]]:
    return list(pq.read_table(newest.folder / "ties.parquet").to_pydict().values())


def test_whoever_refuses_has_no_offset(home: Home):
    table = snapshot.latest(home).table(Key.USER)
    users = choices.people(History(home), AT).to_pylist()
    known = pa.table({
        "user_id": [row["user_id"] for row in users],
        "consents": pa.array(
            [["personalize"] if row["user_id"] == "u0" else None for row in users],
            pa.list_(pa.string()),
        ),
    })
    offsets = FITTED.references(table, known, AT)[1][OFFSETS]
    assert offsets.read(["u0", "ghost"], 0.0).tolist() == [0.0, 0.0]
    assert offsets.read(["u1"], 0.0)[0] != 0.0


def test_weights_that_learned_from_later_events_are_not_used(tmp_path):
    home = Home(tmp_path)
    for at_us in (10, 20):
        Fitted(at_us, FITTED.pair, FITTED.person).save(home, {})
    found = [Fitted.newest(home, at_us) for at_us in (9, 10, 19, 20)]
    assert [one and one.as_of_us for one in found] == [None, 10, 10, 20]
    assert np.array_equal(found[1].pair, FITTED.pair)


def test_weights_of_other_columns_are_refused():
    with pytest.raises(BundleMismatch, match=r"other columns .* got 2"):
        Strength.of(References.empty().with_more({WEIGHTS: (1.0, 2.0)}, {}))
