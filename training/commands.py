"""The commands of the ``training`` package."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training import trials
from training.bench import commands as bench

if TYPE_CHECKING:
    from training.champion import Champion

app = typer.Typer()
app.add_typer(bench.app, name="bench")
app.add_typer(trials.app, name="experiment")

DataOption = Annotated[
    Path | None, typer.Option("--data", envvar="HUOREN_HOME", help="The home of this installation.")
]


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Directory the world is written to.")],
    users: Annotated[int | None, typer.Option(help="People; default the preset's.")] = None,
    items: Annotated[int | None, typer.Option(help="Items; default the preset's.")] = None,
    days: Annotated[int | None, typer.Option(help="Business days; default the preset's.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same world.")] = 1,
    preset: Annotated[str, typer.Option(help="demo, bench or fraud.")] = "demo",
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


@app.command()
def load(
    name: Annotated[str, typer.Argument(help="alibaba, ciao, complete-journey or taobao-share.")],
    path: Annotated[Path, typer.Argument(help="The folder that holds the set.")],
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bring a public data set into canonical tables."""
    from features.home import Home
    from features.ingest.run import ingest_table
    from training import loaders

    home = Home.from_option(data)
    tables = loaders.load(name, path)
    reports = [ingest_table(rows, table, home, source=name) for table, rows in tables.items()]
    if as_json:
        typer.echo(json.dumps({"reports": [asdict(report) for report in reports]}))
        return
    for one in reports:
        typer.echo(
            f"{one.table}: {one.rows:,} rows, {one.kept:,} kept, {one.duplicate:,} duplicate, "
            f"{one.quarantined:,} quarantined"
        )


@app.command()
def train(
    data: DataOption = None,
    config: Annotated[Path | None, typer.Option(help="TOML; see --print-config.")] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print every setting and stop.")
    ] = False,
    until: Annotated[
        str, typer.Option(help="Stop after this step; later calls take its outputs up.")
    ] = "",
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Go on from the bundle in service instead: new sources, "
            "some more trees. Every day; a full run now and then.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Learn from the history: examples, models, evaluation, bundle, MLflow run."""
    from features.errors import InputError
    from features.home import Home
    from training import config as settings
    from training import job

    chosen = settings.read(config)
    if print_config:
        typer.echo(settings.to_toml(chosen))
        return
    if refresh:
        if config is not None or until:
            raise InputError(
                "a refresh keeps the settings of the bundle it goes on from",
                next_step="leave --config and --until out, or train in full",
            )
        job.show(job.refresh(Home.from_option(data)), as_json=as_json)
        return
    if until:
        job.show_steps(job.until(Home.from_option(data), chosen, until), as_json=as_json)
        return
    job.show(job.run(Home.from_option(data), chosen), as_json=as_json)


