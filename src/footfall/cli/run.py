"""`footfall run`: runs an app with a collector, and shows what it counts."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.live_feed import POLL_SECONDS, Lines, LiveFeed, collector_client
from footfall.cli.terminal import complain
from footfall.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from footfall.collector import CollectorServer

HELP: Final = (
    "Start a collector on this machine, run COMMAND with its events going there, whatever its own "
    "settings say, and show each page that it counts or does not count. The events are gone at the "
    "end, unless --database keeps them. Signals go to COMMAND."
)
EXIT_CODES: Final = {
    0: "COMMAND ended with 0",
    1: "COMMAND ended with 1; any other of its codes is passed on, 128 + N for a signal N",
    2: "it could not start, or COMMAND ended with 2",
}

_USAGE = 2
# As a shell says it.
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126

_PORT: Final = 8321
# The app's own settings may name a vendor; at this desk nothing goes there.
_VARIABLES: Final = {
    "FOOTFALL_ENABLED": "1",
    "FOOTFALL_TRACK_LOCALHOST": "1",
    # The dashboard shows a file, which is none of the destinations now.
    "FOOTFALL_OVERRIDE": (
        "destinations,enabled,track_localhost,"
        "dashboard,dashboard_token,dashboard_allow,dashboard_password,dashboard_share_token"
    ),
    # This command says where to look.
    "FOOTFALL_QUIET": "1",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall run`."""
    parser.add_argument(
        "-p",
        "--port",
        type=int,
        help=f"of the collector; without it {_PORT}, or a free one where that is taken",
    )
    parser.add_argument("--domain", default="localhost", help="the site to count for (%(default)s)")
    parser.add_argument("--database", metavar="FILE", help="keeps the events")
    parser.add_argument(
        "--all", action="store_true", help="show the parts of pages, too: style sheets, ..."
    )
    parser.add_argument("--no-feed", action="store_true", help="print the address alone")
    parser.add_argument(
        "arguments",
        metavar="COMMAND",
        nargs=argparse.REMAINDER,
        help="what starts your app, with its arguments: flask run",
    )


def run(args: argparse.Namespace) -> int:
    """Return the exit code of the command, or one of `EXIT_CODES`."""
    command = args.arguments[1:] if args.arguments[:1] == ["--"] else args.arguments
    if not command:
        complain("name the command that starts your app: footfall run -- flask run")
        return _USAGE
    try:
        collector = _started(args)
    except (ConfigError, ModuleNotFoundError, RuntimeError) as error:
        complain(error)
        return _USAGE
    with collector:
        complain(f"footfall: watch {collector.url}/live")
        return _run(command, collector, args)


def _started(args: argparse.Namespace) -> CollectorServer:
    from footfall.collector import CollectorServer

    database = args.database or ":memory:"
    try:
        return CollectorServer(database, port=_PORT if args.port is None else args.port)
    except ConfigError as error:
        is_taken = [fault.option for fault in error.faults] == ["port"]
        if args.port is not None or not is_taken:
            raise
    return CollectorServer(database, port=0)


def _run(command: list[str], collector: CollectorServer, args: argparse.Namespace) -> int:
    netloc = collector.url.removeprefix("http://")
    line = f"collector://{netloc}/{args.domain}"
    environ = {**os.environ, **_VARIABLES, "FOOTFALL_DESTINATIONS": line}
    # On Windows a name without its ending is not found otherwise.
    program = shutil.which(command[0]) or command[0]
    # Before the command starts, or a signal in this moment would leave it behind.
    with _passing_signals() as pass_to:
        try:
            process = subprocess.Popen([program, *command[1:]], env=environ)  # noqa: S603 -- what the user has typed
        except FileNotFoundError:
            complain(f"{command[0]} is no program that can be found")
            return _NOT_FOUND
        except OSError as error:
            complain(f"{command[0]} cannot be run: {error.strerror or error}")
            return _NOT_EXECUTABLE
        pass_to(process)
        with _showing(collector, args) as feed:
            code = process.wait()
    if not feed.has_seen_any:
        complain(
            "footfall: no request was reported. Has the app the middleware? "
            "`footfall check --app MODULE:APP` says so."
        )
    return code if code >= 0 else 128 - code


@contextmanager
def _passing_signals() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass on what asks for the end; a terminal sends Ctrl-C to the command, too.

    Yields:
        What is called with the process; signals that came before wait for it.
    """
    started: list[subprocess.Popen[bytes]] = []
    waiting: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and _has_terminal():
            return
        if started:
            started[0].send_signal(number)
        else:
            waiting.append(number)

    def pass_to(process: subprocess.Popen[bytes]) -> None:
        started.append(process)
        for number in waiting:
            process.send_signal(number)

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # A handler, since a signal that is ignored here would be so in what is started from now on.
    previous = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield pass_to
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):
        return False


@contextmanager
def _showing(collector: CollectorServer, args: argparse.Namespace) -> Iterator[LiveFeed]:
    """Show what the collector sees, on standard error: the output is the command's."""
    is_over = threading.Event()
    with collector_client(collector.url, None) as client:
        feed, lines = LiveFeed(client, shows_all=args.all), Lines()

        def show() -> None:
            entries: list[dict[str, Any]] = []
            # The app may send its last events while it ends.
            with suppress(Exception):  # the collector is closing
                entries = feed.new()
            for entry in entries if not args.no_feed else ():
                complain(lines.line_of(entry), style="good" if entry["counted"] else "quiet")

        def follow() -> None:
            while not is_over.wait(POLL_SECONDS):
                show()
            show()

        thread = threading.Thread(target=follow, name="footfall feed", daemon=True)
        thread.start()
        try:
            yield feed
        finally:
            is_over.set()
            thread.join()
