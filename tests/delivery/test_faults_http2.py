"""Faults of a server that speaks HTTP/2, with libcurl's multi interface.

In each, an event that the server may have processed is never sent again, and one that it surely has
not processed is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
import trustme
from h2.errors import ErrorCodes

from footfall.common.clock import monotonic
from footfall.delivery import Lane, Limits
from footfall.delivery.transport import CurlTransport
from footfall.destinations import Plausible
from tests.delivery.lanes import counted, drained, event
from tests.support import http2_faults as faults
from tests.support.http2 import (
    HTTP2Connection,
    HTTP2Vendor,
    ReceivedRequest,
    Script,
    answering,
    http2_vendor,
)
from tests.support.vendors import wait_until

pytest.importorskip("pycurl")

TIMEOUT: Final = 1.0
ENDS: Final = ("fin", "close_notify", "reset")


def warm(script: Script, *, answers: int = 1) -> Script:
    """The same script, once so many requests of its connection were answered."""

    def on_request(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        act = answering().on_request if request.stream < 2 * answers else script.on_request
        act(connection, request)

    return replace(script, on_request=on_request)


class Sender:
    """A lane over HTTP/2, and its vendor."""

    def __init__(self, server: HTTP2Vendor, transport: CurlTransport, limits: Limits) -> None:
        destination = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        self.server = server
        self.lane = Lane(destination, transport, limits, jitter=lambda low, high: 0.0)
        self._number = 0

    def offer(self, number: int) -> None:
        """Offer so many events of as many visitors."""
        numbers = range(self._number, self._number + number)
        self._number += number
        self.lane.offer(*(event(each, f"2001:db8::{each:x}") for each in numbers))

    def has_ended(self, **counts: int) -> bool:
        """Wait until the lane has nothing left, and its counters are these."""
        assert wait_until(lambda: self.lane.is_empty, 20)
        assert counted(self.lane) == counts
        return True

    def times_seen(self) -> dict[bytes, int]:
        """How often each request was read to its end."""
        bodies = [each.body for each in self.server.requests]
        return {body: bodies.count(body) for body in bodies}


@contextmanager
def sending(
    authority: trustme.CA, *scripts: Script, timeout: float = 30.0, **limits: Any
) -> Iterator[Sender]:
    with http2_vendor(*scripts, certificate=authority.issue_cert("127.0.0.1")) as server:
        transport = CurlTransport(timeout_seconds=timeout)
        sender = Sender(server, transport, Limits(**limits))
        yield sender
        sender.lane.drain(monotonic())
        transport.close()
        # What the server sends on a stream that the client has just reset is its own fault.
        assert not [each for each in server.violations if "StreamClosed" not in each]


def test_many_streams_share_one_connection(trusted: trustme.CA) -> None:
    with sending(trusted, answering(after=0.1, max_streams=100)) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(100)
        sender.has_ended(submitted=101, accepted=101)
        assert len(sender.server.connections) == 1


def test_a_server_that_allows_one_stream_gets_no_more_connections_than_allowed(
    trusted: trustme.CA,
) -> None:
    script = answering(after=0.02, max_streams=1)
    with sending(trusted, script, max_connections=3) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(40)
        sender.has_ended(submitted=41, accepted=41)
        assert len(sender.server.connections) <= 3


@pytest.mark.parametrize("alpn", [("http/1.1",), ()], ids=["http/1.1", "none"])
def test_without_http_2_connections_carry_one_exchange_each(
    trusted: trustme.CA, alpn: tuple[str, ...]
) -> None:
    with sending(trusted, faults.downgraded(*alpn), max_connections=4) as sender:
        sender.offer(40)
        sender.has_ended(submitted=40, accepted=40)
        assert 1 <= len(sender.server.protocols) <= 4


# -- what the server surely has not processed ----------------------------------------------------


def _refuse_the_later_half(connection: HTTP2Connection, request: ReceivedRequest) -> None:
    """GOAWAY; the connection stays until the other half has its answers."""
    if len(connection.waiting) == 60:
        connection.goaway(61)
        for each in connection.waiting:
            if each.stream <= 61:
                connection.answer(each, after=2.0)


REFUSED: Final[dict[str, Script]] = {
    "GOAWAY below some of them": Script(on_request=_refuse_the_later_half),
    "REFUSED_STREAM": faults.resetting_streams(ErrorCodes.REFUSED_STREAM, number=9),
    "REFUSED_STREAM at the head": faults.resetting_streams(
        ErrorCodes.REFUSED_STREAM, number=9, reads=False
    ),
    "HTTP_1_1_REQUIRED": faults.resetting_streams(ErrorCodes.HTTP_1_1_REQUIRED, number=9),
}


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_sent_again(trusted: trustme.CA, script: Script) -> None:
    with sending(trusted, warm(script), answering()) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(60)
        sender.has_ended(submitted=61, accepted=61)
        answered = [each.body for each in sender.server.answered]
        assert len(answered) == len(set(answered)) == 61


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_sent_again_where_a_new_connection_takes_long(
    trusted: trustme.CA, script: Script
) -> None:
    # libcurl leaves the connection, and the server closes it, before the next one is there.
    distant = replace(answering(), handshake_after=0.5)
    with sending(trusted, warm(script), distant) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(60)
        assert wait_until(lambda: sender.lane.is_empty, 20)
        counts = counted(sender.lane)
        assert {**counts, "retried": 0} == {"submitted": 61, "accepted": 61, "retried": 0}
        answered = [each.body for each in sender.server.answered]
        assert len(answered) == len(set(answered)) == 61


@pytest.mark.parametrize(
    "script",
    [
        faults.goaway_at_start(),
        warm(faults.goaway(after=8, last_stream=9)),
        warm(faults.goaway_in_two_steps(after=9, last_stream=9)),
        faults.calm_down(),
    ],
    ids=["at the start", "below some of them", "in two steps", "ENHANCE_YOUR_CALM"],
)
def test_what_is_refused_on_a_connection_that_ends_is_processed_once_at_most(
    trusted: trustme.CA, script: Script
) -> None:
    # It may end before a new one is there. What was refused can then not be told from the rest.
    with sending(trusted, script, answering()) as sender:
        for number in (1, 8):
            sender.offer(number)
            assert wait_until(lambda: sender.lane.is_empty)
        counts = counted(sender.lane)
        answered = [each.body for each in sender.server.answered]
        assert len(answered) == len(set(answered)) == counts.get("accepted", 0)
        assert counts["submitted"] == counts.get("accepted", 0) + counts.get("unknown", 0)


def test_a_connection_on_which_nothing_comes_back_is_left(trusted: trustme.CA) -> None:
    with sending(trusted, warm(faults.silent()), answering(), timeout=TIMEOUT) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(1)
        sender.has_ended(submitted=2, accepted=1, unknown=1)
        sender.offer(1)
        sender.has_ended(submitted=3, accepted=2, unknown=1)
        assert len(sender.server.connections) == 2


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("says_goaway", [True, False], ids=["GOAWAY", "no GOAWAY"])
def test_after_an_idle_connection_has_ended_the_next_event_has_a_new_one(
    trusted: trustme.CA, end: faults.End, says_goaway: bool
) -> None:
    script = faults.closing_when_idle(end, says_goaway=says_goaway, seconds=0.1)
    with sending(trusted, script, answering()) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        [connection] = sender.server.connections
        assert wait_until(lambda: not connection.is_open)
        sender.offer(5)
        sender.has_ended(submitted=6, accepted=6)
        assert set(sender.times_seen().values()) == {1}


# -- what it may have processed ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A fault after which all events in flight may have been processed."""

    script: Script
    events: int = 60
    timeout: float = 30.0


