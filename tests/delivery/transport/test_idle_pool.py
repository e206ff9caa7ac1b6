"""The pool of idle connections."""

from __future__ import annotations

from footfall.delivery.transport.idle_pool import IdlePool


def test_what_is_not_taken_for_a_minute_is_dropped() -> None:
    now = [0.0]
    pool = IdlePool[str](clock=lambda: now[0])
    for name in ("a", "b"):
        pool.put(name)
    now[0] = 61.0
    pool.put("c")
    assert [pool.take(), pool.take()] == ["c", None]
