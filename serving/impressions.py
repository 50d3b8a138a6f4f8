"""What was shown: one row for each item of each list, written off the hot path.

A list is handed over as it is; a writer thread turns lists into rows and writes them as Parquet to
``tables/impressions/day=YYYY-MM-DD/`` (UTC days, as the sealed events have) every minute and when
the service stops. A part appears under its name when it is complete. Joined with the outcomes on
``request_id`` and ``item_id``, with the ``propensity`` of the place, these are the rows that
ranking learns from (``training.impressions``).
"""

import logging
import os
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from features import columns as c
from features.absent import absent
from features.clock import SECOND_US
from recsys.query import FeedAnswer
from serving.ids import request_id as unique_name

_LOG = logging.getLogger("huoren.serving")

FEATURE_NAMES = "feature_names"
"""Metadata key of a part: the names of the values in ``features``, joined by line feeds."""


class Shown(msgspec.Struct, frozen=True, gc=False):
    """One list as it was answered: nothing that garbage collection would have to look into.

    Thousands of them may wait, and each full collection would go through all of theirs.
    """

    request_id: str
    user_id: str
    at_us: int
    scene: str
    model_version: str
    first_position: int  # of the page; 0 is the top of the list
    item_ids: tuple[str, ...]
    scores: tuple[float, ...]
    propensities: tuple[float, ...]
    feature_names: tuple[str, ...]
    features: npt.NDArray[np.float32]  # shape (0, 0) or (len(item_ids), len(feature_names))

    @classmethod
    def of(
        cls, request_id: str, user_id: str, at_us: int, scene: str, model_version: str,
        first_position: int, answer: FeedAnswer,
    ) -> Self:  # fmt: skip
        """What is written of an answer."""
        items = answer.items
        return cls(
            request_id, user_id, at_us, scene, model_version, first_position,
            tuple([item.item_id for item in items]),
            tuple([item.score for item in items]),
            tuple([item.propensity for item in items]),
            answer.feature_names, answer.features,
        )  # fmt: skip


class Impressions:
    """The impression log of one worker.

    Parameters
    ----------
    root : Path
        ``tables/impressions`` of the home.
    capacity : int
        Lists that may wait; further ones are dropped and counted.
    flush_seconds : float
        How often what waits is written.
    count : callable
        Called with (``written`` or ``dropped``, number of lists).
    forgotten : callable
        Whether a person was forgotten; lists of such people are never written.
    """

    def __init__(
        self,
        root: Path,
        capacity: int,
        flush_seconds: float,
        count: Callable[[str, int], None],
        forgotten: Callable[[str], bool] = lambda person: False,
    ) -> None:
        self._root = root
        self._capacity = capacity
        self._seconds = flush_seconds
        self._count = count
        self._forgotten = forgotten
        self._waiting: deque[Shown] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="impressions", daemon=True)

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    def add(self, shown: Shown) -> None:
        """Take a list; never waits."""
        if len(self._waiting) >= self._capacity:
            self._count("dropped", 1)
        else:
            self._waiting.append(shown)

    def stop(self) -> None:
        """Write what waits and stop the writer."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def flush(self) -> None:
        """Write what waits; what cannot be written is dropped and counted."""
        parts: dict[tuple[str, tuple[str, ...]], list[Shown]] = defaultdict(list)
        for _ in range(len(self._waiting)):
            shown = self._waiting.popleft()
            if self._forgotten(shown.user_id):
                continue
            parts[_day(shown.at_us), shown.feature_names].append(shown)
        for (day, names), lists in parts.items():
            try:
                write_part(self._root / f"day={day}", names, lists)
                self._count("written", len(lists))
            except OSError:
                _LOG.exception("impressions of %s were not written", day)
                self._count("dropped", len(lists))

    def _run(self) -> None:
        with absent("pandas"):  # loaded here, before the first list waits for it
            import pyarrow as pa
            import pyarrow.parquet

            pa.array([""])  # looks for pandas once, the first time
        while not self._stop.wait(self._seconds):
            self.flush()


def write_part(directory: Path, names: tuple[str, ...], lists: list[Shown]) -> Path:
    """Write one Parquet file, whole or not at all.

    Parameters
    ----------
    directory : Path
        Of the day; made when absent.
    names : tuple of str
        Names of the features.
    lists : list of Shown
        Of that day, all with those features.

    Returns
    -------
    Path
        The file, one row for each item shown.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            pa.field(c.REQUEST, pa.string()),
            pa.field(c.ITEM, pa.string()),
            pa.field("position", pa.int16()),
            pa.field("score", pa.float64()),
            pa.field("propensity", pa.float64()),
            pa.field("features", pa.list_(pa.float32())),
            pa.field("model_version", pa.string()),
            pa.field(c.USER, pa.string()),
            pa.field(c.AT, pa.int64()),
            pa.field("scene", pa.string()),
        ],
        metadata={FEATURE_NAMES: "\n".join(names)},
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"part-{unique_name(lists[0].at_us)}.parquet"
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(pa.Table.from_pylist(_rows(lists), schema), unfinished)
    os.replace(unfinished, path)  # noqa: PTH105  the atomic one
    return path


def _rows(lists: list[Shown]) -> list[dict[str, Any]]:
    return [
        {
            c.REQUEST: shown.request_id,
            c.ITEM: item_id,
            "position": shown.first_position + place,
            "score": shown.scores[place],
            "propensity": shown.propensities[place],
            "features": shown.features[place] if len(shown.features) else [],
            "model_version": shown.model_version,
            c.USER: shown.user_id,
            c.AT: shown.at_us,
            "scene": shown.scene,
        }
        for shown in lists
        for place, item_id in enumerate(shown.item_ids)
    ]


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / SECOND_US, UTC).strftime("%Y-%m-%d")