def _slow_down(connection: HTTP2Connection, request: ReceivedRequest) -> None:
    connection.slow_down(0.3)
    connection.answer(request)


SLOW: Final = Script(on_request=_slow_down)

AMBIGUOUS: Final[dict[str, Ambiguous]] = {
    **{f"{end} with 60 in flight": Ambiguous(faults.breaking(end, after=60)) for end in ENDS},
    **{f"{end} with one in flight": Ambiguous(faults.breaking(end, after=1), 1) for end in ENDS},
    **{
        f"GOAWAY and {end} at once": Ambiguous(faults.goaway(after=60, last_stream=121, end=end))
        for end in ENDS
    },
    "RST_STREAM INTERNAL_ERROR": Ambiguous(faults.resetting_streams(ErrorCodes.INTERNAL_ERROR), 4),
    "RST_STREAM CANCEL": Ambiguous(faults.resetting_streams(ErrorCodes.CANCEL), 4),
    "RST_STREAM NO_ERROR": Ambiguous(faults.resetting_streams(ErrorCodes.NO_ERROR), 4),
    "silent": Ambiguous(faults.silent(), 4, TIMEOUT),
    "slow headers": Ambiguous(SLOW, 1, TIMEOUT),
    "interim responses without end": Ambiguous(faults.informational_flood(), 1, 5.0),
    "a head without end": Ambiguous(faults.continuation_flood(), 1, 5.0),
    "a head of a megabyte": Ambiguous(faults.huge_headers(), 1, 5.0),
    "DATA of no stream": Ambiguous(faults.data_of_no_stream(), 1),
    "a malformed frame": Ambiguous(faults.malformed_frame(), 1),
    "a frame that is too long": Ambiguous(faults.oversize_frame(), 1),
    "garbage": Ambiguous(faults.garbage(), 1),
    "PUSH_PROMISE": Ambiguous(faults.pushing(), 1),
}


