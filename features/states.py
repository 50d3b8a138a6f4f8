"""All that is kept online about one person: one value, read and written as one blob.

A heavy user's blob is tens of kilobytes, of which a reader or an event wants a part. So the large
parts are decoded when they are first asked for, and what nobody asked for is written back as it
was read.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from features.cells import Cells
from features.celltables import Tables


class Act(msgspec.Struct, array_like=True, order=True, frozen=True, gc=False):
    """One act on an item; ordered by time."""

    at_us: int
    event: str
    item_id: str
    peer_id: str = ""


_ENCODER = msgspec.msgpack.Encoder()
_ACTS = msgspec.msgpack.Decoder(list[Act])


class State:
    """One person's state.

    Parameters
    ----------
    cells : mapping of str to mapping, optional
        Word of the key → tail of the key ("" for USER) → cells.
    recent, deeds : list of Act, optional
        The last acts, and the last ones that are no mere views; oldest first.
    ties : dict of str to str, optional
        Peer → tie types, sorted, joined by commas.
    profile : dict of str to str, optional
        Gender, city tier, …
    consents : list of str, optional
        Scopes given; None: not asked.
    suppressed : list of str, optional
        Tags that the person deleted.
    personalized : bool
        The person's switch.
    decided : dict of str to int, optional
        ``consents``, ``personalized`` → instant of the decision in force.
    """

    __slots__ = (
        "_deeds", "_recent", "cells", "consents", "decided", "personalized", "profile",
        "suppressed", "ties",
    )  # fmt: skip

    def __init__(
        self,
        cells: Mapping[str, MutableMapping[str, Cells]] | Raw | None = None,
        recent: list[Act] | Raw | None = None,
        deeds: list[Act] | Raw | None = None,
        ties: dict[str, str] | None = None,
        profile: dict[str, str] | None = None,
        consents: list[str] | None = None,
        suppressed: list[str] | None = None,
        personalized: bool = True,
        decided: dict[str, int] | None = None,
    ) -> None:
        self.cells = Tables(cells or {})
        self._recent = [] if recent is None else recent
        self._deeds = [] if deeds is None else deeds
        self.ties = {} if ties is None else ties
        self.profile = {} if profile is None else profile
        self.consents = consents
        self.suppressed = [] if suppressed is None else suppressed
        self.personalized = personalized
        self.decided = {} if decided is None else decided

    @property
    def recent(self) -> list[Act]:
        """The last acts, oldest first."""
        if isinstance(self._recent, Raw):
            self._recent = _ACTS.decode(self._recent)
        return self._recent

    @recent.setter
    def recent(self, acts: list[Act]) -> None:
        self._recent = acts

    @property
    def deeds(self) -> list[Act]:
        """The last acts that are no mere views, oldest first."""
        if isinstance(self._deeds, Raw):
            self._deeds = _ACTS.decode(self._deeds)
        return self._deeds

    @deeds.setter
    def deeds(self, acts: list[Act]) -> None:
        self._deeds = acts

    def __eq__(self, other: object) -> bool:
        """Whether all parts are equal."""
        if not isinstance(other, State):
            return NotImplemented
        return self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = zip(_FIELDS, self._parts(), strict=True)
        return f"State({', '.join(f'{name}={part!r}' for name, part in told if part)})"

    def __deepcopy__(self, memo: object) -> "State":
        """A state that shares nothing with this one."""
        return decode(encode(self))

    def _parts(self) -> Sequence[Any]:
        return [getattr(self, name) for name in _FIELDS]


_NOTHING = Raw(_ENCODER.encode([]))
_NO_CELLS = Raw(_ENCODER.encode({}))


class _Stored(msgspec.Struct):
    """A blob; what is empty is left out."""

    cells: Raw = _NO_CELLS
    recent: Raw = _NOTHING
    deeds: Raw = _NOTHING
    ties: dict[str, str] = {}
    profile: dict[str, str] = {}
    consents: list[str] | None = None
    suppressed: list[str] = []
    personalized: bool = True
    decided: dict[str, int] = {}


_FIELDS = _Stored.__struct_fields__
_DECODER = msgspec.msgpack.Decoder(_Stored, strict=False)


def encode(state: State) -> bytes:
    """Write a state as one blob."""
    parts: dict[str, Any] = {
        "cells": state.cells.stored,
        "recent": state._recent,
        "deeds": state._deeds,
        "ties": state.ties,
        "profile": state.profile,
        "suppressed": state.suppressed,
        "decided": state.decided,
    }
    kept = {name: part for name, part in parts.items() if part}
    if state.consents is not None:
        kept["consents"] = state.consents
    if not state.personalized:
        kept["personalized"] = False
    return _ENCODER.encode(kept)


def decode(blob: bytes) -> State:
    """Read a state back.

    Raises
    ------
    msgspec.DecodeError
        The blob is no state; damage within a part shows when the part is asked for.

    Examples
    --------
    >>> decode(encode(State(ties={"u2": "friend"}))).ties
    {'u2': 'friend'}
    """
    found = _DECODER.decode(blob)
    return State(
        None if found.cells is _NO_CELLS else found.cells,
        None if found.recent is _NOTHING else found.recent,
        None if found.deeds is _NOTHING else found.deeds,
        found.ties,
        found.profile,
        found.consents,
        found.suppressed,
        found.personalized,
        found.decided,
    )
