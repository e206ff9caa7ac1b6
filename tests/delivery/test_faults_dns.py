"""Faults of names and addresses, by their number in tests/FAULTS.md."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from footfall.delivery.transport import curl_handle, dns_cache, http_common
from footfall.errors import NotSent
from footfall.model import Request
from tests.delivery.vendor_behaviours import ACCEPTED
from tests.support import vendors
from tests.support.transports import Client, ends_as, fault, site_of
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait


class Resolver:
    """Replaces the system's resolver: `vendor.invalid` has these `addresses`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.addresses = addresses
        self.lookups = 0
        self._system = socket.getaddrinfo
        self._prepare = curl_handle.CurlHandle.prepare
        monkeypatch.setattr(socket, "getaddrinfo", self.getaddrinfo)

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host != "vendor.invalid":
            return self._system(host, port, *args, **options)
        self.lookups += 1
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = [self._system(address, port, *args, **options) for address in self.addresses]
        return [each for answers in found for each in answers]

    port = 0

    def prepare(self, handle: Any, *args: Any, **options: Any) -> None:
        """Put the addresses into libcurl's DNS cache before an exchange."""
        self._prepare(handle, *args, **options)
        if self.addresses:
            written = ",".join(f"[{each}]" if ":" in each else each for each in self.addresses)
            handle.curl.setopt(handle._lib.RESOLVE, [f"vendor.invalid:{self.port}:{written}"])


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    found = Resolver(monkeypatch)
    # A function, so that as a method of the class it gets the handle.
    monkeypatch.setattr(
        curl_handle.CurlHandle,
        "prepare",
        lambda handle, *args, **options: found.prepare(handle, *args, **options),
    )
    return found


@fault(19, "no-such-name")
def test_a_name_without_an_address_is_resolved_again(
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


def test_a_negative_answer_of_the_resolver_is_cached_for_five_seconds_at_most() -> None:
    assert dns_cache.NEGATIVE_SECONDS <= 5


@fault(20, "resolver-hangs", clients="httpx")
def test_a_hanging_resolver_holds_up_its_own_thread_and_no_exit(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()

    def getaddrinfo(*args: Any, **options: Any) -> Any:
        is_over.wait(LONG_SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with site_of(client, "http://vendor.invalid") as (site, _):
        site.visits(3)
        assert wait_until(lambda: site.counts() == {"queued": 3})
        with no_long_wait():
            assert not site.tracker.flush(0.3)
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
