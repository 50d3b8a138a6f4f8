"""What a bundle would answer: its own sources, asked person by person, at 500 candidates."""

from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.als import Als, AlsConfig
from recsys.candidates.friends import Friends
from recsys.candidates.matrix.recommender import PADDING, Lists
from recsys.candidates.similar import TOP, FriendsTaste, Similar
from recsys.component import Source
from recsys.moment import FRIENDS, Acts, FriendItems, Moment
from training.bench.accuracy.ground import Fitted, Ground, blended
from training.bench.machine import peak_mb
from training.bench.report import Row

CANDIDATES = 500

MATRICES = 3
"""Item–item matrices that are served at most."""

LINEAR = ("edlae", "ease", "sparse_ease", "cheby_cf", "link_prop", "gf_cf", "rp3_beta", "item_knn")
"""Families that have one."""


def rows(ground: Ground, fitted: Sequence[Fitted]) -> Iterator[Row]:
    """The row ``served``; nothing where no family has an item–item matrix."""
    start = perf_counter()
    linear = sorted(
        (one for one in fitted if one.family.name in LINEAR), key=lambda one: -one.found.worth
    )
    chosen = _different(linear)
    if not chosen:
        return
    links = ground.data.links
    als = next((one.found.config for one in fitted if one.family.name == "als"), AlsConfig())
    chooses = _lists(ground, chosen, als, ground.known, ground.learners)
    tests = _lists(ground, chosen, als, ground.data.train, ground.testers)
    social = tuple(name.startswith("friends") for name in chooses)
    found, ranked = blended(ground, chooses, tests, social)
    yield ground.row(
        "served", ranked, social=links is not None, seconds=round(perf_counter() - start, 1),
        peak_mb=round(peak_mb()), valid_ndcg=round(found.worth, 5), chosen=found.told,
    )  # fmt: skip


def _different(linear: Sequence[Fitted]) -> list[Fitted]:
    """The best of each kind: EDLAE and EASE are one kind."""
    kinds = {"edlae": "ease", "sparse_ease": "ease", "gf_cf": "filter", "cheby_cf": "filter"}
    found: dict[str, Fitted] = {}
    for one in linear:
        found.setdefault(kinds.get(one.family.name, one.family.name), one)
    return list(found.values())[:MATRICES]


def _lists(
    ground: Ground, chosen: Sequence[Fitted], als: AlsConfig, matrix: sparse.csr_matrix,
    users: npt.NDArray[np.int64],
) -> dict[str, Lists]:  # fmt: skip
    """What the parts of a bundle fitted on a matrix propose to some people."""
    found = {}
    for one in chosen:
        model = one.family.make(one.found.config).fit(matrix)
        weights = model.item_item(TOP)
        del model
        similar = Similar.of(weights)
        found[one.family.name] = _asked(similar, ground, matrix, users)
        if ground.data.links is not None and "friends_taste" not in found:
            found["friends_taste"] = _asked(FriendsTaste(similar), ground, matrix, users)
    found["als"] = _asked(Als.fit(matrix, als), ground, matrix, users)
    if ground.data.links is not None:
        found["friends"] = _asked(Friends(), ground, matrix, users)
    return found


def _asked(
    source: Source, ground: Ground, matrix: sparse.csr_matrix, users: npt.NDArray[np.int64]
) -> Lists:
    codes = np.full((len(users), CANDIDATES), PADDING, dtype=np.int32)
    scores = np.full((len(users), CANDIDATES), -np.inf, dtype=np.float32)
    links = ground.data.links if source.name.startswith("friends") else None
    for row, user in enumerate(users.tolist()):
        moment = _moment(matrix, links, user)
        slate = source.propose(moment, CANDIDATES + len(moment.bought))
        kept = ~np.isin(slate.codes, moment.bought)
        best = slate.codes[kept][:CANDIDATES]
        codes[row, : len(best)] = best
        scores[row, : len(best)] = slate.scores[source.name][kept][:CANDIDATES]
    return Lists(codes, scores)


def _moment(matrix: sparse.csr_matrix, links: sparse.csr_matrix | None, user: int) -> Moment:
    """A person as a matrix knows them: every act the same, and just now."""
    friends = []
    if links is not None:
        span = slice(links.indptr[user], links.indptr[user + 1])
        order = np.argsort(-links.data[span], kind="stable")[:FRIENDS]
        friends = [
            (float(links.data[span][i]), _acts(matrix, int(links.indices[span][i]))) for i in order
        ]
    acts = _acts(matrix, user)
    return Moment(0, acts, FriendItems.of(friends), np.sort(acts.codes))


def _acts(matrix: sparse.csr_matrix, user: int) -> Acts:
    codes = matrix.indices[matrix.indptr[user] : matrix.indptr[user + 1]].astype(np.int32)
    ones = np.ones(len(codes))
    return Acts(codes, ones, ones.astype(np.bool_), np.zeros(len(codes)))
