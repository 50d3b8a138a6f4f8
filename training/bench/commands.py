"""``huoren bench NAME``: one command for each measurement."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Measure; figures stand beside what one would otherwise use.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def choose() -> None:
    """Measure; figures stand beside what one would otherwise use."""


@app.command()
def features(
    events: Annotated[
        list[int] | None,
        typer.Option(help="Rows of the history that is made up; repeat. Default: 1 M and 5 M."),
    ] = None,
    slope: Annotated[
        bool, typer.Option("--slope", help="1, 5, 20 and 50 M events: takes half an hour.")
    ] = False,
    method: Annotated[
        list[str] | None,
        typer.Option(help="huoren, hand_written_sql, job, spark, online; repeat. Default: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute every counter: declared, by hand, on Spark, and event by event."""
    from training.bench import report
    from training.bench.features.run import SIZES, SLOPE, rows

    sizes = SLOPE if slope else tuple(events or SIZES)
    report.show(report.measured("features", lambda: list(rows(sizes, method))), as_json=as_json)


@app.command()
def train(
    events: Annotated[
        list[int] | None,
        typer.Option(help="Events of the history that is made up; repeat. Default: 1 M."),
    ] = None,
    slope: Annotated[bool, typer.Option("--slope", help="1, 3 and 10 M events.")] = False,
    as_json: Json = False,
) -> None:
    """Train with the default settings, step by step, beside the bare engines."""
    from training.bench import report
    from training.bench.train.run import SIZES, SLOPE, rows

    sizes = SLOPE if slope else tuple(events or SIZES)
    report.show(report.measured("train", lambda: list(rows(sizes))), as_json=as_json)


@app.command()
def events(
    workers: Annotated[int, typer.Option(help="Processes of the service.")] = 2,
    seconds: Annotated[float, typer.Option(help="Of each stage.")] = 10.0,
    as_json: Json = False,
) -> None:
    """Send events over HTTP: how many are taken, and how soon every worker knows them."""
    from training.bench import report
    from training.bench.events.run import rows

    report.show(report.measured("events", lambda: list(rows(workers, seconds))), as_json=as_json)


@app.command()
def feed(
    items: Annotated[int, typer.Option(help="Items of the shop that is made up.")] = 100_000,
    users: Annotated[int, typer.Option(help="People of it.")] = 2_000,
    seconds: Annotated[float, typer.Option(help="Of each load on each service.")] = 10.0,
    as_json: Json = False,
) -> None:
    """Answer feeds over HTTP: this service, what one writes first, a careful one, the floor."""
    from training.bench import report
    from training.bench.feed.run import rows

    report.show(report.measured("feed", lambda: list(rows(items, users, seconds))), as_json=as_json)


@app.command()
def accuracy(
    train: Annotated[Path | None, typer.Option(help="Parquet with user, item.")] = None,
    test: Annotated[Path | None, typer.Option(help="Parquet with user, item.")] = None,
    valid: Annotated[Path | None, typer.Option(help="Chooses; default: cut from train.")] = None,
    links: Annotated[Path | None, typer.Option(help="Parquet with user, friend.")] = None,
    influence: Annotated[
        Path | None, typer.Option(help="Parquet with user, friend, item: strengthens links.")
    ] = None,
    suite: Annotated[
        bool, typer.Option("--suite", help="The named sets instead of files.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help="Sets of the suite; repeat.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="Families to blend; repeat. Default: all.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Published models at their settings, nothing searched.")
    ] = False,
    peers: Annotated[
        bool, typer.Option("--peers", help="Other libraries' models too, searched alike.")
    ] = False,
    k: Annotated[str, typer.Option(help="Depths of the measures.")] = "10,20,40",
    minutes: Annotated[float, typer.Option(help="For each set, about.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Same seed, same draws.")] = 0,
    as_json: Json = False,
) -> None:
    """Search, fit, blend and test retrieval models on interactions, with ties and without."""
    from training.bench import report
    from training.bench.accuracy import command

    files = command.files(train, test, valid, links, influence, suite=suite)
    depths = command.depths(k)
    measure = partial(
        command.rows, files, only, minutes, depths, seed, method, again=again, peers=peers
    )
    report.show(report.measured("accuracy", lambda: list(measure())), as_json=as_json)


