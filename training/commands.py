"""The commands of the ``training`` package."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Directory the world is written to.")],
    users: Annotated[int | None, typer.Option(help="People; default the preset's.")] = None,
    items: Annotated[int | None, typer.Option(help="Items; default the preset's.")] = None,
    days: Annotated[int | None, typer.Option(help="Business days; default the preset's.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same world.")] = 1,
    preset: Annotated[str, typer.Option(help="demo or bench.")] = "demo",
    end: Annotated[
        str, typer.Option(help="Events stop one hour before this instant; default now.")
    ] = "",
    zone: Annotated[str, typer.Option(help="Business time zone; default the preset's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a social-commerce world whose truth is known."""
    from training.world.command import run

    run(
        out,
        users=users,
        items=items,
        days=days,
        seed=seed,
        preset=preset,
        end=end,
        zone=zone,
        as_json=as_json,
    )
