"""What a bundle would answer: its own sources, asked person by person, at 500 candidates."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.candidates.alike import Alike, AlikeConfig
from recsys.candidates.als import Als, AlsConfig
from recsys.candidates.friends import Friends
from recsys.candidates.matrix.recommender import PADDING, Lists, best
from recsys.candidates.similar import TOP, FriendsTaste, Similar
from recsys.component import Source
from recsys.moment import FRIENDS, Acts, FriendItems, Moment
from training import metrics
from training.bench.accuracy.ground import Fitted, Ground, blended
from training.bench.machine import peak_mb
from training.bench.report import Row
from training.retrieval import blend, mixture, split

log = logging.getLogger(__name__)

CANDIDATES = 500

ASKED = 1_000
"""People who choose what the item–item matrix is made of."""

KINDS = {"ease": "edlae", "gf_cf": "cheby_cf"}
"""Families that are another one in a simpler way: the matrix of the other is enough."""


def rows(ground: Ground, fitted: Sequence[Fitted]) -> Iterator[Row]:
    """The row ``served``; nothing where no family has an item–item matrix."""
    start = perf_counter()
    linear = {one.family.name: one.near for one in fitted if one.near is not None}
    if not linear:
        return
    weights = mixture.choose({n: one[0] for n, one in linear.items()}, _Worth.of(ground), TOP)
    configs = Configs.of(fitted)
    known, train = ({name: one[side] for name, one in linear.items()} for side in (0, 1))
    asked = _Asked(ground, ground.known, Similar.of(mixture.mixed(known, weights, TOP)), configs)
    chooses = asked.lists(ground.learners)
    if ground.again:
        near = Similar.of(mixture.mixed(train, weights, TOP))
        asked = _Asked(ground, ground.data.train, near, configs)
    tests = asked.lists(ground.testers)
    social = tuple(name.startswith("friends") for name in chooses)
    found, ranked = blended(ground, chooses, tests, social)
    yield ground.row(
        "served", ranked, social=ground.data.links is not None,
        seconds=round(perf_counter() - start, 1), peak_mb=round(peak_mb()),
        valid_ndcg=round(found.worth, 5), chosen=_told(weights, found),
    )  # fmt: skip


def _told(weights: dict[str, float], found: blend.Blend) -> dict[str, object]:
    parts = " + ".join(f"{weight:g} {name}" for name, weight in weights.items())
    return {"similar is": parts} | found.told


class _Worth:
    """How well a matrix foretells what was held back of some people."""

    def __init__(self, known: sparse.csr_matrix, held: sparse.csr_matrix) -> None:
        self.known = known
        self.relevant = split.relevant(held, np.arange(held.shape[0]))

    @classmethod
    def of(cls, ground: Ground) -> "_Worth":
        """Ask some of the learners."""
        users = ground.learners[:: 1 + len(ground.learners) // ASKED]
        return cls(sparse.csr_matrix(ground.known[users]), sparse.csr_matrix(ground.held[users]))

    def __call__(self, matrix: sparse.csr_matrix) -> float:
        said = np.asarray((self.known @ matrix).toarray(), dtype=np.float32)
        lists = best(said, self.known, blend.K)
        return float(np.nanmean(metrics.ndcg_at_k(lists.codes, self.relevant, blend.K)))


@dataclass(frozen=True)
class Configs:
    """How the other sources of a bundle are fitted: as the search found for their families."""

    als: AlsConfig
    alike: AlikeConfig

    @classmethod
    def of(cls, fitted: Sequence[Fitted]) -> "Configs":
        """Of what was searched; as usual where it was not."""
        found = {one.family.name: one.found.config for one in fitted}
        near = found.get("user_knn")
        alike = AlikeConfig() if near is None else AlikeConfig(
            near.neighbours, near.power, near.popularity
        )  # fmt: skip
        return cls(found.get("als", AlsConfig()), alike)


class _Asked:
    """The sources of a bundle, as they are after it was written and opened."""

    def __init__(
        self, ground: Ground, matrix: sparse.csr_matrix, near: Similar, configs: Configs
    ) -> None:
        self.matrix = _shuffled(matrix, ground.rng)
        self.links = ground.data.links
        sources: list[Source] = []
        with TemporaryDirectory() as name:
            folder = Path(name)
            near.save(folder)
            Als.fit(matrix, configs.als).save(folder)
            Alike.fit(matrix, configs.alike).save(folder)
            similar, alike = Similar.open(folder), Alike.open(folder)
            assert alike is not None
            sources += [similar, Als.open(folder), alike]
            if self.links is not None:
                sources += [FriendsTaste(similar), Friends()]
        self.sources = sources

    def lists(self, users: npt.NDArray[np.int64]) -> dict[str, Lists]:
        """What every source proposes to some people."""
        shape = (len(users), CANDIDATES)
        found = {
            one.name: Lists(np.full(shape, PADDING, np.int32), np.full(shape, -np.inf, np.float32))
            for one in self.sources
        }
        for row, user in enumerate(users.tolist()):
            moment = self._moment(user)
            for source in self.sources:
                slate = source.propose(moment, CANDIDATES + len(moment.bought))
                kept = ~np.isin(slate.codes, moment.bought)
                codes = slate.codes[kept][:CANDIDATES]
                found[source.name].codes[row, : len(codes)] = codes
                scores = slate.scores[source.name][kept][:CANDIDATES]
                found[source.name].scores[row, : len(codes)] = scores
        return found

    def _moment(self, user: int) -> Moment:
        """A person as a matrix knows them: every act the same, and just now."""
        friends = []
        if self.links is not None:
            span = slice(self.links.indptr[user], self.links.indptr[user + 1])
            strength, who = self.links.data[span], self.links.indices[span]
            order = np.argsort(-strength, kind="stable")[:FRIENDS]
            friends = [(float(strength[i]), self._acts(int(who[i]))) for i in order]
        acts = self._acts(user)
        return Moment(0, acts, FriendItems.of(friends), np.sort(acts.codes))

    def _acts(self, user: int) -> Acts:
        span = slice(self.matrix.indptr[user], self.matrix.indptr[user + 1])
        codes = self.matrix.indices[span].astype(np.int32)
        ones = np.ones(len(codes))
        return Acts(codes, ones, ones.astype(np.bool_), np.zeros(len(codes)))


def _shuffled(matrix: sparse.csr_matrix, rng: np.random.Generator) -> sparse.csr_matrix:
    """The same rows in an order that says nothing, as no times are known."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((rng.random(matrix.nnz), rows))
    parts = (matrix.data, matrix.indices[order], matrix.indptr)
    return sparse.csr_matrix(parts, shape=matrix.shape)
