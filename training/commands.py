"""The commands of the ``training`` package."""

import typer

app = typer.Typer()
