"""The OpenAPI document, made from the routes and the types they ask for and give."""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from serving.asking import Route
from serving.errors import KINDS, MEDIA_TYPE, Problem
from serving.schemas import Id

_REF = "#/components/schemas/{name}"
_EVERY = ("not-local", "internal")
_KEYED = ("no-key", "forbidden", "rate-limited")
_BODY = ("malformed-json", "upload-too-slow", "too-large", "media-type", "invalid-fields")
_PARAMETER = re.compile(r"\{(\w+)\}")

Json = dict[str, Any]


def document(routes: Iterable[Route]) -> Json:
    """OpenAPI 3.1 document of the routes.

    Parameters
    ----------
    routes : iterable of Route
        All that the service answers.

    Returns
    -------
    dict
        Ready for JSON.
    """
    listed = list(routes)
    schemas, components = _schemas(listed)
    paths: Json = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Huoren",
            "version": _version(),
            "description": "Recommendations, sharing and portraits for social commerce.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "write_key": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "the key as user name, no password, as Segment's SDKs do",
                },
            },
        },
    }


def _version() -> str:
    try:
        return version("huoren")
    except PackageNotFoundError:  # a Bento holds the packages, not the distribution
        return "unpacked"


def problems(route: Route) -> list[str]:
    """Kinds of problem that a route may answer with.

    The first two of every route stand for callers who are not let in, and for defects.
    """
    words = [*_EVERY, *route.problems]
    if route.scope is not None:
        words += _KEYED
    if route.asks is not None:
        words += _BODY
    if _PARAMETER.search(route.path):
        words.append("invalid-fields")
    return sorted(set(words), key=list(KINDS).index)


def _schemas(routes: list[Route]) -> tuple[dict[Any, Json], Json]:
    kinds: list[Any] = [Problem, Id]
    for route in routes:
        kinds += [route.gives, *(kind for _, kind in route.also)]
        if route.asks is not None:
            kinds.append(route.asks)
    unique = [kind for kind in dict.fromkeys(kinds) if kind not in (bytes, bytearray)]
    found, components = msgspec.json.schema_components(unique, ref_template=_REF)
    return dict(zip(unique, found, strict=True)), components


def _operation(route: Route, schemas: dict[Any, Json]) -> Json:
    operation: Json = {"operationId": route.name, "summary": route.summary}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schemas[Id]}
        for name in _PARAMETER.findall(route.path)
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.asks is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[route.asks]}},
        }
    operation["responses"] = _responses(route, schemas)
    if route.scope in {None, "local"}:
        operation["security"] = [{}, {"bearer": []}]
    else:
        operation["security"] = [{"bearer": []}, {"write_key": []}, {}]
        operation["description"] = f"Needs a key of scope {route.scope} where keys are configured."
    return operation


def _responses(route: Route, schemas: dict[Any, Json]) -> Json:
    responses: Json = {str(route.status): _answer(route.gives, schemas, "The answer.")}
    for status, kind in route.also:
        responses[str(status)] = _answer(kind, schemas, "The answer, as `ready` tells.")
    for word in problems(route):
        kind = KINDS[word]
        response = responses.setdefault(str(kind.status), {"description": "", "content": {}})
        response["content"][MEDIA_TYPE] = {"schema": schemas[Problem]}
        line = f"`/problems/{word}`: {kind.title}."
        response["description"] = f"{response['description']} {line}".strip()
    return responses


def _answer(kind: Any, schemas: dict[Any, Json], words: str) -> Json:
    if kind is bytearray:
        schema = {"type": "string", "format": "binary"}
        content: Json = {"application/octet-stream": {"schema": schema}}
    elif kind is bytes:
        content = {"text/plain": {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": schemas[kind]}}
    return {"description": words, "content": content}