@app.command()
def segments(
    users: Annotated[int, typer.Option(help="People with portraits.")] = 1_000_000,
    events: Annotated[int, typer.Option(help="What they did within 90 days.")] = 50_000_000,
    keep: Annotated[
        Path | None, typer.Option(help="Make the home there, or measure on the one made there.")
    ] = None,
    generate: Annotated[
        bool, typer.Option("--generate", help="With --keep: make the home and stop.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Count segments exactly: by tags, by what people did, by whom they are tied to."""
    from training.bench import report
    from training.bench.segments.run import made, rows

    if generate and keep:
        made(keep, users, events)
        return
    report.show(
        report.measured("segments", lambda: list(rows(users, events, keep))), as_json=as_json
    )


@app.command()
def goals(
    path: Annotated[Path, typer.Argument(help="The folder of the set.")],
    source: Annotated[str, typer.Option(help="A set that load knows.")] = "complete-journey",
    goal: Annotated[
        list[str] | None, typer.Option(help="repurchase, churn, …, coupon; repeat.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Foretell who does something within a window, beside simple orders."""
    from training.bench import report
    from training.bench.goals.run import rows

    names = tuple(goal or ("repurchase", "repurchase.COFFEE", "coupon"))
    report.show(report.measured("goals", lambda: list(rows(source, path, names))), as_json=as_json)


@app.command()
def uplift(
    table: Annotated[
        Path | None, typer.Option(help="The trial, a row for each person: Parquet or CSV.")
    ] = None,
    treatment: Annotated[str, typer.Option(help="Column of the arm.")] = "",
    control: Annotated[str, typer.Option(help="Value of the untreated arm.")] = "",
    outcome: Annotated[
        str, typer.Option(help="Column to change; of several, with commas, the first.")
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--features", help="Columns known before, with commas or repeated."),
    ] = None,
    propensity: Annotated[
        str, typer.Option(help="Column of the chance of being treated; default the same for all.")
    ] = "",
    effect: Annotated[str, typer.Option(help="Column of the true effect, if simulated.")] = "",
    treated_at: Annotated[str, typer.Option(help="Column of the instant of assignment.")] = "",
    outcome_at: Annotated[str, typer.Option(help="Column of the instant of the outcome.")] = "",
    world: Annotated[
        int | None, typer.Option(help="Instead of a table: simulated worlds, so many.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Random splits into 70 % and 30 %.")] = 20,
    as_json: Json = False,
) -> None:
    """Order people by what a treatment changes: ours, single learners, lots, a placebo."""
    from training.bench.uplift import asked

    asked.run(
        asked.Asked(
            table, treatment, control, outcome, tuple(columns or ()), propensity, effect,
            treated_at, outcome_at,
        ),
        worlds=world,
        seeds=seeds,
        as_json=as_json,
    )  # fmt: skip


@app.command()
def predictions(
    orders: Annotated[Path, typer.Option(help="Orders of a shop: Parquet or CSV.")],
    customer: Annotated[str, typer.Option(help="Column of the customer.")] = "customer",
    day: Annotated[str, typer.Option("--date", help="Column of the date.")] = "date",
    amount: Annotated[str, typer.Option(help="Column of the money of a row.")] = "",
    quantity: Annotated[str, typer.Option(help="Instead of it, with --price.")] = "",
    price: Annotated[str, typer.Option(help="Instead of it, with --quantity.")] = "",
    cut: Annotated[
        str, typer.Option(help="First day foretold, as 1997-10-01; default the middle.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Foretell what customers will bring: BG/NBD with Gamma-Gamma, simple guesses, trees."""
    from datetime import date

    from features.errors import InputError
    from training.bench import report
    from training.bench.predictions.orders import Named, Orders
    from training.bench.predictions.run import rows

    try:
        first = (date.fromisoformat(cut) - date(1970, 1, 1)).days if cut else None
    except ValueError:
        raise InputError("no day", expected="--cut 1997-10-01", got=cut) from None
    named = Named(customer, day, amount, quantity, price)
    report.show(
        report.measured("predictions", lambda: list(rows(Orders.read(orders, named), first))),
        as_json=as_json,
    )


@app.command()
def sharing(
    shares: Annotated[
        Path, typer.Option(help="Parquet or CSV: inviter_id, item_id, voter_id, timestamp.")
    ],
    test_from: Annotated[
        str, typer.Option(help="Where the test begins: 2022-09-07, or an instant with its zone.")
    ],
    users: Annotated[Path | None, typer.Option(help="Attributes of people.")] = None,
    items: Annotated[Path | None, typer.Option(help="Category, brand, shop of items.")] = None,
    as_json: Json = False,
) -> None:
    """Name who will open a share, beside counting former openers."""
    from training.bench import report
    from training.bench.sharing.run import rows
    from training.bench.sharing.tables import instant

    at_us = instant(test_from)
    report.show(
        report.measured("sharing", lambda: list(rows(shares, users, items, at_us))),
        as_json=as_json,
    )


@app.command()
def groupbuy(
    succeeded: Annotated[Path, typer.Option(help="Parquet: initiator, item, participants.")],
    failed: Annotated[Path, typer.Option(help="Parquet: initiator, item.")],
    method: Annotated[
        list[str] | None, typer.Option(help="popularity, als, ease; repeat. Default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name the item that a group will fill for, and say whether a group fills."""
    from training.bench import report
    from training.bench.groupbuy.run import rows

    chosen = tuple(method) if method else None
    report.show(
        report.measured("groupbuy", lambda: list(rows(succeeded, failed, chosen))),
        as_json=as_json,
    )


@app.command()
def portraits(
    users: Annotated[int, typer.Option(help="People of the simulated world.")] = 3_000,
    speed_users: Annotated[int, typer.Option(help="People for whom tags are timed.")] = 100_000,
    method: Annotated[
        list[str] | None,
        typer.Option(help="truth, halves, coverage, speed; repeat. Default: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tags against planted truth and against a later half year; how full, how fast."""
    from training.bench import report
    from training.bench.portraits.run import rows

    found = report.measured("portraits", lambda: list(rows(users, speed_users, method)))
    report.show(found, as_json=as_json)


@app.command()
def ties(
    seed: Annotated[int, typer.Option(help="Of the simulated worlds.")] = 1,
    as_json: Json = False,
) -> None:
    """Foretell who meets whom, find communities, and find planted fakes."""
    from training.bench import report
    from training.bench.ties.run import rows

    report.show(report.measured("ties", lambda: list(rows(seed))), as_json=as_json)


@app.command("feed-quality")
def feed_quality(
    source: Annotated[
        str, typer.Option(help="ciao, alibaba-e-commerce, complete-journey or simulated.")
    ] = "simulated",
    path: Annotated[
        Path | None, typer.Option(help="The folder of the set; of a simulated world.")
    ] = None,
    queries: Annotated[int, typer.Option(help="People asked in each window at most.")] = 2_000,
    config: Annotated[Path | None, typer.Option(help="TOML, as for train.")] = None,
    as_json: Json = False,
) -> None:
    """Rank the last days of a set: the feed beside popularity, single sources, a blend."""
    from dataclasses import replace

    from training import config as settings
    from training.bench import report
    from training.bench.feed_quality.run import rows

    chosen = replace(settings.read(config), queries=queries)
    found = report.measured("feed-quality", lambda: list(rows(source, path, chosen)))
    report.show(found, as_json=as_json)


@app.command()
def refresh(
    source: Annotated[
        str, typer.Option(help="ciao, alibaba-e-commerce, complete-journey or simulated.")
    ] = "simulated",
    path: Annotated[
        Path | None, typer.Option(help="The folder of the set; of a simulated world.")
    ] = None,
    periods: Annotated[int, typer.Option(help="At the end of the history.")] = 10,
    days: Annotated[int, typer.Option(help="Of each period.")] = 2,
    config: Annotated[Path | None, typer.Option(help="TOML, as for train.")] = None,
    as_json: Json = False,
) -> None:
    """Refresh a bundle every few days, train anew, or leave it: who names what people take next."""
    from training import config as settings
    from training.bench import report
    from training.bench.refresh.run import rows

    chosen = settings.read(config)
    found = report.measured("refresh", lambda: list(rows(source, path, chosen, periods, days)))
    report.show(found, as_json=as_json)
