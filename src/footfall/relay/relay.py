"""The relay of one process: lanes, and the loop that fills them from the stream."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery import Item, Lane, Limits
from footfall.delivery.drainer import Drainer
from footfall.delivery.outbox import Mode
from footfall.delivery.transport import TOTAL_TIMEOUT_SECONDS, Transport, choose
from footfall.destinations import Destination, RedisStream, is_repeat_recognised
from footfall.relay.leases import LeasedLane
from footfall.relay.server_check import Finding, check_server
from footfall.relay.status import QueueStatus, read_status
from footfall.relay.stream_source import StreamSource

# At 50 ms for each exchange 5,000 events a second to each destination, more than one relay builds.
# They are opened only while so many events wait; over HTTP/2 they are streams of a few connections.
CONNECTIONS: Final = 256
# How often the stream is read: while lanes have work, and while they have none.
BUSY_POLL_SECONDS: Final = 0.005
POLL_SECONDS: Final = 0.05
# How often the account is written.
COUNT_SECONDS: Final = 1.0
# How long a failing server is left alone.
RETRY_SECONDS: Final = 1.0
# A server that restarts is back by then.
UNHEALTHY_SECONDS: Final = 10.0
# The counters of a lane that go into the account of its group.
ENDS: Final = ("accepted", "dropped_by_vendor", "rejected", "expired", "failed", "unknown")
# An event's age ends its tries, and the circuit breaker spaces them.
_MAX_TRIES: Final = 1_000_000


class Relay:
    """Takes events from a queue and delivers them to some destinations.

    Args:
        queue: Where events wait.
        destinations: Where they go; each is a consumer group with its `name`.
        connections: To each destination. Twice as many events of it are in memory.
        mode: What becomes of the events that a relay has taken when it is killed: they are lost, or
            sent again by another. None leaves it to each destination: they are sent again where
            repeats are recognised.
        transport: What sends requests.

    Raises:
        ConfigError: redis-py is not installed, or does not understand the queue's URL.
    """

    def __init__(
        self,
        queue: RedisStream,
        destinations: Sequence[Destination],
        *,
        connections: int = CONNECTIONS,
        mode: Mode | None = None,
        transport: Transport | None = None,
    ) -> None:
        transport = transport or choose("auto", timeout_seconds=TOTAL_TIMEOUT_SECONDS)
        self._log = ThrottledLog()
        self._stream = queue.stream
        self.modes = {each.name: mode or _mode_of(each) for each in destinations}
        limits = Limits(
            max_connections=connections,
            max_age_seconds=queue.max_age_seconds,
            late_max_age_seconds=queue.max_age_seconds,
            max_tries=_MAX_TRIES,
        )
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._source = StreamSource(
            queue, destinations, self.consumer, log=self._log, modes=self.modes
        )
        self.lanes = {
            each.name: LeasedLane(
                self._source.leases[each.name], each, transport, limits, log=self._log
            )
            for each in destinations
        }
        # So many of each destination are lost with a killed relay, and an entry more.
        window = max([2 * connections, *(getattr(each, "max_batch", 1) for each in destinations)])
        self._drainer = Drainer(self.lanes, log=self._log, window=window)
        for lane in self.lanes.values():
            lane.on_unsent = self._give_back
            lane.on_unanswered = self._give_back_unanswered
        # How the events of each lane had ended when it was registered.
        self._before: dict[str, Mapping[str, int]] = {}
        self._next_count_at = 0.0
        self._worked_at = monotonic()

    def check(self) -> list[Finding]:
        """Connect, look at the server, and create the groups that are not there.

        Returns:
            What was found; with a fault among it nothing is created.

        Raises:
            redis.exceptions.RedisError: the server cannot be reached, or refuses.
        """
        findings = check_server(self._source.client)
        if not any(each.is_fault for each in findings):
            self._source.join()
            for name in self.lanes:
                self._register(name)
        return findings

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set."""
        seconds = 0.0
        while not stop.wait(seconds):
            seconds = self.step()

    def step(self) -> float:
        """Fill the lanes that have capacity. Seconds until the next step is due."""
        from redis.exceptions import RedisError

        now = monotonic()
        try:
            for name in [*self._source.unregistered]:
                self._register(name)
            has_fed = self._drainer.step(self._source, now)
            if now >= self._next_count_at:
                self._next_count_at = now + COUNT_SECONDS
                self._write_account()
        except (RedisError, OSError) as error:
            self._log.warn("queue", f"footfall: the queue cannot be read: {error}")
            # After a failover its name leads to another server.
            self._source.client.connection_pool.disconnect()
            return RETRY_SECONDS
        finally:
            for lane in self.lanes.values():
                lane.poll()
        self._worked_at = now
        is_busy = any(not (lane.is_empty or lane.is_paused) for lane in self.lanes.values())
        return BUSY_POLL_SECONDS if has_fed or is_busy else POLL_SECONDS

    @property
    def is_healthy(self) -> bool:
        """False once the queue could not be read for ten seconds."""
        return monotonic() - self._worked_at < UNHEALTHY_SECONDS

    def stats(self) -> dict[str, dict[str, Any]]:
        """What became of the events that this relay took, as `footfall.stats()` has it."""
        return {name: lane.stats() for name, lane in self.lanes.items()}

    def status(self) -> QueueStatus:
        """The account of the queue.

        Raises:
            redis.exceptions.RedisError: the server cannot be reached, or refuses.
        """
        return read_status(self._source.client, self._stream)

    def close(self, timeout_seconds: float) -> bool:
        """Return what was not sent, wait for the answers to the rest, and leave the queue.

        Returns:
            True if nothing was lost.
        """
        from redis.exceptions import RedisError

        self._drainer.is_feeding = False
        deadline = monotonic() + timeout_seconds
        for lane in self.lanes.values():
            self._withdraw(lane)
        lossless = [lane.wait(deadline) for lane in self.lanes.values()]
        try:
            self._drainer.finish_done(self._source)
            self._write_account()
            self._source.leave()
        except (RedisError, OSError) as error:
            self._log.warn("queue", f"footfall: the account was not written: {error}")
        for lane in self.lanes.values():
            lane.close()
        self._source.client.close()
        return all(lossless)

    def _withdraw(self, lane: Lane) -> None:
        """Return to the queue what a lane has not begun to send, unless the queue is away."""
        from redis.exceptions import RedisError

        items = lane.withdraw()
        try:
            self._return(lane, items)
        except (RedisError, OSError):
            lane.enqueue_admitted(items)
        else:
            lane.count_admitted(items, "stored")

    def _give_back(self, lane: Lane, items: Sequence[Item]) -> int:
        """Return to the queue what a lane could not send. How many are lost all the same."""
        from redis.exceptions import RedisError

        try:
            self._return(lane, items)
        except (RedisError, OSError) as error:
            self._log.warn("queue", f"footfall: events could not be returned: {error}")
            lane.count_admitted(items, "lost_at_exit")
            return len(items)
        lane.count_admitted(items, "stored")
        return 0

    def _give_back_unanswered(self, lane: Lane, items: Sequence[Item]) -> None:
        """Return events that may be sent twice, so that the rest of their entries is not."""
        from redis.exceptions import RedisError

        try:
            self._return(lane, items)
        except (RedisError, OSError) as error:
            # The entries are pending, and so another relay sends them.
            self._log.warn("queue", f"footfall: events could not be returned: {error}")

    def _return(self, lane: Lane, items: Sequence[Item]) -> None:
        if items:
            self._source.give_back(lane.name, [item.event for item in items])
            self._source.finish([item.row for item in items if item.row is not None])

    def _register(self, name: str) -> None:
        """Begin an account: what has ended until now is in another one, which the server lost."""
        lane = self.lanes[name]
        self._before[name] = _ends(lane)
        is_taken_first = self.modes[name] == "at_most_once"
        self._source.register(name, lane.counters().queued if is_taken_first else 0)

    def _write_account(self) -> None:
        for name, lane in self.lanes.items():
            before = self._before.get(name, {})
            ends = {end: number - before.get(end, 0) for end, number in _ends(lane).items()}
            self._source.count(name, ends)


def _mode_of(destination: Destination) -> Mode:
    return "at_least_once" if is_repeat_recognised(destination) else "at_most_once"


def _ends(lane: LeasedLane) -> Mapping[str, int]:
    """How the events of a lane have ended."""
    counters = lane.counters()
    ends = {name: getattr(counters, name) for name in ENDS}
    # These have not ended: another relay has them.
    ends["rejected"] -= lane.surrendered
    return ends
