"""`flask footfall COMMAND`: the command `footfall`, with the settings of the app."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from footfall.cli import main

__all__ = ["footfall"]


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    help="Check, explain and watch what footfall counts; the same as `footfall COMMAND`.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def footfall(arguments: tuple[str, ...]) -> None:
    """Hand all arguments to the command `footfall`, which parses them itself."""
    sys.exit(main(arguments, app=current_app._get_current_object()))  # type: ignore[attr-defined]  # the app itself, not its proxy
