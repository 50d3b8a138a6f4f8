"""What the commands about segments share: options, the desk, reading a segment, printing."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from recsys.segments.desk import Desk
    from recsys.segments.language import Condition

Data = Annotated[
    Path | None, typer.Option("--data", envvar="HUOREN_HOME", help="The home of this installation.")
]
Segment = Annotated[
    str, typer.Argument(help="A file (YAML or JSON), - for standard input, or a saved segment.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Store = Annotated[
    str, typer.Option(envvar="HUOREN_STORE", help="embedded, or redis://host:6379/0.")
]
Control = Annotated[float, typer.Option(help="Percent held back.")]
Programme = Annotated[str, typer.Option(help="The campaign belongs to; none.")]


@contextmanager
def desk_of(data: Path | None) -> "Iterator[Desk]":
    """The desk of a home."""
    from features.home import Home
    from recsys.segments.desk import open_desk

    with open_desk(Home.from_option(data)) as desk:
        yield desk


def answer(data: Path | None, store: str, question: str, given: dict[str, Any]) -> dict[str, Any]:
    """Ask a question of ``recsys.segments.questions``."""
    from features.store import open_ledger
    from recsys.segments.questions import Asker, ask

    with desk_of(data) as desk:
        ledger = open_ledger(desk.home, place=store)
        try:
            return ask(Asker(desk, ledger), question, given)
        finally:
            ledger.close()


def document(segment: str) -> Any:
    """A segment's document; its name where it is saved."""
    import yaml

    from recsys.segments.parse import loads

    if segment != "-" and not Path(segment).is_file():
        return segment
    told = text(segment)
    loads(told)
    return yaml.safe_load(told)


def text(segment: str) -> str:
    """What a file, or standard input, says."""
    return sys.stdin.read() if segment == "-" else Path(segment).read_text(encoding="utf-8")


def condition(desk: "Desk", segment: str) -> "Condition":
    """A segment by file or name."""
    from recsys.segments.parse import loads
    from recsys.segments.questions import condition_of

    if segment == "-" or Path(segment).is_file():
        return loads(text(segment))
    return condition_of(desk, segment)


def show(told: Any) -> None:
    """Print JSON."""
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
