"""The cursor of the feed: which items this person has been shown on earlier pages.

It is self-contained, so that any worker of any machine continues a list, and it names the items
themselves, so that no page repeats an item even if the model changed in between. A cursor of one
person is refused for another. When it would grow beyond ``CAPACITY`` items the list ends.
"""

import base64
import binascii
import zlib
from collections.abc import Collection

import msgspec
from xxhash import xxh64_hexdigest

from features.errors import InputError

CAPACITY = 2_000
_LARGEST = 1 << 20  # bytes a cursor may unpack to


class _Pages(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    owner: str
    shown: list[str]


_DECODER = msgspec.msgpack.Decoder(_Pages)


def write(user_id: str, shown: Collection[str]) -> str | None:
    """Cursor after all of ``shown``; None when the list ends here."""
    if len(shown) > CAPACITY:
        return None
    packed = msgspec.msgpack.encode(_Pages(xxh64_hexdigest(user_id.encode()), list(shown)))
    return base64.urlsafe_b64encode(zlib.compress(packed, 1)).decode().rstrip("=")


def read(user_id: str, cursor: str) -> tuple[str, ...]:
    """Ids of the items shown before.

    Raises
    ------
    InputError
        When it was not made by :func:`write`, or for someone else.

    Examples
    --------
    >>> read("u1", write("u1", ["i1", "i2"]) or "")
    ('i1', 'i2')
    >>> read("u2", write("u1", ["i1", "i2"]) or "")
    Traceback (most recent call last):
    features.errors.InputError: the cursor belongs to another person; next: start ...
    """
    pages = _unpack(cursor)
    if pages.owner != xxh64_hexdigest(user_id.encode()):
        raise InputError("the cursor belongs to another person", next_step="start without a cursor")
    return tuple(pages.shown)


def _unpack(cursor: str) -> _Pages:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, _LARGEST)
        if not unpacker.eof:
            raise zlib.error("unfinished")
        return _DECODER.decode(plain)
    except (binascii.Error, ValueError, zlib.error, msgspec.DecodeError) as error:
        raise InputError(
            "no cursor of this service", expected="the cursor of the page before", got=cursor[:40]
        ) from error
