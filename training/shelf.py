"""Outputs of steps on disk, addressed by what they were made from.

An output lies in ``<root>/<step>/<key>/``; its key is a fingerprint of all its inputs: the code,
the data, the settings it reads, the outputs it builds upon. It is written under another name and
renamed when it is whole, so that a killed run leaves nothing half-written, and whoever asks for the
same output again finds it.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import time
from typing import Any, Generic, Protocol, TypeVar

from features.errors import StoreError

T = TypeVar("T")

DONE = "done.json"

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

KEPT_DAYS = 7.0
"""Outputs that no run has used for so long are removed."""


class Form(Protocol[T]):
    """How a value becomes files and comes back."""

    def save(self, value: T, folder: Path) -> None:
        """Write it into a folder that exists."""
        ...

    def open(self, folder: Path) -> T:
        """Read what ``save`` wrote; the same value to the last bit."""
        ...


class Kept(Generic[T]):
    """An output on the shelf; it is read when it is first asked for.

    Parameters
    ----------
    folder : Path
        Where it lies.
    digest : str
        Fingerprint of its content, which is what later steps are made from.
    form : Form
        How it is read.
    """

    def __init__(self, folder: Path, digest: str, form: Form[T]) -> None:
        self.folder = folder
        self.digest = digest
        self._form = form

    @cached_property
    def value(self) -> T:
        """What was kept."""
        return self._form.open(self.folder)


@dataclass(frozen=True)
class Shelf:
    """A directory of outputs.

    Parameters
    ----------
    root : Path
        It need not exist yet.

    Examples
    --------
    >>> import tempfile
    >>> shelf = Shelf(Path(tempfile.mkdtemp()))
    >>> key = fingerprint("answer", {"of": "everything"})
    >>> shelf.find("answer", key, Json()) is None
    True
    >>> shelf.keep("answer", key, lambda: 42, Json()).value
    42
    >>> shelf.find("answer", key, Json()).value
    42
    """

    root: Path

    def find(self, step: str, key: str, form: Form[T]) -> Kept[T] | None:
        """An output that was kept whole, or None; looking at it keeps it fresh."""
        folder = self._folder(step, key)
        try:
            digest = str(json.loads((folder / DONE).read_text())["digest"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if digest != digest_of(folder):
            return None
        os.utime(folder)
        return Kept(folder, digest, form)

    def keep(self, step: str, key: str, make: Callable[[], T], form: Form[T]) -> Kept[T]:
        """Make an output and keep it; it is read back from disk, as a later run would.

        Raises
        ------
        StoreError
            When the disk is full; what was kept before stays.
        """
        value = make()
        target = self._folder(step, key)
        partial = target.with_name(f"partial-{os.getpid()}-{key}")
        with full_disk(self.root):
            try:
                partial.mkdir(parents=True)
                form.save(value, partial)
                digest = digest_of(partial)
                (partial / DONE).write_text(json.dumps({"step": step, "digest": digest}))
                shutil.rmtree(target, ignore_errors=True)
                partial.rename(target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return Kept(target, digest, form)

    def tidy(self, days: float = KEPT_DAYS) -> None:
        """Remove what killed runs left, and outputs that no run used for ``days``."""
        for folder in self.root.glob("*/*"):
            dead = folder.name.startswith("partial-") and not _alive(folder.name.split("-")[1])
            if dead or folder.stat().st_mtime < time() - days * 86_400:
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, step: str, key: str) -> Path:
        return self.root / step.replace(" ", "-") / key


class Json:
    """Plain values as JSON."""

    def save(self, value: Any, folder: Path) -> None:
        """Write ``value.json``."""
        (folder / "value.json").write_text(json.dumps(value))

    def open(self, folder: Path) -> Any:
        """Read it."""
        return json.loads((folder / "value.json").read_text())


def fingerprint(*parts: object) -> str:
    """Key of plain values, kept outputs and fingerprints; 32 characters.

    Examples
    --------
    >>> fingerprint("a", 1) == fingerprint("a", 1), fingerprint("a", 1) == fingerprint("a", 2)
    (True, False)
    """
    plain = [part.digest if isinstance(part, Kept) else part for part in parts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]


def digest_of(folder: Path) -> str:
    """Fingerprint of every file of a folder, by name and content."""
    return of_files(folder, (path for path in folder.rglob("*") if path.name != DONE))


def of_files(root: Path, paths: Iterable[Path]) -> str:
    """Fingerprint of files, by content and name below ``root``, in any order."""
    found = []
    for path in paths:
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.append((path.relative_to(root).as_posix(), digest))
    return fingerprint(sorted(found))


@contextmanager
def full_disk(place: Path) -> Iterator[None]:
    """Say of a full disk what to do.

    Raises
    ------
    StoreError
        Instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StoreError(
            f"no room left at {place}",
            expected="space for the outputs of the steps",
            got=str(error.strerror),
            next_step="free some and run the same command again; finished steps are kept",
        ) from error


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
