"""Events that change what may be done with a person: consents, switches, deleted tags, ties.

They travel through the log like every event, and carry their value in ``reason``:

=======================  ================================================================
Consent Updated          all scopes now given, joined by commas; empty: none
Personalization Toggled  ``on`` or ``off``
Tag Suppressed           name of the tag
Tie Created, Removed     tie type; absent: ``follow``
=======================  ================================================================

A tie points from ``user_id`` to ``peer_id``. Those of :data:`MUTUAL` types hold both ways.
"""

from collections.abc import Iterable
from uuid import uuid4

from features import events as e
from features.clock import now_us
from features.events import Event

MUTUAL = frozenset({"friend", "co_group"})
"""Tie types that hold both ways."""

DEFAULT_TIE = "follow"
"""Type of a tie event that names none."""


def consent_updated(user_id: str, scopes: Iterable[str], at_us: int | None = None) -> Event:
    """A person now gives exactly these consents.

    Examples
    --------
    >>> consent_updated("u1", ["personalize", "share_out"], at_us=0).reason
    'personalize,share_out'
    """
    return _control(e.CONSENT_UPDATED, user_id, ",".join(scopes), at_us)


def personalization_toggled(user_id: str, on: bool, at_us: int | None = None) -> Event:
    """A person switched personalisation on or off."""
    return _control(e.PERSONALIZATION_TOGGLED, user_id, "on" if on else "off", at_us)


def tag_suppressed(user_id: str, tag: str, at_us: int | None = None) -> Event:
    """A person deleted a tag of the portrait."""
    return _control(e.TAG_SUPPRESSED, user_id, tag, at_us)


def tie_type(reason: str | None) -> str:
    """Type of the tie that an event creates or removes."""
    return reason or DEFAULT_TIE


def scopes(reason: str | None) -> list[str]:
    """Consents that an event gives.

    Examples
    --------
    >>> scopes("personalize,share_out"), scopes("")
    (['personalize', 'share_out'], [])
    """
    return [scope for scope in (reason or "").split(",") if scope]


def _control(event: str, user_id: str, reason: str, at_us: int | None) -> Event:
    now = now_us()
    return Event(
        message_id=str(uuid4()),
        event=event,
        at_us=now if at_us is None else at_us,
        user_id=user_id,
        received_us=now,
        reason=reason,
    )