@app.command()
def tune(
    data: DataOption = None,
    config: Annotated[Path | None, typer.Option(help="TOML where the search begins.")] = None,
    space: Annotated[
        Path | None, typer.Option(help="TOML of what is searched; default training/space.toml.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="No trial begins afterwards.")] = 30.0,
    trials: Annotated[int | None, typer.Option(help="At most so many by this process.")] = None,
    storage: Annotated[
        str, typer.Option(help="Database URL; default optuna.db beside MLflow's.")
    ] = "",
    study: Annotated[str, typer.Option(help="One that exists is gone on with.")] = "huoren",
    out: Annotated[Path | None, typer.Option(help="Write the best settings there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Search for settings; several processes may search in one study."""
    from features.home import Home, optuna_uri
    from training import config as settings
    from training import job
    from training import tune as tuning

    begin, spans, where = settings.read(config), tuning.space(space), storage or optuna_uri()
    with job.progress() as notice:
        found = tuning.tune(
            Home.from_option(data), begin, spans, where, minutes, trials, study, notice
        )
    if out is not None:
        out.write_text(settings.to_toml(found.config) + "\n")
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(settings.to_toml(found.config))
    typer.echo(
        f"# NDCG@20 on the validation rows {found.ndcg:.4f}, before {found.before:.4f}; "
        f"{found.trials} trials, {found.pruned} given up early",
        err=True,
    )


@app.command()
def evaluate(
    data: DataOption = None,
    bundle: Annotated[
        str, typer.Option(help="A bundle's directory or checksum; default the newest.")
    ] = "",
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge a bundle on days it did not learn from; write the HTML report."""
    from features.home import Home
    from training import judge

    judge.show(judge.run(Home.from_option(data), bundle, report), as_json=as_json)


@app.command()
def score(
    model: Annotated[
        str,
        typer.Argument(
            help="A goal (ready-to-buy, repurchase, churn, …) or its TOML file, or the effect of a "
            "past campaign: uplift.CAMPAIGN."
        ),
    ],
    data: DataOption = None,
    users: Annotated[
        Path | None, typer.Option(help="Only these people: a file with one id on each line.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the scores there too, as CSV or Parquet.")
    ] = None,
    at: Annotated[str, typer.Option(help="As of this instant, ISO 8601 with zone.")] = "",
    outcome: Annotated[
        str, typer.Option(help="Of uplift: the event that is wanted.")
    ] = "Order Completed",
    days: Annotated[float, typer.Option(help="Of uplift: how long after it counts.")] = 14.0,
    budget: Annotated[
        float | None, typer.Option(help="Of uplift: what may be spent; prints a plan.")
    ] = None,
    cost: Annotated[float, typer.Option(help="Of uplift: for each person treated.")] = 1.0,
    zone: Annotated[str, typer.Option(help="Business time zone.")] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict who will do what, or whom a treatment changes: fit, check, score a cohort."""
    from rich.console import Console

    from features.clock import BusinessZone, parse_instant
    from features.home import Home
    from training import score as scoring

    at_us = parse_instant(at) if at else None
    offer = scoring.Offer(outcome, days, budget, cost)
    job = scoring.run(Home.from_option(data), model, users, at_us, BusinessZone(zone), offer)
    if out is not None:
        scoring.save(job.rows, out)
    scoring.show(job, Console(soft_wrap=as_json), as_json=as_json)


@app.command()
def lookalike(
    seed: Annotated[
        str, typer.Argument(help="A saved segment, its file, or a .txt or .csv of ids.")
    ],
    name: Annotated[str, typer.Option(help="The scores become lookalike.NAME.")],
    data: DataOption = None,
    least: Annotated[int, typer.Option(help="People that the seed needs.")] = 500,
    number: Annotated[int, typer.Option("--seed", help="Same seed, same samples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find people like those of a seed; judge it on held-out seeds and a placebo."""
    from features.home import Home
    from features.progress import tell
    from training.lookalike import command

    ask = command.Ask(seed, name, least, number)
    told = command.run(Home.from_option(data), ask, tell)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        command.show(told, typer.echo)


@app.command()
def audience(
    item_id: Annotated[str, typer.Argument(help="The item; left out with --fit.")] = "",
    data: DataOption = None,
    fit: Annotated[bool, typer.Option("--fit", help="Learn who takes an item, first.")] = False,
    k: Annotated[int, typer.Option("-k", help="People listed.")] = 20,
    channel: Annotated[
        str, typer.Option(help="Only whom it reaches: push, sms, wecom, oa, mini_program.")
    ] = "",
    store: Annotated[
        str, typer.Option(envvar="HUOREN_STORE", help="embedded, or redis://host:6379/0.")
    ] = "embedded",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Rank everybody for an item: the feed turned round."""
    from features.errors import InputError
    from features.home import Home
    from training import audience as learning

    if not fit and not item_id:
        raise InputError("nothing to do", expected="an item, or --fit")
    told = learning.run(Home.from_option(data), item_id, k, channel, store, fitting=fit)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        learning.show(told, typer.echo)


@app.command()
def demo(
    source: Annotated[str, typer.Option(help="simulated, or a set that load knows.")] = "simulated",
    path: Annotated[Path | None, typer.Option(help="The folder of the public set.")] = None,
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("build/demo"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the service running until Ctrl-C.")
    ] = False,
    users: Annotated[int | None, typer.Option(help="People of the simulated world.")] = None,
    items: Annotated[int | None, typer.Option(help="Items of the simulated world.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of the simulated world.")] = None,
) -> None:
    """Go the whole way in one command, and show what comes out."""
    from training.demo.run import run

    given = {"users": users, "items": items, "days": days}
    size = {name: count for name, count in given.items() if count is not None}
    run(source, path, out, keep=keep, size=size)


@app.command()
def promote(
    ref: Annotated[
        str, typer.Argument(help="A bundle's directory, checksum, registered alias or number.")
    ] = "challenger",
    data: DataOption = None,
    gates: Annotated[
        Path | None, typer.Option(help="TOML of thresholds; what it leaves out has its default.")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason, for the history.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put a bundle into service, if every gate holds."""
    from features.home import Home
    from training import gates as thresholds
    from training import promote as promotion
    from training.tracking import Tracking

    home, asked = Home.from_option(data), thresholds.read(gates)
    champion, verdicts = promotion.promote(home, ref, Tracking.connect(), asked, why=why)
    for verdict in [] if as_json else verdicts:
        typer.echo(verdict)
    _say_champion(champion, as_json=as_json, gates=[asdict(verdict) for verdict in verdicts])


@app.command()
def rollback(
    data: DataOption = None,
    why: Annotated[str, typer.Option(help="The reason, for the history.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put the previous champion back into service, with or without the tracking server."""
    from features.errors import TrackingError
    from features.home import Home
    from training import promote as promotion
    from training.tracking import Tracking

    home = Home.from_option(data)
    champion = promotion.rollback(home, why=why)
    _say_champion(champion, as_json=as_json)
    try:
        promotion.name_champion(home, Tracking.connect(), champion.sha)
    except TrackingError as error:
        typer.echo(f"the alias `champion` still names the other bundle: {error}", err=True)


@app.command()
def promotions(
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell who put which bundle into service, when and why, oldest first."""
    from features.home import Home
    from training import champion

    changes = champion.history(Home.from_option(data))
    if as_json:
        typer.echo(json.dumps({"promotions": changes}, ensure_ascii=False))
        return
    for one in changes:
        why = f": {one['why']}" if one.get("why") else ""
        said = f"{one['promoted_at']}  {one['action']}  {one['sha'][:12]}"
        typer.echo(f"{said}  by {one.get('by', 'unknown')}{why}")


def _say_champion(champion: "Champion", *, as_json: bool, **more: object) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(champion) | more))
        return
    before = champion.previous[:12] if champion.previous else "none"
    typer.echo(f"champion {champion.sha[:12]}, before it {before}")
