"""Bodies of requests: read within bounds, decoded strictly."""

import asyncio
import json
from functools import cache
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from serving.errors import Fault, Refusal, fault, invalid
from serving.settings import Limits

_DRAINED = 16  # bodies' worth of bytes thrown away so that the client gets to read the refusal


async def read(request: Request, limits: Limits) -> bytes:
    """Whole body.

    Raises
    ------
    Refusal
        When it is too large, too slow, compressed, or not declared as JSON.
    """
    _check_headers(request)
    try:
        async with asyncio.timeout(limits.upload_seconds):
            return await _collect(request, limits.body_bytes)
    except TimeoutError:
        raise Refusal(
            "upload-too-slow", f"the body took more than {limits.upload_seconds:g} seconds"
        ) from None
    except ClientDisconnect:
        raise Refusal("malformed-json", "the client went away before its body ended") from None


def _check_headers(request: Request) -> None:
    headers = request.headers
    if headers.get("content-encoding", "identity") != "identity":
        raise Refusal("media-type", f"Content-Encoding {headers['content-encoding']!r} is not read")
    declared = headers.get("content-type")
    if declared is None:
        return
    media, _, parameters = declared.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    plain = media.strip() in {"application/json", "application/problem+json"}
    if not plain or charset not in {"", "utf-8", "utf8"}:
        raise Refusal("media-type", f"Content-Type {declared!r} is not read")


async def _collect(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > _DRAINED * limit:
            break
    if size > limit:
        raise Refusal("too-large", f"more than {limit} bytes")
    return b"".join(chunks)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode(body: bytes, kind: Any) -> Any:
    """Read JSON as one declared type.

    Parameters
    ----------
    body : bytes
        UTF-8.
    kind : type
        One of ``serving.schemas``.

    Raises
    ------
    Refusal
        ``malformed-json`` when it is no JSON, ``invalid-fields`` when it does not fit ``kind`` or
        names a key twice.
    """
    try:
        asked = _decoder(kind).decode(body)
        _ONCE.decode(body.decode())
    except msgspec.ValidationError as error:
        found = fault(str(error))
        raise Refusal("invalid-fields", f"{found.field}: {found.detail}", [found]) from None
    except UnicodeDecodeError as error:
        raise Refusal("malformed-json", f"not UTF-8: {error.reason}") from None
    except (msgspec.DecodeError, json.JSONDecodeError) as error:
        raise Refusal("malformed-json", str(error)) from None
    except RecursionError:
        raise invalid("(body)", "nested too deeply") from None
    return asked


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise Refusal(
            "invalid-fields",
            f"given more than once: {', '.join(twice)}",
            [Fault(name, "given more than once") for name in twice],
        )
    return members


_ONCE = json.JSONDecoder(object_pairs_hook=_once)
