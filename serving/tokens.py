"""Tokens for browsers and mini-programs: bound to one person, good for a quarter of an hour.

A server that holds an ``app`` key asks for one (``POST /v1/tokens``) and hands it to its client;
keys stay on servers. A token says who and until when, under an HMAC-SHA256 (RFC 2104) of a secret
that all workers read from one file, one secret a line: the first signs, all of them verify, so that
a secret is renewed by putting a new line in front and removing the old one a quarter of an hour
later.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from features.clock import SECOND_US
from features.errors import FileRefused
from serving.watching import Watched

LIFETIME_US = 15 * 60 * SECOND_US
PREFIX = "ut_"
"""What tells a token from a key."""

_SHORTEST = 32


class _Said(msgspec.Struct, array_like=True):
    user_id: str
    until_us: int


@dataclass(frozen=True)
class Tokens:
    """Mints and reads tokens.

    Parameters
    ----------
    secrets : Watched
        The file of secrets, read again when it changes.
    """

    secrets: Watched[tuple[bytes, ...]]

    @classmethod
    def open(cls, path: Path) -> "Tokens":
        """Tokens under the secrets of a file; one is made where there is none."""
        return cls(Watched(path, _read, made=_make))

    def mint(self, user_id: str, now_us: int) -> tuple[str, int]:
        """A token for one person, and the instant it ends."""
        until_us = now_us + LIFETIME_US
        said = msgspec.msgpack.encode(_Said(user_id, until_us))
        return PREFIX + _text(_signature(self.secrets()[0], said) + said), until_us

    def person(self, token: str, now_us: int) -> str | None:
        """Whom a token is bound to; None where it is no token of ours, or its time is over."""
        try:
            packed = token.removeprefix(PREFIX).encode("ascii")
            whole = base64.b64decode(packed + b"=" * (-len(packed) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, said = whole[:32], whole[32:]
        valid = [hmac.compare_digest(_signature(one, said), signature) for one in self.secrets()]
        if not any(valid):
            return None
        read = msgspec.msgpack.decode(said, type=_Said)
        return read.user_id if now_us < read.until_us else None


def _signature(secret: bytes, said: bytes) -> bytes:
    return hmac.digest(secret, b"huoren user token\0" + said, hashlib.sha256)


def _text(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


def _make(path: Path) -> None:
    """Write one secret that its owner alone may read; whoever comes second reads the first's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.touch(0o600)
    unfinished.write_text(secrets.token_hex(32) + "\n")
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def _read(path: Path) -> tuple[bytes, ...]:
    found: Sequence[str] = path.read_text().split()
    if not found or min(map(len, found)) < _SHORTEST:
        raise FileRefused(
            "the file of token secrets is wrong",
            expected=f"one secret a line, {_SHORTEST} characters or more",
            got=str(path),
            next_step="remove it: the service makes a new one",
        )
    return tuple(line.encode() for line in found)
