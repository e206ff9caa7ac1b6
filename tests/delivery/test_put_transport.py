"""Packs for a function of the site owner's: whole, bounded, and counted where it fails."""

from __future__ import annotations

from footfall.destinations import Queue
from footfall.errors import Ambiguous
from footfall.events.pack import Pack
from tests.support.faults import watched_site
from tests.support.vendors import wait_until


def test_every_event_is_put_in_packs() -> None:
    packs: list[bytes] = []
    with watched_site(Queue(put=packs.append), environ={}) as site:
        site.visits(250)
        assert site.tracker.flush(5.0)
        assert site.counts() == {"accepted": 250}
    numbers = [Pack.from_bytes(pack).number for pack in packs]
    assert sum(numbers) == 250
    assert max(numbers) <= 100


def test_what_could_not_be_put_is_put_again() -> None:
    packs: list[bytes] = []
    faults = [OSError("no broker")] * 3

    def put(pack: bytes) -> None:
        if faults:
            raise faults.pop()
        packs.append(pack)

    with watched_site(Queue(put=put), environ={}) as site:
        site.visits(20)
        assert wait_until(lambda: site.counts() == {"accepted": 20}, 20)
    assert sum(Pack.from_bytes(pack).number for pack in packs) == 20


def test_what_may_have_been_put_is_not_put_again() -> None:
    def put(pack: bytes) -> None:
        raise Ambiguous("no answer")

    with watched_site(Queue(put=put), environ={}) as site:
        site.visit()
        assert wait_until(lambda: site.counts() == {"unknown": 1})
