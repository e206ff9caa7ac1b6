"""How many events one sender may send in a second."""

from __future__ import annotations

import pytest

from footfall.collector.ingest import rate_limit
from footfall.collector.ingest.rate_limit import RateLimiter, sender_of


def takes(limiter: RateLimiter, sender: str | None, now: float, events: int = 1) -> bool:
    """Whether a request was let in, whose events are then charged."""
    is_allowed = limiter.allows(sender, now)
    if is_allowed:
        limiter.charge(sender, events, now)
    return is_allowed


def test_a_sender_may_burst_and_is_then_limited_to_the_rate() -> None:
    limiter = RateLimiter(per_second=10.0, burst=3.0)
    assert [takes(limiter, "a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [takes(limiter, "a", 0.1) for _ in range(2)] == [True, False]
    assert [takes(limiter, "a", 99.0) for _ in range(4)] == [True, True, True, False]
    # A clock that is set back neither adds nor removes tokens.
    assert not takes(limiter, "a", 1.0)


def test_each_event_of_a_request_takes_a_token() -> None:
    limiter = RateLimiter(per_second=10.0, burst=50.0)
    # The request that goes below zero was let in: its events are known only now.
    assert [takes(limiter, "a", 0.0, events=20) for _ in range(4)] == [True, True, True, False]
    # 10 tokens are owed.
    assert [takes(limiter, "a", at) for at in (1.0, 1.09, 1.11, 1.12)] == [
        False,
        False,
        True,
        False,
    ]


def test_a_request_without_an_event_takes_a_token_too() -> None:
    limiter = RateLimiter(per_second=1.0, burst=2.0)
    assert [takes(limiter, "a", 0.0, events=0) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
@pytest.mark.parametrize("is_page", [True, False])
def test_addresses_of_one_ipv6_network_are_one_sender(
    first: str, second: str, are_one: bool, is_page: bool
) -> None:
    senders = sender_of(first, is_page=is_page), sender_of(second, is_page=is_page)
    assert None not in senders
    assert (senders[0] == senders[1]) == are_one


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_no_limit_but_for_the_pages_in_its_browsers(peer: str) -> None:
    limiter = RateLimiter(per_second=1.0, burst=1.0)
    sender = sender_of(peer, is_page=False)
    assert all(takes(limiter, sender, 0.0, events=100) for _ in range(10))
    page = sender_of(peer, is_page=True)
    assert page == sender_of("127.0.0.1", is_page=True)
    assert [takes(limiter, page, 0.0) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("peer", ["", "unix:"])
def test_a_socket_without_an_address_has_no_limit(peer: str) -> None:
    assert sender_of(peer, is_page=True) is None


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_SENDERS", 2)
    limiter = RateLimiter(per_second=1.0, burst=1.0)
    for number in range(5):
        takes(limiter, f"192.0.2.{number}", 0.0)
    assert len(limiter._buckets) == 2
    # Asking costs no memory.
    assert limiter.allows("192.0.2.9", 0.0)
    assert len(limiter._buckets) == 2
