"""Connections over HTTP/2 that end, refuse and answer at random: no event is processed twice.

A stream that was refused (REFUSED_STREAM, or above the last one of a GOAWAY) was not processed.
Any other request that was read to its end may have been, answered or not.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest
import trustme
from h2.errors import ErrorCodes

from footfall.common.clock import monotonic
from footfall.delivery import Lane, Limits
from footfall.delivery.transport import CurlTransport
from footfall.destinations import Plausible
from tests.delivery.lanes import event
from tests.support import http2_faults as faults
from tests.support.http2 import (
    HTTP2Connection,
    ReceivedRequest,
    Script,
    answering,
    http2_vendor,
)
from tests.support.vendors import wait_until

pytest.importorskip("pycurl")

BURSTS: Final = (1, 30, 1, 80)


class RandomFaults:
    """Makes the scripts of connections, each with a fault of its own.

    Attributes:
        refused: Connection and stream of what was surely not processed.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.refused: set[tuple[int, int]] = set()

    def script(self) -> Script:
        """Of the next connection."""
        number = self._random.randint(1, 40)
        seconds = self._random.choice([0.0, 0.002, 0.02])
        fault = self._random.choice([self._end, self._goaway, self._refuse])(number)

        def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
            if not fault(connection, request):
                connection.answer(request, after=seconds)

        return Script(on_request=on_request)

    def _any_end(self) -> Callable[[HTTP2Connection], None]:
        return faults.ENDS[self._random.choice([*faults.ENDS])]

    def _end(self, number: int) -> Callable[[HTTP2Connection, ReceivedRequest], bool]:
        """It ends with this request, after an unanswered one, or idle."""
        end, seconds = self._any_end(), self._random.choice([0.0, 0.002, 0.02])
        is_silent = self._random.random() < 0.5

        def fault(connection: HTTP2Connection, request: ReceivedRequest) -> bool:
            if request.stream == 1:
                connection.later(0.3, lambda: end(connection))
            if request.stream == 2 * number - 1:
                connection.later(seconds, lambda: end(connection))
            return is_silent and request.stream % 4 == 3

        return fault

    def _goaway(self, number: int) -> Callable[[HTTP2Connection, ReceivedRequest], bool]:
        """Nothing is answered until it ends orderly: what came last is refused, the rest is not."""
        end, seconds = self._any_end(), self._random.choice([0.05, 0.2])
        last_stream = max(0, 2 * number - 1 - 2 * self._random.randint(0, 20))
        has_begun = False

        def begin(connection: HTTP2Connection) -> None:
            nonlocal has_begun
            if has_begun:
                return
            has_begun = True
            connection.goaway(last_stream)
            connection.later(seconds, lambda: end(connection))
            for each in [*connection.waiting]:
                if each.stream <= last_stream:
                    connection.answer(each)
                else:
                    self.refused.add((connection.number, each.stream))

        def fault(connection: HTTP2Connection, request: ReceivedRequest) -> bool:
            if has_begun:
                self.refused.add((connection.number, request.stream))
            if request.stream == 1:
                connection.later(0.3, lambda: begin(connection))
            if request.stream == 2 * number - 1:
                begin(connection)
            return True

        return fault

    def _refuse(self, number: int) -> Callable[[HTTP2Connection, ReceivedRequest], bool]:
        """It refuses this request and each fifth, and once it ends at once."""
        end, ends = self._any_end(), self._random.random() < 0.5

        def fault(connection: HTTP2Connection, request: ReceivedRequest) -> bool:
            if request.stream % 10 != 1 and request.stream != 2 * number - 1:
                return False
            self.refused.add((connection.number, request.stream))
            connection.reset_stream(request.stream, ErrorCodes.REFUSED_STREAM)
            if ends and request.stream == 2 * number - 1:
                connection.later(0, lambda: end(connection))
            return True

        return fault


@pytest.mark.parametrize("seed", range(8))
def test_no_event_is_processed_twice(trusted: trustme.CA, seed: int) -> None:
    chaos = RandomFaults(seed)
    scripts = [*(chaos.script() for _ in range(4)), answering()]
    with http2_vendor(*scripts, certificate=trusted.issue_cert("127.0.0.1")) as server:
        transport = CurlTransport(timeout_seconds=2)
        destination = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        lane = Lane(destination, transport, Limits(), jitter=lambda low, high: 0.0)
        for burst, size in enumerate(BURSTS):
            for each in range(size):
                lane.offer(event(each, f"2001:db8::{burst}:{each:x}"))
            wait_until(lambda: not lane.counters().queued, 0.1 * (seed % 3))

        def has_ended() -> bool:
            lane._breaker.expedite()
            return not lane.counters().queued

        assert wait_until(has_ended)
        counts = lane.counters()
        lane.drain(monotonic())
        transport.close()

    processed = Counter(
        (each.headers["x-forwarded-for"], each.body)
        for each in server.requests
        if (each.connection, each.stream) not in chaos.refused
    )
    assert set(processed.values()) <= {1}
    assert counts.accepted <= len(server.answered) <= counts.accepted + counts.unknown
    assert counts.submitted == sum(BURSTS) == counts.accepted + counts.unknown + counts.failed
