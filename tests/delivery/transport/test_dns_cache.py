"""The DNS cache."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.delivery.transport.dns_cache import DNSCache


def test_a_name_is_resolved_once_a_minute_and_the_address_that_worked_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    now, lookups = [0.0], [0]

    def getaddrinfo(host: str, port: int, **options: Any) -> Any:
        lookups[0] += 1
        return [(0, 0, 0, "", (address, port)) for address in ("::1", "::1", "1.1.1.1", "2.2.2.2")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    cache = DNSCache(clock=lambda: now[0])
    assert cache.addresses("a.example", 80) == ("::1", "1.1.1.1", "2.2.2.2")
    cache.prefer("a.example", 80, "2.2.2.2")
    now[0] = 59.0
    assert cache.addresses("a.example", 80) == ("2.2.2.2", "::1", "1.1.1.1")
    assert lookups == [1]
    now[0] = 61.0
    assert cache.addresses("a.example", 80) == ("::1", "1.1.1.1", "2.2.2.2")
    assert lookups == [2]


def test_an_invalid_name_is_not_resolved_again_at_once() -> None:
    cache = DNSCache(clock=lambda: 0.0)
    for _ in range(2):
        with pytest.raises(OSError, match="the host name is invalid"):
            cache.addresses("a" * 64 + ".example", 80)
