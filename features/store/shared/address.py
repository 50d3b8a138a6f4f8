"""Which server and which part of it, as ``HUOREN_STORE`` says it."""

import os
import re
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from features.errors import InputError

EMBEDDED = "embedded"
SCHEMES = ("redis", "rediss", "unix")
DURABILITIES = ("always", "everysec", "trusted")


class Address(NamedTuple):
    """A Redis server, the keys of it that are ours, and how durable it must be.

    Parameters
    ----------
    url : str
        As the client library takes it.
    keyspace : str
        Prefix of all keys.
    durability : str
        What the server's ``appendfsync`` must be: ``always``, or ``everysec``, which allows for
        the loss of a second; ``trusted`` where the server does not tell, so nobody checks.
    """

    url: str
    keyspace: str = "huoren"
    durability: str = "always"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address; ``keyspace`` and ``durability`` are parameters of the URL.

        Raises
        ------
        InputError
            No such scheme, keyspace or durability.

        Examples
        --------
        >>> Address.parse("unix:///run/redis.sock?db=1&keyspace=shop")
        Address(url='unix:///run/redis.sock?db=1', keyspace='shop', durability='always')
        >>> Address.parse("redis://shop?durability=maybe")
        Traceback (most recent call last):
        features.errors.InputError: ... (expected one of always, everysec, trusted; got 'maybe')
        """
        parts = urlsplit(text)
        if parts.scheme not in SCHEMES:
            raise _unusable("place", f"{EMBEDDED}, or a URL of {', '.join(SCHEMES)}", text)
        given = dict(parse_qsl(parts.query))
        keyspace = given.pop("keyspace", "huoren")
        durability = given.pop("durability", "always")
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", keyspace):
            raise _unusable("keyspace", "letters, digits and _.-", keyspace)
        if durability not in DURABILITIES:
            raise _unusable("durability", f"one of {', '.join(DURABILITIES)}", durability)
        own = text.partition("?")[0]  # kept as it is: urlunsplit spells unix:/// differently
        return cls(own + (f"?{urlencode(given)}" if given else ""), keyspace, durability)

    def __str__(self) -> str:
        """Say where without the password.

        Examples
        --------
        >>> str(Address("redis://:secret@shop:6379/0"))
        'redis://shop:6379/0'
        """
        return re.sub(r"//[^/@]*@", "//", self.url.partition("?")[0])


def chosen(place: str | None = None) -> Address | None:
    """The server that a setting names: ``place``, else ``HUOREN_STORE``. None: no server.

    Raises
    ------
    InputError
        The setting is neither ``embedded`` nor an address.

    Examples
    --------
    >>> chosen("embedded")
    >>> chosen("redis://shop")
    Address(url='redis://shop', keyspace='huoren', durability='always')
    >>> chosen("postgres://shop")
    Traceback (most recent call last):
    features.errors.InputError: HUOREN_STORE cannot be used: its place (expected embedded, or ...
    """
    place = place or os.environ.get("HUOREN_STORE") or EMBEDDED
    return None if place == EMBEDDED else Address.parse(place)


def _unusable(what: str, expected: str, got: str) -> InputError:
    return InputError(f"HUOREN_STORE cannot be used: its {what}", expected=expected, got=repr(got))
