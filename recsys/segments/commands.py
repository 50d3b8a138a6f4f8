"""``huoren segment``: segments from the shell."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from recsys.segments import options as o
from recsys.segments import sending

app = typer.Typer(help="Find, size, understand and hand over segments.", no_args_is_help=True)
for one in (sending.holdout, sending.export, sending.deliver, sending.deliveries):
    app.command()(one)


@app.command()
def estimate(segment: o.Segment, data: o.Data = None, as_json: o.AsJson = False) -> None:
    """Count a segment exactly and say it in words."""
    from features.clock import format_instant
    from recsys.segments import sizing

    with o.desk_of(data) as desk:
        condition = o.condition(desk, segment)
        found = sizing.size(desk, condition)
        words = sizing.spelled(condition)
        told = {
            "people": found.people, "told": found.told, "size_is_exact": True, "base": found.base,
            "share": found.share, "as_of": format_instant(found.as_of_us), "sentence": words,
            "sample": sizing.sample(desk, condition),
        }  # fmt: skip
    if as_json:
        o.show(told)
        return
    typer.echo(f"{words['zh']}\n{words['en']}\n")
    share = "" if found.share is None else f", {found.share:.1%}"
    typer.echo(f"{found.told} of {found.base} people{share}; exact as of {told['as_of']}")


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="Of the segment.")],
    segment: o.Segment,
    data: o.Data = None,
    author: Annotated[str, typer.Option(help="Who saves it.")] = "",
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Keep a segment; every change of it is a new version."""
    import yaml

    from recsys.segments.parse import loads

    with o.desk_of(data) as desk:
        text = o.text(segment)
        loads(text)
        saved = desk.book.save(name, yaml.safe_load(text), author, note)
    typer.echo(f"segment {name}, version {saved.version}")


@app.command("list")
def list_segments(data: o.Data = None) -> None:
    """Name the saved segments."""
    from recsys.segments.words import sentence

    with o.desk_of(data) as desk:
        for name in desk.book.names():
            saved = desk.book.get(name)
            typer.echo(f"{name}\tversion {saved.version}\t{sentence(saved.condition, 'zh')}")


@app.command()
def diff(
    name: Annotated[str, typer.Argument(help="Of the segment.")],
    old: Annotated[int, typer.Argument(help="A version.")],
    new: Annotated[int, typer.Argument(help="Another one.")],
    data: o.Data = None,
) -> None:
    """Show what changed between two versions."""
    with o.desk_of(data) as desk:
        for line in desk.book.diff(name, old, new):
            typer.echo(line)


@app.command()
def delete(
    name: Annotated[str, typer.Argument(help="Of the segment.")], data: o.Data = None
) -> None:
    """Take a segment off, unless others are made of it."""
    with o.desk_of(data) as desk:
        desk.book.delete(name)
    typer.echo(f"segment {name} is off; its versions stay on record")


@app.command()
def upload(
    name: Annotated[str, typer.Argument(help="Of the list.")],
    file: Annotated[Path, typer.Argument(help="One user id a line.", exists=True, dir_okay=False)],
    data: o.Data = None,
    mode: Annotated[str, typer.Option(help="replace, append or remove.")] = "replace",
) -> None:
    """Upload a list of people, and count who on it is known."""
    from features import columns as c

    with o.desk_of(data) as desk:
        ids = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
        listed = desk.book.put_list(name, [one for one in ids if one], mode)
        strangers = 0
        if listed:
            rows = desk.ground.listed(name)
            found = desk.ask(rows.anti_join(desk.ground.people, c.USER).count().as_table())
            strangers = found.column(0)[0].as_py()
    typer.echo(f"list {name}: {listed} people, {strangers} of them strangers or not to be used")


@app.command()
def insight(segment: o.Segment, data: o.Data = None, as_json: o.AsJson = False) -> None:
    """Tell what sets a segment apart from everybody."""
    from recsys.segments.insight import insight as compare

    with o.desk_of(data) as desk:
        found = compare(desk, o.condition(desk, segment))
    if found is None:
        typer.echo("too few people, in the segment or outside it, to tell of")
        return
    if as_json:
        o.show(asdict(found))
        return
    for title, traits in (("more than everybody", found.above), ("less", found.below)):
        typer.echo(title)
        for one in traits:
            typer.echo(
                f"  {one.tag} {one.value}: {one.share:.1%} against {one.base_share:.1%}, "
                f"TGI {one.tgi:.0f}, q {one.q:.2g}"
            )
    for title, sold in (("items", found.items), ("brands", found.brands)):
        typer.echo(f"{title}: " + ", ".join(f"{name} ({buyers})" for name, buyers in sold))


