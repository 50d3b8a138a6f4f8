"""Every family searched and fitted on one data set, blended, judged once, as rows of a table."""

import logging
from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np

from features.errors import UnknownName
from training.bench.accuracy import served
from training.bench.accuracy.ground import CUTS, LENGTH, Fitted, Ground, blended
from training.bench.machine import peak_mb
from training.bench.report import Row
from training.retrieval import space
from training.retrieval.search import Judge, search
from training.retrieval.space import Family
from training.retrieval.split import Split

log = logging.getLogger(__name__)

SEARCHED = 0.6
"""Part of the time that goes to the search; the rest fits again, blends and tests."""


def rows(
    data: Split, minutes: float = 30.0, cuts: Sequence[int] = CUTS, seed: int = 0,
    only: Sequence[str] | None = None,
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
    shares = sum(one.share for one in chosen)
    fitted: list[Fitted] = []
    for family in chosen:
        seconds = 60 * minutes * SEARCHED * family.share / shares
        one = _fitted(ground, family, judge, seconds)
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


def _fitted(ground: Ground, family: Family, judge: Judge, seconds: float) -> Fitted:
    start = perf_counter()
    found = search(family, judge, seconds, ground.rng)
    length = min(LENGTH, ground.data.train.shape[1])
    length = max(length, max(ground.cuts))
    model = judge.fit(family.make(found.config))
    chooses = model.recommend(ground.learners, length)
    if ground.again:
        del model
        model = family.make(found.config).fit(ground.data.train, ground.data.links)
    tests = model.recommend(ground.testers, length)
    log.info("%s: %.5f on validation, %s", family.name, found.worth, found.config)
    return Fitted(family, found, chooses, tests, perf_counter() - start)


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
