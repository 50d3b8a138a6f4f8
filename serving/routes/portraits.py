"""``/v1/users/{id}``: what is known of a person, and the person's own switches."""

import asyncio
from collections.abc import Callable

from features import controls
from features.clock import format_instant
from features.events import Event
from features.online import State
from features.portraits import TAGS
from features.portraits import portrait as tags_of
from features.reading import Reading
from features.store import Store
from serving.asking import Asking
from serving.errors import Refusal
from serving.schemas import (
    PersonalizationReply,
    PersonalizationRequest,
    PortraitReply,
    SuppressedReply,
)


def about(asking: Asking) -> tuple[str, ...]:
    """Whose portrait it is."""
    return (asking.path["id"],)


def portrait(asking: Asking) -> PortraitReply:
    """Answer with the tags of a person."""
    person = asking.path["id"]
    state = asking.resources.store.state(person)
    if state is None:
        raise Refusal("unknown-user", f"nothing is known of {person!r}")
    models = asking.resources.loading.require()
    reading = Reading(state, asking.at_us, asking.resources.settings.zone)
    found = tags_of(reading, models.references, person)
    return PortraitReply(
        **asking.head(models) | {"as_of": format_instant(found.as_of_us)},
        user_id=person,
        personalized=found.personalized,
        references=found.references,
        suppressed=state.suppressed,
        tags=[tag.to_json() for tag in found.tags],
    )


async def suppress_tag(asking: Asking) -> SuppressedReply:
    """Delete a tag of a person for good."""
    person = asking.path["id"]
    tag = asking.path["tag"]
    if tag not in TAGS:
        raise Refusal("unknown-tag", f"there is no tag {tag!r}")
    state = await told(asking, lambda one: controls.tag_suppressed(one, tag, asking.at_us))
    return SuppressedReply(**asking.head(None), user_id=person, suppressed=state.suppressed)


async def personalization(asking: Asking) -> PersonalizationReply:
    """Set the person's own switch."""
    person = asking.path["id"]
    asked: PersonalizationRequest = asking.body
    state = await told(
        asking, lambda one: controls.personalization_toggled(one, asked.enabled, asking.at_us)
    )
    return PersonalizationReply(**asking.head(None), user_id=person, enabled=state.personalized)


async def told(asking: Asking, decision: Callable[[str], Event]) -> State:
    """State of a person after a decision is durable and applied.

    It is made with each of the person's ids: of several the most restrictive one counts.
    """
    return await asyncio.to_thread(_decide, asking.resources.store, asking.path["id"], decision)


def _decide(store: Store, person: str, decision: Callable[[str], Event]) -> State:
    done = store.append([decision(one) for one in store.ids(person)])
    if not store.wait_applied(done.last_seq):
        raise Refusal("store-unavailable", "it is written down, but not in force yet")
    return store.state(person) or State()
