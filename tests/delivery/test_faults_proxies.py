"""Proxies and their faults, by their number in tests/FAULTS.md, with each HTTP client."""

from __future__ import annotations

import pytest
import trustme

from footfall.errors import NotSent
from tests.delivery.vendor_behaviours import ACCEPTED, always, server_context
from tests.support import vendors
from tests.support.transports import CLIENTS, QUICK, Client, ends_as, fault, site_of
from tests.support.vendors import vendor, wait_until


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
def test_a_host_named_in_no_proxy_is_reached_directly(
    client: Client, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{vendors.unused_port()}")
    monkeypatch.setenv("no_proxy", value)
    with vendor(vendors.answering(ACCEPTED)) as server, site_of(client, server.url) as (site, _):
        site.visit()
        ends_as(site, accepted=1)


@fault(58, "as-at-first")
def test_the_proxy_for_a_vendor_stays_what_it_was(
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
def test_a_proxy_that_asks_for_credentials_pauses_the_destination(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with vendor(always("407 Proxy Authentication Required")) as proxy:
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
    with vendor(behaviours.get(value) or always(value)) as proxy:
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
    tls = server_context(trusted.issue_cert("127.0.0.1"))
    with vendor(vendors.answering(ACCEPTED), tls=tls) as server, vendor(vendors.tunnel) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with site_of(client, server.url) as (site, _):
            site.visits(3)
            ends_as(site, accepted=3)
        assert proxy.requests[0].startswith(f"CONNECT 127.0.0.1:{server.port} ".encode())


@fault(58, "silent-behind-a-tunnel", "closing_unanswered", "hanging")
def test_a_proxys_response_to_connect_is_not_the_vendors_response(
    client: Client, value: str, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = server_context(trusted.issue_cert("127.0.0.1"))
    with (
        vendor(getattr(vendors, value), tls=tls) as server,
        vendor(vendors.tunnel) as proxy,
    ):
        monkeypatch.setenv("https_proxy", proxy.url)
        with site_of(client, server.url, timeout=1.0) as (site, _):
            site.visit()
            ends_as(site, unknown=1)
            assert len(server.requests) == 1


@fault(58, "proxy-of-another-kind", "ftp", "socks4", "quic")
def test_a_proxy_that_a_transport_cannot_use_is_not_reachable_and_the_error_says_what_to_set(
    client: Client, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"{value}://127.0.0.1:{vendors.unused_port()}")
    with site_of(client, "http://vendor.invalid") as (site, transport):
        site.visit()
        assert wait_until(lambda: transport.endings)
        assert isinstance(transport.endings[0], NotSent)
        if value != "socks4" or client is CLIENTS["httpx"]:
            assert "set http_proxy to" in str(transport.endings[0])
        assert site.counts() == {"queued": 1}
