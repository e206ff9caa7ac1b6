"""Faults on the wire, by the numbers of the fault catalogue, at both doors.

In each the app's visitors get what they always get, in time (`tests.support.faults`), and the event
ends in the right counter.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpcore2
import pytest
import trustme

from footfall.delivery.transport import (
    MAX_BODY_BYTES,
    curl_handle,
    dns_cache,
    http_common,
    httpcore_connections,
    httpcore_deadline,
)
from footfall.destinations import Plausible, Swetrix
from footfall.errors import Ambiguous, NotSent
from footfall.model import Request, Response
from tests.support import vendors
from tests.support.transports import CLIENTS, QUICK, Client, ends_as, fault, site_of
from tests.support.vendors import Vendor, vendor, wait_until

# -- no connection, or one that says nothing ---------------------------------------------------


@fault(1, "port-closed")
def test_events_wait_for_a_closed_port_expire_and_flow_again(client: Client) -> None:
    port = vendors.unused_port()
    with site_of(client, f"http://127.0.0.1:{port}", max_age_seconds=1) as (site, transport):
        site.visits(8)
        assert wait_until(lambda: len(transport.endings) >= 5)
        assert {type(ending) for ending in transport.endings} == {NotSent}
        assert wait_until(lambda: not site.counts().get("queued"))
        assert site.counts().get("expired", 0) + site.counts().get("failed", 0) == 8
        with vendor(vendors.answering(vendors.answer()), port=port):

            def is_back() -> bool:
                site.visit()
                time.sleep(0.05)
                return bool(site.counts().get("accepted"))

            assert wait_until(is_back, 30)


@fault(2, "never-answers", "deaf", "hanging")
def test_a_vendor_that_says_nothing_costs_the_event_and_frees_the_sender(
    client: Client, value: str
) -> None:
    with (
        vendor(getattr(vendors, value)) as server,
        site_of(client, server.url, **QUICK) as (site, transport),
    ):
        started = time.monotonic()
        site.visit()
        ends_as(site, unknown=1)
        assert time.monotonic() - started < 3
        site.visit()
        ends_as(site, unknown=2)
        assert server.connections == len(transport.endings) == 2


@fault(3, "blackhole")
def test_a_connection_that_nobody_takes_ends_in_time_and_is_tried_again(client: Client) -> None:
    with (
        vendors.blackhole() as port,
        site_of(client, f"http://127.0.0.1:{port}", timeout=5, connect_timeout=0.3) as found,
    ):
        site, transport = found
        started = time.monotonic()
        site.visit()
        assert wait_until(lambda: transport.endings)
        assert time.monotonic() - started < 3
        assert isinstance(transport.endings[0], NotSent)
        assert site.counts() == {"queued": 1}


# -- answers that do not end -------------------------------------------------------------------


@fault(4, "answer-dripped")
def test_a_dripped_answer_is_cut_at_the_deadline(client: Client) -> None:
    with vendor(vendors.dripping) as server, site_of(client, server.url, **QUICK) as (site, _):
        started = time.monotonic()
        site.visit()
        ends_as(site, unknown=1)
        assert time.monotonic() - started < 3
        assert server.connections == 1


@fault(4, "body-dripped")
def test_of_a_dripped_body_the_status_counts_at_the_deadline(client: Client) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n")
        while not server.is_closing.wait(0.1):
            connection.sendall(b"x")

    with vendor(behave) as server, site_of(client, server.url, **QUICK) as (site, _):
        started = time.monotonic()
        site.visit()
        ends_as(site, accepted=1)
        assert time.monotonic() - started < 3
        assert server.connections == 1


@fault(5, "endless-100-continue")
def test_interim_answers_are_cut_after_the_second(client: Client) -> None:
    with vendor(vendors.continuing) as server, site_of(client, server.url, timeout=8) as (site, _):
        started = time.monotonic()
        site.visit()
        ends_as(site, unknown=1)
        assert time.monotonic() - started < 4
        assert server.connections == 1


@fault(5, "two-interim-answers")
def test_two_interim_answers_do_no_harm(client: Client) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    answer = vendors.answering(interim * 2 + vendors.answer(extra="X-Plausible-Dropped: 1\r\n"))
    with vendor(answer) as server, site_of(client, server.url) as (site, _):
        site.visits(2)
        ends_as(site, dropped_by_vendor=2)


@fault(6, "body-200-mb")
def test_of_a_huge_body_the_first_part_is_read_and_the_status_counts(client: Client) -> None:
    with vendor(vendors.huge_body) as server, site_of(client, server.url) as (site, transport):
        site.visit()
        ends_as(site, accepted=1)
        (response,) = transport.endings
        assert isinstance(response, Response)
        assert len(response.body) == MAX_BODY_BYTES
        # What the kernel's buffers hold is sent without anybody reading it.
        assert server.bytes_sent < 20_000_000


MEMORY = """
import sys
from pathlib import Path
from tests.support.transports import CLIENTS, ends_as, site_of

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])

