"""What the leading process reads from the file, and what it drops."""

from __future__ import annotations

import time

import pytest

from footfall.delivery.drainer import WINDOW
from footfall.delivery.outbox.sqlite_file import OutboxFile
from footfall.events.json import to_json
from tests.delivery.outbox.files import (
    ACCEPTING,
    DEAD,
    NAME,
    dsn_of,
    fill,
    made,
    refusal,
    rows_in,
)
from tests.support import vendors
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import vendor, wait_until


def test_26_a_dead_vendor_holds_up_only_its_own_rows(path: str) -> None:
    with vendor(ACCEPTING) as server:
        refusing = f"plausible+http://127.0.0.1:{vendors.unused_port()}/example.com"
        with watched_site(refusing, dsn_of(server), outbox=path) as site:
            site.visits(600)
            assert wait_until(lambda: site.counts(1).get("accepted") == 600)
            dead = site.counts(0)
            assert dead["stored"] == 600
            assert dead.get("queued", 0) <= WINDOW
            # What is not sent while its breaker is open waits in the file.
            assert wait_until(lambda: site.tracker.stats()["outbox"]["rows"] >= 600 - WINDOW - 100)


def test_71_what_is_from_yesterday_is_counted_and_never_sent(path: str) -> None:
    fill(path, 50, at=time.time() - 86_400)
    transport = Scripted()
    with watched_site(DEAD, outbox=path, transport=transport) as site:
        site.visit()
        assert wait_until(lambda: site.counts() == {"accepted": 1, "expired": 50, "stored": 1})
        assert len(transport.requests) == 1


def test_the_oldest_of_too_many_rows_are_dropped_and_counted(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from footfall.delivery import drainer

    monkeypatch.setattr(drainer, "PURGE_SECONDS", 0.0)
    refused = Scripted(*[refusal() for _ in range(1000)])
    with watched_site(DEAD, outbox=path, transport=refused) as site:
        outbox = site.tracker._dispatcher.outbox
        assert outbox is not None
        outbox._max_rows = 100
        site.visits(1000)
        assert wait_until(lambda: site.counts().get("stored") == 1000)
        assert wait_until(lambda: rows_in(path) <= 100)
        assert site.counts()["dropped_full"] >= 1000 - 100 - WINDOW


def test_old_rows_of_a_destination_that_is_gone_are_dropped(path: str) -> None:
    fill(path, 20, destination="plausible:former.example", at=time.time() - 86_400)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visit()
        assert wait_until(lambda: site.tracker.stats()["outbox"]["orphaned"] == 20)


def test_68_a_row_that_cannot_be_read_is_counted_and_does_not_stop_the_others(path: str) -> None:
    fill(path, 5)
    file = OutboxFile(path)
    later = to_json(made(1, time.time())).replace('"v":1', '"v":99')
    file.store([(NAME, time.time(), later), (NAME, time.time(), "no JSON")])
    file.close()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visit()
        assert wait_until(lambda: site.counts() == {"accepted": 6, "failed": 2, "stored": 1})
        assert rows_in(path) == 0
