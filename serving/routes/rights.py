"""``/v1/users/{id}``: what a person may have done with what is known: see all of it, end it."""

from features import controls
from features.counters import Scope
from features.errors import UnknownName
from features.portraits import portrait
from features.reading import Reading
from serving import shell
from serving.asking import Asking
from serving.errors import Refusal, invalid
from serving.rights import (
    ConsentsReply,
    ConsentsRequest,
    ExportReply,
    ForgottenReply,
    Place,
    StillThere,
)
from serving.routes.portraits import told


async def consents(asking: Asking) -> ConsentsReply:
    """Set what the person consents to."""
    asked: ConsentsRequest = asking.body
    for index, scope in enumerate(asked.scopes):
        if scope not in list(Scope):
            raise invalid(f"scopes[{index}]", str(UnknownName.among("scope", scope, Scope)))
    state = await told(
        asking, lambda one: controls.consent_updated(one, asked.scopes, asking.at_us)
    )
    return ConsentsReply(
        **asking.head(None), user_id=asking.path["id"], scopes=state.consents or []
    )


async def forget(asking: Asking) -> ForgottenReply:
    """Erase a person everywhere and for good."""
    person = asking.path["id"]
    done = await shell.run(asking.resources.settings, "forget", person, "--json")
    return ForgottenReply(
        **asking.head(None),
        user_id=person,
        since=done["since"],
        ids=done["ids"],
        erased={place: Place(**count) for place, count in done["erased"].items()},
        pending=[StillThere(**one) for one in done["pending"]],
        seconds=done["seconds"],
    )


async def export(asking: Asking) -> ExportReply:
    """Give everything kept of a person."""
    person = asking.path["id"]
    found = await shell.run(asking.resources.settings, "export", person)
    state = asking.resources.store.state(person)
    if state is None and not any(found[part] for part in ("profiles", "events", "ties", "shown")):
        raise Refusal("unknown-user", f"nothing is known of {person!r}")
    tags = []
    models = asking.resources.loading.models
    if state is not None and models is not None:
        reading = Reading(state, asking.at_us, asking.resources.settings.zone)
        tags = [tag.to_json() for tag in portrait(reading, models.references).tags]
    return ExportReply(**asking.head(models), **found, tags=tags)
