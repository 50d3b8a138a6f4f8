"""Commands that hand a segment over: who is held back, files, webhooks."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.segments import options as o

if TYPE_CHECKING:
    from recsys.segments.activation import Export

Campaign = Annotated[str, typer.Option(help="What for; salts the control group.")]
Tags = Annotated[str, typer.Option(help="Tags beside the id, with commas.")]
Author = Annotated[str, typer.Option(help="Who exports.")]
Assign = Annotated[
    bool, typer.Option(help="Write Campaign Assigned events, from which results are read.")
]


def holdout(
    percent: Annotated[float, typer.Argument(help="0 to 50; 0 ends it.")],
    data: o.Data = None,
    programme: Annotated[str, typer.Option(help="Of campaigns; all campaigns.")] = "",
) -> None:
    """Hold a share of people out of every campaign, or of those of a programme."""
    with o.desk_of(data) as desk:
        desk.book.hold_out(programme, percent)
    typer.echo(f"{percent:g} % are held out of {programme or 'every campaign'}")


def export(
    segment: o.Segment,
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx or .parquet to write.")],
    campaign: Campaign,
    data: o.Data = None,
    destination: Annotated[
        str, typer.Option(help="plain, wecom, sms, push, oa, mini_program or ads.")
    ] = "plain",
    control: o.Control = 10.0,
    programme: o.Programme = "",
    tags: Tags = "",
    author: Author = "",
    assign: Assign = True,
    store: o.Store = "embedded",
    as_json: o.AsJson = False,
) -> None:
    """Write the people of a segment who allow it, with a control group held back."""
    arms = (campaign, control, programme)
    done = _written(data, store, segment, file, arms, destination, tags, author, assign=assign)
    if as_json:
        o.show(asdict(done))
        return
    typer.echo(
        f"{done.path}: {done.target} to contact, {done.control} held back, {done.held_out} held "
        f"out, {done.capped} at a cap, {done.refused} of {done.members} do not allow it"
    )


def deliver(
    segment: o.Segment,
    webhook: Annotated[str, typer.Argument(help="A receiver named in webhooks.toml.")],
    campaign: Campaign,
    data: o.Data = None,
    control: o.Control = 10.0,
    programme: o.Programme = "",
    tags: Tags = "",
    author: Author = "",
    assign: Assign = True,
    store: o.Store = "embedded",
    as_json: o.AsJson = False,
) -> None:
    """Post the people of a segment who allow it to a webhook, a control group held back."""
    from features.home import Home, file_name
    from recsys.segments import delivery
    from recsys.segments.webhook import Hook, resolved

    home = Home.from_option(data)
    hook = Hook.open(home, webhook)
    with suppress(OSError):  # a private address is refused before anybody is assigned
        resolved(hook)
    file = home.root / "exports" / f"{file_name(f'{campaign}-{webhook}')}.parquet"
    arms = (campaign, control, programme)
    written = _written(
        data, store, segment, file, arms, hook.destination, tags, author, assign=assign
    )
    done = delivery.deliver(home, hook, written)
    if as_json:
        o.show(asdict(done))
        return
    typer.echo(
        f"{done.webhook}: {done.people} people in {done.parts} parts, {done.skipped} of them "
        f"brought before; {written.control} held back, {written.refused} do not allow it"
    )


def deliveries(
    data: o.Data = None,
    campaign: Annotated[str, typer.Option(help="Of it alone; any.")] = "",
    as_json: o.AsJson = False,
) -> None:
    """Show the attempts to deliver to webhooks."""
    from features.home import Home
    from recsys.segments.delivery import attempts

    found = attempts(Home.from_option(data), campaign)
    if as_json:
        o.show(found)
        return
    for one in found:
        typer.echo(
            f"{one['at']}\t{one['webhook']}\t{one['campaign']}\t{one['message_id']}\t"
            f"attempt {one['attempt']}\t{one['status'] or one['detail']}\t{one['people']} people"
        )


def _written(
    data: Path | None,
    store: str,
    segment: str,
    file: Path,
    arms: tuple[str, float, str],
    destination: str,
    tags: str,
    author: str,
    *,
    assign: bool,
) -> "Export":
    from features.store import open_ledger, open_store
    from recsys.segments import activation
    from recsys.segments.control import Holding

    with o.desk_of(data) as desk:
        holding = Holding(*arms, desk.book.holdouts())
        named = tuple(one for one in tags.split(",") if one)
        given = activation.Handover(segment, holding, destination, named, author)
        opened = open_store(desk.home, zone=desk.ground.zone, place=store)
        ledger = open_ledger(desk.home, place=store)
        try:
            return activation.export(
                desk, opened, o.condition(desk, segment), file, given, ledger, assigned=assign
            )
        finally:
            ledger.close()
            opened.close()
