"""The limit of one visitor's reports."""

from __future__ import annotations

from footfall.complement import visitor_limit
from footfall.complement.visitor_limit import MAX_PER_MINUTE, VisitorLimit

ADA, BOB = ("192.0.2.1", "Firefox"), ("192.0.2.2", "Firefox")


def test_each_visitor_has_so_many_a_minute() -> None:
    limit = VisitorLimit()
    assert all(limit.allows(ADA, 60.0 + second) for second in range(MAX_PER_MINUTE))
    assert not limit.allows(ADA, 119.9)
    assert limit.allows(BOB, 119.9)
    assert limit.allows(ADA, 120.0)


def test_not_more_visitors_are_counted_than_memory_is_for() -> None:
    limit = VisitorLimit()
    for number in range(visitor_limit.MAX_VISITORS):
        limit.allows((str(number), ""), 0.0)
    assert all(limit.allows(ADA, 0.0) for _ in range(MAX_PER_MINUTE + 1))
    assert len(limit._counts) == visitor_limit.MAX_VISITORS
