"""Who may ask: bearer keys with scopes, kept as hashes.

The keys file has one line for each key: its scopes, the SHA-256 of the key in hex, and a name::

    app            9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  shop server
    marketer,app   60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  console

``admin`` includes the other scopes. Keys are random, so a plain hash keeps them. Without a keys
file the service listens on the loopback address and answers callers of this machine that name it
so: a web page of someone else that resolves to 127.0.0.1 is refused.

The file is looked at once a second: a key is renewed by adding a line, and ends with its line. A
file that became unreadable leaves the keys it had.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from features.errors import FileRefused
from serving.errors import Refusal
from serving.settings import LOOPBACK
from serving.tokens import PREFIX, Tokens
from serving.watching import Watched

SCOPES = frozenset({"app", "marketer", "admin"})
_LINE = re.compile(r"(?P<scopes>[a-z,]+)\s+(?P<digest>[0-9a-f]{64})(?:\s+(?P<note>.*))?")
_ASK = {"WWW-Authenticate": 'Bearer realm="huoren"'}


@dataclass(frozen=True)
class Key:
    """What is kept of one key; ``note`` is what the keys file calls it."""

    digest: str
    scopes: frozenset[str]
    note: str = ""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    name : str
        Of the bucket that counts its requests; empty for this machine and for anyone.
    scopes : frozenset of str
        What it may do.
    user_id : str or None
        The one person a token is bound to.
    note : str
        What the keys file calls its key.
    """

    name: str = ""
    scopes: frozenset[str] = frozenset()
    user_id: str | None = None
    note: str = ""


ANYONE = Caller()


class Guard:
    """Lets requests in.

    Parameters
    ----------
    keys : callable or None
        Gives the keys in force; None: no keys are configured.
    tokens : Tokens, optional
        Tokens of people; without it none is taken.
    """

    def __init__(
        self, keys: Callable[[], tuple[Key, ...]] | None, tokens: Tokens | None = None
    ) -> None:
        self.keys = keys
        self.tokens = tokens

    @classmethod
    def open(cls, path: Path | None, tokens: Tokens | None = None) -> "Guard":
        """Read the keys file, and again when it changes.

        Raises
        ------
        FileRefused
            When it cannot be read or a line of it is wrong.
        """
        return cls(None if path is None else Watched(path, _read), tokens)

    def check(self, request: Request, scope: str | None, now_us: int = 0) -> Caller:
        """Whoever asks, if the route is open to them.

        Parameters
        ----------
        request : Request
            What came in.
        scope : str or None
            What the route asks for; None: open to anyone; ``local``: to anyone on this machine,
            elsewhere to any key.
        now_us : int
            The service's time, for tokens.

        Raises
        ------
        Refusal
            ``no-key``, ``forbidden`` or ``not-local``.
        """
        token = _token(request.headers.get("authorization", ""))
        if scope is not None and self.tokens is not None and token.startswith(PREFIX):
            return self._person(token, scope, now_us)
        if self.keys is None:
            _check_local(request)
            return Caller(scopes=SCOPES, note="this machine")
        if scope is None or (scope == "local" and _is_local(request)):
            return ANYONE
        key = self._key(token, self.keys())
        if key is None:
            raise Refusal("no-key", "the key is missing or unknown", headers=_ASK)
        if scope != "local" and scope not in key.scopes:
            raise Refusal("forbidden", f"this needs a key of scope {scope}")
        return Caller(key.digest, key.scopes, note=key.note)

    def _person(self, token: str, scope: str | None, now_us: int) -> Caller:
        assert self.tokens is not None
        user_id = self.tokens.person(token, now_us)
        if user_id is None:
            raise Refusal("no-key", "the token is unknown or its time is over", headers=_ASK)
        if scope != "app":
            raise Refusal("forbidden", "a person's token does not open this")
        return Caller(f"user:{user_id}", user_id=user_id)

    def _key(self, token: str, keys: tuple[Key, ...]) -> Key | None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = None
        for key in keys:  # all of them, so that time tells nothing
            if hmac.compare_digest(key.digest, digest):
                found = key
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
    return Key(match["digest"], SCOPES if "admin" in scopes else scopes, match["note"] or "")


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
