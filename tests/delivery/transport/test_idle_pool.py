"""The pool of idle connections."""

from __future__ import annotations

from footfall.delivery.transport.idle_pool import IdlePool


class Connection:
    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_what_is_not_taken_for_a_minute_is_closed() -> None:
    now = [0.0]
    pool = IdlePool[Connection](clock=lambda: now[0])
    old, new = Connection(), Connection()
    for each in (old, Connection()):
        pool.put(each)
    now[0] = 61.0
    pool.put(new)
    assert [pool.take(), pool.take()] == [new, None]
    assert (old.is_closed, new.is_closed) == (True, False)


def test_what_comes_back_to_a_closed_pool_is_closed() -> None:
    pool = IdlePool[Connection]()
    idle, used = Connection(), Connection()
    pool.put(idle)
    pool.close()
    assert idle.is_closed
    pool.put(used)
    assert used.is_closed
    assert pool.take() is None
