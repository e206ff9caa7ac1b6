"""`footfall demo`: runs a small site with the middleware, and shows what it counts."""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.terminal import complain, say
from footfall.common.printable import escaped
from footfall.errors import ConfigError

if TYPE_CHECKING:
    from footfall.collector import Store
    from footfall.config import Options

HELP: Final = (
    "Start a small site with the middleware and the dashboard, and print each event as it is "
    "counted. With --collector the events go to a collector beside it. With --once, send scripted "
    "visits and say what was counted and why."
)
EXIT_CODES: Final = {
    0: "it was stopped, or each scripted visit was counted as expected",
    1: "with --once: a visit was not",
    2: "it could not start, or wrong usage",
}
DOMAIN: Final = "demo.example"
_DASHBOARD: Final = "/stats"
_COLLECTOR_PORT: Final = 8321


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall demo`."""
    parser.add_argument("--once", action="store_true", help="scripted visits, a table, and the end")
    parser.add_argument("--json", action="store_true", help="for programs, with --once: one object")
    parser.add_argument(
        "-p", "--port", type=int, default=8000, help="of the site; 0 takes a free one (%(default)s)"
    )
    parser.add_argument(
        "--collector", action="store_true", help="count in a collector, as a server of its own"
    )
    parser.add_argument(
        "--collector-port",
        type=int,
        metavar="PORT",
        help="of the collector, which it starts; 0 takes a free one (8321)",
    )


def run(args: argparse.Namespace) -> int:
    """Return 0; with --once, 1 if a visit was not counted as expected; 2 if it could not start."""
    if args.json and not args.once:
        complain("--json goes with --once: without that the demo runs until Ctrl-C")
        return 2
    try:
        return _run(args)
    except (ConfigError, ModuleNotFoundError, OSError) as error:
        complain(error)
        return 2


def _run(args: argparse.Namespace) -> int:
    # First, since its import names the package to install where one is missing.
    from footfall.collector import CollectorServer  # isort: skip
    from footfall.cli.demo.scripted_visits import send_visits
    from footfall.cli.demo.site import served
    from footfall.collector.site_file import site_file
    from footfall.destinations import Collector, SQLite
    from footfall.tracker import Tracker

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footfall-demo-")))
        options: Options = {}
        if args.collector or args.collector_port is not None:
            port = 0 if args.once else args.collector_port
            collector = CollectorServer(
                folder / "demo.sqlite3", port=_COLLECTOR_PORT if port is None else port
            )
            store = stack.enter_context(collector).store
            options["destinations"] = [Collector(domain=DOMAIN, endpoint=collector.url)]
        else:
            file = SQLite(path=str(folder / "demo.sqlite3"), domain=DOMAIN)
            stack.callback(site_file(file).close)
            store = site_file(file).store
            options |= {"destinations": [file], "dashboard": _DASHBOARD}
        # The demo is the same whatever FOOTFALL_* variables are set, and says itself where to look.
        tracker = Tracker.from_options(options, environ={"FOOTFALL_QUIET": "1"})
        site = stack.enter_context(served(tracker, 0 if args.once else args.port))
        pages = collector.url if "dashboard" not in options else f"{site}{_DASHBOARD}"
        addresses = {"site": site, "dashboard": pages, "live": f"{pages}/live"}
        if args.once:
            return send_visits(addresses, store, tracker, is_json=args.json)
        for name, address in addresses.items():
            say(f"{name:<10} {address}")
        say("Open the site and click around; Ctrl-C ends the demo.\n", flush=True)
        return _print_events(store)


def _print_events(store: Store) -> int:
    from footfall.collector.storage.stored_events import EventSearch

    is_changed = threading.Event()
    store.subscribe(is_changed.set)
    last = 0
    try:
        while True:
            for event in store.search(EventSearch(after=last)).events:
                last = event.id
                say(_line(event.as_json()), flush=True)
            is_changed.wait()
            is_changed.clear()
    except KeyboardInterrupt:
        say()
    return 0


def _line(event: Mapping[str, Any]) -> str:
    extras = [
        *(f"{name}={value}" for name, value in event["utm"].items() if value),
        *(f"{name}={value}" for name, value in event["props"].items()),
        *([f"from {event['referrer']}"] if event["referrer"] else []),
    ]
    at, name, path = str(event["received_at"])[11:19], event["name"], event["path"]
    return escaped(f"{at}  {name:<14} {path:<16} {'  '.join(extras)}".rstrip())