small, huge = sys.argv[2:]
for url in (small, huge):
    with site_of(CLIENTS[sys.argv[1]], url) as (site, _):
        # The peak so far is of importing; where no bytecode is cached, compiling takes megabytes.
        Path("/proc/self/clear_refs").write_text("5")
        before = kilobytes("VmRSS")
        site.visit()
        ends_as(site, accepted=1)
print(kilobytes("VmHWM") - before)
"""


@fault(6, "body-200-mb-in-memory")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_huge_body_takes_no_memory(client: Client) -> None:
    name = next(name for name, each in CLIENTS.items() if each is client)
    with vendor(vendors.answering(ACCEPTED)) as small, vendor(vendors.huge_body) as huge:
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, name, small.url, huge.url],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4_000


HEADS = {
    "endless": vendors.huge_head,
    "of-a-megabyte": vendors.long_head(1000),
    # libcurl by itself would take this one.
    "of-20-kilobytes": vendors.long_head(20),
}


@fault(7, "head", *HEADS)
def test_a_huge_head_is_cut(client: Client, value: str) -> None:
    with vendor(HEADS[value]) as server, site_of(client, server.url, timeout=8) as found:
        site, transport = found
        started = time.monotonic()
        site.visit()
        ends_as(site, unknown=1)
        assert time.monotonic() - started < 4
        assert "too long" in str(transport.endings[0])
        assert server.bytes_sent < 20_000_000


@fault(7, "trailers-endless")
def test_endless_trailers_are_cut_and_the_status_counts(client: Client) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        head = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"2\r\nok\r\n0\r\n")
        while not server.is_closing.is_set():
            connection.sendall(b"X-Filler: " + b"x" * 10_000 + b"\r\n")
            server.bytes_sent += 10_000

    with vendor(behave) as server, site_of(client, server.url, timeout=8) as (site, _):
        started = time.monotonic()
        site.visit()
        ends_as(site, accepted=1)
        assert time.monotonic() - started < 4
        assert server.bytes_sent < 20_000_000


@fault(7, "head-of-12-kilobytes")
def test_a_long_head_is_read(client: Client) -> None:
    with vendor(vendors.long_head(12)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)


# -- statuses ----------------------------------------------------------------------------------


def saying(status: str, body: bytes = b"{}", extra: str = "") -> vendors.Behaviour:
    return vendors.answering(vendors.answer(status, body, extra))


def saying_first(status: str, extra: str = "") -> vendors.Behaviour:
    """The first request of all is answered with `status`, every other is accepted."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            is_first = len(server.requests) == 1
            connection.sendall(vendors.answer(status, extra=extra) if is_first else ACCEPTED)

    return behave


ACCEPTED = vendors.answer()


@fault(8, "500")
def test_a_500_is_not_sent_again_and_five_open_the_breaker(client: Client) -> None:
    with vendor(saying("500 Oops")) as server, site_of(client, server.url) as (site, _):
        site.visits(5)
        ends_as(site, unknown=5)
        (account,) = site.tracker.stats()["destinations"].values()
        assert account["is_paused"]
        assert len(server.requests) == 5


