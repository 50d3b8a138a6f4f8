"""What ``huoren train`` does: a run, its report, its MLflow record, its bundle."""

import fcntl
import json
import math
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.clock import format_instant
from features.errors import StoreError, TrackingError
from features.home import Home
from training import beside, gates, report
from training import config as configs
from training import refresh as refreshing
from training.config import TrainConfig
from training.environment import environment
from training.run import STEPS, Course, Steps, Trained, go, train
from training.split import Window
from training.steps import impressions
from training.steps.course import data
from training.steps.progress import Notice
from training.tracking import Run, Tracking, Version

SHOWN = ("ndcg@20", "recall@20", "mrr@20", "coverage", "mrr@5", "hit@5", "auc", "average_precision")
"""Measures of the printed table; those a surface does not have are left out."""


GAINS = 50
"""Columns whose gain is logged for each ranker."""


@dataclass(frozen=True)
class Job:
    """A finished run.

    Parameters
    ----------
    trained : Trained
        What was learned.
    run_id : str
        Of the tracking run.
    version : str
        Number of the registered bundle.
    report : Path
        The HTML report, in the bundle's neighbourhood.
    """

    trained: Trained
    run_id: str
    version: str
    report: Path


def run(home: Home, config: TrainConfig) -> Job:
    """Train, write the report, log everything, register the bundle as challenger.

    Raises
    ------
    TrackingError
        Before any work, when the tracking server cannot be used.
    MissingStep
        When the home has no snapshot.
    InputError
        When there is too little to learn from.
    """
    return _recorded(home, config, "train", lambda *given: train(home, config, *given))


def refresh(home: Home) -> Job:
    """Bring the bundle in service up to the newest snapshot, logged and registered as by ``run``.

    Raises
    ------
    TrackingError
        Before any work, when the tracking server cannot be used.
    MissingStep
        When there is no snapshot, or no bundle to go on from.
    InputError
        When nothing is known after the bundle.
    """
    old = refreshing.base(home)
    config = configs.of(old.manifest["config"])
    work = partial(refreshing.refresh, home, old)
    return _recorded(home, config, "refresh", work)


def _recorded(
    home: Home, config: TrainConfig, name: str, work: Callable[[Steps, str], Trained]
) -> Job:
    """Do the work, write the report, log everything, register the bundle as challenger."""
    tracking = Tracking.connect()
    params = config.plain() | {"config_hash": config.hash}
    with alone(home), progress() as notice, tracking.run(name, params) as record:
        trained = work(Steps(notice=notice), record.id)
        beside.write(home, trained.bundle.version, trained.beside)
        folder = home.root / "reports" / trained.bundle.version
        path = report.write(told(home, trained, record.id, config), folder / "report.html")
        try:
            version = log(tracking, record, home, trained, path)
        except TrackingError as error:
            raise TrackingError(
                f"the bundle {trained.bundle.version} is written, but not logged",
                got=str(error),
                next_step="run the same command when the server answers; finished steps are kept",
            ) from error
    return Job(trained, record.id, str(version.number), path)


def log(tracking: Tracking, record: Run, home: Home, trained: Trained, page: Path) -> Version:
    """Figures, data, models and files of a run; the bundle becomes ``challenger``."""
    where = environment(home)
    record.tags(where | {"mlflow.source.git.commit": where["git revision"], "sha": _sha(trained)})
    record.metrics(trained.metrics)
    record.metrics({"latency": trained.beside["latency"]})
    record.metrics({"impressions": trained.impressions})
    record.metrics({
        name: {one["name"]: one[name] for one in trained.steps} for name in ("seconds", "peak_mb")
    })
    record.dataset("history", data(home), str(home.root / "tables"), trained.shown["profile"])
    for name, (settings, figures) in _models(trained).items():
        with record.child(name, settings) as model:
            model.metrics(figures)
            model.metrics({"gain": dict(list(trained.importance.get(name, {}).items())[:GAINS])})
    record.artifact(page)
    source = record.model(trained.bundle.folder, where["huoren"])
    return tracking.register(_sha(trained), source, record.id)


def _models(trained: Trained) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Settings and figures of each model of a run."""
    manifest = trained.bundle.manifest
    config, feed = manifest["config"], trained.metrics["feed"]
    found = {
        "als": (config["als"], feed.get("als", {})),
        "similar": (manifest["similar"], feed.get("similar", {})),
        "popularity": ({"counter": manifest["popularity"]}, feed.get("popularity", {})),
        "feed": (config["feed"], feed.get("full", {})),
        "sharing": (config["sharing"], trained.metrics.get("sharing", {}).get("full", {})),
    }
    return {name: pair for name, pair in found.items() if pair[1]}


def _sha(trained: Trained) -> str:
    return str(trained.bundle.manifest["sha"])


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One training run in a home at a time; what killed ones left half-written is removed.

    Raises
    ------
    StoreError
        When another run is at work.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "training.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"another training run is at work in {home.root}", next_step="wait for its end"
            ) from error
        for half in home.bundles.glob("partial-*"):
            shutil.rmtree(half, ignore_errors=True)
        with interruptible():
            yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a polite kill end a run as Ctrl-C does."""

    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever owns that one decides
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def until(home: Home, config: TrainConfig, step: str) -> list[dict[str, Any]]:
    """Run the steps up to one, for a scheduler that calls them one by one; no bundle, no record.

    Returns
    -------
    list of mapping
        Name, seconds, peak memory of each, and whether it was skipped.

    Raises
    ------
    UnknownName
        When there is no such step.
    """
    with progress() as notice:
        steps = Steps(notice=notice, until=step)
        go(Course(home, config), steps)
    return steps.done


