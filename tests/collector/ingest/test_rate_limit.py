"""How fast one address may send events."""

from __future__ import annotations

import pytest

from footfall.collector.ingest import rate_limit
from footfall.collector.ingest.rate_limit import RateLimiter


def test_a_sender_may_burst_and_then_keep_a_pace() -> None:
    bucket = RateLimiter(per_second=10.0, burst=3.0)
    assert [bucket.lets_pass("192.0.2.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.lets_pass("192.0.2.1", 0.1) for _ in range(2)] == [True, False]
    assert [bucket.lets_pass("192.0.2.1", 99.0) for _ in range(4)] == [True, True, True, False]
    # A clock that went back gives nothing away, and takes nothing.
    assert not bucket.lets_pass("192.0.2.1", 1.0)


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
def test_who_shares_a_bucket(first: str, second: str, are_one: bool) -> None:
    bucket = RateLimiter(per_second=1.0, burst=1.0)
    assert bucket.lets_pass(first, 0.0)
    assert bucket.lets_pass(second, 0.0) != are_one


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "", "unix:"])
def test_this_machine_is_not_bounded(peer: str) -> None:
    bucket = RateLimiter(per_second=1.0, burst=1.0)
    assert all(bucket.lets_pass(peer, 0.0) for _ in range(10))


def test_the_book_of_senders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_SENDERS", 2)
    bucket = RateLimiter(per_second=1.0, burst=1.0)
    for number in range(5):
        bucket.lets_pass(f"192.0.2.{number}", 0.0)
    assert len(bucket._buckets) == 2
