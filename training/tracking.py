"""MLflow, spoken to here alone: runs with their figures and files, and the registry of bundles.

Importing MLflow takes seconds, and the first connection to a new database runs its migrations, some
ten seconds more. So :meth:`Tracking.connect` comes before long work, not after it: it proves that
the server answers.
"""

import json
import logging
import os
import re
import socket
import tempfile
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

log = logging.getLogger(__name__)

EXPERIMENT = "huoren"
MODEL = "huoren"
CHALLENGER = "challenger"
CHAMPION = "champion"
MODEL_FOLDER = "model"
"""Folder of a run's artefacts that holds the model of its bundle."""
BUNDLE = "bundle"
"""Folder of a model that holds the bundle."""
MODEL_FILE = "MLmodel"

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
    experiment : str
        Id of its experiment.
    """

    def __init__(  # MLflow is untyped here
        self, client: Any, id: str, artifacts: str, experiment: str
    ) -> None:
        self._client = client
        self._experiment = experiment
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
    def tags(self, values: Mapping[str, str]) -> None:
        """Log what runs are searched by."""
        from mlflow.entities import RunTag

        tags = [RunTag(metric_name(name), str(value)) for name, value in values.items()]
        self._client.log_batch(self.id, tags=tags[:_PER_REQUEST])

    @_answered()
    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, object]) -> None:
        """Log what was learned from: its name, fingerprint, place and counts."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        told = Dataset(name, digest[:36], "local", source, profile=json.dumps(dict(profile)))
        context = InputTag("mlflow.data.context", "training")
        self._client.log_inputs(self.id, [DatasetInput(told, [context])])

    @contextmanager
    def child(self, name: str, params: Mapping[str, object] | None = None) -> Iterator["Run"]:
        """Open a run nested in this one, such as that of one model."""
        with _opened(self._client, self._experiment, name, params, self.id) as run:
            yield run

    @_answered()
    def model(self, bundle: Path, version: str) -> str:
        """Log a bundle as a model that ``mlflow.pyfunc.load_model`` opens.

        Parameters
        ----------
        bundle : Path
            Its directory; its files become ``model/bundle``.
        version : str
            Of this distribution, which the model requires.

        Returns
        -------
        str
            URI of the model.
        """
        with tempfile.TemporaryDirectory(prefix="huoren-model-") as folder:
            _describe_model(Path(folder), self.id, version)
            self._client.log_artifacts(self.id, folder, MODEL_FOLDER)
        self._client.log_artifacts(self.id, str(bundle), f"{MODEL_FOLDER}/{BUNDLE}")
        return f"{self.artifacts}/{MODEL_FOLDER}"

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
        Id of the experiment: ``MLFLOW_EXPERIMENT_NAME``, else ``huoren``.
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
        with _opened(self._client, self._experiment, name, params) as run:
            yield run

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
            Where its files are: what ``Run.model`` returned, or a directory.
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
        found = Path(download_artifacts(version.source, dst_path=str(into), tracking_uri=uri))
        return found / BUNDLE if (found / MODEL_FILE).is_file() else found

    def _create(self, sha: str, source: str, run_id: str | None) -> Version:
        if not self._client.search_registered_models(f"name = '{MODEL}'"):
            self._client.create_registered_model(MODEL, description="Bundles of huoren")
        return _version(self._client.create_model_version(MODEL, source, run_id, tags={"sha": sha}))

    def _aliased(self, alias: str) -> Version | None:
        for model in self._client.search_registered_models(f"name = '{MODEL}'"):
            if alias in model.aliases:
                return _version(self._client.get_model_version_by_alias(MODEL, alias))
        return None


@contextmanager
def _opened(
    client: Any, experiment: str, name: str, params: Mapping[str, object] | None,
    parent: str | None = None,
) -> Iterator[Run]:  # fmt: skip
    tags = {"mlflow.parentRunId": parent} if parent else None
    with _answered():
        info = client.create_run(experiment, run_name=name, tags=tags).info
    status = "FAILED"
    try:
        run = Run(client, info.run_id, info.artifact_uri, experiment)
        run.params(params or {})
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        _end(client, info.run_id, status)


def _end(client: Any, run: str, status: str) -> None:
    """End a run; a server that went away does not hide why the block ended."""
    try:
        client.set_terminated(run, status)
    except Exception:
        if status == "FINISHED":
            raise
        log.warning("the run %s could not be ended as %s", run, status)


def _describe_model(folder: Path, run: str, version: str) -> None:
    """Write ``MLmodel``: which module opens the bundle beside it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of its own type hints
        from mlflow import pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    needed = folder / "requirements.txt"
    needed.write_text(f"huoren=={version}\n")
    given = Schema([ColSpec("string", "user_id")])
    kinds = {"user_id": "string", "place": "long", "item_id": "string", "score": "double"}
    found = Schema([ColSpec(kind, name) for name, kind in kinds.items()])
    params = ParamSchema([ParamSpec("k", "long", 20)])
    model = Model(run_id=run, signature=ModelSignature(given, found, params))
    pyfunc.add_to_model(model, loader_module="training.pyfunc", data=BUNDLE, python_env=None)
    model.save(str(folder / MODEL_FILE))


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
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    known = client.get_experiment_by_name(name)
    if known:
        return str(known.experiment_id)
    place = None
    if uri.startswith(SQLITE):
        place = str(Path(uri.removeprefix(SQLITE)).resolve().parent / "artifacts")
    return str(client.create_experiment(name, artifact_location=place))


def _version(found: Any) -> Version:
    return Version(str(found.version), found.tags.get("sha", ""), found.source)
