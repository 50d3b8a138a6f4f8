"""A small file that is read again when it changes; what cannot be read leaves the old in force."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from features.errors import HuorenError

_LOG = logging.getLogger("huoren.serving")

T = TypeVar("T")

LOOK_SECONDS = 1.0


class Watched(Generic[T]):
    """What a file says now.

    Parameters
    ----------
    path : Path
        The file.
    read : callable
        Path → what it says.
    made : callable, optional
        Makes the file where there is none; without it the file must exist.
    """

    def __init__(
        self, path: Path, read: Callable[[Path], T], made: Callable[[Path], None] | None = None
    ) -> None:
        if made is not None and not path.exists():
            made(path)
        self._path, self._read = path, read
        self._seen = self._mark()
        self._value = read(path)
        self._next = time.monotonic() + LOOK_SECONDS

    def __call__(self) -> T:
        """What the file says; looked at once a second at most."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + LOOK_SECONDS
            self.look()
        return self._value

    def look(self) -> None:
        """Read the file again if it changed."""
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self._value = self._read(self._path)
            _LOG.info("%s is read again", self._path.name)
        except (HuorenError, OSError) as error:
            _LOG.error("%s changed and cannot be used, the old one holds: %s", self._path, error)

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
