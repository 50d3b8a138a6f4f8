"""The rows of ``huoren bench groupbuy``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.bench.groupbuy import launch, success, tables


def rows(
    succeeded: Path, failed: Path, methods: tuple[str, ...] | None = None
) -> Iterator[dict[str, Any]]:
    """Rows of both tasks.

    Parameters
    ----------
    succeeded, failed : Path
        As ``tables.read`` takes them.
    methods : tuple of str, optional
        Baselines of the launch task; all when left out.
    """
    launched = tables.read(succeeded, failed)
    found = list(launch.rows(launched, methods))
    best = max(
        (row for row in found if row["method"] in launch.BASELINES),
        key=lambda row: row["ndcg@20"],
        default=None,
    )
    for row in found:
        if best and row["method"] == "huoren":
            row |= {"best_baseline": best["method"], "ratio": row["ndcg@20"] / best["ndcg@20"]}
        yield row
    yield from success.rows(launched)