@fault(9, "gateway", "502 Bad Gateway", "503 Service Unavailable")
def test_a_vendor_behind_a_busy_gateway_is_asked_again(client: Client, value: str) -> None:
    with vendor(saying_first(value)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert len(server.requests) == 2


@fault(9, "504")
def test_a_504_is_not_sent_again(client: Client) -> None:
    with vendor(saying("504 Gateway Timeout")) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert len(server.requests) == 1


@fault(10, "429")
def test_a_429_without_a_time_is_sent_again_later(client: Client) -> None:
    with vendor(saying_first("429 Too Many")) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert len(server.requests) == 2


RETRY_AFTER = {
    "3": 3.0,
    "Sat, 21 Nov 2026 10:00:03 GMT": 3.0,
    "-5": 0.0,
    "1000000000": 60.0,
    "abc": None,
}


@fault(11, "retry-after", *RETRY_AFTER)
def test_retry_after_is_read_clamped_or_ignored(client: Client, value: str) -> None:
    extra = f"Retry-After: {value}\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\n"
    with (
        vendor(saying("429 Too Many", extra=extra)) as server,
        site_of(client, server.url) as (site, transport),
    ):
        site.visit()
        assert wait_until(lambda: transport.endings)
        (response,) = transport.endings[:1]
        assert isinstance(response, Response)
        outcome = Plausible(domain="example.com").read(response)
        assert outcome.retry_after == RETRY_AFTER[value]
        assert site.counts() == {"queued": 1}


@fault(11, "retry-after-kept")
def test_nothing_is_sent_before_the_time_the_vendor_named(client: Client) -> None:
    times: list[float] = []

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            times.append(time.monotonic())
            first = vendors.answer("429 Too Many", extra="Retry-After: 1\r\n")
            connection.sendall(first if len(times) == 1 else ACCEPTED)

    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert times[1] - times[0] >= 0.95


@fault(12, "refused-for-all", "401 Unauthorized", "402 Payment Required", "403 Forbidden")
def test_a_refusal_of_the_account_drops_the_event_and_pauses(
    client: Client, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with vendor(saying(value)) as server, site_of(client, server.url) as (site, _):
        site.visits(3)
        assert wait_until(lambda: site.counts().get("rejected", 0) >= 1)
        (account,) = site.tracker.stats()["destinations"].values()
        assert account["is_paused"]
        assert len(server.requests) == account["rejected"]
        assert wait_until(lambda: warnings_of(caplog))
        assert [value[:3] in line for line in warnings_of(caplog)] == [True]


@fault(13, "event-refused", "413 Too Large", "422 Unprocessable", "400 Bad Request")
def test_a_refused_event_is_dropped_and_the_next_one_sent(client: Client, value: str) -> None:
    refused = 6  # one more than a breaker would bear

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            is_refused = len(server.requests) <= refused
            connection.sendall(vendors.answer(value) if is_refused else ACCEPTED)

    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        for number in range(1, refused + 1):
            site.visit()
            ends_as(site, rejected=number)
        site.visit()
        ends_as(site, rejected=refused, accepted=1)
        assert len(server.requests) == refused + 1


@fault(14, "redirect", "301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent")
def test_no_redirect_is_followed(
    client: Client, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with vendor(saying("202 Accepted")) as elsewhere:
        where = f"Location: http://user@127.0.0.1:{elsewhere.port}/elsewhere\r\n"
        with vendor(saying(value, extra=where)) as server, site_of(client, server.url) as (site, _):
            site.visit()
            ends_as(site, rejected=1)
            (account,) = site.tracker.stats()["destinations"].values()
            assert account["is_paused"]
            assert len(server.requests) == 1
            assert elsewhere.connections == 0
            assert wait_until(lambda: warnings_of(caplog))
            assert f"http://127.0.0.1:{elsewhere.port};" in warnings_of(caplog)[0]


@fault(14, "redirect-to-itself")
def test_a_redirect_loop_is_one_answer(client: Client) -> None:
    with (
        vendor(saying("307 Loop", extra="Location: /api/event\r\n")) as server,
        site_of(client, server.url) as (site, _),
    ):
        site.visit()
        ends_as(site, rejected=1)
        assert len(server.requests) == 1


# -- connections that break --------------------------------------------------------------------


@fault(15, "reset-fresh")
def test_a_reset_of_a_fresh_connection_is_not_tried_again(client: Client) -> None:
    with vendor(vendors.resetting) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert server.connections == 1


@fault(15, "stale", "resetting_second", "closing_second")
def test_a_connection_that_was_closed_idle_is_replaced_once(client: Client, value: str) -> None:
    with vendor(getattr(vendors, value)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        site.visit()
        ends_as(site, accepted=2)
        assert (server.connections, len(server.requests)) == (2, 3)


@fault(16, "in-the-head", "resetting_answer", "breaking_off")
def test_an_answer_that_ends_in_its_head_is_not_tried_again(client: Client, value: str) -> None:
    with vendor(getattr(vendors, value)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert server.connections == 1


@fault(16, "broken-off-on-a-used-connection")
def test_an_answer_that_breaks_off_on_a_used_connection_is_not_tried_again(client: Client) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(ACCEPTED)
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-")

    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        site.visit()
        ends_as(site, accepted=1, unknown=1)
        assert (server.connections, len(server.requests)) == (1, 2)


@fault(16, "reset-in-the-body")
def test_a_status_counts_although_its_body_breaks_off(client: Client) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nok")

    with vendor(behave) as server, site_of(client, server.url) as (site, transport):
        site.visit()
        ends_as(site, accepted=1)
        (response,) = transport.endings
        assert isinstance(response, Response)
        assert response.body == b"ok"


def closing_after_each(header: str) -> vendors.Behaviour:
    """One answer a connection, with a word about it or without."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(vendors.answer(extra=header))
        connection.shutdown(socket.SHUT_WR)

    return behave


@fault(17, "closed-while-idle")
def test_a_connection_closed_between_two_posts_loses_and_doubles_nothing(client: Client) -> None:
    with vendor(closing_after_each("")) as server, site_of(client, server.url) as (site, transport):
        for number in range(1, 6):
            site.visit()
            ends_as(site, accepted=number)
            time.sleep(0.02)  # for the end of the stream to arrive
        assert (server.connections, len(server.requests)) == (5, 5)
        assert [ending for ending in transport.endings if isinstance(ending, Exception)] == []


SAID = {"unsaid": "", "said": "Connection: close\r\n"}


@fault(18, "closes-after-each", *SAID)
def test_a_server_that_closes_after_each_answer_is_no_trouble(
    client: Client, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        vendor(closing_after_each(SAID[value])) as server,
        site_of(client, server.url) as (site, _),
    ):
        for number in range(1, 6):
            site.visit()
            ends_as(site, accepted=number)
            time.sleep(0.02)  # for the end of the stream to arrive
        assert warnings_of(caplog) == []


@fault(17, "idle-too-long")
def test_a_connection_is_not_used_after_it_was_idle_for_long(client: Client) -> None:
    with (
        vendor(vendors.answering(ACCEPTED)) as server,
        site_of(client, server.url, idle=1.0) as (site, _),
    ):
        site.visit()
        ends_as(site, accepted=1)
        site.visit()
        ends_as(site, accepted=2)
        assert server.connections == 1
        time.sleep(2.1)
        site.visit()
        ends_as(site, accepted=3)
        assert server.connections == 2


@fault(17, "peer-promises-to-wait")
def test_a_connection_is_used_for_as_long_as_its_peer_promises(client: Client) -> None:
    kept = vendors.answer(extra="Keep-Alive: timeout=65, max=100\r\n")
    with (
        vendor(vendors.answering(kept)) as server,
        site_of(client, server.url, idle=1.0) as (site, _),
    ):
        site.visit()
        ends_as(site, accepted=1)
        time.sleep(2.1)
        site.visit()
        ends_as(site, accepted=2)
        assert server.connections == 1


@fault(17, "told-of-its-end")
def test_a_408_on_an_idle_connection_costs_no_event_and_doubles_none(client: Client) -> None:
    """As haproxy says it to whom it has waited for in vain."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(ACCEPTED)
        if server.connections == 1:
            time.sleep(0.02)  # so that it does not come along with the answer
            connection.sendall(
                vendors.answer("408 Request Time-out", extra="Connection: close\r\n")
            )
            connection.shutdown(socket.SHUT_WR)
            has_said.set()

    has_said = threading.Event()
    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert has_said.wait(5)
        site.visit()
        ends_as(site, accepted=2)
        assert len(server.requests) == 2


@fault(17, "answer-too-many", "500 Oops", "202 Accepted", "429 Too Many")
def test_an_answer_that_nobody_asked_for_is_not_the_next_ones(client: Client, value: str) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            too_many = vendors.answer(value) if len(server.requests) == 1 else b""
            connection.sendall(ACCEPTED + too_many)

    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        site.visit()
        ends_as(site, accepted=2)
        assert (server.connections, len(server.requests)) == (2, 2)


# -- names and addresses -----------------------------------------------------------------------


class Resolver:
    """Stands in for the system's: `vendor.invalid` has the addresses it is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0
        self._system = socket.getaddrinfo
        self._set_up = curl_handle.CurlHandle._set_up
        monkeypatch.setattr(socket, "getaddrinfo", self.getaddrinfo)
        monkeypatch.setattr(curl_handle.CurlHandle, "_set_up", self.set_up)

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host != "vendor.invalid":
            return self._system(host, port, *args, **options)
        self.asked += 1
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = [self._system(address, port, *args, **options) for address in self.addresses]
        return [each for answers in found for each in answers]

    port = 0

    def set_up(self, made: Any, *args: Any) -> None:
        """What a new handle of libcurl finds in its memory of names."""
        self._set_up(made, *args)
        if self.addresses:
            written = ",".join(f"[{each}]" if ":" in each else each for each in self.addresses)
            made._curl.setopt(made._lib.RESOLVE, [f"vendor.invalid:{self.port}:{written}"])


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    found = Resolver(monkeypatch)
    # A method of the class again, or it would not be given the handle.
    monkeypatch.setattr(
        curl_handle.CurlHandle, "_set_up", lambda made, *args: found.set_up(made, *args)
    )
    return found


@fault(19, "no-such-name")
def test_a_name_without_an_address_is_asked_for_again(
    client: Client, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_cache, "NEGATIVE_SECONDS", 0.2)
    with vendor(vendors.answering(ACCEPTED)) as server:
        resolver.port = server.port
        with site_of(client, f"http://vendor.invalid:{server.port}") as (site, transport):
            site.visit()
            assert wait_until(lambda: transport.endings)
            assert isinstance(transport.endings[0], NotSent)
            assert site.counts() == {"queued": 1}
            resolver.addresses = ("127.0.0.1",)
            ends_as(site, accepted=1)


def test_a_negative_answer_of_the_resolver_is_forgotten_after_five_seconds() -> None:
    assert dns_cache.NEGATIVE_SECONDS <= 5


@fault(20, "resolver-hangs", clients="httpx")
def test_a_hanging_resolver_holds_up_its_own_sender_and_no_exit(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()

    def getaddrinfo(*args: Any, **options: Any) -> Any:
        is_over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with site_of(client, "http://vendor.invalid") as (site, _):
        site.visits(3)
        assert wait_until(lambda: site.counts() == {"queued": 3})
        started = time.monotonic()
        assert not site.tracker.flush(0.3)
        assert time.monotonic() - started < 2
        assert site.counts() == {"lost_at_exit": 3}
        is_over.set()


@fault(20, "resolver-slow", clients="httpx")
def test_what_a_slow_resolver_has_made_late_is_not_sent(
    client: Client, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*args: Any, **options: Any) -> Any:
        time.sleep(0.7)
        return resolver.getaddrinfo(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with vendor(vendors.answering(ACCEPTED)) as server:
        transport = client(timeout_seconds=0.5)
        with pytest.raises(NotSent):
            transport.send(Request(url=server.url, headers={}, body=b""))
        assert server.requests == []


def test_20_nothing_is_written_once_the_time_is_over() -> None:
    written: list[bytes] = []
    exchange = httpcore_deadline.ExchangeDeadline()
    exchange.start(0.0, is_secure=False)
    system: Any = SimpleNamespace(write=lambda request, left: written.append(request))
    stream = httpcore_deadline.Stream(system, exchange)
    stream.write(b"POST / HTTP/1.1")
    with pytest.raises(httpcore2.TimeoutException):
        stream.read(1)
    assert (written, exchange.has_sent) == ([], False)


def test_20_no_connection_is_begun_once_the_time_is_over() -> None:
    exchange = httpcore_deadline.ExchangeDeadline()
    exchange.start(0.0, is_secure=False)
    with vendor(vendors.answering(ACCEPTED)) as server:
        backend = httpcore_deadline.Backend(exchange, dns_cache.DNSCache())
        with pytest.raises(httpcore2.ConnectTimeout):
            backend.connect_tcp("127.0.0.1", server.port, 1.0)
        assert server.connections == 0


@fault(21, "dead-v6-live-v4", "refused", "blackhole")
def test_the_next_address_is_tried_within_the_budget(
    client: Client, value: str, resolver: Resolver
) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with vendor(vendors.answering(ACCEPTED)) as server:
        resolver.port, resolver.addresses = server.port, ("::1", "127.0.0.1")
        with vendors.blackhole("::1", server.port) if value == "blackhole" else vendors.nothing():
            url = f"http://vendor.invalid:{server.port}"
            with site_of(client, url, timeout=6, connect_timeout=2) as (site, transport):
                site.visit()
                ends_as(site, accepted=1)
                assert len(transport.endings) == 1


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@fault(22, "address-changes", clients="httpx")
def test_a_vendor_that_moves_is_followed(
    client: Client, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_common, "MAX_CONNECTION_AGE_SECONDS", 1)
    monkeypatch.setattr(dns_cache, "DNS_SECONDS", 0.5)
    with (
        vendor(vendors.answering(ACCEPTED)) as old,
        vendor(vendors.answering(ACCEPTED), address="127.0.0.2", port=old.port) as new,
    ):
        resolver.addresses = ("127.0.0.1",)
        with site_of(client, f"http://vendor.invalid:{old.port}") as (site, _):
            site.visit()
            ends_as(site, accepted=1)
            resolver.addresses = ("127.0.0.2",)

            def has_moved() -> bool:
                site.visit()
                time.sleep(0.05)
                return bool(new.connections)

            assert wait_until(has_moved)


def test_22_a_vendor_that_moves_is_followed_within_a_minute() -> None:
    assert max(http_common.MAX_CONNECTION_AGE_SECONDS, http_common.DNS_SECONDS) <= 60


# -- TLS ---------------------------------------------------------------------------------------

NAME = "localhost"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts, as if the system's bundle held it."""
    bundle = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setattr(httpcore_connections, "_tls_context", None)
    return authority


def tls_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


CERTIFICATES: dict[str, Callable[[trustme.CA], trustme.LeafCert]] = {
    "expired": lambda ca: ca.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC)),
    "of-another-host": lambda ca: ca.issue_cert("another.example"),
    "nobody-vouches": lambda ca: trustme.CA().issue_cert("127.0.0.1"),
}


@fault(23, "tls-good")
def test_a_certificate_of_a_trusted_authority_is_good(client: Client, trusted: trustme.CA) -> None:
    with (
        vendor(vendors.answering(ACCEPTED), tls=tls_of(trusted.issue_cert("127.0.0.1"))) as server,
        site_of(client, server.url) as (site, _),
    ):
        for number in range(1, 4):
            site.visit()
            ends_as(site, accepted=number)
        assert server.connections == 1


@fault(23, "tls", *CERTIFICATES)
def test_nothing_is_sent_to_whom_nobody_vouches_for(
    client: Client, value: str, trusted: trustme.CA
) -> None:
    context = tls_of(CERTIFICATES[value](trusted))
    with (
        vendor(vendors.answering(ACCEPTED), tls=context) as server,
        site_of(client, server.url) as (site, transport),
    ):
        site.visit()
        assert wait_until(lambda: transport.endings)
        assert isinstance(transport.endings[0], NotSent)
        assert "certificate" in str(transport.endings[0]).lower()
        assert site.counts() == {"queued": 1}
        assert server.requests == []


@fault(23, "tls-expires-meanwhile")
def test_a_certificate_that_expires_stops_the_events_until_it_is_renewed(
    client: Client, trusted: trustme.CA
) -> None:
    good, expired = trusted.issue_cert("127.0.0.1"), CERTIFICATES["expired"](trusted)
    context = tls_of(good)
    # Whoever resumes a session has seen the certificate when that began.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    with (
        vendor(closing_after_each("Connection: close\r\n"), tls=context) as server,
        site_of(client, server.url) as (site, transport),
    ):
        site.visit()
        ends_as(site, accepted=1)
        expired.configure_cert(context)
        site.visit()
        assert wait_until(lambda: len(transport.endings) > 1)
        assert isinstance(transport.endings[1], NotSent)
        good.configure_cert(context)
        ends_as(site, accepted=2)
        assert len(server.requests) == 2


@fault(23, "tls-wrong", "deaf", "garbage", "closing_at_once", "plain_http")
def test_who_speaks_no_tls_is_not_sent_anything(client: Client, value: str) -> None:
    with vendor(getattr(vendors, value)) as server:
        url = f"https://127.0.0.1:{server.port}"
        with site_of(client, url, **QUICK) as (site, transport):
            started = time.monotonic()
            site.visit()
            assert wait_until(lambda: transport.endings)
            assert time.monotonic() - started < 3
            assert isinstance(transport.endings[0], NotSent)
            assert site.counts() == {"queued": 1}


# -- answers that are none ---------------------------------------------------------------------

GARBAGE = {
    "garbage": b"\x00\xff not HTTP at all\r\n\r\n",
    "http2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http2-settings": b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 4,
    "status-abc": b"HTTP/1.1 abc Accepted\r\n\r\n",
    "nothing": b"",
}


@fault(24, "no-http", *GARBAGE)
def test_what_is_not_http_may_have_counted(client: Client, value: str) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(GARBAGE[value])

    with vendor(behave) as server, site_of(client, server.url) as (site, transport):
        site.visit()
        ends_as(site, unknown=1)
        assert isinstance(transport.endings[0], Ambiguous)
        assert server.connections == 1


HEAD = b"HTTP/1.1 202 Accepted\r\n"
ODD: dict[str, tuple[bytes, str]] = {
    "status-000": (b"HTTP/1.1 000 Zero\r\n\r\n", "unknown"),
    "status-099": (b"HTTP/1.1 099 Low\r\n\r\n", "unknown"),
    "status-101": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "unknown"),
    "status-204": (b"HTTP/1.1 204 No Content\r\n\r\n", "accepted"),
    "status-600": (b"HTTP/1.1 600 Odd\r\n\r\n", "unknown"),
    "status-999": (b"HTTP/1.1 999 Request Denied\r\nContent-Length: 0\r\n\r\n", "unknown"),
    "http-2": (b"HTTP/2 202\r\nContent-Length: 0\r\n\r\n", "unknown"),
    "no-reason": (b"HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", "accepted"),
    "bare-line-feeds": (b"HTTP/1.1 202 Accepted\nContent-Length: 2\n\nok", "accepted"),
    "folded-line": (HEAD + b"X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n", "accepted"),
    "no-ascii": (HEAD + b"X-A: \xe9\xff\r\nContent-Length: 0\r\n\r\n", "accepted"),
    "no-colon": (HEAD + b"nonsense\r\nContent-Length: 0\r\n\r\n", "unknown"),
    "nul": (HEAD + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n", "unknown"),
    "length-of-less-than-nothing": (HEAD + b"Content-Length: -5\r\n\r\n", "unknown"),
    "two-lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", "unknown"),
    "length-and-chunks": (
        HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "accepted",
    ),
    "broken-chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok", "accepted"),
    "zipped-chunks": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "unknown"),
    "zipped-body": (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
        "accepted",
    ),
}


