"""`footfall collect`: runs the collector until Ctrl-C."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from footfall.errors import ConfigError

if TYPE_CHECKING:
    from types import FrameType

    from footfall.collector import CollectorServer

HELP: Final = "collect and show events here, as Plausible and Swetrix would take them"

_PORT = 8321
_KEEP_EVENTS = 1_000_000

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?B)", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}

_STOPPED = 0
_LOST_EVENTS = 1
_CANNOT_START = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall collect`."""
    _add_network_options(parser)
    _add_storage_options(parser)
    _add_event_options(parser)
    _add_forward_and_chaos_options(parser)
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; any but this machine's own needs --token (%(default)s)",
    )
    parser.add_argument(
        "-p", "--port", type=int, default=_PORT, help="0 takes a free one (%(default)s)"
    )
    parser.add_argument("--token", help="the secret that opens the page and the API")


def _add_storage_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="FILE",
        default="footfall.sqlite3",
        help="where events are kept; :memory: keeps them until the end (%(default)s)",
    )
    parser.add_argument(
        "--keep", metavar="EVENTS", type=int, default=_KEEP_EVENTS, help="how many (%(default)s)"
    )
    parser.add_argument("--keep-days", metavar="DAYS", type=int, help="how long (no limit)")
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        type=_bytes,
        help="how much of the disk, such as 500MB or 2GB (no limit)",
    )


def _add_event_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--domain",
        action="append",
        default=[],
        dest="domains",
        metavar="DOMAIN",
        help="a domain or Swetrix project that exists, repeatable; without it, all do",
    )
    parser.add_argument(
        "--timezone",
        metavar="ZONE",
        default="UTC",
        help="where days begin at midnight, such as Europe/Berlin (%(default)s)",
    )
    parser.add_argument(
        "--mmdb",
        metavar="FILE",
        help="a country database in the MaxMind format; without it, a CDN's header is read",
    )


def _add_forward_and_chaos_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--forward",
        metavar="DESTINATION",
        action="append",
        default=[],
        help="pass on what comes in, such as plausible://plausible.io/example.com; repeatable",
    )
    parser.add_argument(
        "--chaos",
        metavar="FAULTS",
        help="answer senders with faults: a status, slow:2s, hang, drop or reset, each with the "
        "share of requests, such as 503:0.2,slow:2s:0.1; seed:7 repeats the choices",
    )


def _bytes(text: str) -> int:
    """The number of bytes that `500MB` or `2GB` means."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it like 500MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; return 0 if all was written, 1 if not, 2 if it did not start."""
    # From here on a signal ends the wait, even one that comes during the start.
    stop = _stop_signal()
    try:
        server = _start(args)
    except (ConfigError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return _CANNOT_START
    _print_start(server, args)
    if args.open:
        webbrowser.open(f"{server.url}/?token={quote(args.token)}" if args.token else server.url)
    # On some systems a signal is handled only between two waits.
    while not stop.wait(0.5):
        pass
    lost = server.close()
    if lost:
        print(f"{lost} events could not be written", file=sys.stderr)
    return _LOST_EVENTS if lost else _STOPPED


def _start(args: argparse.Namespace) -> CollectorServer:
    from footfall.collector import CollectorServer
    from footfall.collector.ingest.chaos import parse_chaos
    from footfall.destinations import destination_from

    return CollectorServer(
        args.database,
        host=args.host,
        port=args.port,
        domains=args.domains,
        token=args.token,
        keep_events=args.keep,
        keep_days=args.keep_days,
        max_bytes=args.max_size,
        timezone=args.timezone,
        mmdb=args.mmdb,
        chaos=parse_chaos(args.chaos) if args.chaos else None,
        forward=[destination_from(line) for line in args.forward],
    )


def _print_start(server: CollectorServer, args: argparse.Namespace) -> None:
    domain = next(iter(args.domains), "example.com")
    print(f"Collecting on {server.url} into {args.database}")
    print(f"  FOOTFALL_DESTINATIONS=collector://{urlsplit(server.url).netloc}/{domain}")
    if args.token:
        print("  The page opens with ?token=TOKEN, the API with Authorization: Bearer TOKEN")
    for line in args.forward:
        print(f"  Forwarding to {line}")
    if args.chaos:
        print(f"  Answers senders with faults: {args.chaos}")
    print("Ctrl-C stops it.", flush=True)


def _stop_signal() -> threading.Event:
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop
