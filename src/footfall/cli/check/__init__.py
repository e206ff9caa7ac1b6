"""`footfall check`: sends one event to each destination and reports the outcome."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from footfall.cli.api_keys import COLLECTOR_TOKEN
from footfall.cli.check.destination_check import DestinationCheck
from footfall.cli.terminal import complain
from footfall.destinations import (
    Destination,
    check_event_name,
    destination_from,
    max_name_chars,
    queue_of,
    split_dsns,
)
from footfall.errors import ConfigError, EventError
from footfall.model import PAGEVIEW

if TYPE_CHECKING:
    import argparse

HELP: Final = (
    "Send one event with a browser's user agent to each destination, show the vendor's answer and "
    "what it means. With PLAUSIBLE_STATS_KEY in the environment, wait until Plausible's count of "
    "current visitors shows it; a collector needs no key, or its token as "
    f"{COLLECTOR_TOKEN}. The event counts like any other."
)

_ARRIVED = 0
_LOST = 1
_USAGE = 2

# Plausible writes events after 5 s at the latest (its default flush).
_WAIT_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall check`."""
    parser.add_argument(
        "destinations",
        metavar="DESTINATION",
        nargs="*",
        help="such as plausible://plausible.io/example.com; by default FOOTFALL_DESTINATIONS",
    )
    parser.add_argument(
        "--client-ip",
        metavar="ADDRESS",
        help="the visitor's, such as your own browser's; without it, Plausible Cloud or the "
        "collector is asked for this machine's",
    )
    parser.add_argument("--url", help="the page; by default /footfall-check of the site")
    parser.add_argument("--name", default=PAGEVIEW, help="of the event (%(default)s)")
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=_WAIT_SECONDS,
        help="for the count of visitors to rise (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Return 0 if every event arrived or was accepted, 1 if one was not, 2 for wrong usage."""
    try:
        destinations = _destinations(args.destinations)
        check_event_name(args.name, max_name_chars(destinations))
        checks = [DestinationCheck(each, args) for each in destinations]
    except (ConfigError, EventError, ValueError) as error:
        complain(error)
        return _USAGE
    # All are checked, even after one has failed.
    arrived = [each.run() for each in checks]
    return _ARRIVED if all(arrived) else _LOST


def _destinations(lines: Sequence[str]) -> list[Destination]:
    found = lines or split_dsns(os.environ.get("FOOTFALL_DESTINATIONS", ""))
    if not found:
        raise ValueError(
            "name a destination, such as plausible://plausible.io/example.com, or set "
            "FOOTFALL_DESTINATIONS"
        )
    destinations = [destination_from(line) for line in found]
    for each in destinations:
        if queue_of(each) is not None:
            raise ValueError(
                f"{each.name} is a queue: `footfall relay check` looks at its server; name here "
                "the vendors to which its relay delivers"
            )
    return destinations
