"""The store as a whole: restarts, several processes, and what never reaches the disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.wire.visitor_hash import VisitorIdentity
from footfall.errors import ConfigError
from tests.collector.storage.support import enqueue, names, rows
from tests.collector.support import NOON, SECRET_ADDRESS, incoming_event


def test_clearing_deletes_all_events_and_ids_go_on(store: Store) -> None:
    enqueue(store, [incoming_event(), incoming_event()])
    assert store.clear() == 2
    enqueue(store, [incoming_event()])
    assert store.flush()
    assert [event.id for event in store.search(EventSearch()).events] == [3]


def test_no_address_reaches_the_disk(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
        visit = store.sessions.get_or_start(caller, time.time())
        enqueue(store, [incoming_event(visitor=visit.visitor, session=visit.id)])
        store.flush()
        files = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
        assert store.search(EventSearch()).events[0].client_ip == SECRET_ADDRESS
    assert "events.sqlite3-wal" in files
    assert not [name for name, content in files.items() if SECRET_ADDRESS.encode() in content]
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        assert store.search(EventSearch()).events[0].client_ip is None


def test_a_session_goes_on_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
    with closing(Store(file, clock=lambda: NOON)) as store:
        first = store.sessions.get_or_start(caller, NOON)
        enqueue(store, [incoming_event(visitor=first.visitor, session=first.id)])
    with closing(Store(file, clock=lambda: NOON)) as store:
        second = store.sessions.get_or_start(caller, NOON + 60)
        assert (second.id, second.is_new) == (first.id, False)


def test_a_session_across_midnight_goes_on_in_another_process(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
    # Both in the night to the day of NOON, when the visitor gets another id.
    evening, morning = NOON - 12 * 3_600 - 300, NOON - 12 * 3_600 + 1_200
    with closing(Store(file, clock=lambda: morning)) as store:
        for at in (evening, morning, morning + 60, evening + 1):
            session = store.sessions.get_or_start(caller, at)
            enqueue(store, [incoming_event(at=at, visitor=session.visitor, session=session.id)])
    with closing(Store(file, clock=lambda: morning)) as store:
        later = store.sessions.get_or_start(caller, morning + 1_200)
        assert (later.id, later.is_new) == (session.id, False)
        # Of the figures' days, the visit stays that of its first event's visitor.
        assert rows(store, "SELECT count(*), count(DISTINCT visitor) FROM visits") == [(1, 1)]
        assert rows(store, "SELECT count(DISTINCT visitor) FROM events") == [(2,)]


def test_limits_that_keep_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(keep_events=0, keep_days=0, max_bytes=5, timezone="Moon/Base")
    assert [fault.option for fault in caught.value.faults] == [
        "keep_events",
        "keep_days",
        "max_bytes",
        "timezone",
    ]
    with pytest.raises(ConfigError, match="MaxMind"):
        Store(mmdb=tmp_path / "missing.mmdb")


def test_days_are_those_of_the_time_zone() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC).timestamp()
    with closing(Store(timezone="Europe/Berlin", clock=lambda: late)) as store:
        caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
        evening = store.sessions.get_or_start(caller, late - 10 * 3_600).visitor
        # 00:30 of the next day in Berlin.
        assert store.sessions.get_or_start(caller, late).visitor != evening
        assert (
            store.sessions.get_or_start(caller, late + 3_600 * 2).visitor
            == store.sessions.get_or_start(caller, late).visitor
        )


def test_a_closed_store_neither_writes_nor_reads(store: Store) -> None:
    assert enqueue(store, [incoming_event()])
    assert (store.close(), store.is_closed, "closed" in repr(store)) == (0, True, True)
    assert not enqueue(store, [incoming_event()])
    assert not store.flush()
    with pytest.raises(sqlite3.ProgrammingError):
        store.count(EventSearch())


def test_a_file_is_opened_again_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as store:
        enqueue(store, [incoming_event("kept")])
    with closing(Store(file)) as store:
        assert names(store) == ["kept"]
    assert [each.name for each in tmp_path.iterdir()] == ["events.sqlite3"]


WRITE = """
import sys
from footfall.collector.storage import database
from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.support import incoming_event
# A busy machine may let one wait for the three others.
database._BUSY_SECONDS = 60
store = Store(sys.argv[1])
for number in range(300):
    enqueue(store, [incoming_event(f"{sys.argv[2]} {number}")])
sys.exit(store.close())
"""


@pytest.mark.long
def test_several_processes_write_the_same_file(tmp_path: Path) -> None:
    file = str(tmp_path / "events.sqlite3")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, file, str(number)]) for number in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with closing(Store(file)) as store:
        found = store.search(EventSearch(limit=2_000)).events
        visits = rows(store, "SELECT interactions FROM visits")
    # All of one visit, which every process has brought up to date.
    assert visits == [(1_200,)]
    expected = {f"{writer} {number}" for writer in range(4) for number in range(300)}
    assert {event.name for event in found} == expected
    assert len(found) == 1_200


def test_an_event_from_before_a_session_of_another_process_begins_another(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite3"
    with closing(Store(path)) as one, closing(Store(path)) as two:
        enqueue(one, [incoming_event(session="now", starts_session=True)])
        assert one.flush()
        before = [
            incoming_event(session=session, starts_session=True, at=NOON - minutes * 60)
            for minutes, session in ((120, "before"), (10, "soon before"))
        ]
        enqueue(two, before)
        assert two.flush()
        found = [event.session for event in two.search(EventSearch()).events]
    assert found == ["now", "before", "now"]
