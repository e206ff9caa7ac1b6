"""The command `footfall`: one module for each command."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import footfall

COMMANDS: Final = {
    "collect": "run the local collector: one file, one page",
    "export": "write the collector's events as CSV, JSON lines or Parquet",
    "explain": "show what one request would be counted as, and why",
    "check": "send one event to each destination, and report the outcome",
    "goals": "make the goals that Plausible needs to show an app's events",
    "relay": "deliver what web processes have put into a shared queue, and account for it",
    "demo": "see it work: a small site, the middleware, the collector",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 if all is well, 1 if not, 2 for wrong usage."""
    parser = _CommandParser(
        prog="footfall", description="Server-side web analytics for WSGI and ASGI apps."
    )
    parser.add_argument("--version", action="version", version=f"footfall {footfall.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, help_text in COMMANDS.items():
        module = import_module(f"footfall.cli.{name}")
        command = commands.add_parser(name, help=help_text, description=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return 2
    code: int = arguments.run(arguments)
    return code


class _CommandParser(argparse.ArgumentParser):
    """A parser that names the nearest of its options for one that it does not have.

    Each command has its own, so that the usage in front of the error is the command's.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, rest = super().parse_known_args(args, namespace)
        # Without their values, which may be secrets.
        unknown = [each.partition("=")[0] for each in rest if each.startswith("-")]
        if unknown:
            self.error("; ".join(map(self._unknown, unknown)))
        return found, rest

    def _unknown(self, option: str) -> str:
        near = difflib.get_close_matches(option, self._option_string_actions, n=1)
        return f"no such option: {option}" + (f", did you mean {near[0]}?" if near else "")
