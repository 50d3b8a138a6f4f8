"""The service as a list of routes, and the ASGI application made of it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from serving import openapi
from serving import predicted as m
from serving import rights as r
from serving import schemas as s
from serving import social as so
from serving.asking import Asking, Route
from serving.endpoint import encoded, endpoint, problem
from serving.errors import Refusal
from serving.ids import request_id
from serving.marketer import ROUTES as MARKETER
from serving.resources import Resources
from serving.routes import (
    catalogue,
    events,
    feed,
    groups,
    health,
    portraits,
    rights,
    scores,
    sharing,
    tokens,
)

STORE = ("store-unavailable",)
ANSWERING = ("not-ready", "overloaded", *STORE)


def _describe(asking: Asking) -> Response:
    return encoded(document())


ROUTES: tuple[Route, ...] = (
    Route(
        "POST", "/v1/feed", feed.feed, s.FeedReply, "A personal list.",
        asks=s.FeedRequest, problems=ANSWERING, queued=True, about=feed.about,
    ),
    Route(
        "POST", "/v1/share-targets", sharing.share_targets, so.ShareReply,
        "Whom to share an item with, or to invite to a group buy.", asks=so.ShareRequest,
        problems=("unknown-group-buy", *ANSWERING), queued=True, about=sharing.about,
    ),
    Route(
        "POST", "/v1/share-items", sharing.share_items, so.ShareItemsReply,
        "What to share with a friend.", asks=so.ShareItemsRequest, problems=ANSWERING, queued=True,
        about=sharing.about,
    ),
    Route(
        "POST", "/v1/share-prompts/decide", sharing.decide, so.PromptReply,
        "Whether to show somebody a prompt to share an item now.", asks=so.PromptRequest,
        problems=ANSWERING, queued=True, about=sharing.about,
    ),
    Route(
        "POST", "/v1/events", events.events, s.EventsReply,
        "Take a batch of events; answered after the accepted ones are durable.",
        asks=s.EventsRequest, status=202, problems=STORE, about=events.about,
    ),
    Route(
        "POST", "/v1/track", events.track, s.SegmentReply,
        "Take one event as Segment's tracking API sends it.", asks=s.RawEvent, problems=STORE,
        about=events.about,
    ),
    Route(
        "POST", "/v1/identify", events.identify, s.SegmentReply,
        "Say that a visitor is a person, as Segment's tracking API does.",
        asks=s.RawEvent, problems=STORE,
    ),
    Route(
        "POST", "/v1/alias", events.alias, s.SegmentReply,
        "Say that two ids are one person, as Segment's tracking API does.",
        asks=s.RawEvent, problems=STORE,
    ),
    Route(
        "POST", "/v1/batch", events.batch, s.SegmentReply,
        "Take a batch as Segment's tracking API sends it.", asks=s.SegmentBatch, problems=STORE,
        about=events.about,
    ),
    Route(
        "GET", "/v1/users/{id}/portrait", portraits.portrait, s.PortraitReply,
        "The tags of a person.", problems=("unknown-user", "not-ready", *STORE),
        about=portraits.about,
    ),
    Route(
        "DELETE", "/v1/users/{id}/portrait/tags/{tag}", portraits.suppress_tag, s.SuppressedReply,
        "Delete a tag of a person for good.", problems=("unknown-tag", *STORE),
        about=portraits.about,
    ),
    Route(
        "PUT", "/v1/users/{id}/personalization", portraits.personalization,
        s.PersonalizationReply, "Set a person's own switch.",
        asks=s.PersonalizationRequest, problems=STORE, about=portraits.about,
    ),
    Route(
        "POST", "/v1/score/{model}", scores.score, m.ScoreReply,
        "Scores of a model for some people, or for a segment.", asks=m.ScoreRequest,
        scope="marketer", problems=("unknown-model", "not-ready", "superseded", *STORE),
    ),
    Route(
        "POST", "/v1/tokens", tokens.token, s.TokenReply,
        "Mint a token of a quarter of an hour for one person's browser or mini-program.",
        asks=s.TokenRequest,
    ),
    Route(
        "PUT", "/v1/users/{id}/consents", rights.consents, r.ConsentsReply,
        "Set all that a person consents to.", asks=r.ConsentsRequest, problems=STORE,
        about=portraits.about,
    ),
    Route(
        "GET", "/v1/users/{id}/export", rights.export, r.ExportReply,
        "Everything kept of a person.", problems=("unknown-user", "busy", *STORE),
        about=portraits.about,
    ),
    Route(
        "DELETE", "/v1/users/{id}", rights.forget, r.ForgottenReply,
        "Erase a person everywhere and for good; says what is pending.",
        problems=("busy", *STORE), about=portraits.about,
    ),
    Route(
        "PUT", "/v1/items", catalogue.put_items, s.WrittenReply, "Add or replace items.",
        asks=s.ItemsRequest, problems=STORE,
    ),
    Route(
        "PATCH", "/v1/items/{id}", catalogue.patch_item, s.ItemReply,
        "Change price, stock, status or expiry of an item.",
        asks=s.ItemChange, problems=("unknown-item", *STORE),
    ),
    Route(
        "PUT", "/v1/group-buys/{id}", groups.put_group_buy, so.GroupBuyReply,
        "Tell what a group buy is now.", asks=so.GroupBuyRequest, problems=STORE,
    ),
    Route(
        "POST", "/v1/group-buys/open", groups.to_join, so.OpenGroupsReply,
        "Group buys this person may join, each with its chance to fill.",
        asks=so.PersonRequest, problems=ANSWERING, queued=True, about=groups.about,
    ),
    Route(
        "POST", "/v1/group-buys/launch", groups.to_launch, so.LaunchReply,
        "Items this person should start a group buy for.",
        asks=so.PersonRequest, problems=ANSWERING, queued=True, about=groups.about,
    ),
    Route(
        "POST", "/v1/group-buys/{id}/forecast", groups.forecast, so.ForecastReply,
        "The chance that a group buy fills before it ends, and what drives it.",
        problems=("unknown-group-buy", "not-ready", *STORE),
    ),
    Route(
        "PUT", "/v1/ties", catalogue.put_ties, s.WrittenReply, "Add or replace ties.",
        asks=s.TiesRequest, problems=STORE,
    ),
    *MARKETER,
    Route("GET", "/livez", health.livez, s.Alive, "Whether the process answers.", scope="local"),
    Route(
        "GET", "/readyz", health.readyz, s.Ready,
        "Whether this worker answers recommendations; the same document with 503 when not.",
        scope="local", also=((503, s.Ready),),
    ),
    Route("GET", "/metrics", health.metrics, bytes, "Prometheus metrics.", scope="local"),
    Route(
        "GET", "/problems/{word}", health.meaning, s.Meaning, "What a kind of problem means.",
        scope=None, problems=("not-found",),
    ),
    Route(
        "GET", "/v1/openapi.json", _describe, s.Document, "This document.", scope=None,
    ),
)  # fmt: skip


class _Text(Convertor[str]):
    """Any text of a path, line feeds too: an id that has one is refused as a field, by name."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())


