"""`footfall tail`: shows what a collector sees, or what an app writes into a file."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from footfall.cli.api_keys import COLLECTOR_TOKEN, collector_token, collector_token_remedy
from footfall.cli.live_feed import POLL_SECONDS, Lines, LiveFeed, collector_client, newest
from footfall.cli.terminal import complain, say, say_json
from footfall.destinations import Collector, destination_from, file_of, split_dsns
from footfall.errors import ConfigError, Fault, hide_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

HELP: Final = (
    "Show each event that a collector receives, and each request that does not count, with the "
    "reason, until Ctrl-C; or each event that an app writes into a file. The collector's token is "
    f"read from {COLLECTOR_TOKEN}."
)
EXIT_CODES: Final = {
    0: "it was stopped with Ctrl-C, or its reader has ended",
    1: "the collector refuses to be read: a line says why",
    2: "no collector answers there, it is no file of ours, or wrong usage",
}

_STOPPED = 0
_REFUSED = 1
_USAGE = 2

_DEFAULT_URL: Final = "http://127.0.0.1:8321"
_HOST_AND_PORT: Final = re.compile(r"[\w.-]+:\d+/?")


class _Feed(Protocol):
    """What is new, each time that it is asked."""

    def new(self) -> list[dict[str, Any]]: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall tail`."""
    parser.add_argument(
        "place",
        metavar="URL|FILE",
        nargs="?",
        help="of the collector, or the file; also as in FOOTFALL_DESTINATIONS, which is the "
        f"default, else {_DEFAULT_URL}",
    )
    parser.add_argument(
        "-n", "--last", metavar="N", type=int, default=10, help="first the last N (%(default)s)"
    )
    parser.add_argument(
        "--all", action="store_true", help="requests for the parts of pages, too: style sheets, ..."
    )
    parser.add_argument("--json", action="store_true", help="for programs: an object on each line")


def run(args: argparse.Namespace) -> int:
    """Return an exit code of `EXIT_CODES`."""
    try:
        place = _place(args.place) if args.place else _configured_place()
        return _tail_file(place, args) if isinstance(place, Path) else _tail_url(place, args)
    except KeyboardInterrupt:
        return _STOPPED
    except ConfigError as error:
        complain(error)
        return _USAGE


def _place(text: str) -> str | Path:
    """The URL of a collector, or a file: both may be written as destinations are.

    Raises:
        ConfigError: It is another destination, or none.
    """
    if text.startswith(("http://", "https://")):
        return text
    if "://" in text:
        found = _place_of(text)
        if found is None:
            remedy = "is no collector and no file, so only the vendor has its events"
            raise ConfigError(Fault("place", hide_path(text), remedy))
        return found
    if _HOST_AND_PORT.fullmatch(text) and not Path(text).exists():
        return f"http://{text}"
    return Path(text)


def _configured_place() -> str | Path:
    lines = split_dsns(os.environ.get("FOOTFALL_DESTINATIONS", ""))
    return next((found for found in map(_place_of, lines) if found is not None), _DEFAULT_URL)


def _place_of(line: str) -> str | Path | None:
    destination = destination_from(line)
    if isinstance(destination, Collector):
        return destination.endpoint.removesuffix("/api/event")
    file = file_of(destination)
    return None if file is None else Path(file.path)


def _tail_file(path: Path, args: argparse.Namespace) -> int:
    from footfall.cli.file_feed import FileFeed

    with FileFeed(path) as feed:
        if not feed.is_open:
            complain(f"{feed.path} has no events yet; the first one makes it")
        if not args.json:
            complain("Requests that do not count are in no file: the app's live page has them.")
        return _follow(feed, str(path), args)


def _tail_url(url: str, args: argparse.Namespace) -> int:
    import httpx2

    with ExitStack() as stack:
        try:
            client = stack.enter_context(collector_client(url, collector_token()))
            feed = LiveFeed(client, shows_all=args.all)
            return _follow(feed, url, args)
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            is_token = status in (401, 403)
            complain(collector_token_remedy() if is_token else f"{url} answers {status}")
            return _REFUSED
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            complain(
                f"No collector answers at {url}: {error}. Start one: footfall collect. For what an "
                "app writes, name its file: footfall tail footfall.sqlite3"
            )
            return _USAGE


def _follow(feed: _Feed, place: str, args: argparse.Namespace) -> int:
    import httpx2

    lines, pause, is_lost = Lines(), threading.Event(), False
    _show(newest(feed.new(), args.last), None if args.json else lines)
    while True:
        pause.wait(POLL_SECONDS)
        try:
            found = feed.new()
        except (httpx2.TransportError, sqlite3.OperationalError):
            # It is restarted perhaps.
            if not is_lost:
                complain(f"{place} does not answer; it is asked again until it does")
            is_lost = True
            continue
        is_lost = False
        _show(found, None if args.json else lines)


def _show(entries: Sequence[dict[str, Any]], lines: Lines | None) -> None:
    """Print entries; as JSON without `lines`."""
    for entry in entries:
        if lines is None:
            say_json(entry, indent=None, flush=True)
        else:
            say(lines.line_of(entry), style="good" if entry["counted"] else "quiet", flush=True)
