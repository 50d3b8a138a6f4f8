"""The named sets: where their files are, and what was published on exactly these splits."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import InputError, UnknownName
from recsys.candidates.matrix.ease import EaseConfig
from recsys.candidates.matrix.filters import GfCfConfig
from training.bench.accuracy.run import repeated, rows
from training.bench.machine import alone
from training.bench.report import Row
from training.retrieval import split


@dataclass(frozen=True)
class Files:
    """One data set.

    Parameters
    ----------
    train, test, valid, links, influence : Path
        Parquet; the last three may be missing.
    """

    train: Path
    test: Path
    valid: Path | None = None
    links: Path | None = None
    influence: Path | None = None

    def below(self, folder: Path) -> "Files":
        """The same, relative paths taken from a folder."""
        given = {name: folder / path for name, path in vars(self).items() if path is not None}
        return Files(**given)


@dataclass(frozen=True)
class Named:
    """A set of the suite.

    Parameters
    ----------
    files : Files
        Below the benchmark data folder.
    published : mapping of str to mapping
        Method → what its authors, or who compared it, reported on this split.
    settings : mapping of str to object
        Family → the configuration that a published figure was measured with.
    """

    files: Files
    published: dict[str, dict[str, float]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def _files(folder: str, **more: str) -> Files:
    names = {"train": "train.parquet", "test": "test.parquet"} | more
    return Files(**{name: Path(folder) / file for name, file in names.items()})


def _at20(recall: float, ndcg: float) -> dict[str, float]:
    return {"recall@20": recall, "ndcg@20": ndcg}


SUITE = {
    "beidian": Named(
        _files(
            "beidian", valid="val.parquet", links="social.parquet", influence="influence.parquet"
        )
    ),
    "lastfm": Named(
        _files("splits/lastfm", valid="valid.parquet"),
        {"NCL++": {"recall@10": 0.1894, "ndcg@10": 0.2177}},
    ),
    "epinions": Named(
        _files("social_splits/epinions", links="links.parquet"), {"GBSR": _at20(0.0793, 0.0464)}
    ),
    "douban_book": Named(
        _files("social_splits/douban_book", links="links.parquet"),
        {"GBSR": _at20(0.1694, 0.1523)},
    ),
    "gowalla": Named(
        _files("splits/gowalla"),
        {
            "LightGCN": _at20(0.1830, 0.1554),
            "UltraGCN": _at20(0.1862, 0.1580),
            "EASE": _at20(0.1765, 0.1467),
            "GF-CF": _at20(0.1849, 0.1518),
            "LinkProp": _at20(0.1908, 0.1573),
            "BSPM-EM": _at20(0.1920, 0.1597),
            "ChebyCF": _at20(0.1941, 0.1616),
        },
        {"ease": EaseConfig(l2=80.0, dropout=0.0), "gf_cf": GfCfConfig()},
    ),
}
"""Smallest first."""


def folder() -> Path:
    """The benchmark data folder.

    Raises
    ------
    InputError
        When there is none.
    """
    found = Path(os.environ.get("HUOREN_BENCH_DATA", "../shared/data"))
    if not found.is_dir():
        raise InputError(f"no benchmark data folder at {found}", next_step="set HUOREN_BENCH_DATA")
    return found


def run(
    names: Sequence[str] | None,
    minutes: float,
    cuts: Sequence[int],
    seed: int,
    methods: Sequence[str] | None = None,
    *,
    again: bool = False,
    peers: bool = False,
) -> Iterator[Row]:
    """Rows of several sets, each measured in a process of its own; published figures stand beside.

    Where ``again`` is true, nothing is searched: published models are measured at the settings
    that their figures were, which shows whether the measures are theirs.

    Raises
    ------
    UnknownName
        When there is no such set.
    """
    for name in names or ():
        if name not in SUITE:
            raise UnknownName.among("data set", name, SUITE)
    place = folder()
    for name in names or SUITE:
        named = SUITE[name]
        for method, figures in named.published.items():
            yield {"data": name, "method": f"{method} (published)", **figures}
        files = named.files.below(place)
        if again:
            settings = named.settings
            chosen = {key: settings[key] for key in settings if key in (methods or settings)}
            found = alone(measure_again, files, chosen, cuts)
        else:
            found = alone(measure, files, minutes, cuts, seed, methods, peers=peers)
        for row in found:
            yield {"data": name} | dict(row)


def measure(
    files: Files,
    minutes: float,
    cuts: Sequence[int],
    seed: int,
    methods: Sequence[str] | None = None,
    *,
    peers: bool = False,
) -> list[Row]:
    """Rows of one data set."""
    data = split.read(files.train, files.test, files.valid, files.links, files.influence)
    return list(rows(data, minutes, cuts, seed, methods, peers=peers))


def measure_again(files: Files, settings: dict[str, Any], cuts: Sequence[int]) -> list[Row]:
    """Rows of published models at their settings."""
    data = split.read(files.train, files.test, files.valid, files.links, files.influence)
    return list(repeated(data, settings, cuts))
