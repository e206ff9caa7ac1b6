"""`footfall collect`: runs the collector until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from footfall.collector.open_files import raise_limit
from footfall.collector.settings import PREFIX, SETTINGS, CollectorSettings
from footfall.errors import ConfigError

if TYPE_CHECKING:
    from types import FrameType

    from footfall.collector import CollectorServer

HELP: Final = (
    "Collect and show events here, as Plausible and Swetrix would take them. Each long option is "
    f"also a variable: {PREFIX}KEEP_DAYS=90 is --keep-days 90."
)

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


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; return 0 if all was written, 1 if not, 2 if it did not start."""
    # From here on a signal ends the wait, even one that comes during the start.
    stop = _stop_signal()
    try:
        from footfall.collector import CollectorServer

        given = {name: value for name, value in vars(args).items() if name in SETTINGS}
        settings = CollectorSettings.from_env(os.environ, given)
        raise_limit(settings.max_connections)
        server = CollectorServer(settings=settings)
    except (ConfigError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return _CANNOT_START
    _print_start(server, settings)
    if settings.opens_page:
        token = f"/?token={quote(settings.token)}" if settings.token else ""
        webbrowser.open(server.url + token)
    # On some systems a signal is handled only between two waits.
    while not stop.wait(0.5):
        pass
    lost = server.close()
    if lost:
        print(f"{lost} events could not be written", file=sys.stderr)
    return _LOST_EVENTS if lost else _STOPPED


def _print_start(server: CollectorServer, settings: CollectorSettings) -> None:
    domain = next(iter(settings.domains), "example.com")
    print(f"Collecting on {server.url} into {settings.database}")
    user = "INGEST_TOKEN@" if settings.ingest_token else ""
    print(
        f"  FOOTFALL_DESTINATIONS=collector://{user}{server.url.removeprefix('http://')}/{domain}"
    )
    if settings.token:
        print("  The page opens with ?token=TOKEN, the API with Authorization: Bearer TOKEN")
    if settings.token or settings.ingest_token:
        print("  /api/event and /log take events from anybody, as the vendors' do")
    for destination in settings.forward:
        print(f"  Forwarding to {destination.name}")
    if settings.chaos:
        print(f"  Answers senders with faults: {settings.chaos}")
    print("Ctrl-C stops it.", flush=True)


def _stop_signal() -> threading.Event:
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop
