"""External ids to dense codes and back, private to one bundle.

Three flat arrays that workers share by mmap: the sorted xxhash64 of every id, the end offset of its
UTF-8 bytes, and those bytes. A hit is compared exactly, so colliding hashes cannot lie. A Python
dictionary of a million ids costs more than 100 MB in every worker; this costs its file.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import xxhash

from features.errors import InputError

Codes = npt.NDArray[np.int32]

UNKNOWN = -1
"""Code of an id that is not in the map."""


class IdMap:
    """Codes 0 … n−1 of n distinct strings, in the order of their hashes.

    Parameters
    ----------
    hashes : ndarray, uint64, shape (n,)
        Ascending.
    ends : ndarray, int64, shape (n,)
        Where the bytes of each id end.
    blob : ndarray, uint8
        The bytes, one id after the other.

    Examples
    --------
    >>> ids = IdMap.of(["u1", "用户2"])
    >>> ids.name(ids.code("用户2")), ids.code("u3"), len(ids)
    ('用户2', -1, 2)
    """

    def __init__(
        self,
        hashes: npt.NDArray[np.uint64],
        ends: npt.NDArray[np.int64],
        blob: npt.NDArray[np.uint8],
    ) -> None:
        self.hashes = hashes
        self.ends = ends
        self.blob = blob

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Build a map.

        Raises
        ------
        InputError
            When a name comes twice.
        """
        pairs = sorted((xxhash.xxh64_intdigest(name.encode()), name) for name in names)
        if len(set(pairs)) != len(pairs):
            raise InputError("an id comes twice", expected="distinct ids")
        parts = [name.encode() for _, name in pairs]
        return cls(
            np.array([digest for digest, _ in pairs], dtype=np.uint64),
            np.cumsum([len(part) for part in parts], dtype=np.int64),
            np.frombuffer(b"".join(parts), dtype=np.uint8),
        )

    def __len__(self) -> int:
        return len(self.hashes)

    def name(self, code: int) -> str:
        """The id of a code."""
        start = self.ends[code - 1] if code > 0 else 0
        return str(self.blob[start : self.ends[code]].data, "utf-8")

    def names(self, codes: Iterable[int]) -> list[str]:
        """The ids of several codes."""
        return [self.name(int(code)) for code in codes]

    def code(self, name: str) -> int:
        """The code of an id, ``UNKNOWN`` if it has none."""
        return int(self.codes([name])[0])

    def codes(self, names: Sequence[str]) -> Codes:
        """Codes of several ids; ``UNKNOWN`` where there is none; int32, shape (len(names),)."""
        if not len(names) or not len(self):
            return np.full(len(names), UNKNOWN, dtype=np.int32)
        parts = [name.encode() for name in names]
        digests = np.array([xxhash.xxh64_intdigest(part) for part in parts], dtype=np.uint64)
        places = np.searchsorted(self.hashes, digests)
        places[places == len(self)] = 0
        places[self.hashes[places] != digests] = UNKNOWN
        found = places.astype(np.int32)
        text = self.blob.data
        starts = np.where(places > 0, self.ends[np.maximum(places - 1, 0)], 0).tolist()
        spans = zip(places.tolist(), starts, self.ends[places].tolist(), strict=True)
        for i, (place, start, end) in enumerate(spans):
            if place >= 0 and text[start:end] != parts[i]:  # another id of the same hash
                found[i] = self._among(place + 1, digests[i], parts[i])
        return found

    def _among(self, at: int, digest: np.uint64, part: bytes) -> int:
        while at < len(self) and self.hashes[at] == digest:
            if self.name(at).encode() == part:
                return at
            at += 1
        return UNKNOWN

    def without(self, name: str) -> Self:
        """The map of the others; their codes move up.

        Examples
        --------
        >>> ids = IdMap.of(["u1", "用户2", "u3"]).without("用户2")
        >>> sorted(ids.names(range(2))), ids.code("用户2")
        (['u1', 'u3'], -1)
        """
        code = self.code(name)
        if code == UNKNOWN:
            return self
        end = int(self.ends[code])
        size = end - (int(self.ends[code - 1]) if code else 0)
        ends = np.delete(self.ends, code)
        ends[code:] -= size
        blob = np.concatenate([self.blob[: end - size], self.blob[end:]])
        return type(self)(np.delete(self.hashes, code), ends, blob)

    def save(self, folder: Path, stem: str) -> None:
        """Write the three arrays as ``<stem>.<part>.npy``."""
        for part in ("hashes", "ends", "blob"):
            np.save(folder / f"{stem}.{part}.npy", getattr(self, part))

    @classmethod
    def open(cls, folder: Path, stem: str) -> Self:
        """Map the arrays that ``save`` wrote."""
        return cls(*(mapped(folder / f"{stem}.{part}.npy") for part in ("hashes", "ends", "blob")))


def mapped(path: Path, mode: Literal["r", "c"] = "r") -> npt.NDArray[Any]:
    """A ``.npy`` file as a plain array over its mapped pages.

    ``numpy.memmap`` is a subclass whose every index and slice costs several times an array's.
    """
    array: npt.NDArray[Any] = np.load(path, mmap_mode=mode).view(np.ndarray)
    return array
