"""Faulty responses, by their number in tests/FAULTS.md, with each HTTP client.

In each the app's visitors get what they always get, in time (`tests.support.faults`), and the event
ends in the right counter.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from footfall.delivery.transport import MAX_BODY_BYTES
from footfall.destinations import Plausible, Swetrix
from footfall.errors import Ambiguous
from footfall.model import Response
from tests.delivery.vendor_behaviours import ACCEPTED, always, first, warnings_in
from tests.support import vendors
from tests.support.transports import CLIENTS, QUICK, Client, ends_as, fault, site_of
from tests.support.vendors import Vendor, vendor, wait_until
from tests.support.waiting import LONG_SECONDS


@fault(4, "answer-dripped")
def test_a_dripped_response_is_cut_at_the_deadline(client: Client) -> None:
    with vendor(vendors.dripping) as server, site_of(client, server.url, **QUICK) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert server.connections == 1


@fault(4, "body-dripped")
def test_of_a_dripped_body_the_status_counts_at_the_deadline(client: Client) -> None:
    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n")
        while not server.is_closing.wait(0.1):
            connection.sendall(b"x")

    with vendor(behave) as server, site_of(client, server.url, **QUICK) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert server.connections == 1


@fault(5, "endless-100-continue")
def test_interim_responses_are_cut_after_the_second(client: Client) -> None:
    with (
        vendor(vendors.continuing) as server,
        site_of(client, server.url, timeout=LONG_SECONDS) as (site, _),
    ):
        site.visit()
        ends_as(site, unknown=1)
        assert server.connections == 1


@fault(5, "two-interim-answers")
def test_two_interim_responses_do_no_harm(client: Client) -> None:
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
        # The kernel's buffers take some of it, although it is not read.
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


@pytest.mark.long
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
    # libcurl itself would accept this one.
    "of-20-kilobytes": vendors.long_head(20),
}


@fault(7, "head", *HEADS)
def test_a_huge_head_is_cut(client: Client, value: str) -> None:
    with vendor(HEADS[value]) as server, site_of(client, server.url, timeout=LONG_SECONDS) as found:
        site, transport = found
        site.visit()
        ends_as(site, unknown=1)
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

    with vendor(behave) as server, site_of(client, server.url, timeout=LONG_SECONDS) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert server.bytes_sent < 20_000_000


@fault(7, "head-of-12-kilobytes")
def test_a_long_head_is_read(client: Client) -> None:
    with vendor(vendors.long_head(12)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)


@fault(8, "500")
def test_a_500_is_not_sent_again_and_five_open_the_breaker(client: Client) -> None:
    with vendor(always("500 Oops")) as server, site_of(client, server.url) as (site, _):
        site.visits(5)
        ends_as(site, unknown=5)
        (account,) = site.tracker.stats()["destinations"].values()
        assert account["is_paused"]
        assert len(server.requests) == 5


@fault(9, "gateway", "502 Bad Gateway", "503 Service Unavailable")
def test_an_event_that_a_busy_gateway_refuses_is_sent_again(client: Client, value: str) -> None:
    with vendor(first(value)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert len(server.requests) == 2


@fault(9, "504")
def test_a_504_is_not_sent_again(client: Client) -> None:
    with vendor(always("504 Gateway Timeout")) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert len(server.requests) == 1


@fault(10, "429")
def test_a_429_without_a_time_is_sent_again_later(client: Client) -> None:
    with vendor(first("429 Too Many")) as server, site_of(client, server.url) as (site, _):
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
        vendor(always("429 Too Many", extra=extra)) as server,
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
    with vendor(always(value)) as server, site_of(client, server.url) as (site, _):
        site.visits(3)
        assert wait_until(lambda: site.counts().get("rejected", 0) >= 1)
        (account,) = site.tracker.stats()["destinations"].values()
        assert account["is_paused"]
        # Some may have been on their way together; none follows them.
        assert wait_until(lambda: site.counts().get("rejected") == len(server.requests))
        assert wait_until(lambda: warnings_in(caplog))
        assert [value[:3] in line for line in warnings_in(caplog)] == [True]


@fault(13, "event-refused", "413 Too Large", "422 Unprocessable", "400 Bad Request")
def test_a_refused_event_is_dropped_and_the_next_one_sent(client: Client, value: str) -> None:
    refused = 6  # one more than the failures that open a breaker

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
    with vendor(always("202 Accepted")) as elsewhere:
        where = f"Location: http://user@127.0.0.1:{elsewhere.port}/elsewhere\r\n"
        with vendor(always(value, extra=where)) as server, site_of(client, server.url) as (site, _):
            site.visit()
            ends_as(site, rejected=1)
            (account,) = site.tracker.stats()["destinations"].values()
            assert account["is_paused"]
            assert len(server.requests) == 1
            assert elsewhere.connections == 0
            assert wait_until(lambda: warnings_in(caplog))
            assert f"http://127.0.0.1:{elsewhere.port};" in warnings_in(caplog)[0]


@fault(14, "redirect-to-itself")
def test_a_redirect_loop_is_one_response(client: Client) -> None:
    with (
        vendor(always("307 Loop", extra="Location: /api/event\r\n")) as server,
        site_of(client, server.url) as (site, _),
    ):
        site.visit()
        ends_as(site, rejected=1)
        assert len(server.requests) == 1


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
def test_an_odd_response_ends_its_event_alike_with_both_clients_and_harms_no_other(
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
def test_a_response_in_http_1_0_counts_by_its_status(client: Client) -> None:
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
    with vendor(always("201 Created", b'{"message": "\xff')) as server:
        destination = Swetrix(pid="aUn1quEid123", endpoint=f"{server.url}/log")
        with site_of(client, server.url, destination=destination) as (site, _):
            site.visit()
            ends_as(site, accepted=1)


@fault(25, "dropped-by-plausible")
def test_a_drop_that_plausible_reports_is_counted_and_not_sent_again(client: Client) -> None:
    with (
        vendor(always("202 Accepted", b"ok", "X-Plausible-Dropped: 1\r\n")) as server,
        site_of(client, server.url) as (site, _),
    ):
        site.visits(2)
        ends_as(site, dropped_by_vendor=2)
        assert len(server.requests) == 2


@fault(25, "dropped-by-swetrix")
def test_a_drop_that_swetrix_reports_is_counted_and_not_sent_again(client: Client) -> None:
    with vendor(always("201 Created", b'{"message": "Bot traffic detected"}')) as server:
        destination = Swetrix(pid="aUn1quEid123", endpoint=f"{server.url}/log")
        with site_of(client, server.url, destination=destination) as (site, _):
            site.visit()
            ends_as(site, dropped_by_vendor=1)
            assert len(server.requests) == 1
