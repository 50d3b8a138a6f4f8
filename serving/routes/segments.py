"""``/v1/segments``: what marketers ask about segments, answered by the counting process."""

from typing import Any, TypeVar

import msgspec

from features.clock import format_instant
from features.errors import UnknownName
from serving import people as p
from serving.asking import Asking
from serving.errors import Refusal

T = TypeVar("T")


async def told(asking: Asking, question: str, given: dict[str, Any], draft: str = "") -> Any:
    """Answer of the counting process, with the head of an answer.

    Raises
    ------
    Refusal
        ``unknown-segment`` where the segment of the path is none; what else refuses is passed on.
    """
    clerk = asking.resources.clerk
    try:
        found = await clerk.ask(question, given, asking.gone, draft)
    except UnknownName as error:
        if "id" in asking.path and str(error).startswith("unknown segment"):
            raise Refusal("unknown-segment", str(error)) from None
        raise
    return asking.head(None) | found


def _reply(kind: type[T], found: dict[str, Any]) -> T:
    return msgspec.convert(found, kind)


async def estimate(asking: Asking) -> p.EstimateReply:
    """Count a segment."""
    asked: p.EstimateRequest = asking.body
    draft = f"{asking.caller.name}\0{asked.draft}" if asked.draft else ""
    given = {"segment": asked.segment, "sample": asked.sample}
    return _reply(p.EstimateReply, await told(asking, "estimate", given, draft))


async def waterfall(asking: Asking) -> p.WaterfallReply:
    """Count who is left for a channel, step by step."""
    asked: p.WaterfallRequest = asking.body
    given = {
        "segment": asked.segment, "channel": asked.channel, "campaign": asked.campaign,
        "control": asked.control, "programme": asked.programme,
        "at": _instant(asking, asked),
    }  # fmt: skip
    return _reply(p.WaterfallReply, await told(asking, "waterfall", given))


def _instant(asking: Asking, asked: p.WaterfallRequest) -> str:
    return format_instant(asking.at_us) if asked.at is None else asked.at.isoformat()


async def save(asking: Asking) -> p.SavedReply:
    """Keep a segment."""
    asked: p.SaveRequest = asking.body
    found = await told(asking, "save", msgspec.to_builtins(asked))
    return _reply(p.SavedReply, asking.head(None) | {"saved": found})


async def listed(asking: Asking) -> p.SegmentsReply:
    """Name the saved segments."""
    return _reply(p.SegmentsReply, await told(asking, "list", {}))


async def presets(asking: Asking) -> p.PresetsReply:
    """Name the segments that are shipped."""
    return _reply(p.PresetsReply, await told(asking, "presets", {}))


async def schema(asking: Asking) -> dict[str, Any]:
    """Give the JSON Schema of the language."""
    found: dict[str, Any] = await asking.resources.clerk.ask("schema", {}, asking.gone)
    return found


async def one(asking: Asking) -> p.SegmentReply:
    """Give a segment with its versions."""
    found = await told(asking, "versions", {"name": asking.path["id"]})
    return _reply(p.SegmentReply, found | {"segment": found})


async def size(asking: Asking) -> p.EstimateReply:
    """Count a saved segment."""
    given = {"segment": asking.path["id"], "sample": True}
    return _reply(p.EstimateReply, await told(asking, "estimate", given))


async def trend(asking: Asking) -> p.TrendReply:
    """Tell how large a saved segment was on the last days."""
    return _reply(p.TrendReply, await told(asking, "trend", {"segment": asking.path["id"]}))


async def activations(asking: Asking) -> p.ActivationsReply:
    """Tell what a segment was exported and delivered for."""
    found = await told(asking, "activations", {"segment": asking.path["id"]})
    return _reply(p.ActivationsReply, found)


async def delete(asking: Asking) -> p.DeletedReply:
    """Take a segment off."""
    return _reply(p.DeletedReply, await told(asking, "delete", {"name": asking.path["id"]}))


async def diff(asking: Asking) -> p.DiffReply:
    """Compare two versions."""
    given = {"name": asking.path["id"], **msgspec.to_builtins(asking.body)}
    return _reply(p.DiffReply, await told(asking, "diff", given))


async def members(asking: Asking) -> p.MembersReply:
    """Give a page of a segment's ids."""
    given = {"segment": asking.path["id"], **msgspec.to_builtins(asking.body)}
    return _reply(p.MembersReply, await told(asking, "members", given))


async def contains(asking: Asking) -> p.ContainsReply:
    """Judge every condition of a segment for one person."""
    given = {"segment": asking.path["id"], "user_id": asking.path["user_id"]}
    return _reply(p.ContainsReply, await told(asking, "why", given))


async def insight(asking: Asking) -> p.InsightReply:
    """Compare a segment with everybody."""
    return _reply(p.InsightReply, await told(asking, "insight", {"segment": asking.path["id"]}))


async def overlap(asking: Asking) -> p.OverlapReply:
    """Count the people that a segment shares with others."""
    segments = [asking.path["id"], *asking.body.others]
    return _reply(p.OverlapReply, await told(asking, "overlap", {"segments": segments}))


async def silent(asking: Asking) -> p.SilentReply:
    """List who is asleep, reachable and persuadable."""
    asked: p.SilentRequest = asking.body
    given: dict[str, Any] = {"days": asked.days, "model": asked.model, "k": asked.k}
    given["channel"] = asked.channel or ""
    if asked.segment is not None:
        given["segment"] = asked.segment
    return _reply(p.SilentReply, await told(asking, "silent", given))


async def upload(asking: Asking) -> p.ListReply:
    """Put people on a list."""
    given = {"name": asking.path["name"], **msgspec.to_builtins(asking.body)}
    return _reply(p.ListReply, await told(asking, "upload", given))
