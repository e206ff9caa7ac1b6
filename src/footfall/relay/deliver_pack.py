"""Delivers one pack in the worker of any queue: the other end of `Queue`."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from footfall.common import reentrancy
from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery import Lane, Limits
from footfall.delivery.transport import TOTAL_TIMEOUT_SECONDS, Transport, choose
from footfall.destinations import Destination, destination_from
from footfall.events.cipher import cipher_of
from footfall.events.json import from_json
from footfall.events.pack import Pack

# As in an outbox and in a stream.
MAX_AGE_SECONDS: Final = 300.0
# A pack is delivered within a second where the vendor answers.
TIMEOUT_SECONDS: Final = 30.0

_lock: Final = threading.Lock()
# By process, since a forked child has none of its parent's threads; name; and transport.
_lanes: Final[dict[tuple[int, str, int], Lane]] = {}
_log: Final = ThrottledLog()


@reentrancy.suppress_tracking
def deliver(
    pack: bytes,
    destinations: Sequence[str | Destination],
    *,
    keys: str = "",
    timeout_seconds: float = TIMEOUT_SECONDS,
    transport: Transport | None = None,
) -> Mapping[str, int]:
    """Deliver a pack that `Queue(put=...)` has put into a queue.

    Queues, circuit breakers and connections of each destination stay in the process, so the same
    destinations should be given each time.

    Args:
        pack: What `put` was called with.
        destinations: Lines or objects.
        keys: Those of the `Queue`, where it has some, as `ID:KEY`; behind commas further ones.
        timeout_seconds: How long to wait until every event has ended. What then waits for a vendor
            that is down stays in this process, and is sent as long as it is not too old.
        transport: What sends requests; chosen by itself if it is None.

    Returns:
        For each destination's name, how many events had not ended. A task that is repeated because
        of them would send the others twice.

    Raises:
        UnknownVersionError: a later footfall has put it, or it has another key; leave it to a
            worker with that.
        ValueError: it is damaged.
        ConfigError: a destination cannot work.
    """
    events = [from_json(line) for line in Pack.from_bytes(pack).lines(cipher_of(keys))]
    deadline = monotonic() + timeout_seconds
    left: dict[str, int] = {}
    offered = []
    for each in map(destination_from, destinations):
        lane = _lane(each, transport)
        offered.append((lane, lane.offer(*[event for event in events if lane.takes(event)])))
    for lane, items in offered:
        for item in items:
            lane.wait_for(item, deadline)
        left[lane.name] = sum(not item.is_counted for item in items)
    return left


def _lane(destination: Destination, transport: Transport | None) -> Lane:
    key = os.getpid(), destination.name, id(transport)
    with _lock:
        found = _lanes.get(key)
        if found is None:
            limits = replace(Limits(), max_age_seconds=MAX_AGE_SECONDS)
            chosen = transport or choose("auto", timeout_seconds=TOTAL_TIMEOUT_SECONDS)
            found = _lanes[key] = Lane(destination, chosen, limits, log=_log)
        return found
