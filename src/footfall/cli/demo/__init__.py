"""`footfall demo`: runs a small site with the middleware, and the collector behind it."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from footfall.cli.terminal import complain, say
from footfall.common.printable import escaped
from footfall.errors import ConfigError

HELP: Final = (
    "Start the collector and a small site with the middleware in front, and print each event as it "
    "arrives. With --once, send scripted visits and say what was counted and why."
)
DOMAIN: Final = "demo.example"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall demo`."""
    parser.add_argument("--once", action="store_true", help="scripted visits, a table, and the end")
    parser.add_argument(
        "-p", "--port", type=int, default=8000, help="of the site; 0 takes a free one (%(default)s)"
    )
    parser.add_argument(
        "--collector-port",
        type=int,
        default=8321,
        help="of the collector; 0 takes a free one (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Return 0; with --once, 1 if a visit was not counted as expected; 2 if it could not start."""
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
    from footfall.destinations import Collector
    from footfall.tracker import Tracker

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footfall-demo-")))
        port = 0 if args.once else args.collector_port
        collector = stack.enter_context(CollectorServer(folder / "demo.sqlite3", port=port))
        destination = Collector(domain=DOMAIN, endpoint=collector.url)
        # The demo is the same whatever FOOTFALL_* variables are set, and says itself where to look.
        tracker = Tracker.from_options(
            {"destinations": [destination]}, environ={"FOOTFALL_QUIET": "1"}
        )
        site = stack.enter_context(served(tracker, 0 if args.once else args.port))
        say(f"site       {site}")
        say(f"collector  {collector.url}")
        say(f"live       {collector.url}/live")
        if args.once:
            return send_visits(site, collector.url, tracker)
        say("Open the site and click around; Ctrl-C ends the demo.\n", flush=True)
        return _print_events(collector.url)


def _print_events(collector_url: str) -> int:
    import httpx2

    try:
        with httpx2.Client(base_url=collector_url, timeout=40) as client:
            last = 0
            while True:
                query: dict[str, Any] = {"after": last, "wait": 1, "timeout": 20}
                for event in client.get("/api/v1/events", params=query).json()["events"]:
                    last = event["id"]
                    say(_line(event), flush=True)
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
