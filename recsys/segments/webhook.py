"""A signed POST to a receiver that the operator named, and to no other address.

Receivers stand in ``webhooks.toml`` of the home, so that whoever may export names one and never
gives an address. Signatures are those of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256
over ``id.timestamp.body``, base64, under ``webhook-signature``; its libraries verify them.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import os
import socket
import ssl
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import SplitResult, urlsplit

from features.errors import InputError, UnknownName
from features.home import Home

FILE = "webhooks.toml"
"""Of the home; only the operator writes it."""

PREFIX = "whsec_"

_NAT64 = ipaddress.ip_network("64:ff9b::/32")


@dataclass(frozen=True)
class Hook:
    """A receiver.

    Parameters
    ----------
    name : str
        Of its table in ``webhooks.toml``.
    url : str
        ``https://…``; ``http://…`` only where ``private``.
    secret : str
        ``whsec_`` and base64, or any words; signs what is sent.
    secret_env : str
        The environment variable that holds it, in place of ``secret``.
    destination : str
        The template of exports that says whose consent is needed and what ids look like; unless
        the operator names another one, ids are hashed and only those go who agreed to it by name.
    private : bool
        Whether its address may be one of a private network or of this machine.
    people : int
        People in one POST at most.
    attempts : int
        Of one POST at most.
    wait_s : float
        Seconds before the second attempt; each further one waits four times as long.
    timeout_s : float
        Of one attempt.

    Raises
    ------
    InputError
        When the address is none, is not encrypted, or there is no secret.

    Examples
    --------
    >>> Hook("crm", "https://crm.example.com/in", "s" * 24).host
    'crm.example.com'
    >>> Hook("crm", "http://crm.example.com/in", "s" * 24)
    Traceback (most recent call last):
    features.errors.InputError: webhook crm has no safe address (expected https://…, or private ...
    """

    name: str
    url: str
    secret: str = field(default="", repr=False)
    secret_env: str = ""
    destination: str = "ads"
    private: bool = False
    people: int = 500
    attempts: int = 6
    wait_s: float = 1.0
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        parts = self._address()
        if parts.scheme == "http" and not self.private:
            raise InputError(
                f"webhook {self.name} has no safe address",
                expected="https://…, or private = true", got=self.url,
            )  # fmt: skip
        if len(self.key) < 16:
            raise InputError(
                f"webhook {self.name} has no secret", expected="16 bytes or more",
                next_step="set secret, or secret_env and that environment variable",
            )  # fmt: skip
        if self.people < 1 or self.attempts < 1 or self.timeout_s <= 0 or self.wait_s < 0:
            raise InputError(
                f"webhook {self.name} cannot be used",
                expected="people, attempts and timeout_s above 0",
            )

    @classmethod
    def open(cls, home: Home, name: str) -> "Hook":
        """Read a receiver of a home.

        Raises
        ------
        InputError
            When ``webhooks.toml`` cannot be read, or says what cannot be.
        UnknownName
            When it names no such receiver.
        """
        found = read(home)
        if name not in found:
            raise UnknownName.among("webhook", name, found or [f"those of {FILE}: none yet"])
        given = found[name]
        known = {one.name for one in fields(cls)} - {"name"}
        for key in given:
            if key not in known:
                raise UnknownName.among(f"setting of webhook {name}", key, known)
        try:
            return cls(name, **given)
        except (TypeError, AttributeError) as error:  # no url, or a number for words
            raise InputError(f"webhook {name} cannot be used", got=str(error)) from None

    def _address(self) -> SplitResult:
        plain = self.url.isascii() and self.url.isprintable() and " " not in self.url
        with suppress(ValueError):  # of a port or of brackets
            parts = urlsplit(self.url)
            named = parts.hostname and parts.scheme in ("https", "http") and not parts.username
            if plain and named and self.port:
                return parts
        raise InputError(
            f"webhook {self.name} has no address", expected="https://host/path in ASCII",
            got=self.url,
        )  # fmt: skip

    @property
    def parts(self) -> SplitResult:
        """The address in pieces."""
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """Of the address."""
        return self.parts.hostname or ""

    @property
    def port(self) -> int:
        """Of the address."""
        return self.parts.port or (443 if self.parts.scheme == "https" else 80)

    @property
    def key(self) -> bytes:
        """What signs."""
        words = os.environ.get(self.secret_env, "") if self.secret_env else self.secret
        if not words.startswith(PREFIX):
            return words.encode()
        with suppress(binascii.Error):
            return base64.b64decode(words.removeprefix(PREFIX))
        return b""


def read(home: Home) -> Mapping[str, Mapping[str, Any]]:
    """The receivers of a home by name, as they are written.

    Raises
    ------
    InputError
        When the file is no TOML, or holds anything but tables.
    """
    path = home.root / FILE
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{FILE} cannot be read", got=str(error)) from None
    for name, given in found.items():
        if not isinstance(given, dict):
            raise InputError(f"{FILE} holds no webhook", expected="[name] and url", got=name)
    return found


def signature(key: bytes, message_id: str, at_s: int, body: bytes) -> str:
    """The header ``webhook-signature``.

    Examples
    --------
    >>> signature(b"k" * 24, "m1", 1_700_000_000, b"{}")
    'v1,IvL529M5Z7dsdIhTAckjhIfKGqDoBTrE+rSXDoNxOXw='
    """
    said = f"{message_id}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Heard:
    """What came back of one POST.

    Parameters
    ----------
    status : int
        Of HTTP; 0 when nobody answered.
    detail : str
        Why nobody did.
    wait_s : float
        What ``Retry-After`` asked for; 0 for nothing.
    """

    status: int
    detail: str = ""
    wait_s: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return 200 <= self.status < 300

    @property
    def passing(self) -> bool:
        """Whether another attempt may be answered otherwise."""
        return self.status in (0, 408, 425, 429) or self.status >= 500


def post(hook: Hook, message_id: str, at_s: int, body: bytes) -> Heard:
    """Send once; redirections are not followed.

    Parameters
    ----------
    hook : Hook
        The receiver.
    message_id : str
        The same for each attempt: receivers leave out what they have.
    at_s : int
        Now, seconds since 1970: receivers refuse what is old.
    body : bytes
        JSON.

    Raises
    ------
    InputError
        When the address leads to a private network and may not.
    """
    headers = {
        "content-type": "application/json", "user-agent": "huoren",
        "idempotency-key": message_id, "webhook-id": message_id, "webhook-timestamp": str(at_s),
        "webhook-signature": signature(hook.key, message_id, at_s, body),
    }  # fmt: skip
    target = hook.parts.path or "/"
    target += f"?{hook.parts.query}" if hook.parts.query else ""
    try:
        line = _Line(hook)
        try:
            line.request("POST", target, body, headers)
            answer = line.getresponse()
            after = answer.getheader("retry-after") or ""
            return Heard(answer.status, wait_s=float(after) if after.isdigit() else 0.0)
        finally:
            line.close()
    except (OSError, http.client.HTTPException) as error:
        return Heard(0, f"{type(error).__name__}: {error}")


class _Line(http.client.HTTPConnection):
    """A connection to an address that was looked at, not to a name that may mean another by now."""

    def __init__(self, hook: Hook) -> None:
        super().__init__(hook.host, hook.port, timeout=hook.timeout_s)
        self.hook = hook

    def connect(self) -> None:
        self.sock = socket.create_connection((resolved(self.hook), self.port), self.timeout)
        if self.hook.parts.scheme == "https":
            safe = ssl.create_default_context()
            self.sock = safe.wrap_socket(self.sock, server_hostname=self.hook.host)


def resolved(hook: Hook) -> str:
    """The address behind a receiver's name.

    Raises
    ------
    InputError
        When one of its addresses is not public, and it may not be private.

    Examples
    --------
    >>> resolved(Hook("crm", "https://169.254.169.254/latest", "s" * 24))
    Traceback (most recent call last):
    features.errors.InputError: webhook crm leads to a private address (expected a public ...
    """
    found = socket.getaddrinfo(hook.host, hook.port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not hook.private and not public(address):
            raise InputError(
                f"webhook {hook.name} leads to a private address",
                expected="a public address", got=f"{hook.host} → {address}",
                next_step=f"set private = true in {FILE} where that is meant",
            )  # fmt: skip
    return addresses[0]


def public(address: str) -> bool:
    """Whether an address is one of the open internet, also where it stands for another.

    Examples
    --------
    >>> [public(one) for one in ("8.8.8.8", "10.0.0.1", "127.0.0.1", "::1", "fd00::1")]
    [True, False, False, False, False]
    >>> [public(one) for one in ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "224.0.0.1")]
    [False, False, False, False]
    """
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        if one.ipv4_mapped is not None:
            return public(str(one.ipv4_mapped))
        if one in _NAT64 or one.sixtofour is not None or one.teredo is not None:
            return False
    return one.is_global and not one.is_multicast
