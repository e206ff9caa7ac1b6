"""`footfall tail`: shows what a collector sees, as it arrives."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.api_keys import COLLECTOR_TOKEN, collector_token, collector_token_remedy
from footfall.cli.live_feed import POLL_SECONDS, LiveFeed, as_line, collector_client, newest
from footfall.cli.terminal import complain, say, say_json
from footfall.destinations import Collector, destination_from, split_dsns
from footfall.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

HELP: Final = (
    "Show each event that a collector receives, and each request that does not count, with the "
    f"reason, until Ctrl-C. The collector's token is read from {COLLECTOR_TOKEN}."
)
EXIT_CODES: Final = {
    0: "it was stopped with Ctrl-C, or its reader has ended",
    1: "the collector refuses to be read: a line says why",
    2: "no collector answers there, or wrong usage",
}

_STOPPED = 0
_REFUSED = 1
_USAGE = 2

_DEFAULT_URL: Final = "http://127.0.0.1:8321"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall tail`."""
    parser.add_argument(
        "url",
        metavar="URL",
        nargs="?",
        help=f"of the collector; by default that of FOOTFALL_DESTINATIONS, else {_DEFAULT_URL}",
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
    import httpx2

    try:
        url = args.url or _configured_url()
        client = collector_client(url, collector_token())
    except (ConfigError, ValueError, httpx2.InvalidURL) as error:
        complain(error)
        return _USAGE
    with client:
        feed = LiveFeed(client, shows_all=args.all)
        try:
            _show(newest(feed.new(), args.last), is_json=args.json)
            return _follow(feed, url, is_json=args.json)
        except KeyboardInterrupt:
            return _STOPPED
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            is_token = status in (401, 403)
            complain(collector_token_remedy() if is_token else f"{url} answers {status}")
            return _REFUSED
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            complain(f"No collector answers at {url}: {error}. Start one: footfall collect")
            return _USAGE


def _configured_url() -> str:
    for line in split_dsns(os.environ.get("FOOTFALL_DESTINATIONS", "")):
        destination = destination_from(line)
        if isinstance(destination, Collector):
            return destination.endpoint.removesuffix("/api/event")
    return _DEFAULT_URL


def _follow(feed: LiveFeed, url: str, *, is_json: bool) -> int:
    import httpx2

    pause, is_lost = threading.Event(), False
    while True:
        pause.wait(POLL_SECONDS)
        try:
            found = feed.new()
        except httpx2.TransportError:
            # It is restarted perhaps.
            if not is_lost:
                complain(f"{url} does not answer; it is asked again until it does")
            is_lost = True
            continue
        is_lost = False
        _show(found, is_json=is_json)


def _show(entries: Sequence[dict[str, Any]], *, is_json: bool) -> None:
    for entry in entries:
        if is_json:
            say_json(entry, indent=None, flush=True)
        else:
            say(as_line(entry), style="good" if entry["counted"] else "quiet", flush=True)
