"""Every family searched and fitted on one data set, blended, judged once, as rows of a table."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from features.errors import UnknownName
from recsys.candidates.matrix.filters import ChebyCf, GfCf
from recsys.candidates.matrix.recommender import Recommender
from recsys.candidates.matrix.walks import LinkProp
from recsys.candidates.similar import TOP
from training.bench.accuracy import served
from training.bench.accuracy.ground import CUTS, LENGTH, Fitted, Ground, blended, measures
from training.bench.accuracy.peers import PEERS
from training.bench.machine import peak_mb
from training.bench.report import Row
from training.retrieval import space, split
from training.retrieval.search import Judge, search
from training.retrieval.space import Family
from training.retrieval.split import Split

log = logging.getLogger(__name__)

ASKED_ONE_BY_ONE = 10_000
"""Items up to which serving may read a matrix whose rows are what a model says of each item."""

LIKELY = 0.8
"""Part of the best worth so far without which a matrix is not tried for serving."""

SEARCHED = 0.6
"""Part of the time that goes to the search; the rest fits again, blends and tests."""


def rows(
    data: Split, minutes: float = 30.0, cuts: Sequence[int] = CUTS, seed: int = 0,
    only: Sequence[str] | None = None, *, peers: bool = False,
) -> Iterator[Row]:  # fmt: skip
    """Search, fit, blend, test.

    Parameters
    ----------
    data : Split
        One data set.
    minutes : float
        Of all of it, about.
    cuts : sequence of int
        Depths of the measures.
    seed : int
        Of every draw.
    only : sequence of str, optional
        Families; all that the size allows when left out.
    peers : bool
        Whether models of other libraries are measured too; they are no part of the blend.

    Yields
    ------
    mapping
        One row for each family, for ``blend`` with and without social sources, and for ``served``.

    Raises
    ------
    InputError
        When nobody in train has two interactions to choose by.
    UnknownName
        When there is no such family, or it does not fit data of this size.
    """
    every = space.families(data.train, data.links)
    names = [one.name for one in every]
    for name in only or ():
        if name not in names:
            raise UnknownName.among("method", name, names)
    begun = perf_counter()
    ground = Ground.of(data, np.random.default_rng(seed), sorted({*cuts, 20}))
    chosen = [one for one in every if one.name in (only or {*names} - {*space.APART})]
    judge = Judge.of(ground.known, ground.held, data.links, ground.rng)
    beside = PEERS if peers else ()
    shares = sum(one.share for one in (*chosen, *beside))
    fitted: list[Fitted] = []
    blends = [one.name for one in chosen]
    for family in (*beside, *chosen):
        seconds = 60 * minutes * SEARCHED * family.share / shares
        family = family.after({one.family.name: one.found.config for one in fitted})
        read = not family.social and served.KINDS.get(family.name) not in blends
        least = max((LIKELY * one.found.worth for one in fitted), default=0.0)
        one = _fitted(ground, family, judge, seconds, least if read else np.inf)
        if family.name in blends:
            fitted.append(one)
        yield ground.row(
            family.name, one.tests.codes[:, : max(ground.cuts)], social=family.social,
            seconds=round(one.seconds, 1), peak_mb=round(peak_mb()),
            valid_ndcg=round(one.found.worth, 5), tried=len(one.found.tried),
            chosen=space.told(one.found.config),
        )  # fmt: skip
    yield from _blends(ground, fitted)
    yield from served.rows(ground, fitted)
    log.info("all in %.0f s", perf_counter() - begun)


def repeated(data: Split, settings: Mapping[str, Any], cuts: Sequence[int] = CUTS) -> Iterator[Row]:
    """Rows of families at given configurations, fitted on train and tested; nothing is chosen.

    Parameters
    ----------
    data : Split
        One data set.
    settings : mapping of str to object
        Family → its configuration.
    cuts : sequence of int
        Depths of the measures.
    """
    every = {one.name: one for one in (*space.PLAIN, *space.SOCIAL)}
    testers = split.askers(data.test)
    for name, config in settings.items():
        start = perf_counter()
        model = every[name].make(config).fit(data.train, data.links)
        lists = model.recommend(testers, max(cuts))
        del model
        yield measures(data, testers, name, lists.codes, cuts) | {
            "social": every[name].social, "seconds": round(perf_counter() - start, 1),
            "peak_mb": round(peak_mb()), "chosen": space.told(config),
        }  # fmt: skip


def _fitted(ground: Ground, family: Family, judge: Judge, seconds: float, least: float) -> Fitted:
    """``least``: worth from which on serving may read its item–item matrix."""
    start = perf_counter()
    found = search(family, judge, seconds, ground.rng)
    length = min(LENGTH, ground.data.train.shape[1])
    length, read = max(length, max(ground.cuts)), found.worth >= least
    model, found.model = found.model or judge.fit(family.make(found.config)), None
    chooses, near = model.recommend(ground.learners, length), _near(model) if read else None
    later = near
    if ground.again:
        del model
        model = family.make(found.config).fit(ground.data.train, ground.data.links)
        later = _near(model) if read else None
    tests = model.recommend(ground.testers, length)
    log.info("%s: %.5f on validation, %s", family.name, found.worth, found.config)
    both = None if near is None or later is None else (near, later)
    return Fitted(family, found, chooses, tests, perf_counter() - start, both)


def _near(model: Recommender) -> sparse.csr_matrix | None:
    """What serving would read of a model; None where it has no such matrix, or none soon."""
    slow = isinstance(model, (GfCf, ChebyCf, LinkProp))
    if slow and model.interactions.shape[1] > ASKED_ONE_BY_ONE:
        return None
    if type(model).item_item is Recommender.item_item:
        return None
    return model.item_item(TOP)


def _blends(ground: Ground, fitted: Sequence[Fitted]) -> Iterator[Row]:
    sides = [[one for one in fitted if not one.family.social]]
    if len(sides[0]) < len(fitted):
        sides.append(list(fitted))
    for used in sides:
        start = perf_counter()
        social = any(one.family.social for one in used)
        found, ranked = blended(
            ground,
            {one.family.name: one.chooses for one in used},
            {one.family.name: one.tests for one in used},
            tuple(one.family.social for one in used),
        )
        took = perf_counter() - start + sum(one.seconds for one in used)
        yield ground.row(
            "blend", ranked, social=social, seconds=round(took, 1), peak_mb=round(peak_mb()),
            valid_ndcg=round(found.worth, 5), chosen=found.told,
        )  # fmt: skip
