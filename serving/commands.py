"""The commands of the ``serving`` package."""

import os
from pathlib import Path
from typing import Annotated

import typer

from recsys.segments import commands as segments

app = typer.Typer()
app.add_typer(segments.app, name="segment")

DataOption = Annotated[
    Path | None, typer.Option("--data", envvar="HUOREN_HOME", help="The home of this installation.")
]


_ENVIRONMENT = ("HUOREN_KEY_RATE", "HUOREN_ORIGINS", "HUOREN_TRACES")
"""What ``serve`` reads from the environment without an option for it."""


@app.command()
def serve(
    data: DataOption = None,
    bundle: Annotated[
        str, typer.Option(help="champion (followed as it changes), a checksum, or a directory.")
    ] = "champion",
    workers: Annotated[int, typer.Option(help="Processes, one core each.")] = 1,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 chooses a free one.")] = 3000,
    at: Annotated[
        str | None, typer.Option(help="The service's clock starts here: ISO 8601 with a zone.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Keys file; without it only this machine may ask.")
    ] = None,
    store: Annotated[
        str, typer.Option(envvar="HUOREN_STORE", help="embedded, or redis://host:6379/0.")
    ] = "embedded",
    origin: Annotated[
        list[str] | None, typer.Option(help="A web page whose scripts may ask; repeat for more.")
    ] = None,
) -> None:
    """Answer over HTTP until SIGTERM."""
    from features.clock import now_us, parse_instant
    from features.home import Home
    from serving.running import run
    from serving.settings import Settings

    told = Settings.from_environment({
        name: os.environ[name] for name in _ENVIRONMENT if name in os.environ
    })
    settings = Settings(
        home=Home.from_option(data),
        bundle=str(Path(bundle).resolve()) if Path(bundle).is_dir() else bundle,
        host=host,
        port=port,
        workers=workers,
        clock_offset_us=parse_instant(at) - now_us() if at else 0,
        keys=keys.resolve() if keys else None,
        store=store,
        origins=tuple(origin or told.origins),
        limits=told.limits,
        traces=told.traces,
    )
    run(settings)


@app.command()
def key(
    scopes: Annotated[str, typer.Argument(help="app, marketer or admin; several with commas.")],
    name: Annotated[str, typer.Option(help="Whose key it is.")] = "",
) -> None:
    """Make a key for the service and the line of the keys file that lets it in."""
    from serving.guard import new_key

    secret, line = new_key(scopes, name)
    typer.echo(f"key, shown once:            {secret}")
    typer.echo(f"line for the keys file:     {line}")
