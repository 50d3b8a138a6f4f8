"""The routes for marketers as a list."""

from typing import Any

from serving import people as p
from serving import predicted as m
from serving.asking import Route
from serving.routes import audience, campaigns, segments

_UNKNOWN = ("unknown-segment", "not-ready", "superseded", "store-unavailable")
_COUNTED = ("not-ready", "superseded", "store-unavailable", "invalid-fields")
_TASK = ("too-many-tasks", *_UNKNOWN)
_ONE = "/v1/segments/{id}"


def _route(
    method: str, path: str, answer: Any, gives: Any, summary: str, asks: Any = None,
    status: int = 200, problems: tuple[str, ...] = _UNKNOWN, called: str = "",
) -> Route:  # fmt: skip
    return Route(
        method, path, answer, gives, summary, asks=asks, scope="marketer", status=status,
        problems=problems, called=called,
    )  # fmt: skip


ROUTES: tuple[Route, ...] = (
    _route(
        "POST", "/v1/segments/estimate", segments.estimate, p.EstimateReply,
        "Count a segment exactly, before it is saved.", p.EstimateRequest, problems=_COUNTED,
    ),
    _route(
        "POST", "/v1/segments/waterfall", segments.waterfall, p.WaterfallReply,
        "Count who is left for a channel: consent, reach, risk, caps, quiet hours, control.",
        p.WaterfallRequest, problems=_COUNTED,
    ),
    _route(
        "POST", "/v1/segments/silent", segments.silent, p.SilentReply,
        "Who is asleep, reachable and persuadable, with the ties that could wake them.",
        p.SilentRequest, problems=_COUNTED,
    ),
    _route(
        "GET", "/v1/segments/schema", segments.schema, dict[str, Any],
        "The segment language as JSON Schema.", problems=_COUNTED,
    ),
    _route(
        "GET", "/v1/segments/presets", segments.presets, p.PresetsReply,
        "Segments that are shipped.", problems=_COUNTED,
    ),
    _route(
        "POST", "/v1/segments", segments.save, p.SavedReply,
        "Keep a segment, or a new version of it.", p.SaveRequest, 201, _COUNTED,
    ),
    _route("GET", "/v1/segments", segments.listed, p.SegmentsReply, "The saved segments.",
           problems=_COUNTED),
    _route(
        "GET", f"{_ONE}/contains/{{user_id}}", segments.contains, p.ContainsReply,
        "Whether somebody is in a segment, and why.",
    ),
    _route("GET", f"{_ONE}/size", segments.size, p.EstimateReply, "How large a saved segment is."),
    _route("GET", f"{_ONE}/trend", segments.trend, p.TrendReply,
           "How large a saved segment was on the last days."),
    _route("GET", f"{_ONE}/activations", segments.activations, p.ActivationsReply,
           "What a segment was exported and delivered for."),
    _route(
        "POST", f"{_ONE}/deliver", campaigns.deliver, p.TaskReply,
        "Post the send list of a segment to a webhook, a control group held back; a task.",
        p.DeliverRequest, 202, _TASK,
    ),
    _route(
        "GET", f"{_ONE}/insight", segments.insight, p.InsightReply,
        "What sets a segment apart from everybody.",
    ),
    _route(
        "POST", f"{_ONE}/overlap", segments.overlap, p.OverlapReply,
        "People that a segment shares with others.", p.OtherSegments,
    ),
    _route(
        "POST", f"{_ONE}/diff", segments.diff, p.DiffReply,
        "What changed between two versions.", p.DiffRequest,
    ),
    _route(
        "POST", f"{_ONE}/members", segments.members, p.MembersReply,
        "Ids of a segment, page by page.", p.MembersRequest,
    ),
    _route(
        "POST", f"{_ONE}/lookalike", audience.lookalike, p.TaskReply,
        "Find people like those of a segment; a task.", m.LookalikeRequest, 202, _TASK,
    ),
    _route(
        "POST", f"{_ONE}/export", campaigns.export, p.TaskReply,
        "Write the send list of a segment, a control group held back; a task.",
        p.ExportRequest, 202, _TASK,
    ),
    _route("GET", _ONE, segments.one, p.SegmentReply, "A segment with every version of it.",
           called="get-segment"),
    _route(
        "DELETE", _ONE, segments.delete, p.DeletedReply,
        "Take a segment off, unless others are made of it.",
    ),
    _route(
        "PUT", "/v1/lists/{name}", segments.upload, p.ListReply,
        "Replace, lengthen or shorten a list of people.", p.ListRequest, problems=_COUNTED,
    ),
    _route(
        "POST", "/v1/audience", audience.audience, m.AudienceReply,
        "Who should see an item: the feed turned round.", m.AudienceRequest,
        problems=("unknown-item", "unknown-model", *_COUNTED),
    ),
    _route(
        "POST", "/v1/models/{model}/fit", audience.fit, p.TaskReply,
        "Fit a model and score everybody; a task.", m.FitRequest, 202,
        ("too-many-tasks", "unknown-model"),
    ),
    _route(
        "GET", "/v1/exports/{name}", campaigns.download, bytearray,
        "Stream a file that an export wrote.", problems=("not-found",),
    ),
    _route(
        "GET", "/v1/campaigns/{id}/results", campaigns.results, p.ResultsReply,
        "What a campaign changed: lift with its interval, guardrails.",
        problems=("not-ready", "store-unavailable"),
    ),
    _route(
        "POST", "/v1/campaigns/sample-size", campaigns.sample_size, p.SampleSizeReply,
        "How many people an arm needs.", p.SampleSizeRequest, problems=(),
    ),
    _route("GET", "/v1/tasks/{id}", campaigns.task, p.TaskReply, "How far a task is.",
           problems=("unknown-task",)),
    _route("DELETE", "/v1/tasks/{id}", campaigns.cancel, p.TaskReply, "End a task.",
           problems=("unknown-task",)),
)  # fmt: skip
