"""MLflow, spoken to here alone: runs with their figures and files, and the registry of bundles.

Importing MLflow takes seconds, and the first connection to a new database runs its migrations, some
ten seconds more. So :meth:`Tracking.connect` comes before long work, not after it: it proves that
the server answers.
"""

import logging
import os
import re
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, Self
from urllib.parse import urlsplit

from features.errors import TrackingError
from features.home import mlruns_uri

EXPERIMENT = "huoren"
MODEL = "huoren"
CHALLENGER = "challenger"
CHAMPION = "champion"
BUNDLE = "bundle"
"""Folder of a run's artefacts that holds its bundle."""

SQLITE = "sqlite:///"

_REACH_SECONDS = 5.0
_PER_REQUEST = 100  # parameters and figures sent at once; MLflow's limit is 100 parameters


@contextmanager
def _answered(expected: str = "") -> Iterator[None]:
    try:
        yield
    except Exception as error:  # MLflow, SQLAlchemy, requests, the file system: whatever fails
        raise TrackingError(
            "the tracking server cannot be used",
            expected=expected,
            got=str(error).partition("\n")[0],
            next_step="start it, or point HUOREN_MLRUNS at a directory that can be written",
        ) from error


@dataclass(frozen=True)
class Version:
    """One registered bundle: its number in the registry, and the bundle's checksum."""

    number: str
    sha: str
    source: str


class Run:
    """A run that is open; :meth:`Tracking.run` yields it. Each method may raise `TrackingError`.

    Parameters
    ----------
    client : mlflow.MlflowClient
    id : str
        MLflow's run id.
    artifacts : str
        URI of the run's artefacts.
    """

    def __init__(self, client: Any, id: str, artifacts: str) -> None:  # MLflow is untyped here
        self._client = client
        self.id = id
        self.artifacts = artifacts

    @_answered()
    def params(self, values: Mapping[str, object]) -> None:
        """Log what was chosen; nested mappings become ``outer/inner``."""
        from mlflow.entities import Param

        params = [Param(metric_name(name), str(value)) for name, value in flat(values).items()]
        for at in range(0, len(params), _PER_REQUEST):
            self._client.log_batch(self.id, params=params[at : at + _PER_REQUEST])

    @_answered()
    def metrics(self, values: Mapping[str, object]) -> None:
        """Log figures; nested mappings (surface, method, slice) become ``outer/inner``.

        Whatever is no number is left out. ``ndcg@20`` is logged as ``ndcg_at_20``, because MLflow
        refuses the sign.
        """
        from mlflow.entities import Metric

        now = int(time() * 1_000)
        metrics = [
            Metric(metric_name(name), float(value), now, 0)
            for name, value in flat(values).items()
            if isinstance(value, int | float)
        ]
        for at in range(0, len(metrics), _PER_REQUEST):
            self._client.log_batch(self.id, metrics=metrics[at : at + _PER_REQUEST])

    @_answered()
    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Log a file, or all files of a directory, into a folder of the run's artefacts."""
        log = self._client.log_artifacts if path.is_dir() else self._client.log_artifact
        log(self.id, str(path), folder)


