"""Whom to address: people like others, people for an item, models fitted anew."""

import msgspec

from features.errors import MissingStep, UnknownName
from serving import people as p
from serving.asking import Asking
from serving.errors import Refusal
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
    """Fit a model and score everybody, as a task; ``audience`` is what ``/v1/audience`` needs."""
    asked: p.FitRequest = asking.body
    if asking.path["model"] == "audience":
        return await started(asking, "audience", "audience", "--fit", "--json")
    words = ("--outcome", asked.outcome, "--days", f"{asked.days:g}", "--json", "--")
    return await started(asking, "score", "score", *words, asking.path["model"])


async def audience(asking: Asking) -> p.AudienceReply:
    """Rank everybody for an item."""
    asked: p.AudienceRequest = asking.body
    given = {"item_id": asked.item_id, "k": asked.k, "channel": asked.channel or ""}
    try:
        found = await told(asking, "audience", given)
    except UnknownName as error:
        if str(error).startswith("unknown item"):
            raise Refusal("unknown-item", str(error)) from None
        raise
    except MissingStep as error:
        if str(error).startswith("no audience"):
            raise Refusal("unknown-model", "none is fitted: POST /v1/models/audience/fit") from None
        raise
    return msgspec.convert(found, p.AudienceReply)
