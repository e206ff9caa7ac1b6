"""Faults of connections, by their number in tests/FAULTS.md, with each HTTP client.

In each the app's visitors get what they always get, in time (`tests.support.faults`), and the event
ends in the right counter.
"""

from __future__ import annotations

import socket
import threading
import time

import pytest

from footfall.errors import NotSent
from footfall.model import Response
from tests.delivery.vendor_behaviours import ACCEPTED, closing_after_each, warnings_in
from tests.support import vendors
from tests.support.transports import QUICK, Client, ends_as, fault, site_of
from tests.support.vendors import Vendor, vendor, wait_until
from tests.support.waiting import LONG_SECONDS


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
def test_a_vendor_that_never_answers_costs_the_event_and_frees_the_thread(
    client: Client, value: str
) -> None:
    with (
        vendor(getattr(vendors, value)) as server,
        site_of(client, server.url, **QUICK) as (site, transport),
    ):
        site.visit()
        ends_as(site, unknown=1)
        site.visit()
        ends_as(site, unknown=2)
        assert server.connections == len(transport.endings) == 2


@fault(3, "blackhole")
def test_a_connection_that_is_not_accepted_ends_in_time_and_is_tried_again(client: Client) -> None:
    with (
        vendors.blackhole() as port,
        site_of(
            client, f"http://127.0.0.1:{port}", timeout=LONG_SECONDS, connect_timeout=0.3
        ) as found,
    ):
        site, transport = found
        site.visit()
        assert wait_until(lambda: transport.endings)
        assert isinstance(transport.endings[0], NotSent)
        assert site.counts() == {"queued": 1}


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
def test_a_response_that_ends_in_its_head_is_not_tried_again(client: Client, value: str) -> None:
    with vendor(getattr(vendors, value)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, unknown=1)
        assert server.connections == 1


@fault(16, "broken-off-on-a-used-connection")
def test_a_response_that_breaks_off_on_a_used_connection_is_not_tried_again(client: Client) -> None:
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


@fault(17, "closed-while-idle")
def test_a_connection_closed_between_two_posts_loses_and_doubles_nothing(client: Client) -> None:
    with vendor(closing_after_each("")) as server, site_of(client, server.url) as (site, transport):
        for number in range(1, 6):
            site.visit()
            ends_as(site, accepted=number)
            time.sleep(0.02)  # for the end of the stream to arrive
        assert (server.connections, len(server.requests)) == (5, 5)
        assert [ending for ending in transport.endings if isinstance(ending, Exception)] == []


CLOSE_HEADERS = {"unsaid": "", "said": "Connection: close\r\n"}


@fault(18, "closes-after-each", *CLOSE_HEADERS)
def test_a_server_that_closes_after_each_response_causes_no_warning(
    client: Client, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        vendor(closing_after_each(CLOSE_HEADERS[value])) as server,
        site_of(client, server.url) as (site, _),
    ):
        for number in range(1, 6):
            site.visit()
            ends_as(site, accepted=number)
            time.sleep(0.02)  # for the end of the stream to arrive
        assert warnings_in(caplog) == []


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
def test_a_connection_is_used_for_as_long_as_its_server_promises(client: Client) -> None:
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
    """As haproxy sends it on a connection that was idle for too long."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(ACCEPTED)
        if server.connections == 1:
            time.sleep(0.02)  # so that it does not come together with the response
            connection.sendall(
                vendors.answer("408 Request Time-out", extra="Connection: close\r\n")
            )
            connection.shutdown(socket.SHUT_WR)
            has_closed.set()

    has_closed = threading.Event()
    with vendor(behave) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)
        assert has_closed.wait(5)
        site.visit()
        ends_as(site, accepted=2)
        assert len(server.requests) == 2


@fault(17, "answer-too-many", "500 Oops", "202 Accepted", "429 Too Many")
def test_a_response_without_a_request_is_not_the_next_ones(client: Client, value: str) -> None:
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
