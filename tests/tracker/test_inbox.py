"""The inbox is bounded by number and by bytes."""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest

from footfall import asgi
from footfall.common.clock import monotonic
from footfall.errors import EventError
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker, process_hooks
from footfall.tracker import inbox as inbox_module
from footfall.tracker.custom_event import MAX_CHARS
from footfall.tracker.inbox import (
    LONG_SECONDS,
    MAX_UNPACKED,
    UNPACKED_BYTES,
    UNPACKED_SECONDS,
    Inbox,
)
from footfall.tracker.packed_record import PackedRecord
from tests.support.adapters import PLAUSIBLE, Raw, navigation, plain_asgi, plain_wsgi
from tests.support.records import (
    EVERY_ADAPTER,
    MEGABYTE,
    quiet_tracker,
    record_of,
    visit_by_asgi,
    visit_by_wsgi,
)
from tests.support.trackers import tracker_over, visit


@EVERY_ADAPTER
def test_waiting_bytes_are_bounded_whatever_clients_send(visit: Any) -> None:
    tracker = quiet_tracker()
    tracker._inbox = inbox = Inbox(10_000, UNPACKED_BYTES + MEGABYTE, lambda now: None)
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
    inbox = Inbox(300, UNPACKED_BYTES + MEGABYTE, lambda now: None)
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
    inbox = Inbox(10, UNPACKED_BYTES + MEGABYTE, lambda now: None)
    page = record_of(visit_by_wsgi, navigation("/page"))
    records = [(*page[:-1], float(at)) for at in range(2)]
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


SECRET = "a secret of 1234 letters"
LONG = "x" * 60_000
FLOODS: dict[str, list[tuple[bytes, bytes]]] = {
    "an ordinary request": [],
    "a long cookie": [(b"Cookie", LONG.encode())],
    "an unknown header of 2 MB": [(b"X-Unknown", b"x" * 2_000_000)],
    "many unknown headers": [(b"X-Unknown-%d" % number, b"x" * 999) for number in range(1999)],
    "long headers that are read": [
        (name, LONG.encode()) for name in (b"User-Agent", b"Referer", b"X-Forwarded-For")
    ],
    "many lines of one header": [(b"X-Forwarded-For", b"198.51.100.9")] * 9_999,
    "lines without a text": [(b"Accept", b"")] * 20_000,
}
PLAIN = pytest.mark.parametrize(
    "plain", [plain_wsgi, plain_asgi], ids=lambda adapter: adapter.__name__
)


