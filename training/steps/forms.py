"""How what the steps make becomes files: training rows, rankers, sources."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.bundle import Parts, Settings
from recsys.people.audience import Audience
from recsys.ranking.lambdamart import Groups, LambdaMart
from recsys.ranking.outcomes import Outcomes
from training.examples.shown import Shown
from training.retrieval import near
from training.split import Window

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What the history says of a run.

    Parameters
    ----------
    settings : Settings
        Of the bundle.
    windows : tuple of Window
        The last tests, the one before it validates, the others train.
    """

    settings: Settings
    windows: tuple[Window, ...]

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Plan":
        """From plain values."""
        windows = tuple(Window(**one) for one in plain["windows"])
        return cls(Settings(**plain["settings"]), windows)


def choice(plain: dict[str, Any]) -> near.Choice:
    """An item–item matrix from plain values."""
    return near.Choice(**plain)


class Rows:
    """Training rows, as arrays that are mapped into memory."""

    def save(self, value: Groups, folder: Path) -> None:
        """Write three arrays."""
        for name in ("rows", "labels", "sizes"):
            np.save(folder / f"{name}.npy", getattr(value, name))

    def open(self, folder: Path) -> Groups:
        """Map them."""
        rows, labels, sizes = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("rows", "labels", "sizes")
        )
        return Groups(rows, labels, sizes)


class Lists:
    """Rows of lists that were shown, as arrays that are mapped into memory."""

    def save(self, value: Shown, folder: Path) -> None:
        """Write an array for each column, one for each outcome, and how many were shown."""
        for name in ("rows", "places", "weights", "sizes"):
            np.save(folder / f"{name}.npy", getattr(value, name))
        for name, label in value.labels.items():
            np.save(folder / f"came.{name}.npy", label)
        (folder / "shown.json").write_text(json.dumps([value.shown, list(value.labels)]))

    def open(self, folder: Path) -> Shown:
        """Map them."""

        def read(name: str) -> Any:
            return np.load(folder / f"{name}.npy", mmap_mode="r")

        shown, outcomes = json.loads((folder / "shown.json").read_text())
        return Shown(
            read("rows"),
            read("places"),
            read("weights"),
            {name: read(f"came.{name}") for name in outcomes},
            read("sizes"),
            shown,
        )


class Ranker:
    """A ranker as LightGBM's text, beside it what it shows of itself; or none."""

    def save(self, value: LambdaMart | None, folder: Path) -> None:
        """Write it."""
        if value is not None:
            value.save(folder / "ranker.txt")

    def open(self, folder: Path) -> LambdaMart | None:
        """Read it."""
        path = folder / "ranker.txt"
        return LambdaMart.open(path) if path.exists() else None


class Chances:
    """What may come of showing an item, in the files of a bundle; or none."""

    def save(self, value: Outcomes | None, folder: Path) -> None:
        """Write trees and calibrations."""
        if value is not None:
            value.save(folder)

    def open(self, folder: Path) -> Outcomes | None:
        """Read them."""
        return Outcomes.open(folder)


@dataclass(frozen=True)
class Sources:
    """Fitted sources, in the files of a bundle.

    Parameters
    ----------
    settings : Settings
        Of the bundle.
    """

    settings: Settings

    def save(self, value: Parts, folder: Path) -> None:
        """Write every part."""
        value.save(folder)

    def open(self, folder: Path) -> Parts:
        """Map them into memory."""
        return Parts.open(folder, self.settings)


class Audiences:
    """People to whom an item may be shown, in the files of a bundle."""

    def save(self, value: Audience, folder: Path) -> None:
        """Write it."""
        value.save(folder)

    def open(self, folder: Path) -> Audience:
        """Map it into memory."""
        return Audience.open(folder)


@dataclass(frozen=True)
class Judged:
    """A feed judged on one window.

    Parameters
    ----------
    metrics : mapping
        Method → measures.
    values : mapping of str to ndarray, float64, shape (queries,)
        Slice → NDCG@20 of every query under the ranker, NaN outside of the slice.
    shown : mapping
        For the report: ``calibration``, ``shap``, ``examples``.
    """

    metrics: dict[str, Any]
    values: Mapping[str, Floats]
    shown: dict[str, Any]


class JudgedFiles:
    """A judgement as JSON and arrays."""

    def save(self, value: Judged, folder: Path) -> None:
        """Write it."""
        said = {"metrics": value.metrics, "shown": value.shown, "slices": list(value.values)}
        (folder / "judged.json").write_text(json.dumps(said))
        np.save(folder / "values.npy", np.stack([*value.values.values()]))

    def open(self, folder: Path) -> Judged:
        """Read it."""
        said = json.loads((folder / "judged.json").read_text())
        values = np.load(folder / "values.npy")
        return Judged(
            said["metrics"], dict(zip(said["slices"], values, strict=True)), said["shown"]
        )
