"""The commands of the ``features`` package."""

import typer

app = typer.Typer()