@fault(24, "odd", *ODD)
def test_an_odd_answer_ends_its_event_alike_at_both_doors_and_harms_no_other(
    client: Client, value: str
) -> None:
    answer, end = ODD[value]

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            connection.sendall(answer if len(server.requests) == 1 else ACCEPTED)

    with vendor(behave) as server, site_of(client, server.url, timeout=1.0) as (site, _):
        site.visit()
        ends_as(site, **{end: 1})
        site.visit()
        ends_as(site, **({"accepted": 2} if end == "accepted" else {end: 1, "accepted": 1}))
        assert len(server.requests) == 2


@fault(24, "http-1.0")
def test_an_answer_in_http_1_0_counts_by_its_status(client: Client) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.0 202 Accepted\r\n\r\nok")

    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        for number in range(1, 4):
            site.visit()
            ends_as(site, accepted=number)
        assert len(server.requests) == 3


@fault(24, "invalid-json")
def test_a_body_that_is_no_json_counts_by_its_status(client: Client) -> None:
    with vendor(saying("201 Created", b'{"message": "\xff')) as server:
        destination = Swetrix(pid="aUn1quEid123", endpoint=f"{server.url}/log")
        with site_of(client, server.url, destination=destination) as (site, _):
            site.visit()
            ends_as(site, accepted=1)


