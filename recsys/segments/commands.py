"""``huoren segment``: segments from the shell."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from recsys.segments.desk import Desk
    from recsys.segments.language import Condition

app = typer.Typer(help="Find, size, understand and hand over segments.", no_args_is_help=True)

DataOption = Annotated[
    Path | None, typer.Option("--data", envvar="HUOREN_HOME", help="The home of this installation.")
]
SegmentArgument = Annotated[
    str, typer.Argument(help="A file (YAML or JSON), - for standard input, or a saved segment.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
StoreOption = Annotated[
    str, typer.Option(envvar="HUOREN_STORE", help="embedded, or redis://host:6379/0.")
]
ControlOption = Annotated[float, typer.Option(help="Percent held back.")]
ProgrammeOption = Annotated[str, typer.Option(help="The campaign belongs to; none.")]


@app.command()
def estimate(
    segment: SegmentArgument, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Count a segment exactly and say it in words."""
    from features.clock import format_instant
    from recsys.segments import sizing

    with _desk(data) as desk:
        condition = _condition(desk, segment)
        found = sizing.size(desk, condition)
        words = sizing.spelled(condition)
        told = {
            "people": found.people, "told": found.told, "size_is_exact": True, "base": found.base,
            "share": found.share, "as_of": format_instant(found.as_of_us), "sentence": words,
            "sample": sizing.sample(desk, condition),
        }  # fmt: skip
    if as_json:
        _print(told)
        return
    typer.echo(f"{words['zh']}\n{words['en']}\n")
    share = "" if found.share is None else f", {found.share:.1%}"
    typer.echo(f"{found.told} of {found.base} people{share}; exact as of {told['as_of']}")


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="Of the segment.")],
    segment: SegmentArgument,
    data: DataOption = None,
    author: Annotated[str, typer.Option(help="Who saves it.")] = "",
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Keep a segment; every change of it is a new version."""
    import yaml

    from recsys.segments.parse import loads

    with _desk(data) as desk:
        text = _text(segment)
        loads(text)
        saved = desk.book.save(name, yaml.safe_load(text), author, note)
    typer.echo(f"segment {name}, version {saved.version}")


@app.command("list")
def list_segments(data: DataOption = None) -> None:
    """Name the saved segments."""
    from recsys.segments.words import sentence

    with _desk(data) as desk:
        for name in desk.book.names():
            saved = desk.book.get(name)
            typer.echo(f"{name}\tversion {saved.version}\t{sentence(saved.condition, 'zh')}")


@app.command()
def diff(
    name: Annotated[str, typer.Argument(help="Of the segment.")],
    old: Annotated[int, typer.Argument(help="A version.")],
    new: Annotated[int, typer.Argument(help="Another one.")],
    data: DataOption = None,
) -> None:
    """Show what changed between two versions."""
    with _desk(data) as desk:
        for line in desk.book.diff(name, old, new):
            typer.echo(line)


@app.command()
def delete(
    name: Annotated[str, typer.Argument(help="Of the segment.")], data: DataOption = None
) -> None:
    """Take a segment off, unless others are made of it."""
    with _desk(data) as desk:
        desk.book.delete(name)
    typer.echo(f"segment {name} is off; its versions stay on record")


@app.command()
def upload(
    name: Annotated[str, typer.Argument(help="Of the list.")],
    file: Annotated[Path, typer.Argument(help="One user id a line.", exists=True, dir_okay=False)],
    data: DataOption = None,
    mode: Annotated[str, typer.Option(help="replace, append or remove.")] = "replace",
) -> None:
    """Upload a list of people, and count who on it is known."""
    from features import columns as c

    with _desk(data) as desk:
        ids = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
        listed = desk.book.put_list(name, [one for one in ids if one], mode)
        strangers = 0
        if listed:
            rows = desk.ground.listed(name)
            found = desk.ask(rows.anti_join(desk.ground.people, c.USER).count().as_table())
            strangers = found.column(0)[0].as_py()
    typer.echo(f"list {name}: {listed} people, {strangers} of them strangers or not to be used")


@app.command()
def insight(segment: SegmentArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Tell what sets a segment apart from everybody."""
    from recsys.segments.insight import insight as compare

    with _desk(data) as desk:
        found = compare(desk, _condition(desk, segment))
    if found is None:
        typer.echo("too few people, in the segment or outside it, to tell of")
        return
    if as_json:
        _print(asdict(found))
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
def overlap(
    segments: Annotated[list[str], typer.Argument(help="Files or saved segments.")],
    data: DataOption = None,
) -> None:
    """Count the people that segments share, and all of them without double counting."""
    from recsys.segments import sizing

    with _desk(data) as desk:
        _print(sizing.overlap(desk, {one: _condition(desk, one) for one in segments}))


@app.command()
def why(
    segment: SegmentArgument,
    user_id: Annotated[str, typer.Argument(help="Who.")],
    data: DataOption = None,
) -> None:
    """Show which conditions a person fulfils."""
    from recsys.segments.why import why as judge

    with _desk(data) as desk:
        for one in judge(desk, _condition(desk, segment), user_id):
            got = "" if one.got is None else f"  [{one.got}]"
            typer.echo(f"{'  ' * one.depth}{'✓' if one.holds else '✗'} {one.zh}{got}")


