"""What ``huoren evaluate`` does: judges a bundle on days its rankers did not learn from.

Where enough has happened since the bundle's instant, that is the test and the bundle is asked as it
is. Otherwise its rankers are asked again about the test window of its training, with sources fitted
on what came before that window.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from features.catalogue import CATALOGUE
from features.clock import BusinessZone, now_us
from features.errors import MissingStep
from features.home import Home
from features.strength import Fitted
from recsys.bundle import Bundle
from training import config as settings
from training import fit, job, report
from training.circles import Circles
from training.evaluate import evaluate_sharing
from training.examples import sharing
from training.past import Past, opened
from training.retrieval import near
from training.split import Window
from training.steps.judging import feed_metrics

ENOUGH = 200
"""Events of the target since the bundle's instant that make a test."""


@dataclass(frozen=True)
class Judgement:
    """A bundle judged.

    Parameters
    ----------
    bundle : Bundle
        Which.
    window : Window
        On what.
    fresh : bool
        Whether the window lies after everything the bundle has seen.
    metrics : mapping
        Surface → method → measures.
    report : Path
        The HTML report.
    """

    bundle: Bundle
    window: Window
    fresh: bool
    metrics: dict[str, Any]
    report: Path


def run(home: Home, ref: str, path: Path | None) -> Judgement:
    """Judge a bundle.

    Parameters
    ----------
    home : Home
        With canonical tables.
    ref : str
        A directory, a checksum or its beginning; empty: the bundle written last.
    path : Path, optional
        Of the report; default below the home's ``reports``.

    Raises
    ------
    MissingStep
        When there is no such bundle.
    BundleError
        When the bundle is refused.
    """
    bundle = Bundle.open(_find(home, ref))
    config = settings.of(bundle.manifest["config"])
    zone = BusinessZone(bundle.settings.zone)
    past, rows = opened(home, now_us(), zone, clean=config.clean)
    weights = bundle.manifest.get("ties")
    early = Fitted.of(weights) if weights else None
    similar = near.Choice(**bundle.manifest.get("similar", {}))
    ground = fit.Ground(past, rows, bundle.settings, config, similar, early)
    which = CATALOGUE[bundle.manifest["popularity"]]
    window, fresh = _window(past, bundle)
    if fresh:
        parts = bundle.parts
    else:
        before = fit.sources(ground, window.start_us, which.name)
        parts = replace(before, feed=bundle.parts.feed, sharing=bundle.parts.sharing)
    rng = np.random.default_rng(config.seed)
    found = {"feed": feed_metrics(ground, parts, window, which, rng)}
    shared = sharing.shares(past, window)
    if len(shared.queries):
        judged = evaluate_sharing(parts.sharing, shared, Circles(past), parts.items)
        found["sharing"] = judged.table(rng)
    target = path or home.root / "reports" / bundle.version / "evaluation.html"
    said = {"tested": str(window), "unseen": "yes" if fresh else "by the rankers"}
    page = {"title": "Huoren 货人", "sha": bundle.manifest["sha"], "data": said, "metrics": found}
    return Judgement(bundle, window, fresh, found, report.write(page, target))


def show(judged: Judgement, *, as_json: bool) -> None:
    """Print one JSON object, or tables for people."""
    console = Console()
    if as_json:
        plain = {
            "sha": judged.bundle.manifest["sha"],
            "window": asdict(judged.window),
            "fresh": judged.fresh,
            "metrics": judged.metrics,
            "report": str(judged.report),
        }
        console.print_json(json.dumps(plain))
        return
    for surface, methods in judged.metrics.items():
        console.print(job.table(surface, methods, str(judged.window)))
    console.print(f"bundle {judged.bundle.version}; report {judged.report}")


def _find(home: Home, ref: str) -> Path:
    if ref and Path(ref).is_dir():
        return Path(ref)
    found = sorted(home.bundles.glob(f"{ref}*/manifest.json"), key=lambda at: at.stat().st_mtime)
    if not found:
        raise MissingStep(
            f"no bundle {ref or 'at all'} in {home.bundles}",
            next_step=f"run `huoren train --data {home.root}`",
        )
    return found[-1].parent


def _window(past: Past, bundle: Bundle) -> tuple[Window, bool]:
    later, last = past.connection.execute(
        "SELECT count(*), max(at_us) FROM facts WHERE event = $target AND at_us >= $at",
        {"target": bundle.settings.target, "at": bundle.as_of_us},
    ).fetchall()[0]
    if later >= ENOUGH:
        return Window(bundle.as_of_us, int(last) + 1), True
    start, end = bundle.manifest["windows"]["test"]
    return Window(start, end), False
