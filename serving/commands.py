"""The commands of the ``serving`` package."""

import typer

app = typer.Typer()