class Tracking:
    """A tracking server that answered. Each method raises `TrackingError` when it no longer does.

    Parameters
    ----------
    client : mlflow.MlflowClient
    experiment : str
        Id of the experiment ``huoren``.
    """

    def __init__(self, client: Any, experiment: str) -> None:
        self._client = client
        self._experiment = experiment

    @classmethod
    def connect(cls, uri: str | None = None) -> Self:
        """Reach the server and find or make the experiment.

        Parameters
        ----------
        uri : str, optional
            Default: ``features.home.mlruns_uri()``.

        Raises
        ------
        TrackingError
            When the place cannot be used.

        Examples
        --------
        >>> Tracking.connect("http://127.0.0.1:9")
        Traceback (most recent call last):
        features.errors.TrackingError: the tracking server cannot be used (expected ...
        """
        place = uri or mlruns_uri()
        with _answered(f"MLflow at {place}"):
            _reach(place)
            client = _client(place)
            return cls(client, _experiment(client, place))

    @contextmanager
    def run(self, name: str, params: Mapping[str, object] | None = None) -> Iterator[Run]:
        """Open a run; it ends ``FINISHED``, or ``FAILED`` or ``KILLED`` when the block raises."""
        info = self._client.create_run(self._experiment, run_name=name).info
        status = "FAILED"
        try:
            run = Run(self._client, info.run_id, info.artifact_uri)
            run.params(params or {})
            yield run
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            self._client.set_terminated(info.run_id, status)

    @_answered()
    def register(
        self, sha: str, source: str, run_id: str | None = None, alias: str | None = CHALLENGER
    ) -> Version:
        """Register a bundle, once for each checksum, and let an alias name it.

        Parameters
        ----------
        sha : str
            The bundle's checksum.
        source : str
            Where its files are: ``run.artifacts + "/bundle"``, or a directory.
        run_id : str, optional
            The run that made it.
        alias : str, optional
            ``challenger`` or ``champion``; None changes no alias.
        """
        version = self.find(sha) or self._create(sha, source, run_id)
        if alias:
            self._client.set_registered_model_alias(MODEL, alias, version.number)
        return version

    @_answered()
    def find(self, ref: str) -> Version | None:
        """Look a registered bundle up by checksum, version number or alias; None if there is none.

        The newest one, where several were registered under one checksum.
        """
        condition = f"version_number = {ref}" if ref.isdecimal() and len(ref) < 10 else None
        if condition is None and ref.isalnum():
            condition = f"tags.sha = '{ref}'"
        found = condition and self._client.search_model_versions(
            f"name = '{MODEL}' and {condition}"
        )
        return _version(found[0]) if found else self._aliased(ref)

    @_answered()
    def fetch(self, version: Version, into: Path) -> Path:
        """Copy the files of a registered bundle below ``into``; returns their directory."""
        from mlflow.artifacts import download_artifacts

        into.mkdir(parents=True, exist_ok=True)
        uri = self._client.tracking_uri
        return Path(download_artifacts(version.source, dst_path=str(into), tracking_uri=uri))

    def _create(self, sha: str, source: str, run_id: str | None) -> Version:
        if not self._client.search_registered_models(f"name = '{MODEL}'"):
            self._client.create_registered_model(MODEL, description="Bundles of huoren")
        return _version(self._client.create_model_version(MODEL, source, run_id, tags={"sha": sha}))

    def _aliased(self, alias: str) -> Version | None:
        for model in self._client.search_registered_models(f"name = '{MODEL}'"):
            if alias in model.aliases:
                return _version(self._client.get_model_version_by_alias(MODEL, alias))
        return None


def flat(values: Mapping[str, object]) -> dict[str, object]:
    """Flatten nested mappings.

    Examples
    --------
    >>> flat({"feed": {"all": {"ndcg@20": 0.1}}, "seconds": 3})
    {'feed/all/ndcg@20': 0.1, 'seconds': 3}
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= {f"{name}/{rest}": inner for rest, inner in flat(value).items()}
        else:
            found[name] = value
    return found


def metric_name(name: str) -> str:
    """Spell a name in the characters MLflow accepts.

    Examples
    --------
    >>> metric_name("feed/history=20+/ndcg@20")
    'feed/history_20_plus/ndcg_at_20'
    """
    words = name.replace("@", "_at_").replace("+", "_plus")
    return re.sub(r"[^\w\-. :/]", "_", words, flags=re.ASCII)


def _reach(uri: str) -> None:
    """Fail within seconds where MLflow's own retries take minutes; make a database's directory."""
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), _REACH_SECONDS).close()
    elif uri.startswith(SQLITE):
        Path(uri.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)


def _client(uri: str) -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own use of SQLAlchemy is deprecated
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):  # a line for each of its migrations
            logging.getLogger(name).setLevel(logging.WARNING)
        return MlflowClient(uri, uri)


def _experiment(client: Any, uri: str) -> str:
    known = client.get_experiment_by_name(EXPERIMENT)
    if known:
        return str(known.experiment_id)
    place = None
    if uri.startswith(SQLITE):
        place = str(Path(uri.removeprefix(SQLITE)).resolve().parent / "artifacts")
    return str(client.create_experiment(EXPERIMENT, artifact_location=place))


def _version(found: Any) -> Version:
    return Version(str(found.version), found.tags.get("sha", ""), found.source)
