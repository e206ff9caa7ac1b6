"""Faults of TLS, by their number in tests/FAULTS.md, with each HTTP client."""

from __future__ import annotations

import ssl

import trustme

from footfall.errors import NotSent
from tests.delivery.vendor_behaviours import (
    ACCEPTED,
    CERTIFICATES,
    closing_after_each,
    server_context,
)
from tests.support import vendors
from tests.support.transports import QUICK, Client, ends_as, fault, site_of
from tests.support.vendors import vendor, wait_until


@fault(23, "tls-good")
def test_a_certificate_of_a_trusted_authority_is_good(client: Client, trusted: trustme.CA) -> None:
    with (
        vendor(
            vendors.answering(ACCEPTED), tls=server_context(trusted.issue_cert("127.0.0.1"))
        ) as server,
        site_of(client, server.url) as (site, _),
    ):
        for number in range(1, 4):
            site.visit()
            ends_as(site, accepted=number)
        assert server.connections == 1


@fault(23, "tls", *CERTIFICATES)
def test_nothing_is_sent_to_a_server_with_an_untrusted_certificate(
    client: Client, value: str, trusted: trustme.CA
) -> None:
    context = server_context(CERTIFICATES[value](trusted))
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
    context = server_context(good)
    # A client that resumes a session does not check the certificate again.
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
def test_nothing_is_sent_to_a_server_that_speaks_no_tls(client: Client, value: str) -> None:
    with vendor(getattr(vendors, value)) as server:
        url = f"https://127.0.0.1:{server.port}"
        with site_of(client, url, **QUICK) as (site, transport):
            site.visit()
            assert wait_until(lambda: transport.endings)
            assert isinstance(transport.endings[0], NotSent)
            assert site.counts() == {"queued": 1}
