"""The command `footfall`: one module for each command."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import footfall
from footfall.cli.terminal import discard

COMMANDS: Final = {
    "run": "run an app, and show what it counts",
    "tail": "show what a collector sees, or an app writes, as it arrives",
    "collect": "run the local collector: one file, one page",
    "export": "write the collector's events as CSV, JSON lines or Parquet, or for Plausible",
    "import": "write the past of an access log into a collector's file",
    "forward": "send the events of a collector's file to a vendor that takes their times",
    "explain": "show what one request would be counted as, and why",
    "check": "check an app's settings, and whether its events can arrive",
    "goals": "make the goals that Plausible needs to show an app's events",
    "mcp": "let an AI agent read numbers, hits and settings",
    "relay": "deliver what web processes have put into a shared queue, and account for it",
    "completion": "let a shell complete commands and options",
    "demo": "see it work: a small site, the middleware, the collector",
}

# As a shell says that SIGINT ended a command.
_INTERRUPTED: Final = 130

# No module can have the name of a keyword.
_MODULES: Final = {"import": "import_log"}


def main(argv: Sequence[str] | None = None, *, app: object = None) -> int:
    """Run a command.

    Args:
        argv: The arguments; by default those of this process.
        app: The app whose settings `check` and `explain` read, where a framework has loaded it.

    Returns:
        The exit code: 0 if all is well, 1 if not, 2 for wrong usage, 130 after Ctrl-C where the
        command does not end with that.
    """
    try:
        # Loads every command, which takes a moment.
        parser = make_parser(app)
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help(sys.stderr)
            return 2
        code: int = arguments.run(arguments)
        # An error of the output comes here, and not at the exit.
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough, as `head` has.
        discard(sys.stdout)
        return 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def make_parser(app: object = None) -> argparse.ArgumentParser:
    """The parser of all commands; `app` is that of `main`."""
    parser = _CommandParser(
        prog="footfall", description="Server-side web analytics for WSGI and ASGI apps."
    )
    parser.add_argument("--version", action="version", version=f"footfall {footfall.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, help_text in COMMANDS.items():
        module = command_module(name)
        command = commands.add_parser(
            name,
            help=help_text,
            description=module.HELP,
            epilog=_exit_codes(module.EXIT_CODES),
            formatter_class=_HelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, app_object=app)
    return parser


def command_module(name: str) -> Any:
    """The module of a command."""
    return import_module(f"footfall.cli.{_MODULES.get(name, name)}")


def _exit_codes(meanings: Mapping[int, str]) -> str:
    return "\n".join(["exit codes:", *(f"  {code}  {text}" for code, text in meanings.items())])


class _HelpFormatter(argparse.HelpFormatter):
    """Keeps the lines of a text that has several."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class _CommandParser(argparse.ArgumentParser):
    """A parser that names the nearest of its options for one that it does not have.

    Each command has its own, so that the usage in front of the error is the command's.
    """

    _is_intermixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, rest = self._parse(args, namespace)
        # Without their values, which may be secrets. A dash alone is standard input.
        unknown = [each.partition("=")[0] for each in rest if each[:1] == "-" != each]
        if unknown:
            self.error("; ".join(map(self._unknown, unknown)))
        return found, rest

    def _parse(self, args: Any, namespace: Any) -> Any:
        """Let options stand between the words of a list: `relay dead --show QUEUE`."""
        # It calls `parse_known_args` itself, and refuses the arguments of `run` and `goals`.
        has_list = any(each.nargs in ("*", "+") for each in self._get_positional_actions())
        if not has_list or self._is_intermixing:
            return super().parse_known_args(args, namespace)
        self._is_intermixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_intermixing = False

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Name the nearest of the choices for one that there is not: a command, an action."""
        if action.choices is not None and value not in action.choices:
            known = [str(each) for each in action.choices]
            near = difflib.get_close_matches(str(value), known, n=1)
            what = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
            text = f"did you mean {near[0]}?" if near else f"there is: {', '.join(known)}"
            raise argparse.ArgumentError(
                None if what == "command" else action, f"no such {what}: {value}; {text}"
            )

    def _unknown(self, option: str) -> str:
        near = difflib.get_close_matches(option, self._option_string_actions, n=1)
        return f"no such option: {option}" + (f", did you mean {near[0]}?" if near else "")
