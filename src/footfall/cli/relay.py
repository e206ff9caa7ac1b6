"""`footfall relay`: delivers the events of a shared queue, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.terminal import complain, say
from footfall.destinations import (
    Destination,
    RedisStream,
    destination_from,
    queue_of,
    split_dsns,
)
from footfall.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from footfall.relay.status import GroupStatus, QueueStatus

HELP: Final = (
    "Deliver the events that web processes have put into a queue in Redis or Valkey: "
    "`footfall relay redis://HOST:6379/0?stream=NAME --to DESTINATION`. With `status` before the "
    "queue, show what became of every event."
)

_DONE = 0
_LOST = 1
_USAGE = 2

# Every server allows a stopping process this long.
_STOP_SECONDS: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall relay`."""
    parser.add_argument(
        "words",
        metavar="[status] QUEUE",
        nargs="+",
        help="the queue, as in FOOTFALL_DESTINATIONS of the web processes",
    )
    parser.add_argument(
        "--to",
        metavar="DESTINATION",
        action="append",
        default=[],
        help="such as plausible://plausible.io/example.com; once for each, or separated by commas",
    )
    parser.add_argument(
        "--connections",
        metavar="NUMBER",
        type=int,
        default=64,
        help="to each destination (%(default)s); a killed relay loses twice as many events",
    )
    parser.add_argument("--json", action="store_true", help="print the status as JSON")


def run(args: argparse.Namespace) -> int:
    """Return 0 if all is well, 1 if events were lost or the server fails, 2 for wrong usage."""
    try:
        action, queue = _queue(args.words)
        return _RUN[action](queue, args)
    except (ConfigError, ValueError) as error:
        complain(error)
        return _USAGE


def _queue(words: Sequence[str]) -> tuple[str, RedisStream]:
    action, line = ("run", words[0]) if len(words) == 1 else words[:2]
    if action not in _RUN or len(words) > 2:
        raise ValueError(f"write the queue, with one of {', '.join(_RUN)} before it or nothing")
    queue = queue_of(destination_from(line))
    if queue is None:
        raise ValueError(f"no queue: {line.partition('://')[0]}://; write redis://HOST?stream=NAME")
    return action, queue


# -- deliver -----------------------------------------------------------------------------------


def _deliver(queue: RedisStream, args: argparse.Namespace) -> int:
    from redis.exceptions import RedisError

    from footfall.relay.relay import Relay

    destinations = _destinations(args.to)
    if not 1 <= args.connections <= 1_000:
        raise ValueError("--connections: write a number from 1 to 1000")
    stop = _stop_signal()
    relay = Relay(queue, destinations, connections=args.connections)
    try:
        relay.check()
    except (RedisError, OSError) as error:
        complain(f"{queue.name}: {error}")
        return _LOST
    names = ", ".join(each.name for each in destinations)
    say(f"Delivering from {queue.name} to {names}\nCtrl-C stops it.", flush=True)
    relay.run(stop)
    is_lossless = relay.close(_STOP_SECONDS)
    say("Stopped; nothing is lost." if is_lossless else "Stopped.", flush=True)
    return _DONE if is_lossless else _LOST


def _destinations(lines: Sequence[str]) -> list[Destination]:
    found = [destination_from(each) for line in lines for each in split_dsns(line)]
    if not found:
        raise ValueError("say where events go: --to plausible://plausible.io/example.com")
    names = [each.name for each in found]
    for each in found:
        if queue_of(each) is not None:
            raise ValueError(f"--to {each.name}: a relay delivers to vendors, and to no queue")
        if names.count(each.name) > 1:
            raise ValueError(f"--to {each.name} is there twice: it would count twice")
    return found


def _stop_signal() -> threading.Event:
    """Set by the first SIGINT or SIGTERM; the second one ends the process."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(_LOST)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop


# -- status ------------------------------------------------------------------------------------


def _status(queue: RedisStream, args: argparse.Namespace) -> int:
    from redis.exceptions import RedisError

    from footfall.delivery.redis.client import connect
    from footfall.relay.status import read_status

    client = connect(queue)
    try:
        found = read_status(client, queue.stream)
    except (RedisError, OSError) as error:
        complain(f"{queue.name}: {error}")
        return _LOST
    finally:
        client.close()
    if args.json:
        say(json.dumps(found.as_json(), indent=2))
    else:
        say("\n".join(_status_lines(queue, found)))
    return _DONE


def _status_lines(queue: RedisStream, found: QueueStatus) -> Iterator[str]:
    yield f"{queue.name}: {found.produced:,} events were put, {found.entries:,} entries are kept"
    for group in found.groups:
        yield from _group_lines(group)
    if not found.groups:
        yield "  no relay has read from it yet"


def _group_lines(group: GroupStatus) -> Iterator[str]:
    yield f"  {group.name}: {group.produced:,} events"
    numbers = {
        **group.ends,
        "trimmed": group.trimmed,
        "in flight": group.in_flight,
        "pending": group.pending,
        "waiting": group.waiting,
    }
    for name, number in numbers.items():
        if number:
            yield f"    {name.replace('_', ' '):<18} {number:>12,}"
    if group.waiting:
        yield f"    the oldest one waits for {group.age_seconds:g} s"
    for each in group.consumers:
        state = "" if each.is_alive else ", gone"
        yield f"    relay {each.name}: seen {each.seen_seconds_ago:g} s ago{state}"


_RUN: Final[dict[str, Callable[[RedisStream, Any], int]]] = {"run": _deliver, "status": _status}
