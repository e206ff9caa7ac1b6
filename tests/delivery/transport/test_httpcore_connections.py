"""The connections of the httpx2 transport."""

from __future__ import annotations

import os
import threading

import pytest

from footfall.delivery.transport.dns_cache import DNSCache
from footfall.delivery.transport.http_common import MAX_HOSTS
from footfall.delivery.transport.httpcore_connections import Connections


def test_a_forked_child_waits_for_no_lock_of_its_parents_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    inherited = Connections(DNSCache())
    pool = inherited.route_to("http://vendor.invalid/").origin._pool
    assert pool is not None
    inherited._pid = os.getppid()
    with pool._optional_thread_lock:  # by a thread that the child does not have
        freeing = threading.Thread(target=inherited.__del__)
        freeing.start()
        freeing.join(2)
        has_waited = freeing.is_alive()
    assert not has_waited


def test_a_route_is_found_once_and_hosts_share_their_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    connections = Connections(DNSCache())
    first = connections.route_to("http://a.example:8/x")
    assert connections.route_to("http://a.example:8/x") is first
    assert connections.route_to("http://a.example:8/y").origin is first.origin
    secure = connections.route_to("https://a.example:8/x")
    assert secure.origin is not first.origin
    assert (first.host, first.is_secure, secure.is_secure) == (b"a.example:8", False, True)


def test_routes_are_kept_for_few_urls() -> None:
    connections = Connections(DNSCache())
    for number in range(3 * MAX_HOSTS):
        connections.route_to(f"http://{number}.example/")
        assert len(connections._routes) <= MAX_HOSTS
