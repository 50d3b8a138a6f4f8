"""``huoren experiment``: read campaigns and experiments, and plan them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Read what a campaign changed; plan the next.", no_args_is_help=True)


@app.command()
def readout(
    campaign: Annotated[str, typer.Argument(help="Of the Campaign Assigned events.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", envvar="HUOREN_HOME", help="The home of this installation."),
    ] = None,
    event: Annotated[str, typer.Option(help="What was hoped for.")] = "Order Completed",
    days: Annotated[int, typer.Option(help="Days that each person is watched.")] = 14,
    control: Annotated[str, typer.Option(help="The arm the others are compared with.")] = "control",
    shares: Annotated[
        str, typer.Option(help="Planned shares, such as control=10,offer=90; default equal.")
    ] = "",
    at: Annotated[
        str | None, typer.Option(help="Only events before: ISO 8601 with a zone.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare the arms of a campaign: lift with intervals, guardrails, sample ratio."""
    from features.clock import now_us, parse_instant
    from features.home import Home
    from training import experiments

    told = experiments.readout(
        Home.from_option(data), campaign, at_us=parse_instant(at) if at else now_us(), event=event,
        days=days, control=control, shares=_shares(shares),
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(asdict(told), ensure_ascii=False))
        return
    typer.echo(", ".join(f"{arm} {count:,}" for arm, count in told.people.items()))
    for one in (*told.effects, *told.guardrails):
        relative = "" if one.relative is None else f" ({one.relative:+.1%})"
        typer.echo(
            f"{one.arm}: {one.metric} {one.control:.4g} → {one.treatment:.4g}{relative}, "
            f"lift {one.low:.4g} to {one.high:.4g}, p {one.p:.2g}"
        )
    for warning in told.warnings:
        typer.echo(f"warning: {warning}")


@app.command()
def size(
    rate: Annotated[float, typer.Argument(help="Share of people who do it anyway, 0 to 1.")],
    lift: Annotated[float, typer.Argument(help="Relative lift to see, such as 0.1.")],
    power: Annotated[float, typer.Option(help="Chance to see it.")] = 0.8,
) -> None:
    """Tell how many people an experiment needs."""
    from recsys.experiments import people_needed

    typer.echo(f"{people_needed(rate, lift, power):,} people in each arm")


def _shares(text: str) -> dict[str, float] | None:
    from features.errors import InputError

    if not text:
        return None
    try:
        return {arm: float(share) for arm, share in (one.split("=") for one in text.split(","))}
    except ValueError as error:
        raise InputError("no shares", expected="arm=percent,arm=percent", got=text) from error