@pytest.mark.parametrize("fault", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_what_may_have_been_processed_is_not_sent_again(
    trusted: trustme.CA, fault: Ambiguous
) -> None:
    with sending(trusted, warm(fault.script), answering(), timeout=fault.timeout) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(fault.events)
        sender.has_ended(submitted=1 + fault.events, accepted=1, unknown=fault.events)
        assert set(sender.times_seen().values()) == {1}
        sender.lane._breaker.expedite()
        sender.offer(1)
        assert wait_until(lambda: sender.lane.counters().accepted == 2), "it recovers"


@pytest.mark.parametrize("end", ENDS)
def test_a_connection_that_ends_within_the_answer_leaves_its_status(
    trusted: trustme.CA, end: faults.End
) -> None:
    with sending(trusted, warm(faults.breaking_in_answer(end)), answering()) as sender:
        sender.offer(1)
        sender.has_ended(submitted=1, accepted=1)
        sender.offer(1)
        sender.has_ended(submitted=2, accepted=2)
        assert set(sender.times_seen().values()) == {1}


ACCEPTED: Final[dict[str, Script]] = {
    "the answer before the body": faults.answering_before_body(),
    "RST_STREAM after the answer": faults.resetting_after_answer(),
    "RST_STREAM within the answer": faults.resetting_in_answer(),
    "PING without end": faults.ping_flood(),
    "a body without end": faults.endless_body(),
}


@pytest.mark.parametrize("script", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_status_is_what_matters(trusted: trustme.CA, script: Script) -> None:
    with sending(trusted, script, timeout=10.0) as sender:
        sender.offer(3)
        sender.has_ended(submitted=3, accepted=3)


# -- what a server gives no reason for -----------------------------------------------------------


def test_a_connection_is_left_before_nginx_would_refuse_requests(trusted: trustme.CA) -> None:
    with sending(trusted, answering()) as sender:
        for _ in range(10):
            sender.offer(100)
            assert drained(sender.lane)
        sender.has_ended(submitted=1000, accepted=1000)
        assert max(each.stream for each in sender.server.requests) < 2 * 1000
        assert len(sender.server.connections) == 2
