"""`footfall collect`: runs the collector until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import threading
import webbrowser
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import footfall
from footfall.cli.console import Console, json_lines
from footfall.collector.open_files import raise_limit
from footfall.collector.settings import PREFIX, SETTINGS, CollectorSettings
from footfall.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from footfall.collector import CollectorServer

HELP: Final = (
    "Collect and show events here, as Plausible and Swetrix would take them. Each long option is "
    f"also a variable: {PREFIX}KEEP_DAYS=90 is --keep-days 90."
)
EXIT_CODES: Final = {
    0: "it was stopped, and all events are written",
    1: "events could not be written, or a second signal ended the stop",
    2: "it could not start",
}

_STOPPED = 0
_LOST_EVENTS = 1
_CANNOT_START = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall collect`: those of `CollectorSettings`."""
    for name, each in SETTINGS.items():
        action = "append" if each.split else "store_true" if each.is_switch else "store"
        names = [*filter(None, [each.short]), each.flag]
        # A switch takes no value.
        value: dict[str, Any] = {} if each.is_switch else {"metavar": each.metavar}
        parser.add_argument(
            *names, dest=name, action=action, default=argparse.SUPPRESS, help=each.text, **value
        )
    parser.add_argument(
        "--json",
        dest="log_format",
        action="store_const",
        const="json",
        default=argparse.SUPPRESS,
        help="for programs: the same as --log-format json",
    )


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM.

    Returns:
        0 if all was written, 1 if not or if a second signal ended the stop, 2 if it did not start.
    """
    given = {name: value for name, value in vars(args).items() if name in SETTINGS}
    setting = SETTINGS["log_format"]
    # Before anything is logged. A wrong value is reported as text, by the settings.
    is_json = given.get(setting.name, os.environ.get(setting.variable)) == "json"
    with json_lines() if is_json else contextlib.nullcontext():
        return _run(given, Console(is_json=is_json))


def _run(given: Mapping[str, Any], console: Console) -> int:
    # From here on a signal ends the wait, even one that comes during the start.
    stop = _StopSignal(console)
    try:
        from footfall.collector import CollectorServer

        settings = CollectorSettings.from_env(os.environ, given)
        raise_limit(settings.max_connections)
        server = stop.server = CollectorServer(settings=settings)
    except (ConfigError, ModuleNotFoundError, RuntimeError) as error:
        console.complain(str(error))
        return _CANNOT_START
    console.say(_start_text(server, settings), **_start_fields(server, settings))
    if settings.opens_page:
        token = f"/?token={quote(settings.token)}" if settings.token else ""
        webbrowser.open(server.url + token)
    # On some systems a signal is handled only between two waits.
    while not stop.is_set.wait(0.5):
        pass
    console.say("Stopping; a second signal ends it at once.")
    lost = server.close()
    if lost:
        console.complain(f"{lost} events could not be written")
        return _LOST_EVENTS
    console.say("Stopped; all events are written.")
    return _STOPPED


def _start_text(server: CollectorServer, settings: CollectorSettings) -> str:
    domain = next(iter(settings.domains), "example.com")
    user = "INGEST_TOKEN@" if settings.ingest_token else ""
    netloc = server.url.removeprefix("http://")
    lines = [
        f"Collecting on {server.url} into {settings.database}",
        f"  FOOTFALL_DESTINATIONS=collector://{user}{netloc}/{domain}",
        f"  Figures are on {server.url}/ and every event on {server.url}/live",
    ]
    lines += [f"  Whoever has it may see {name}: {url}" for name, url in server.shared.items()]
    if settings.token:
        lines.append("  The page opens with ?token=TOKEN, the API with Authorization: Bearer TOKEN")
    if settings.token or settings.ingest_token:
        lines.append("  /api/event and /log take events from anybody, as the vendors' do")
    if server.max_connections < settings.max_connections:
        lines.append(f"  At most {server.max_connections} connections: few files may be open")
    lines += _forward_lines(settings)
    if settings.chaos:
        lines.append(f"  Answers senders with faults: {settings.chaos}")
    return "\n".join([*lines, "Ctrl-C stops it."])


def _forward_lines(settings: CollectorSettings) -> Iterator[str]:
    for destination in settings.forward:
        yield f"  Forwarding to {destination.name}"
    if settings.forward_outbox:
        yield f"  What waits for it is kept in {settings.forward_outbox}, for a day at most"
    elif settings.forward:
        yield (
            "  What waits for it is in memory for 60 s at most: a kill or a longer outage loses it "
            "(--forward-outbox FILE keeps it)"
        )


def _start_fields(server: CollectorServer, settings: CollectorSettings) -> dict[str, object]:
    """The start as fields of a JSON line."""
    paths = {
        "dashboard": "/",
        "live": "/live",
        "plausible": "/api/event",
        "swetrix": "/log",
        "reports": "/api/v1/hits",
        "health": "/api/health",
    }
    return {
        "version": footfall.__version__,
        "addresses": {name: server.url + path for name, path in paths.items()},
        "database": str(settings.database),
        "limits": {
            "connections": server.max_connections,
            "events": settings.keep_events,
            "days": settings.keep_days,
            "bytes": settings.max_bytes,
        },
        "domains": list(settings.domains),
        "shared": server.shared,
        "forward": [destination.name for destination in settings.forward],
        "forward_outbox": str(settings.forward_outbox) if settings.forward_outbox else None,
        "chaos": str(settings.chaos) if settings.chaos else None,
    }


class _StopSignal:
    """The first SIGINT or SIGTERM stops the server; the second one ends the process."""

    def __init__(self, console: Console) -> None:
        self.is_set = threading.Event()
        self.server: CollectorServer | None = None
        self._console = console
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.is_set.is_set():
            self.is_set.set()
            return
        lost = self.server.unwritten if self.server else 0
        self._console.complain(f"Ended at once; {lost} events were not written")
        os._exit(_LOST_EVENTS)