@PLAIN
@pytest.mark.parametrize("headers", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("worker", ["stalled from the start", "stalled after a poll"])
def test_what_waits_is_small_and_holds_no_secret(
    plain: Any, headers: list[tuple[bytes, bytes]], worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tracker, "_wake", lambda self, now: None)
    raw = navigation("/page", headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
    named = {name for name, _ in headers}
    kept = [pair for pair in raw.headers if pair[0] not in named]
    secrets = [(b"Cookie", SECRET.encode()), (b"Authorization", SECRET.encode())]
    raw = replace(raw, headers=[*kept, *secrets, *headers])
    with plain(destinations=[PLAUSIBLE], transport=MemoryTransport()) as call:
        tracker = process_hooks.newest()
        assert isinstance(tracker, Tracker)
        inbox = tracker._inbox
        if worker == "stalled after a poll":
            inbox._taken_before = -100  # at the poll before
            inbox.settle(monotonic(), is_flowing=True)
        for number in range(12):
            call(raw)
            if number == 6:
                inbox._unpacked_until = float("-inf")  # it is late
        assert len(inbox) == 12
        for record in (*inbox._packed, *inbox._records):
            held = values_held_by(record)
            assert not [each for each in held if SECRET in str(each)]
            assert sum(map(sys.getsizeof, held)) <= 40_000
        tracker.process_all()
        stats = tracker.stats()
    assert sum(stats["reasons"].values()) == stats["captured"] == 12
    assert stats["errors"] == 0


@EVERY_ADAPTER
def test_what_cannot_be_sent_is_packed_after_a_poll(visit: Any) -> None:
    tracker = quiet_tracker()
    for _ in range(10):
        visit(tracker, navigation("/page"))
    inbox = tracker._inbox
    assert not any(isinstance(record, PackedRecord) for record in inbox._records)
    inbox.settle(0.0, is_flowing=True)
    assert len(inbox._records) == 10
    inbox.settle(0.0, is_flowing=False)
    assert len(inbox) == 10
    assert not inbox._records
    assert all(isinstance(record, PackedRecord) for record in inbox._packed)


def test_a_signal_handler_that_raises_loses_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = quiet_tracker()
    for _ in range(3):
        visit_by_asgi(tracker, navigation("/page"))
    inbox = tracker._inbox

    def interrupted(item: object) -> PackedRecord:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox_module, "pack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            inbox.settle(0.0, is_flowing=False)
    assert len(inbox) == inbox.counts()["captured"] == 3
    tracker.process_all()
    assert tracker.stats()["reasons"] == {"navigation": 3}


def test_records_wait_as_they_came_while_polls_are_in_time_and_requests_short() -> None:
    tracker = quiet_tracker()
    inbox = tracker._inbox
    short, long = navigation("/page"), navigation("/page", headers={"X": "x" * 500_000})

    def unpacked(raw: Raw, visits: int, now: float) -> int:
        """How many of so many records are not packed, of those that came after a poll."""
        inbox._taken_before -= 100
        while len(inbox):
            inbox.take()
        inbox.settle(now, is_flowing=True)
        for _ in range(visits):
            visit_by_asgi(tracker, raw)
        return sum(not isinstance(record, PackedRecord) for record in inbox._records)

    far = monotonic() + 1000
    assert unpacked(short, 100, far) == 100
    assert unpacked(long, 100, far) == 100
    # Twice as many as came before would do, but these were long: two fill what may wait.
    assert unpacked(long, 100, far) == UNPACKED_BYTES // 500_000
    assert unpacked(short, 100, far) == UNPACKED_BYTES // 500_000
    assert unpacked(short, 100, far + LONG_SECONDS) == 100
    # Too long ago.
    assert unpacked(short, 100, monotonic() - UNPACKED_SECONDS) == 0


def values_held_by(record: object) -> list[object]:
    """The texts, numbers and containers of one waiting record; not what all records share."""
    held: dict[int, object] = {}
    left = [record]
    while left:
        value = left.pop()
        if type(value) not in _PLAIN or id(value) in held:
            continue
        held[id(value)] = value
        left += gc.get_referents(value)
    return list(held.values())


# `names` and the reader are the same objects in all records.
_PLAIN = (str, bytes, int, float, tuple, list, PackedRecord)


def test_props_of_a_page_count_for_the_memory_of_what_waits() -> None:
    inbox = Inbox(10_000, UNPACKED_BYTES + MEGABYTE, lambda now: None)
    inbox.awake_until = float("inf")
    tracker = quiet_tracker()
    for number in range(300):
        exchange = asgi.exchange_of(tracker.recorder, SCOPE)
        exchange.set_props({"query": "x" * 30_000, "nested": ["y" * 30_000]})
        inbox.submit(exchange.response_record(200, [], float(number)), 0.0)
    assert len(inbox) <= MEGABYTE // 60_000
    assert inbox.counts()["captured"] == 300


def test_events_count_for_the_memory_of_what_waits() -> None:
    tracker = quiet_tracker()
    tracker._inbox = inbox = Inbox(10_000, UNPACKED_BYTES + MEGABYTE, lambda now: None)
    inbox.awake_until = float("inf")
    visitor = {"ip": "198.51.100.7", "ua": "Mozilla/5.0"}
    for _ in range(100):
        tracker.track(
            "Search", props={"q": "x" * 60_000}, url="https://example.com/", visitor=visitor
        )
    assert len(inbox) <= MEGABYTE // 60_000
    assert inbox.counts()["captured"] == 100
    with pytest.raises(EventError, match="shorten its props"):
        tracker.track(
            "File", props={"f": "x" * MAX_CHARS}, url="https://example.com/", visitor=visitor
        )


SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/page",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"host", b"example.com")],
}