@fault(25, "dropped-by-plausible")
def test_a_drop_that_plausible_tells_is_counted_and_not_sent_again(client: Client) -> None:
    with (
        vendor(saying("202 Accepted", b"ok", "X-Plausible-Dropped: 1\r\n")) as server,
        site_of(client, server.url) as (site, _),
    ):
        site.visits(2)
        ends_as(site, dropped_by_vendor=2)
        assert len(server.requests) == 2


@fault(25, "dropped-by-swetrix")
def test_a_drop_that_swetrix_tells_is_counted_and_not_sent_again(client: Client) -> None:
    with vendor(saying("201 Created", b'{"message": "Bot traffic detected"}')) as server:
        destination = Swetrix(pid="aUn1quEid123", endpoint=f"{server.url}/log")
        with site_of(client, server.url, destination=destination) as (site, _):
            site.visit()
            ends_as(site, dropped_by_vendor=1)
            assert len(server.requests) == 1


# -- proxies -----------------------------------------------------------------------------------


@fault(58, "proxied")
def test_the_environments_proxy_is_used(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with vendor(vendors.answering(ACCEPTED)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:s%40cret@127.0.0.1:{proxy.port}")
        with site_of(client, "http://plausible.invalid") as (site, _):
            site.visit()
            ends_as(site, accepted=1)
        assert proxy.requests[0].startswith(b"POST http://plausible.invalid/api/event HTTP/1.1")
        # me:s@cret
        assert b"proxy-authorization: basic bwu6c0bjcmv0" in proxy.requests[0].lower()


@fault(58, "no-proxy", "127.0.0.1", "*", "example.org,127.0.0.1", "127.0.0.0/8")
def test_a_host_named_in_no_proxy_is_reached_straight(
    client: Client, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{vendors.unused_port()}")
    monkeypatch.setenv("no_proxy", value)
    with vendor(vendors.answering(ACCEPTED)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)


@fault(58, "as-at-first")
def test_the_way_to_a_vendor_stays_what_it_was(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vendor(vendors.answering(ACCEPTED)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with site_of(client, "http://plausible.invalid") as (site, _):
            site.visit()
            ends_as(site, accepted=1)
            # libcurl would read this variable itself, each time.
            monkeypatch.setenv("no_proxy", "*")
            site.visit()
            ends_as(site, accepted=2)


@fault(58, "no-credentials")
def test_a_proxy_that_asks_for_credentials_is_given_a_rest(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with vendor(saying("407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with site_of(client, "http://plausible.invalid") as (site, _):
            site.visit()
            ends_as(site, rejected=1)
            (account,) = site.tracker.stats()["destinations"].values()
            assert account["is_paused"]
            assert wait_until(lambda: "check the proxy settings" in caplog.text)


REFUSALS = ("403 Forbidden", "407 Authenticate", "503 Unavailable", "closed", "reset", "hanging")


@fault(58, "tunnel-refused", *REFUSALS)
def test_a_proxy_that_makes_no_tunnel_has_sent_nothing(
    client: Client, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviours = {
        "closed": vendors.closing_unanswered,
        "reset": vendors.resetting,
        "hanging": vendors.hanging,
    }
    with vendor(behaviours.get(value) or saying(value)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with site_of(client, "https://plausible.invalid", **QUICK) as (site, transport):
            site.visit()
            assert wait_until(lambda: transport.endings)
            assert isinstance(transport.endings[0], NotSent)
            assert site.counts() == {"queued": 1}


@fault(58, "tunnel")
def test_the_vendor_is_verified_through_a_tunnel(
    client: Client, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = tls_of(trusted.issue_cert("127.0.0.1"))
    with vendor(vendors.answering(ACCEPTED), tls=tls) as server, vendor(vendors.tunnel) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with site_of(client, server.url) as (site, _):
            site.visits(3)
            ends_as(site, accepted=3)
        assert proxy.requests[0].startswith(f"CONNECT 127.0.0.1:{server.port} ".encode())


@fault(58, "silent-behind-a-tunnel", "closing_unanswered", "hanging")
def test_what_a_proxy_says_of_its_tunnel_is_not_the_vendors_answer(
    client: Client, value: str, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = tls_of(trusted.issue_cert("127.0.0.1"))
    with (
        vendor(getattr(vendors, value), tls=tls) as server,
        vendor(vendors.tunnel) as proxy,
    ):
        monkeypatch.setenv("https_proxy", proxy.url)
        with site_of(client, server.url, timeout=1.0) as (site, _):
            site.visit()
            ends_as(site, unknown=1)
            assert len(server.requests) == 1


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
