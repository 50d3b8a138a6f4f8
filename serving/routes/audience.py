"""Whom to address: people like others, people for an item, models fitted anew."""

import msgspec

from features.errors import MissingStep, UnknownName
from serving import people as p
from serving import predicted as m
from serving.asking import Asking
from serving.errors import Refusal
from serving.routes.campaigns import started
from serving.routes.segments import told


async def lookalike(asking: Asking) -> p.TaskReply:
    """Find people like those of a segment, as a task; the scores are ``lookalike.NAME``."""
    asked: m.LookalikeRequest = asking.body
    segment = asking.path["id"]
    await told(asking, "estimate", {"segment": segment})
    words = ("lookalike", f"--name={asked.name}", "--seed", str(asked.seed), "--json", "--")
    return await started(asking, "lookalike", *words, segment)


async def fit(asking: Asking) -> p.TaskReply:
    """Fit a model and score everybody, as a task; ``audience`` is what ``/v1/audience`` needs."""
    asked: m.FitRequest = asking.body
    model = asking.path["model"]
    if model == "audience":
        return await started(asking, "audience", "audience", "--fit", "--json")
    if "/" in model or model.endswith(".toml"):  # a goal of one's own is for the shell
        raise Refusal("unknown-model", f"there is no model {model!r}")
    words = (f"--outcome={asked.outcome}", f"--days={asked.days:g}", "--json", "--", model)
    return await started(asking, "score", "score", *words)


async def audience(asking: Asking) -> m.AudienceReply:
    """Rank everybody for an item."""
    asked: m.AudienceRequest = asking.body
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
    return msgspec.convert(found, m.AudienceReply)