@app.command()
def trend(
    segment: o.Segment,
    data: o.Data = None,
    days: Annotated[int, typer.Option(help="Before the newest features.")] = 30,
    as_json: o.AsJson = False,
) -> None:
    """Tell how large a segment was on the last days."""
    given = {"segment": o.document(segment), "days": days, "seconds": 1e9}
    told = o.answer(data, "embedded", "trend", given)
    if as_json:
        o.show(told)
        return
    for one in told["points"]:
        people = "<50" if one["people"] is None else one["people"]
        typer.echo(f"{one['as_of']}\t{people} of {one['base']}")


@app.command()
def overlap(
    segments: Annotated[list[str], typer.Argument(help="Files or saved segments.")],
    data: o.Data = None,
) -> None:
    """Count the people that segments share, and all of them without double counting."""
    from recsys.segments import sizing

    with o.desk_of(data) as desk:
        o.show(sizing.overlap(desk, {one: o.condition(desk, one) for one in segments}))


@app.command()
def why(
    segment: o.Segment,
    user_id: Annotated[str, typer.Argument(help="Who.")],
    data: o.Data = None,
) -> None:
    """Show which conditions a person fulfils."""
    from recsys.segments.why import why as judge

    with o.desk_of(data) as desk:
        for one in judge(desk, o.condition(desk, segment), user_id):
            got = "" if one.got is None else f"  [{one.got}]"
            typer.echo(f"{'  ' * one.depth}{'✓' if one.holds else '✗'} {one.zh}{got}")


@app.command()
def waterfall(
    segment: o.Segment,
    channel: Annotated[str, typer.Option(help="push, sms, wecom, oa or mini_program.")],
    data: o.Data = None,
    campaign: Annotated[str, typer.Option(help="Salts the control group.")] = "unnamed",
    control: o.Control = 10.0,
    programme: o.Programme = "",
    at: Annotated[str, typer.Option(help="When it is sent, ISO 8601 with zone; now.")] = "",
    store: o.Store = "embedded",
    as_json: o.AsJson = False,
) -> None:
    """Count who is left after consent, reach, risk, caps and control."""
    told = o.answer(
        data, store, "waterfall",
        {"segment": o.document(segment), "channel": channel, "campaign": campaign,
         "control": control, "programme": programme, "at": at},
    )  # fmt: skip
    if as_json:
        o.show(told)
        return
    typer.echo(f"{'<50' if told['segment'] is None else told['segment']} people in the segment")
    for one in told["steps"]:
        gone = "<50" if one["removed"] is None else one["removed"]
        typer.echo(f"  −{gone}\t{one['people']}\t{one['en']} ({one['zh']})")
    typer.echo(f"may be sent at {told['send_at']}; segment as of {told['as_of']}")


@app.command()
def silent(
    data: o.Data = None,
    days: Annotated[int, typer.Option(help="Without any act.")] = 30,
    channel: Annotated[str, typer.Option(help="Only people it reaches; any.")] = "",
    model: Annotated[str, typer.Option(help="uplift.CAMPAIGN or a goal; the best there is.")] = "",
    segment: Annotated[str, typer.Option(help="Only people of it: file or saved name.")] = "",
    k: Annotated[int, typer.Option(help="People listed.")] = 20,
    store: o.Store = "embedded",
    as_json: o.AsJson = False,
) -> None:
    """List who is asleep, reachable and persuadable, with the ties that could wake them."""
    given = {"days": days, "channel": channel, "model": model, "k": k}
    if segment:
        given["segment"] = o.document(segment)
    told = o.answer(data, store, "silent", given)
    if as_json:
        o.show(told)
        return
    for name in ("asleep", "reachable", "persuadable", "tied"):
        typer.echo(f"{name}: {'<50' if told[name] is None else told[name]}")
    typer.echo(told["verdict"])
    for one in told["people"]:
        reasons = "; ".join(en for _, en in one["reasons"])
        ties = f"; ask {', '.join(one['ties'])}" if one["ties"] else ""
        typer.echo(f"  {one['user_id']}: {reasons}{ties}")


@app.command()
def presets() -> None:
    """Name the segments that are shipped; each can be used like a saved one."""
    from recsys.segments.parse import parse
    from recsys.segments.presets import PRESETS
    from recsys.segments.words import sentence

    for one in PRESETS.values():
        needs = f"\tneeds huoren score {', '.join(one.scores)}" if one.scores else ""
        typer.echo(f"{one.name}\t{one.zh}\t{sentence(parse(one.document), 'zh')}{needs}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the language."""
    from recsys.segments.schema import schema as described

    o.show(described())


@app.command(hidden=True)
def clerk(data: o.Data = None, store: o.Store = "embedded") -> None:
    """Answer questions on standard input; the service runs this."""
    from features.home import Home
    from recsys.segments.clerk import run

    run(Home.from_option(data), store, sys.stdin, sys.stdout)