def build(resources: Resources, native: Sequence[StarletteRoute] = ()) -> Starlette:
    """Make the application around what a worker holds; ``native`` are routes to BentoML's own."""
    app = Starlette(
        routes=[*(_starlette(route, resources) for route in ROUTES), *native],
        exception_handlers={HTTPException: _unrouted},
        middleware=_across_origins(resources.settings.origins),
    )
    app.router.redirect_slashes = False
    return app


def _across_origins(origins: tuple[str, ...]) -> list[Middleware]:
    """What lets scripts of some web pages ask from a browser; no cookie goes with it."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=sorted({route.method for route in ROUTES}),
            allow_headers=["authorization", "content-type"],
            expose_headers=["x-request-id", "retry-after"],
            max_age=600,
        )
    ]


@cache
def document() -> dict[str, Any]:
    """OpenAPI document of all routes, as JSON says it: lists are lists."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(openapi.document(ROUTES)))
    return plain


def _starlette(route: Route, resources: Resources) -> StarletteRoute:
    path = route.path.replace("}", ":text}")
    return StarletteRoute(path, endpoint(route, resources), methods=[route.method])


_WORDS = {404: "not-found", 405: "method-not-allowed"}


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    word = _WORDS.get(error.status_code, "not-found")
    detail = f"{request.method} {request.url.path}"
    return problem(Refusal(word, detail, headers=dict(error.headers or {})), request_id(0))
