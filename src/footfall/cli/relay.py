"""`footfall relay`: delivers the events of a shared queue, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.terminal import complain, say
from footfall.common.printable import escaped
from footfall.destinations import (
    Destination,
    RedisStream,
    destination_from,
    has_own_transport,
    queue_of,
    split_dsns,
)
from footfall.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from redis import Redis

    from footfall.relay.relay import Relay
    from footfall.relay.status import DeadEntry, GroupStatus, QueueStatus

HELP: Final = (
    "Deliver the events that web processes have put into a queue in Redis or Valkey: "
    "`footfall relay redis://HOST:6379/0?stream=NAME --to DESTINATION`. With a word before the "
    "queue: `status` shows what became of every event, `check` whether the server is fit for it, "
    "`dead` what was given up."
)
EXIT_CODES: Final = {
    0: "all is well",
    1: "events were lost, or a check found something",
    2: "wrong usage, or it could not start",
}

QUEUE: Final = "FOOTFALL_QUEUE"
"""The variable with the queue."""
DESTINATIONS: Final = "FOOTFALL_DESTINATIONS"
"""The variable with the destinations, which the middleware reads, too."""

_DONE = 0
_LOST = 1
_USAGE = 2

# For the answers to what was sent. With its account written a relay ends within half a second.
_STOP_SECONDS: Final = 0.3
# All that are kept.
_MAX_SHOWN: Final = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall relay`."""
    parser.add_argument(
        "words",
        metavar="[status|check|dead] QUEUE",
        nargs="*",
        help=f"the queue, as in FOOTFALL_DESTINATIONS of the web processes; by default {QUEUE}, "
        "for a password in it is shown by lists of processes",
    )
    parser.add_argument(
        "--to",
        metavar="DESTINATION",
        action="append",
        default=[],
        help="such as plausible://plausible.io/example.com; once for each, or separated by commas; "
        f"by default {DESTINATIONS}",
    )
    parser.add_argument(
        "--connections",
        metavar="NUMBER",
        type=int,
        default=256,
        help="to each destination (%(default)s); a killed relay loses twice as many events",
    )
    parser.add_argument(
        "--promise",
        choices=("at_most_once", "at_least_once"),
        help="what becomes of the events that a killed relay had taken: they are lost, or sent "
        "again; by default again where the destination recognises repeats (PostHog, ClickHouse)",
    )
    parser.add_argument(
        "--health",
        metavar="[HOST]:PORT",
        help="answer GET /health and GET /metrics there, on this machine only unless a host is "
        "given; 0.0.0.0 is all networks",
    )
    parser.add_argument("--json", action="store_true", help="print status and dead as JSON")
    with_dead = parser.add_mutually_exclusive_group()
    with_dead.add_argument(
        "--show",
        action="store_true",
        help="with dead: list what was given up, with times, reason, number of events and key, and "
        "without any visitor's address; so it does by default",
    )
    with_dead.add_argument(
        "--replay",
        action="store_true",
        help="with dead: let what was given up wait again, where it was encrypted and so kept",
    )


def run(args: argparse.Namespace) -> int:
    """Return 0 if all is well, 1 if events were lost or the server fails, 2 for wrong usage."""
    try:
        action, queue = _queue(args.words)
        return _RUN[action](queue, args)
    except (ConfigError, ValueError) as error:
        complain(error)
        return _USAGE


def _queue(words: Sequence[str]) -> tuple[str, RedisStream]:
    action, *lines = words if words and words[0] in _RUN else ["run", *words]
    line = lines[0] if lines else os.environ.get(QUEUE, "")
    if len(lines) > 1 or not line:
        actions = ", ".join(name for name in _RUN if name != "run")
        raise ValueError(
            f"write the queue, or set {QUEUE}, with one of {actions} before it or nothing"
        )
    queue = queue_of(destination_from(line))
    if not isinstance(queue, RedisStream):
        raise ValueError(f"no queue: {line.partition('://')[0]}://; write redis://HOST?stream=NAME")
    return action, queue


# -- deliver -----------------------------------------------------------------------------------


def _deliver(queue: RedisStream, args: argparse.Namespace) -> int:
    from footfall.relay.relay import Relay

    destinations = _destinations(args.to)
    if not 1 <= args.connections <= 1_000:
        raise ValueError("--connections: write a number from 1 to 1000")
    address = _address(args.health) if args.health else None
    stop = _stop_signal()
    relay = Relay(queue, destinations, connections=args.connections, mode=args.promise)
    from redis.exceptions import RedisError  # without redis-py that was a ConfigError

    try:
        findings = relay.check()
    except (RedisError, OSError) as error:
        complain(f"{queue.name}: {error}")
        return _LOST
    for each in findings:
        if each.is_warning:
            complain(f"{queue.name}: {each.text}")
    if any(each.is_fault for each in findings):
        return _USAGE
    # Thousands of short-lived events: by default the collector of cycles takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    names = ", ".join(each.name for each in destinations)
    with _health(relay, address):
        say(f"Delivering from {queue.name} to {names}\nCtrl-C stops it.", flush=True)
        relay.run(stop)
    is_lossless = relay.close(_STOP_SECONDS)
    say("Stopped; nothing is lost." if is_lossless else "Stopped.", flush=True)
    return _DONE if is_lossless else _LOST


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise ValueError("--health: write a port, such as :9100, or host and port")
    return host.strip("[]") or "127.0.0.1", int(port)


