"""`footfall forward`: sends what a collector's file holds to vendors that take an event's time."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.export import add_range, range_values
from footfall.cli.terminal import complain, say
from footfall.common.clock import monotonic
from footfall.common.printable import escaped
from footfall.destinations import Destination, destination_from, has_own_transport
from footfall.errors import ConfigError, Fault
from footfall.model import Event, Revenue, Visitor

if TYPE_CHECKING:
    import sqlite3

    from footfall.delivery import Lane

HELP: Final = (
    "Send the counted events of a collector's file, with their own times, to a vendor that takes "
    "them: Umami, Matomo, PostHog, GoatCounter or ClickHouse. Addresses are in no file: visitors "
    "stay apart, but their countries are unknown."
)

EXIT_CODES: Final = {
    0: "all events were accepted",
    1: "one of them was not",
    2: "it could not start",
}

_SENT = 0
_FAILED = 1
_USAGE = 2

_SELECT: Final = """
    SELECT id, received_at, name, url, referrer, props, currency, amount, user_agent, visitor
    FROM events
    WHERE id > :after AND (:domain IS NULL OR domain = :domain)
        AND received_at >= :since AND received_at < :until
    ORDER BY id
"""
# It says how long a page was viewed, and belongs to a page of Plausible's script.
_NOT_SENT: Final = frozenset({"engagement"})
# A few requests of what takes hundreds at once. What fails costs no more than these.
_AT_ONCE: Final = 1_000
# A vendor that takes nothing for so long is down.
_PATIENCE_SECONDS: Final = 120.0
_FOREVER_SECONDS: Final = 1e12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall forward`."""
    parser.add_argument("database", metavar="FILE", help="the collector's, or that of an app")
    parser.add_argument(
        "destinations", metavar="DESTINATION", nargs="+", help="such as umami://HOST/WEBSITE_ID"
    )
    add_range(parser)
    parser.add_argument(
        "--after", metavar="ID", type=int, default=0, help="go on behind this event"
    )


def run(args: argparse.Namespace) -> int:
    """Return one of `EXIT_CODES`."""
    from footfall.collector.storage.database import open_to_read

    try:
        destinations = _destinations(args.destinations)
        with closing(open_to_read(args.database)) as connection:
            return _forward(connection, args, destinations)
    except (ConfigError, ModuleNotFoundError) as error:
        complain(error)
        return _USAGE


def _destinations(lines: Sequence[str]) -> list[Destination]:
    found = [destination_from(line) for line in lines]
    faults = []
    for each in found:
        if has_own_transport(each):
            faults.append(Fault("destination", each.name, "is a queue or a file; name a vendor"))
        elif not getattr(each, "backdates", False):
            remedy = (
                "takes no times: what is in the file would count as of now. umami://, matomo://, "
                "posthog://, goatcounter:// and clickhouse:// take them"
            )
            faults.append(Fault("destination", each.name, remedy))
    if faults:
        raise ConfigError(faults)
    return found


def _forward(
    connection: sqlite3.Connection, args: argparse.Namespace, destinations: Sequence[Destination]
) -> int:
    from footfall.delivery import Lane, Limits
    from footfall.delivery.transport import TOTAL_TIMEOUT_SECONDS, choose

    transport = choose("auto", timeout_seconds=TOTAL_TIMEOUT_SECONDS)
    # Each event waits for nobody but its visitor's earlier ones, so a batch is full.
    limits = Limits(late_max_age_seconds=_FOREVER_SECONDS, may_all_retry=True)
    lanes = [Lane(each, transport, limits) for each in destinations]
    values = {**range_values(args), "after": args.after}
    rows = connection.execute(_SELECT, values)
    last, is_over = args.after, False
    while not is_over and (some := rows.fetchmany(_AT_ONCE)):
        events = [event for row in some if (event := _event(row)) is not None]
        # To all of them, even where one takes nothing.
        sent = [_is_sent(lane, events) for lane in lanes]
        is_over = not all(sent)
        if not is_over:
            last = some[-1][0]
    return _report(lanes, last)


def _is_sent(lane: Lane, events: Sequence[Event]) -> bool:
    """Send some events; False where the vendor takes none."""
    accepted = lane.counters().accepted
    items = lane.offer(*[event for event in events if lane.takes(event)])
    lane.drain(monotonic() + _PATIENCE_SECONDS)
    return not items or lane.counters().accepted > accepted


def _report(lanes: Sequence[Lane], last: int) -> int:
    is_right = True
    for lane in lanes:
        counters = asdict(lane.counters())
        ends = {name: value for name, value in counters.items() if value and name != "submitted"}
        is_right &= ends.keys() <= {"accepted", "retried"}
        ended = ", ".join(f"{name} {value}" for name, value in ends.items())
        say(escaped(f"{lane.name}: {ended or 'nothing to send'}"))
        lane.close()
    say(f"To go on behind the last of these events: --after {last}")
    return _SENT if is_right else _FAILED


def _event(row: Sequence[Any]) -> Event | None:
    """The event of a row; None for one that has no page, as from Swetrix, or that is not sent."""
    _, received_at, name, url, referrer, props, currency, amount, user_agent, visitor = row
    if not url or name in _NOT_SENT:
        return None
    return Event(
        name=name,
        url=url,
        referrer=referrer,
        props=json.loads(props),
        revenue=Revenue(currency, Decimal(amount)) if currency else None,
        visitor=Visitor(client_ip=_address(visitor), user_agent=user_agent),
        time=received_at / 1_000,
    )


def _address(visitor: str | None) -> str | None:
    """An address of nobody, one for each visitor of a day: of the prefix 100::/64 (RFC 6666)."""
    if visitor is None:
        return None
    return "100::" + ":".join(_groups(visitor[:16].rjust(16, "0")))


def _groups(text: str) -> Iterator[str]:
    for start in range(0, len(text), 4):
        yield text[start : start + 4]
