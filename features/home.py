"""Where things live: one directory, the home, that every command is given."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from features.errors import MissingStep


@dataclass(frozen=True)
class Home:
    """The paths of one installation's data.

    Parameters
    ----------
    root : Path
        The directory; it need not exist yet.

    Examples
    --------
    >>> Home(Path("shop")).events.as_posix()
    'shop/tables/events'
    """

    root: Path

    @classmethod
    def from_option(cls, option: Path | None) -> "Home":
        """Choose ``--data DIR``, else ``HUOREN_HOME``, else ``./huoren-data``."""
        return cls((option or Path(os.environ.get("HUOREN_HOME", "huoren-data"))).resolve())

    def table(self, name: str) -> Path:
        """Directory of one canonical table: users, items, ties or events."""
        return self.root / "tables" / name

    @property
    def events(self) -> Path:
        """Sealed events, one ``day=YYYY-MM-DD`` directory for each UTC day."""
        return self.table("events")

    @property
    def state(self) -> Path:
        """Directory of the embedded online store: ``log.db`` and ``state.db``."""
        return self.root / "state"

    @property
    def features(self) -> Path:
        """Snapshots of the feature job, one directory for each as-of instant."""
        return self.root / "features"

    @property
    def bundles(self) -> Path:
        """Bundles, one directory for each checksum."""
        return self.root / "bundles"

    @property
    def work(self) -> Path:
        """Outputs of training's steps, which a later run may take up."""
        return self.root / "work"

    @property
    def champion(self) -> Path:
        """The file that names the bundle in service."""
        return self.root / "champion.json"

    @property
    def quarantine(self) -> Path:
        """Rows that were refused, with their reasons."""
        return self.root / "quarantine"

    def require(self, path: Path, command: str) -> Path:
        """Return ``path`` if it exists.

        Raises
        ------
        MissingStep
            When it does not; the message names the ``command`` that makes it.
        """
        if not path.exists():
            raise MissingStep(
                f"{path.relative_to(self.root)} is not in {self.root}",
                next_step=f"run `huoren {command} --data {self.root}` first",
            )
        return path


def file_name(words: str) -> str:
    """Words as the name of a file.

    Examples
    --------
    >>> file_name("双11 a/b")
    '双11-a-b'
    """
    return re.sub(r"[^\w-]", "-", words)


def mlruns_uri() -> str:
    """Absolute MLflow tracking URI.

    ``HUOREN_MLRUNS`` (directory or URI), else MLflow's own ``MLFLOW_TRACKING_URI``, else
    ``./mlruns``.
    """
    standard = os.environ.get("MLFLOW_TRACKING_URI") or "mlruns"
    place = os.environ.get("HUOREN_MLRUNS", standard)
    if "://" in place:
        return place
    return f"sqlite:///{Path(place).resolve() / 'mlflow.db'}"


def optuna_uri() -> str:
    """Where searches for settings are kept: ``optuna.db`` beside MLflow's database.

    In a database of its own, because both keep a table ``alembic_version``; in ``./mlruns`` where
    MLflow is a server.
    """
    uri = mlruns_uri()
    folder = Path(uri.removeprefix("sqlite:///")).parent if "sqlite:///" in uri else Path("mlruns")
    return f"sqlite:///{folder.resolve() / 'optuna.db'}"
