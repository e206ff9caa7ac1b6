"""`footfall demo`: runs a small site with the middleware, and shows what it counts."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from footfall.cli.live_feed import PARTS_OF_PAGES, POLL_SECONDS, collector_client
from footfall.cli.terminal import complain, say
from footfall.common.printable import escaped
from footfall.errors import ConfigError

if TYPE_CHECKING:
    import httpx2

    from footfall.collector import Store
    from footfall.collector.storage.recent_hits import RecentHits
    from footfall.config import Options

HELP: Final = (
    "Start a small shop with the middleware, thirty invented days and the dashboard, and print "
    "each visit as it comes, and why it counts or does not. With --collector the events go to a "
    "collector beside it. With --once, send scripted visits and say what was counted and why."
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
    from footfall.cli.demo.history import write_history
    from footfall.cli.demo.scripted_visits import send_visits
    from footfall.cli.demo.site import served
    from footfall.collector.site_file import site_file
    from footfall.destinations import Collector, SQLite
    from footfall.tracker import Tracker

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footfall-demo-")))
        options: Options = {}
        if args.collector or args.collector_port is not None:
            wanted = 0 if args.once else args.collector_port
            collector = CollectorServer(
                folder / "demo.sqlite3", port=_COLLECTOR_PORT if wanted is None else wanted
            )
            store = stack.enter_context(collector).store
            options["destinations"] = [Collector(domain=DOMAIN, endpoint=collector.url)]
            client = stack.enter_context(collector_client(collector.url, None))
            hits = partial(_hits_of_collector, client)
        else:
            file = SQLite(path=str(folder / "demo.sqlite3"), domain=DOMAIN)
            stack.callback(site_file(file).close)
            store = site_file(file).store
            hits = partial(_hits_of_file, site_file(file).recent_hits)
            options |= {"destinations": [file], "dashboard": _DASHBOARD}
        # The demo is the same whatever FOOTFALL_* variables are set, and says itself where to look.
        tracker = Tracker.from_options(options, environ={"FOOTFALL_QUIET": "1"})
        in_site = "dashboard" in options
        port = 0 if args.once else args.port
        where = _DASHBOARD if in_site else collector.url
        site = stack.enter_context(served(tracker, port, where))
        pages = f"{site}{_DASHBOARD}" if in_site else collector.url
        addresses = {"site": site, "dashboard": pages, "live": f"{pages}/live"}
        if args.once:
            return send_visits(addresses, store, tracker, is_json=args.json)
        write_history(store, DOMAIN, store.clock())
        for name, address in addresses.items():
            say(f"{name:<10} {address}")
        say("Open the site and click around; Ctrl-C ends the demo.\n", flush=True)
        return _print_visits(store, hits)


_Hits: TypeAlias = Callable[[int], list[dict[str, Any]]]
"""The hits that do not count and have a greater id, oldest first."""


def _hits_of_file(recent_hits: RecentHits, after: int) -> list[dict[str, Any]]:
    from footfall.collector.storage.recent_hits import HitSearch

    return [hit.as_json() for hit in recent_hits.search(HitSearch(after=after))]


def _hits_of_collector(client: httpx2.Client, after: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        client.get("/api/v1/hits", params={"after": after}).raise_for_status().json()["hits"]
    )
    return found


def _print_visits(store: Store, hits: _Hits) -> int:
    """Print everything that comes in, and why it counts or does not, until Ctrl-C."""
    from footfall.collector.storage.stored_events import EventSearch

    last_hit = 0
    last = max((event.id for event in store.search(EventSearch(limit=1)).events), default=0)
    try:
        while True:
            new_hits, new_events = hits(last_hit), store.search(EventSearch(after=last)).events
            last_hit = max((hit["id"] for hit in new_hits), default=last_hit)
            last = max((event.id for event in new_events), default=last)
            lines = [
                (str(hit["received_at"]), _hit_line(hit)) for hit in new_hits if _is_shown(hit)
            ]
            for event in new_events:
                recent = store.recent_event(event.id)
                why = recent.hit.reason if recent and recent.hit else ""
                found = event.as_json()
                lines.append((str(found["received_at"]), _event_line(found, why)))
            for _, line in sorted(lines):
                say(line, flush=True)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        say()
    return 0


def _is_shown(hit: Mapping[str, Any]) -> bool:
    """Whether somebody asked for it: not for the parts of pages, and not the site for itself."""
    return hit["reason"] not in (*PARTS_OF_PAGES, "well_known", "static_file", "ignored")


def _event_line(event: Mapping[str, Any], why: str) -> str:
    extras = [
        f"counted: {why}" if why else "counted",
        *(f"{name}={value}" for name, value in event["utm"].items() if value),
        *(f"{name}={value}" for name, value in event["props"].items()),
        *([f"from {event['referrer']}"] if event["referrer"] else []),
    ]
    return _line(str(event["received_at"]), event["name"], event["path"], extras)


def _hit_line(hit: Mapping[str, Any]) -> str:
    saw = hit["steps"][-1]["saw"] if hit["steps"] else ""
    why = f"not counted: {hit['reason']}{f' ({saw})' if saw else ''}"
    what = f"{hit['method'] or hit['name']} {hit['status'] or ''}".rstrip()
    return _line(str(hit["received_at"]), what, hit["path"], [why])


def _line(at: str, what: str, path: str, extras: Sequence[str]) -> str:
    return escaped(f"{at[11:19]}  {what:<14} {path:<16} {'  '.join(extras)}".rstrip())
