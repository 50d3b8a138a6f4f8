import base64
import zlib

import pytest

from features.errors import InputError
from serving import cursor


def test_the_list_ends_when_the_cursor_is_full() -> None:
    ids = [f"i{n}" for n in range(cursor.CAPACITY)]
    assert cursor.read("u1", cursor.write("u1", ids) or "") == tuple(ids)
    assert cursor.write("u1", [*ids, "more"]) is None


@pytest.mark.parametrize("text", ["", "x", "货", "====", "QUJD", "AAAA" * 100])
def test_what_was_not_written_here_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no cursor of this service"):
        cursor.read("u1", text)


def test_a_cursor_that_would_fill_the_memory_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"\0" * (64 << 20))).decode()
    with pytest.raises(InputError, match="no cursor of this service"):
        cursor.read("u1", bomb)