@contextmanager
def _health(relay: Relay, address: tuple[str, int] | None) -> Iterator[None]:
    if address is None:
        yield
        return
    from footfall.relay.health import HealthServer

    try:
        server = HealthServer(address, lambda: relay.is_healthy, relay.status, relay.stats)
    except OSError as error:
        raise ValueError(f"--health: {error}") from None
    try:
        yield
    finally:
        server.close()


def _destinations(lines: Sequence[str]) -> list[Destination]:
    lines = lines or [os.environ.get(DESTINATIONS, "")]
    found = [destination_from(each) for line in lines for each in split_dsns(line)]
    if not found:
        raise ValueError("say where events go: --to plausible://plausible.io/example.com")
    names = [each.name for each in found]
    for each in found:
        if has_own_transport(each):
            raise ValueError(
                f"--to {each.name}: a relay delivers to vendors and collectors, and into no queue "
                "and no file"
            )
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


# -- look at it --------------------------------------------------------------------------------


def _status(queue: RedisStream, args: argparse.Namespace) -> int:
    from footfall.relay.status import read_status

    def show(client: Redis) -> int:
        found = read_status(client, queue.stream)
        lines = _status_lines(queue, found)
        say(json.dumps(found.as_json(), indent=2) if args.json else "\n".join(lines))
        return _DONE

    return _with_client(queue, show)


def _dead(queue: RedisStream, args: argparse.Namespace) -> int:
    from footfall.relay.status import read_dead, replay_dead

    def replay(client: Redis) -> int:
        events, left = replay_dead(client, queue)
        if args.json:
            say(json.dumps({"events": events, "entries_left": left}, indent=2))
            return _DONE
        say(f"{events:,} events wait again.")
        if left:
            say(f"{left:,} entries cannot be delivered: only encrypted ones are kept.")
        return _DONE

    def show(client: Redis) -> int:
        found = read_dead(client, queue.stream, _MAX_SHOWN)
        if args.json:
            say(json.dumps([asdict(each) for each in found], indent=2))
            return _DONE
        for each in found:
            say(escaped(_dead_line(each)))
        if not found:
            say("No entry was given up.")
        return _DONE

    return _with_client(queue, replay if args.replay else show)


def _dead_line(entry: DeadEntry) -> str:
    key = f", key {entry.key_id}" if entry.key_id else ""
    kept = "kept" if entry.is_kept else "not kept"
    return (
        f"{entry.given_up_at} {entry.events} events for {entry.group}, put at {entry.put_at}, "
        f"{kept}{key}: {entry.reason}"
    )


def _check(queue: RedisStream, args: argparse.Namespace) -> int:
    from footfall.relay.server_check import check_server

    def show(client: Redis) -> int:
        found = check_server(client)
        for each in found:
            mark = "fault" if each.is_fault else "warning" if each.is_warning else "ok"
            say(f"{mark:<8} {each.text}")
        return _LOST if any(each.is_fault for each in found) else _DONE

    return _with_client(queue, show)


def _with_client(queue: RedisStream, show: Callable[[Redis], int]) -> int:
    from footfall.delivery.redis.client import connect

    client = connect(queue)
    from redis.exceptions import RedisError  # without redis-py that was a ConfigError

    try:
        return show(client)
    except (RedisError, OSError) as error:
        complain(f"{queue.name}: {error}")
        return _LOST
    finally:
        client.close()


def _status_lines(queue: RedisStream, found: QueueStatus) -> Iterator[str]:
    yield f"{queue.name}: {found.produced:,} events were put, {found.entries:,} entries are kept"
    for group in found.groups:
        yield from _group_lines(group)
    if not found.groups:
        yield "  no relay has read from it yet"


def _group_lines(group: GroupStatus) -> Iterator[str]:
    yield f"  {group.name}: {group.produced:,} events"
    for name, number in group.numbers.items():
        if number:
            yield f"    {name.replace('_', ' '):<18} {number:>12,}"
    if group.repeated:
        yield f"    {group.repeated:,} of them ended twice, since a relay was killed"
    if group.waiting:
        yield f"    the oldest one waits for {group.age_seconds:g} s"
    for each in group.consumers:
        state = "" if each.is_alive else ", gone"
        yield f"    relay {each.name}: seen {each.seen_seconds_ago:g} s ago{state}"


_RUN: Final[dict[str, Callable[[RedisStream, Any], int]]] = {
    "run": _deliver,
    "status": _status,
    "check": _check,
    "dead": _dead,
}
