"""The ``huoren`` command: collects the commands that each package registers.

A package lists a ``typer.Typer`` in the entry-point group ``huoren.commands``; nothing here knows
which packages exist, so no arrow goes up. Command modules import what they need inside the command.

Exit codes: 0 done; 1 a defect of ours; 2 wrong usage; 3 the input was refused; 4 an earlier command
has not been run; 5 a gate refused; 6 a bundle, the store or the tracking server cannot be used;
7 a training run knows the future; 130 interrupted.
"""

import sys
from importlib.metadata import entry_points

import typer

from features import errors

EXIT_CODES: dict[type[errors.HuorenError], int] = {
    errors.InputError: 3,
    errors.MissingStep: 4,
    errors.GateRefused: 5,
    errors.BundleError: 6,
    errors.StoreError: 6,
    errors.TrackingError: 6,
    errors.DeliveryError: 6,
    errors.LeakageError: 7,
}
"""Exit code by error class; a subclass has its parent's."""


def build() -> typer.Typer:
    """Gather every registered command into one application."""
    app = typer.Typer(
        name="huoren",
        help="货人: goods find people. Every command takes --data DIR (or HUOREN_HOME).",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for entry in sorted(entry_points(group="huoren.commands"), key=lambda point: point.name):
        part: typer.Typer = entry.load()
        app.registered_commands += part.registered_commands
        app.registered_groups += part.registered_groups
    return app


def main() -> None:
    """Run the command line; an error of ours becomes one line and an exit code."""
    try:
        build()(standalone_mode=True)
    except errors.HuorenError as error:
        sys.stderr.write(f"huoren: {error}\n")
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.stderr.write("huoren: interrupted; every command can be run again\n")
        sys.exit(130)


def exit_code(error: errors.HuorenError) -> int:
    """Exit code of an error.

    Examples
    --------
    >>> exit_code(errors.FileRefused("empty file")), exit_code(errors.DeclarationError("x"))
    (3, 1)
    """
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)
