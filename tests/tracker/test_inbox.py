"""The inbox is bounded by number and by bytes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from footfall.testing import MemoryTransport
from footfall.tracker import Tracker, process_hooks
from footfall.tracker import inbox as inbox_module
from footfall.tracker.inbox import MAX_UNPACKED, Inbox
from footfall.tracker.packed_record import PackedRecord
from tests.support.adapters import PLAUSIBLE, navigation, plain_asgi, plain_wsgi
from tests.support.records import EVERY_ADAPTER, MEGABYTE, quiet_tracker, record_of, visit_by_wsgi
from tests.support.trackers import tracker_over, visit


@EVERY_ADAPTER
def test_waiting_bytes_are_bounded_whatever_clients_send(visit: Any) -> None:
    tracker = quiet_tracker()
    tracker._inbox = inbox = Inbox(10_000, MEGABYTE, lambda now: None)
    tracker.recorder.submit = inbox.submit
    inbox.awake_until = float("inf")
    bloated = dict.fromkeys(("Referer", "Sec-CH-UA", "X-Forwarded-For", "HX-Boosted"), "x" * 8000)
    for _ in range(MAX_UNPACKED + 400):
        visit(tracker, navigation("/" + "p" * 8000, "q" * 8000, headers=bloated))
    packed = [record for record in inbox._records if isinstance(record, PackedRecord)]
    assert 0 < sum(record.size for record in packed) <= MEGABYTE
    counted = inbox.counts()
    assert counted["captured"] == MAX_UNPACKED + 400
    assert counted["dropped_full"] == MAX_UNPACKED + 400 - len(inbox) > 0


def test_ordinary_pages_fill_the_count_before_the_bytes() -> None:
    tracker = quiet_tracker(max_queue=2000)
    for _ in range(2100):
        visit_by_wsgi(tracker, navigation("/page", "utm_source=news"))
    assert tracker._inbox.counts() == {"captured": 2100, "waiting": 2000, "dropped_full": 100}


def test_what_is_dropped_is_not_unpacked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = quiet_tracker(max_queue=MAX_UNPACKED)
    with monkeypatch.context() as patched:
        patched.delattr(PackedRecord, "unpack")
        for _ in range(2 * MAX_UNPACKED + 1):
            visit_by_wsgi(tracker, navigation("/page"))
    assert tracker.stats()["dropped_full"] == MAX_UNPACKED + 1
    assert tracker.stats()["errors"] == 0


@EVERY_ADAPTER
def test_once_all_is_taken_the_budget_is_empty(visit: Any) -> None:
    tracker = quiet_tracker(max_queue=MAX_UNPACKED + 50)
    for _ in range(MAX_UNPACKED + 80):
        visit(tracker, navigation("/page"))
    tracker.track("Paid", url="https://example.com/", visitor={"ip": "203.0.113.9"})
    assert tracker._inbox._budget.reserved > 0
    tracker.process_all()
    assert tracker._inbox._budget.reserved == 0
    stats = tracker.stats()
    assert stats["captured"] == MAX_UNPACKED + 81
    assert (stats["waiting"], stats["dropped_full"]) == (0, 31)
    assert sum(stats["reasons"].values()) == MAX_UNPACKED + 50
    assert stats["errors"] == 0


def test_many_threads_at_a_full_inbox_are_all_accounted_for() -> None:
    inbox = Inbox(300, MEGABYTE, lambda now: None)
    inbox.awake_until = float("inf")
    record = record_of(visit_by_wsgi, navigation("/page"))
    left = threading.Event()

    def leave() -> None:
        for _ in range(1000):
            inbox.submit(record, 0.0)

    def take() -> None:
        while not left.is_set():
            if len(inbox) > 250:
                inbox.take()

    threads = [threading.Thread(target=leave) for _ in range(4)]
    taker = threading.Thread(target=take)
    for thread in [*threads, taker]:
        thread.start()
    for thread in threads:
        thread.join()
    left.set()
    taker.join()
    assert inbox.counts()["captured"] == 4000
    assert len(inbox) <= 300
    while len(inbox):
        inbox.take()
    assert inbox._budget.reserved == 0


def test_a_record_can_be_withdrawn_until_it_is_taken() -> None:
    inbox = Inbox(10, 1_000_000, lambda now: None)
    records = [("page", float(at)) for at in range(2)]
    for record in records:
        inbox.submit(record, 0.0)
    assert inbox.take() == records[0]
    assert [inbox.withdraw(record) for record in (*records, None)] == [False, True, False]
    assert inbox.counts()["waiting"] == 0


def test_a_full_inbox_drops_the_oldest_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    tracker = tracker_over(MemoryTransport(), max_queue=10)
    for _ in range(25):
        visit(tracker)
    stats = tracker.stats()
    assert (stats["captured"], stats["waiting"], stats["dropped_full"]) == (25, 10, 15)


@pytest.mark.parametrize("plain", [plain_wsgi, plain_asgi], ids=lambda adapter: adapter.__name__)
def test_while_the_worker_thread_lags_only_picked_values_wait(
    plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "MAX_UNPACKED", 1)
    monkeypatch.setattr(Tracker, "_wake", lambda self, now: None)
    raw = navigation("/page")
    secrets = [(b"Cookie", b"session=1"), (b"Referer", b"https://example.org/" + b"x" * 50_000)]
    raw = replace(raw, headers=[*raw.headers, *secrets])
    outbox = MemoryTransport()
    with plain(destinations=[PLAUSIBLE], transport=outbox) as call:
        tracker = process_hooks.newest()
        assert isinstance(tracker, Tracker)
        for _ in range(3):
            call(raw)
        waiting = [repr(record) for record in tracker._inbox._records]
        tracker.process_all()
        reasons = tracker.stats()["reasons"]
    assert [len(text) > 50_000 for text in waiting] == [True, False, False]
    assert "session=1" not in "".join(waiting[1:])
    assert reasons == {"navigation": 3}
