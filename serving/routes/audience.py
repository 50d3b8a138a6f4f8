"""Whom to address: people like others, people for an item, models fitted anew."""

from serving import people as p
from serving.asking import Asking
from serving.routes.campaigns import started
from serving.routes.segments import told


async def lookalike(asking: Asking) -> p.TaskReply:
    """Find people like those of a segment, as a task; the scores are ``lookalike.NAME``."""
    asked: p.LookalikeRequest = asking.body
    segment = asking.path["id"]
    await told(asking, "estimate", {"segment": segment})
    words = ("lookalike", segment, "--name", asked.name, "--seed", str(asked.seed), "--json")
    return await started(asking, "lookalike", *words)


async def fit(asking: Asking) -> p.TaskReply:
    """Fit a model and score everybody, as a task."""
    asked: p.FitRequest = asking.body
    words = ("--outcome", asked.outcome, "--days", f"{asked.days:g}", "--json", "--")
    return await started(asking, "score", "score", *words, asking.path["model"])