def told(home: Home, trained: Trained, run_id: str, config: TrainConfig) -> dict[str, Any]:
    """What the HTML report tells of a run."""
    shown, figures = trained.shown, gates.laid(trained.metrics, trained.beside)
    return {
        "title": "Huoren 货人",
        "run_id": run_id,
        "sha": trained.bundle.manifest["sha"],
        "data": {
            "as of": format_instant(trained.bundle.as_of_us),
            "foretold": trained.bundle.settings.target,
            **{name: str(window) for name, window in trained.windows.items()},
            "impressions": impressions.sentence(trained.impressions),
        },
        "metrics": {name: figures[name] for name in trained.metrics},
        "champion": trained.beside,
        "gates": [str(one.judge(figures, {})) for one in gates.Gates().lines()],
        "calibration": {"feed": shown["calibration"]} if shown.get("calibration") else {},
        "importances": {name: gains for name, gains in trained.importance.items() if gains},
        "shap": shown.get("shap"),
        "examples": shown.get("examples"),
        "profile": shown["profile"],
        "drift": trained.beside.get("drift"),
        "leakage": {"checked": "重算时截去未来 rows with and without the future", "found": []},
        "latency": trained.beside["latency"],
        "costs": [one | {"skipped": "是 yes" if one["skipped"] else ""} for one in trained.steps],
        "environment": environment(home),
        "params": config.plain() | {"hash": config.hash},
    }


def plain(job: Job) -> dict[str, Any]:
    """The run as plain values."""
    bundle = job.trained.bundle
    return {
        "bundle": str(bundle.folder),
        "sha": bundle.manifest["sha"],
        "run_id": job.run_id,
        "version": job.version,
        "report": str(job.report),
        "metrics": job.trained.metrics,
        "impressions": dict(job.trained.impressions),
        "windows": {name: _span(one) for name, one in job.trained.windows.items()},
        "steps": job.trained.steps,
    }


def show(job: Job, *, as_json: bool) -> None:
    """Print one JSON object, or tables for people."""
    console = Console()
    if as_json:
        console.print_json(json.dumps(plain(job)))
        return
    show_steps(job.trained.steps, as_json=False)
    for surface, methods in job.trained.metrics.items():
        console.print(table(surface, methods, str(job.trained.windows["test"])))
    console.print(f"impressions: {impressions.sentence(job.trained.impressions)}")
    console.print(f"bundle {job.trained.bundle.version} (challenger) → {job.trained.bundle.folder}")
    console.print(f"report {job.report}; MLflow run {job.run_id}")


def table(surface: str, methods: Any, span: str) -> Table:
    """Methods of one surface, best first."""
    names = [name for name in SHOWN if any(name in row for row in methods.values())]
    found = Table(title=f"{surface}, tested on {span}")
    found.add_column("method")
    for name in names:
        found.add_column(name, justify="right")
    for method, row in sorted(methods.items(), key=lambda pair: -pair[1][names[0]]):
        style = "bold" if method == "full" else None
        found.add_row(method, *(f"{row[name]:.4f}" for name in names), style=style)
    return found


def _span(window: Window) -> list[str]:
    return [format_instant(window.start_us), format_instant(window.end_us)]


@contextmanager
def progress() -> Iterator[Notice]:
    """A bar on standard error that names the step and the time that is left."""
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with shown:
        task = shown.add_task("history", total=len(STEPS))
        yield lambda name, left: shown.update(task, description=spelled(name, left), advance=1)


def spelled(name: str, left: float | None) -> str:
    """A step and the time that is left, for people.

    Examples
    --------
    >>> spelled("feed ranker", 150.0), spelled("feed ranker", 9.0), spelled("history", None)
    ('feed ranker, about 3 min left', 'feed ranker, about 9 s left', 'history')
    """
    if left is None:
        return name
    spent = f"{math.ceil(left / 60)} min" if left >= 60 else f"{math.ceil(left)} s"
    return f"{name}, about {spent} left"


def show_steps(done: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print one JSON object, or a line for each step."""
    console = Console()
    if as_json:
        console.print_json(json.dumps({"steps": done}))
        return
    for one in done:
        became = "unchanged, skipped" if one["skipped"] else f"{one['seconds']:.1f} s"
        console.print(f"{one['name']}: {became}; peak memory {one['peak_mb']:,} MB")