@app.command()
def waterfall(
    segment: SegmentArgument,
    channel: Annotated[str, typer.Option(help="push, sms, wecom, oa or mini_program.")],
    data: DataOption = None,
    campaign: Annotated[str, typer.Option(help="Salts the control group.")] = "unnamed",
    control: ControlOption = 10.0,
    programme: ProgrammeOption = "",
    at: Annotated[str, typer.Option(help="When it is sent, ISO 8601 with zone; now.")] = "",
    store: StoreOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Count who is left after consent, reach, risk, caps and control."""
    told = _ask(
        data, store, "waterfall",
        {"segment": _given(segment), "channel": channel, "campaign": campaign,
         "control": control, "programme": programme, "at": at},
    )  # fmt: skip
    if as_json:
        _print(told)
        return
    typer.echo(f"{'<50' if told['segment'] is None else told['segment']} people in the segment")
    for one in told["steps"]:
        gone = "<50" if one["removed"] is None else one["removed"]
        typer.echo(f"  −{gone}\t{one['people']}\t{one['en']} ({one['zh']})")
    typer.echo(f"may be sent at {told['send_at']}; segment as of {told['as_of']}")


@app.command()
def silent(
    data: DataOption = None,
    days: Annotated[int, typer.Option(help="Without any act.")] = 30,
    channel: Annotated[str, typer.Option(help="Only people it reaches; any.")] = "",
    model: Annotated[str, typer.Option(help="uplift.CAMPAIGN or a goal; the best there is.")] = "",
    segment: Annotated[str, typer.Option(help="Only people of it: file or saved name.")] = "",
    k: Annotated[int, typer.Option(help="People listed.")] = 20,
    store: StoreOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """List who is asleep, reachable and persuadable, with the ties that could wake them."""
    given = {"days": days, "channel": channel, "model": model, "k": k}
    if segment:
        given["segment"] = _given(segment)
    told = _ask(data, store, "silent", given)
    if as_json:
        _print(told)
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

    _print(described())


@app.command()
def holdout(
    percent: Annotated[float, typer.Argument(help="0 to 50; 0 ends it.")],
    data: DataOption = None,
    programme: Annotated[str, typer.Option(help="Of campaigns; all campaigns.")] = "",
) -> None:
    """Hold a share of people out of every campaign, or of those of a programme."""
    with _desk(data) as desk:
        desk.book.hold_out(programme, percent)
    typer.echo(f"{percent:g} % are held out of {programme or 'every campaign'}")


@app.command()
def export(
    segment: SegmentArgument,
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx or .parquet to write.")],
    campaign: Annotated[str, typer.Option(help="What for; salts the control group.")],
    data: DataOption = None,
    destination: Annotated[
        str, typer.Option(help="plain, wecom, sms, push, oa, mini_program or ads.")
    ] = "plain",
    control: ControlOption = 10.0,
    programme: ProgrammeOption = "",
    tags: Annotated[str, typer.Option(help="Tags beside the id, with commas.")] = "",
    author: Annotated[str, typer.Option(help="Who exports.")] = "",
    assign: Annotated[
        bool, typer.Option(help="Write Campaign Assigned events, from which results are read.")
    ] = True,
    store: StoreOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Write the people of a segment who allow it, with a control group held back."""
    from features.store import open_ledger, open_store
    from recsys.segments import activation
    from recsys.segments.control import Holding

    with _desk(data) as desk:
        holding = Holding(campaign, control, programme, desk.book.holdouts())
        named = tuple(one for one in tags.split(",") if one)
        given = activation.Handover(segment, holding, destination, named, author)
        opened = open_store(desk.home, zone=desk.ground.zone, place=store)
        ledger = open_ledger(desk.home, place=store)
        try:
            done = activation.export(
                desk, opened, _condition(desk, segment), file, given, ledger, assigned=assign
            )
        finally:
            ledger.close()
            opened.close()
    if as_json:
        _print(asdict(done))
        return
    typer.echo(
        f"{done.path}: {done.target} to contact, {done.control} held back, {done.held_out} held "
        f"out, {done.capped} at a cap, {done.refused} of {done.members} do not allow it"
    )


@app.command(hidden=True)
def clerk(data: DataOption = None, store: StoreOption = "embedded") -> None:
    """Answer questions on standard input; the service runs this."""
    from features.home import Home
    from recsys.segments.clerk import run

    run(Home.from_option(data), store, sys.stdin, sys.stdout)


def _ask(data: Path | None, store: str, question: str, given: dict[str, Any]) -> dict[str, Any]:
    from features.store import open_ledger
    from recsys.segments.questions import Asker, ask

    with _desk(data) as desk:
        ledger = open_ledger(desk.home, place=store)
        try:
            return ask(Asker(desk, ledger), question, given)
        finally:
            ledger.close()


def _given(segment: str) -> Any:
    """A segment's document; its name where it is saved."""
    import yaml

    from recsys.segments.parse import loads

    if segment != "-" and not Path(segment).is_file():
        return segment
    text = _text(segment)
    loads(text)
    return yaml.safe_load(text)


@contextmanager
def _desk(data: Path | None) -> "Iterator[Desk]":
    from features.home import Home
    from recsys.segments.desk import open_desk

    with open_desk(Home.from_option(data)) as desk:
        yield desk


def _text(segment: str) -> str:
    return sys.stdin.read() if segment == "-" else Path(segment).read_text(encoding="utf-8")


def _condition(desk: "Desk", segment: str) -> "Condition":
    from recsys.segments.parse import loads
    from recsys.segments.questions import condition_of

    if segment == "-" or Path(segment).is_file():
        return loads(_text(segment))
    return condition_of(desk, segment)


def _print(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
