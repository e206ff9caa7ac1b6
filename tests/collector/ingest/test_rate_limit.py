"""How fast one address may send events."""

from __future__ import annotations

import pytest

from footfall.collector.ingest import rate_limit
from footfall.collector.ingest.rate_limit import RateLimiter


def test_a_sender_may_burst_and_is_then_limited_to_the_rate() -> None:
    limiter = RateLimiter(per_second=10.0, burst=3.0)
    assert [limiter.allows("192.0.2.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [limiter.allows("192.0.2.1", 0.1) for _ in range(2)] == [True, False]
    assert [limiter.allows("192.0.2.1", 99.0) for _ in range(4)] == [True, True, True, False]
    # A clock that is set back neither adds nor removes tokens.
    assert not limiter.allows("192.0.2.1", 1.0)


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_addresses_of_one_ipv6_network_share_a_bucket(
    first: str, second: str, are_one: bool
) -> None:
    limiter = RateLimiter(per_second=1.0, burst=1.0)
    assert limiter.allows(first, 0.0)
    assert limiter.allows(second, 0.0) != are_one


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "", "unix:"])
def test_loopback_addresses_have_no_limit(peer: str) -> None:
    limiter = RateLimiter(per_second=1.0, burst=1.0)
    assert all(limiter.allows(peer, 0.0) for _ in range(10))


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_SENDERS", 2)
    limiter = RateLimiter(per_second=1.0, burst=1.0)
    for number in range(5):
        limiter.allows(f"192.0.2.{number}", 0.0)
    assert len(limiter._buckets) == 2
