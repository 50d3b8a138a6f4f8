"""``huoren bench portraits``: truth, second halves, coverage, speed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from features import portraits
from features.errors import UnknownName
from training.bench.portraits import halves, homes, speed, truth
from training.bench.report import Row
from training.loaders import load
from training.world.run import simulate

METHODS = ("truth", "halves", "coverage", "speed")

SETS = {"ciao": "ciao", "taobao-share": "taobao_share", "complete-journey": "complete_journey"}
"""Folder of each public data set by the name of its loader."""

SEED = 1


def data() -> Path:
    """Where the public data sets lie: HUOREN_BENCH_DATA, else ../shared/data."""
    return Path(os.environ.get("HUOREN_BENCH_DATA", "../shared/data"))


def rows(users: int, speed_users: int, methods: Sequence[str] | None = None) -> Iterator[Row]:
    """Measure.

    Parameters
    ----------
    users : int
        People of the simulated world.
    speed_users : int
        People for whom tags are timed.
    methods : sequence of str, optional
        Which of ``METHODS``; all when left out.

    Raises
    ------
    UnknownName
        When there is no such method.
    InputError
        When a public data set is missing.
    """
    for method in methods or ():
        if method not in METHODS:
            raise UnknownName.among("method", method, METHODS)
    for method in methods or METHODS:
        with TemporaryDirectory(prefix="huoren-bench-") as place:
            folder = Path(place)
            if method == "truth":
                yield from truth.rows(folder, truth.world_of(users), SEED)
            elif method == "halves":
                yield from halves.rows(data() / SETS["complete-journey"])
            elif method == "coverage":
                yield from _coverage(folder, users)
            else:
                yield from speed.rows(folder, speed_users)


def _coverage(folder: Path, users: int) -> Iterator[Row]:
    simulate(truth.world_of(users), folder / "world", SEED)
    sources: dict[str, Mapping[str, pa.Table]] = {"simulated": homes.world(folder / "world")}
    sources |= {name: load(name, data() / place) for name, place in SETS.items()}
    found: dict[str, dict[str, float]] = {}
    for name, tables in sources.items():
        home = homes.settle(folder / name, tables)
        zone = homes.UTC if name in {"ciao", "complete-journey"} else homes.BEIJING
        made = homes.publish(home, homes.end_of(tables["events"]), zone).portraits
        for one in portraits.coverage(made):
            found.setdefault(one.tag.name, {})[name] = round(one.share, 3)
    for tag, shares in found.items():
        yield {"method": "coverage", "tag": tag, **shares}
