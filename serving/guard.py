"""Who may ask: bearer keys with scopes, kept as hashes.

The keys file has one line for each key: its scopes, the SHA-256 of the key in hex, and a name::

    app            9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  shop server
    marketer,app   60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  console

``admin`` includes the other scopes. Keys are random, so a plain hash keeps them. Without a keys
file the service listens on the loopback address and answers callers of this machine that name it
so: a web page of someone else that resolves to 127.0.0.1 is refused.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from features.errors import FileRefused
from serving.errors import Refusal
from serving.settings import LOOPBACK

SCOPES = frozenset({"app", "marketer", "admin"})
_LINE = re.compile(r"(?P<scopes>[a-z,]+)\s+(?P<digest>[0-9a-f]{64})(?:\s+.*)?")


@dataclass(frozen=True)
class Key:
    """What is kept of one key."""

    digest: str
    scopes: frozenset[str]


class Guard:
    """Lets requests in.

    Parameters
    ----------
    keys : tuple of Key or None
        None: no keys are configured.
    """

    def __init__(self, keys: tuple[Key, ...] | None) -> None:
        self.keys = keys

    @classmethod
    def open(cls, path: Path | None) -> "Guard":
        """Read the keys file.

        Raises
        ------
        FileRefused
            When it cannot be read or a line of it is wrong.
        """
        return cls(None if path is None else _read(path))

    def check(self, request: Request, scope: str | None) -> frozenset[str]:
        """Scopes of whoever asks.

        Parameters
        ----------
        request : Request
            What came in.
        scope : str or None
            What the route asks for; None: open to anyone; ``local``: to anyone on this machine,
            elsewhere to any key.

        Raises
        ------
        Refusal
            ``no-key``, ``forbidden`` or ``not-local``.
        """
        if self.keys is None:
            _check_local(request)
            return SCOPES
        if scope is None or (scope == "local" and _is_local(request)):
            return frozenset()
        scopes = self._scopes(_token(request.headers.get("authorization", "")))
        if scopes is None:
            raise Refusal(
                "no-key",
                "the key is missing or unknown",
                headers={"WWW-Authenticate": 'Bearer realm="huoren"'},
            )
        if scope != "local" and scope not in scopes:
            raise Refusal("forbidden", f"this needs a key of scope {scope}")
        return scopes

    def _scopes(self, token: str) -> frozenset[str] | None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = None
        for key in self.keys or ():  # all of them, so that time tells nothing
            if hmac.compare_digest(key.digest, digest):
                found = key.scopes
        return found


def new_key(scopes: str, name: str) -> tuple[str, str]:
    """Make a key: the key itself, and the line of the keys file.

    Examples
    --------
    >>> key, line = new_key("app", "shop server")
    >>> line.startswith("app "), line.endswith("shop server"), key in line
    (True, True, False)
    """
    key = secrets.token_urlsafe(32)
    line = f"{scopes} {hashlib.sha256(key.encode()).hexdigest()} {name}".strip()
    _parse(line, 1)
    return key, line


def _read(path: Path) -> tuple[Key, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefused("the keys file cannot be read", got=f"{path}: {error}") from error
    numbered = [(n, line.strip()) for n, line in enumerate(lines, 1)]
    keys = tuple(_parse(line, n) for n, line in numbered if line and not line.startswith("#"))
    if not keys:
        raise FileRefused("the keys file holds no key", next_step="run `huoren key app`")
    return keys


def _parse(line: str, number: int) -> Key:
    match = _LINE.fullmatch(line)
    scopes = frozenset(match["scopes"].split(",")) if match else frozenset()
    if match is None or not scopes or scopes - SCOPES:
        raise FileRefused(
            f"line {number} of the keys file is wrong",
            expected=f"scopes of {', '.join(sorted(SCOPES))}, a SHA-256 in hex, a name",
            next_step="run `huoren key app` for a right one",
        )
    return Key(match["digest"], SCOPES if "admin" in scopes else scopes)


def _token(header: str) -> str:
    """Key of a Bearer header, or the user name of a Basic one (Segment's write key)."""
    word, _, rest = header.strip().partition(" ")
    if word.lower() == "bearer":
        return rest.strip()
    if word.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _is_local(request: Request) -> bool:
    return request.client is not None and request.client.host in LOOPBACK


def _check_local(request: Request) -> None:
    host = request.headers.get("host", "127.0.0.1")
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name.strip("[]").lower() not in LOOPBACK:
        raise Refusal("not-local", f"Host {host!r} is not this machine's own name")
    if not _is_local(request):
        raise Refusal("not-local", "the request comes from another machine")
