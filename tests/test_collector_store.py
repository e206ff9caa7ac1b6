"""The collector's store: what is answered is written, what is private is not."""

from __future__ import annotations

import gc
import ipaddress
import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.collector.storage import (
    database,
    recent_events,
    retention,
    schema,
    write_sql,
    writer_thread,
)
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.redaction import storable_headers
from footfall.collector.storage.retention import Retention
from footfall.collector.storage.schema import SCHEMA_VERSION
from footfall.collector.storage.stats.rollups import KEPT
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch, Period, TopRow
from footfall.collector.wire.messages import Campaign, IncomingEvent, IncomingRequest
from footfall.collector.wire.sessions import DAY_SECONDS, VisitorIdentity
from footfall.errors import ConfigError
from tests.collector.support import NOON, SECRET_ADDRESS, incoming_event, until


@pytest.fixture(params=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return MEMORY if request.param == "memory" else str(tmp_path / "events.sqlite3")


@pytest.fixture
def opened(path: str) -> Iterator[Store]:
    with closing(Store(path, clock=lambda: NOON)) as opened:
        yield opened


def names(opened: Store, wanted: EventSearch | None = None) -> list[str]:
    assert opened.flush()
    return [entry.name for entry in opened.search(wanted or EventSearch()).events]


# -- writing and reading ----------------------------------------------------------------------


def test_an_event_comes_back_as_it_was(opened: Store) -> None:
    event = IncomingEvent(
        vendor="plausible",
        domain="a.test",
        name="Signup",
        url="https://a.test/x?utm_source=n",
        hostname="a.test",
        path="/x",
        referrer="https://b.test/",
        source="n",
        campaign=Campaign("n", "m", "c", "o", "t"),
        props={"plan": "pro"},
        revenue=("EUR", "19.990"),
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        client_ip=SECRET_ADDRESS,
        visitor="v",
        session="s",
        request=IncomingRequest(
            headers={"host": "stats.test", "x-real-ip": SECRET_ADDRESS},
            peer="127.0.0.1",
            body=b'{"n":"Signup"}',
            at=NOON + 0.25,
        ),
    )
    assert opened.enqueue([event])
    assert opened.flush()
    [entry] = opened.search(EventSearch()).events
    assert entry.as_json() == {
        "id": 1,
        "received_at": "2026-11-21T12:00:00.250Z",
        "vendor": "plausible",
        "domain": "a.test",
        "name": "Signup",
        "url": "https://a.test/x?utm_source=n",
        "path": "/x",
        "hostname": "a.test",
        "referrer": "https://b.test/",
        "utm": {"source": "n", "medium": "m", "campaign": "c", "content": "o", "term": "t"},
        "props": {"plan": "pro"},
        "revenue": {"currency": "EUR", "amount": "19.990"},
        "user_agent": event.user_agent,
        "client_ip": SECRET_ADDRESS,
        "visitor": "v",
        "session": "s",
        "status": "accepted",
        "reason": None,
        "headers": {"host": "stats.test"},
        "body": {"n": "Signup"},
    }
    assert (entry.browser, entry.os, entry.device) == ("Firefox", "Linux", "Desktop")
    assert SECRET_ADDRESS not in repr(entry)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"[1,2]", [1, 2]),
        (b"pid=x&pg=/", "pid=x&pg=/"),
        (b"\xff", "\ufffd"),
        (b"x" * 20_000, None),
    ],
    ids=["JSON", "a form", "no text", "too long to keep"],
)
def test_bodies_are_shown_parsed(opened: Store, body: bytes, shown: object) -> None:
    opened.enqueue([incoming_event(body=body)])
    assert opened.flush()
    [entry] = opened.search(EventSearch()).events
    assert entry.body == shown


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventSearch(), ["a", "b", "c", "d"]),
        (EventSearch(name="b"), ["b"]),
        (EventSearch(domain="b.test"), ["c"]),
        (EventSearch(path="/x"), ["b", "c"]),
        (EventSearch(status="dropped"), ["d"]),
        (EventSearch(status="accepted", path="/"), ["a"]),
        (EventSearch(after=2), ["c", "d"]),
        (EventSearch(limit=2), ["c", "d"]),
        (EventSearch(limit=2, is_newest=False), ["a", "b"]),
        (EventSearch(after=1, limit=1, is_newest=False), ["b"]),
        (EventSearch(name="'; DROP TABLE events; --"), []),
    ],
)
def test_searches(opened: Store, wanted: EventSearch, expected: list[str]) -> None:
    opened.enqueue(
        [
            incoming_event("a"),
            incoming_event("b", "/x"),
            incoming_event("c", "/x", domain="b.test"),
            incoming_event("d", reason="bot"),
        ]
    )
    assert names(opened, wanted) == expected


def test_the_total_ignores_the_limit(opened: Store) -> None:
    opened.enqueue([incoming_event() for _ in range(5)])
    assert opened.flush()
    found = opened.search(EventSearch(limit=2))
    assert (len(found.events), found.total, opened.count(EventSearch())) == (2, 5, 5)


def test_many_events_are_written_in_order(opened: Store) -> None:
    for number in range(1_700):
        opened.enqueue([incoming_event(str(number))])
    assert names(opened, EventSearch(limit=2_000)) == [str(number) for number in range(1_700)]


def test_domains_are_listed(opened: Store) -> None:
    opened.enqueue([incoming_event(domain=each) for each in ("b.test", "a.test", "b.test")])
    assert opened.flush()
    assert opened.domains() == ["a.test", "b.test"]


def test_listeners_hear_of_what_was_written_until_they_leave(opened: Store) -> None:
    heard: list[int] = []
    leave = opened.subscribe(lambda: heard.append(opened.count(EventSearch())))
    opened.enqueue([incoming_event()])
    opened.flush()
    opened.clear()
    leave()
    opened.enqueue([incoming_event()])
    opened.flush()
    assert heard == [1, 0]


def test_clearing_forgets_everything_but_the_numbers(opened: Store) -> None:
    opened.enqueue([incoming_event(), incoming_event()])
    assert opened.clear() == 2
    opened.enqueue([incoming_event()])
    assert opened.flush()
    assert [entry.id for entry in opened.search(EventSearch()).events] == [3]


def test_totals(opened: Store) -> None:
    hour = 3_600
    opened.enqueue(
        [
            incoming_event(path="/", at=NOON - 23.5 * hour, source="n", starts_session=True),
            incoming_event(path="/x", at=NOON - 23.4 * hour),
            incoming_event(path="/x", visitor="v2", session="s2", starts_session=True),
            incoming_event("Signup", visitor="v2", session="s2"),
            incoming_event("engagement", visitor="v2", session="s2"),
            incoming_event(reason="bot"),
            incoming_event(
                path="/old", at=NOON - 25 * hour, visitor="v0", session="s0", starts_session=True
            ),
            incoming_event(
                path="/b", domain="b.test", visitor="v3", session="s3", starts_session=True
            ),
        ]
    )
    assert opened.flush()
    stats = opened.totals(domain="a.test")
    assert (stats.visitors, stats.visits, stats.pageviews) == (2, 2, 3)
    assert (stats.events, stats.dropped) == (1, 1)
    assert stats.pages == [TopRow("/x", 2, 2), TopRow("/", 1, 1)]
    assert stats.sources == [TopRow("Direct / None", 1, 1), TopRow("n", 1, 1)]
    assert stats.names == [TopRow("Signup", 1, 1)]
    assert stats.reasons == [TopRow("bot", 0, 1)]
    assert stats.bars == [2, *[0] * 22, 1]
    assert stats.as_json()["pages"] == [
        {"path": "/x", "visitors": 2, "pageviews": 2},
        {"path": "/", "visitors": 1, "pageviews": 1},
    ]


@pytest.mark.parametrize(
    ("period", "pageviews", "bars"),
    [("day", 1, 24), ("week", 2, 28), ("month", 3, 30), ("all", 4, 30)],
)
def test_periods_reach_back(opened: Store, period: Period, pageviews: int, bars: int) -> None:
    opened.enqueue([incoming_event(at=NOON - days * DAY_SECONDS) for days in (400, 20, 5, 0)])
    assert opened.flush()
    stats = opened.totals(period)
    assert (stats.pageviews, len(stats.bars), sum(stats.bars)) == (pageviews, bars, pageviews)
    assert stats.bars[-1] >= 1


@pytest.mark.parametrize("period", ["day", "all"])
def test_an_empty_store_has_totals_too(opened: Store, period: Period) -> None:
    stats = opened.totals(period)
    assert (stats.visitors, stats.pages, set(stats.bars)) == (0, [], {0})


# -- privacy ----------------------------------------------------------------------------------


def test_no_address_reaches_the_disk(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "events.sqlite3")) as opened:
        caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
        visit = opened.sessions.get_or_start(caller, time.time())
        opened.enqueue([incoming_event(visitor=visit.visitor, session=visit.id)])
        opened.flush()
        files = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
        assert opened.search(EventSearch()).events[0].client_ip == SECRET_ADDRESS
    assert "events.sqlite3-wal" in files
    assert not [name for name, content in files.items() if SECRET_ADDRESS.encode() in content]
    with closing(Store(tmp_path / "events.sqlite3")) as opened:
        assert opened.search(EventSearch()).events[0].client_ip is None


def test_only_the_newest_addresses_are_remembered(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_events, "_KEEP", 2)
    opened.enqueue([incoming_event() for _ in range(3)])
    opened.flush()
    known = [entry.client_ip for entry in opened.search(EventSearch()).events]
    assert known == [None, SECRET_ADDRESS, SECRET_ADDRESS]


def test_salts_are_gone_after_two_days(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")

    def days() -> list[int]:
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT day FROM salts ORDER BY day").fetchall()
            return [int((row[0] * DAY_SECONDS - NOON) // DAY_SECONDS) + 1 for row in rows]

    for day in (0, 1, 2):
        now = NOON + day * DAY_SECONDS
        with closing(Store(file, clock=lambda now=now: now)) as opened:  # type: ignore[misc]
            opened.sessions.get_or_start(caller, now)
            opened.flush()
    assert days() == [1, 2]


def test_a_running_process_forgets_old_salts_too() -> None:
    now = [NOON]
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
    with closing(Store(clock=lambda: now[0])) as opened:
        first = opened.sessions.get_or_start(caller, NOON).visitor
        now[0] = NOON + 2 * DAY_SECONDS
        opened._retention._purge()
        opened.sessions.clear()
        assert opened.sessions.get_or_start(caller, NOON).visitor != first


def test_a_visit_goes_on_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
    with closing(Store(file, clock=lambda: NOON)) as opened:
        first = opened.sessions.get_or_start(caller, NOON)
        opened.enqueue([incoming_event(visitor=first.visitor, session=first.id)])
    with closing(Store(file, clock=lambda: NOON)) as opened:
        second = opened.sessions.get_or_start(caller, NOON + 60)
        assert (second.id, second.is_new) == (first.id, False)


# -- retention --------------------------------------------------------------------------------


def test_the_newest_events_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_events=3, clock=lambda: NOON)) as opened:
        for number in range(10):
            opened.enqueue([incoming_event(str(number))])
            opened.flush()
        opened.flush()
        assert names(opened) == ["7", "8", "9"]


def test_old_events_are_deleted_with_their_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_days=1, clock=lambda: NOON)) as opened:
        opened.enqueue([incoming_event("old", at=NOON - DAY_SECONDS - 1), incoming_event("new")])
        opened.flush()
        assert names(opened) == ["new"]
        with opened._database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM requests").fetchone()[0] == 1


def test_requests_go_before_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    monkeypatch.setattr(write_sql, "_KEEP_REQUESTS", 1)
    with closing(Store(clock=lambda: NOON)) as opened:
        opened.enqueue([incoming_event("a"), incoming_event("b")])
        opened.flush()
        opened.flush()
        shown = [(entry.headers, entry.body) for entry in opened.search(EventSearch()).events]
        assert shown == [(None, None), ({"host": "stats.test"}, {})]


def test_what_does_not_fit_goes_from_the_oldest_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    monkeypatch.setattr(write_sql, "_PURGE_ROWS", 20)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file, max_bytes=1_000_000, clock=lambda: NOON)) as opened:
        for number in range(300):
            opened.enqueue([incoming_event(f"{number:03}", body=b"x" * 10_000)])
            assert number % 20 or opened.flush()
        opened.flush()
        until(lambda: used(opened) <= 1_000_000)
        kept = names(opened)
    assert kept == [f"{number:03}" for number in range(300 - len(kept), 300)]
    assert 50 < len(kept) < 100
    # What is deleted makes room for what comes.
    assert file.stat().st_size < 2_500_000


def used(opened: Store) -> int:
    with opened._database.reading() as connection:
        return write_sql.used_bytes(connection)


def test_visits_sites_and_figures_go_with_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(retention, "_STEP_PAUSE_SECONDS", 0.001)
    now = [NOON]
    with closing(Store(keep_days=3, clock=lambda: now[0])) as opened:
        opened.enqueue(
            [
                incoming_event(at=NOON - 2.9 * DAY_SECONDS, session="old", domain="old.test"),
                incoming_event(at=NOON - 2 * DAY_SECONDS, session="kept", visitor="v2"),
                incoming_event(session="new", visitor="v3"),
            ]
        )
        # The writing thread closes the days that are over, without the oldest.
        until(lambda: len(rows(opened, "SELECT day FROM closed_days")) == 2)
        assert opened.domains() == ["a.test", "old.test"]
        now[0] += 0.5 * DAY_SECONDS
        opened.enqueue([incoming_event(at=now[0], session="new", visitor="v3")])
        until(lambda: opened.domains() == ["a.test"])
        assert rows(opened, "SELECT session FROM visits ORDER BY id") == [("kept",), ("new",)]
        until(lambda: len(rows(opened, "SELECT day FROM closed_days")) == 1)
        assert opened.clear() == 3
        for table in ("visits", "sites", "rollups", "closed_days"):
            assert rows(opened, f"SELECT * FROM {table}") == []


def test_when_all_is_gone_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_days=1, clock=lambda: NOON)) as opened:
        opened.enqueue([incoming_event(at=NOON - 2 * DAY_SECONDS)])
        opened.flush()
        assert names(opened) == []
        assert rows(opened, "SELECT * FROM visits") == []
        assert opened.domains() == []


def rows(opened: Store, query: str) -> list[tuple[object, ...]]:
    with opened._database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_day_is_counted_whole_though_a_step_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.01)
    # It would meet the lock first.
    monkeypatch.setattr(Retention, "_purge", lambda self: False)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file, clock=lambda: NOON)) as opened:
        opened.enqueue(
            [incoming_event(at=NOON - days * DAY_SECONDS, session=str(days)) for days in (3, 2)]
        )
        opened.flush()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            # Between two steps another process takes the file, and keeps it for some tries.
            until(lambda: bool(rows(opened, "SELECT * FROM rollups")))
            other.execute("PRAGMA busy_timeout = 5000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(0.1)
            other.execute("COMMIT")
        until(lambda: len(rows(opened, "SELECT day FROM closed_days WHERE zone = 'UTC'")) == 2)
        day = rows(opened, "SELECT min(day) FROM closed_days")[0][0]
        kept = rows(opened, f"SELECT side, dimension FROM rollups WHERE day = {day}")
    assert {side: sum(each[0] == side for each in kept) for side in KEPT} == {
        side: len(names) for side, names in KEPT.items()
    }


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
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
    with closing(Store(timezone="Europe/Berlin", clock=lambda: late)) as opened:
        caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
        evening = opened.sessions.get_or_start(caller, late - 10 * 3_600).visitor
        # 00:30 of the next day in Berlin.
        assert opened.sessions.get_or_start(caller, late).visitor != evening
        assert (
            opened.sessions.get_or_start(caller, late + 3_600 * 2).visitor
            == opened.sessions.get_or_start(caller, late).visitor
        )


def test_who_was_seen_in_the_last_five_minutes_is_here(opened: Store) -> None:
    opened.enqueue(
        [
            incoming_event(at=NOON - 301, visitor="gone", session="s0"),
            incoming_event(at=NOON - 299),
            incoming_event(at=NOON - 10),
            incoming_event(visitor="v2", session="s2", domain="b.test"),
        ]
    )
    opened.flush()
    assert (opened.current_visitors(), opened.current_visitors("b.test")) == (2, 1)
    assert opened.last_event_at("a.test") == int((NOON - 10) * 1_000)
    assert opened.last_event_at() == int(NOON * 1_000)
    assert opened.last_event_at("c.test") is None


def a_file_of_version_1(file: Path) -> None:
    """As the first release left it: events, and no visits."""
    connection = sqlite3.connect(file, isolation_level=None)
    with closing(connection):
        for statement in schema._EVENTS.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {database._APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        for number, (path, session) in enumerate([("/", "s1"), ("/b", "s1"), ("/c", "s2")]):
            connection.execute(
                """INSERT INTO events (vendor, domain, name, source, props, user_agent, visitor,
                received_at, path, session, begins) VALUES
                ('plausible', 'a.test', 'pageview', 'google.com', '{}', '', 'v', ?, ?, ?, ?)""",
                (int(NOON * 1_000) + number, path, session, path != "/b"),
            )


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    a_file_of_version_1(file)
    with closing(Store(file, clock=lambda: NOON)) as opened:
        query = "SELECT session, pageviews, entry_page, exit_page, source, channel FROM visits"
        assert rows(opened, query) == [
            ("s1", 2, "/", "/b", "Google", "Organic Search"),
            ("s2", 1, "/c", "/c", "Google", "Organic Search"),
        ]
        assert opened.domains() == ["a.test"]
        assert rows(opened, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    # Once is enough.
    Store(file).close()


# -- trouble ----------------------------------------------------------------------------------


def test_a_full_disk_refuses_events_and_loses_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    caplog.set_level(logging.INFO, "footfall.collector")
    with closing(Store(tmp_path / "events.sqlite3")) as opened:
        assert opened.flush()
        limit = opened._database.writer.execute("PRAGMA page_count").fetchone()[0]
        opened._database.writer.execute(f"PRAGMA max_page_count = {limit}")
        assert opened.enqueue([incoming_event("answered", path="/" + "x" * 9_000)])
        until(lambda: opened.write_error is not None)
        assert "full" in str(opened.write_error)
        assert str(opened.write_error) in repr(opened)
        assert not opened.enqueue([incoming_event("refused")])
        assert not opened.flush(0.05)
        opened._database.writer.execute("PRAGMA max_page_count = 1000000")
        until(lambda: opened.write_error is None)
        assert names(opened) == ["answered"]
    levels = [record.levelname for record in caplog.records]
    assert levels == ["ERROR", "WARNING"]


def test_what_cannot_be_written_until_the_end_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    opened = Store(tmp_path / "events.sqlite3")
    assert opened.flush()
    opened._database.writer.execute("PRAGMA max_page_count = 1")
    opened.enqueue([incoming_event(path="/" + "x" * 9_000), incoming_event()])
    until(lambda: opened.write_error is not None)
    assert (opened.close(0.1), opened.close()) == (2, 2)


def test_a_writer_that_hangs_does_not_hold_up_the_end(tmp_path: Path) -> None:
    opened = Store(tmp_path / "events.sqlite3")
    assert opened.flush()
    with closing(sqlite3.connect(opened.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opened.enqueue([incoming_event()])
        until(lambda: opened._writer._queue.empty())
        opened.enqueue([incoming_event()])
        started = time.monotonic()
        # The one in hand, and the one behind it.
        assert opened.close(0.1) == 2
        assert time.monotonic() - started < 2
        other.execute("ROLLBACK")
    until(lambda: not opened._writer.is_running)
    opened._database.close()


def test_an_event_that_no_database_takes_is_lost_alone(
    opened: Store, caplog: pytest.LogCaptureFixture
) -> None:
    opened.enqueue([incoming_event("half a pair \udcff")])
    opened.flush()
    opened.enqueue([incoming_event("good")])
    assert names(opened) == ["good"]
    assert (opened.close(), opened.write_error) == (1, None)
    assert "cannot be written, ever" in caplog.text


def test_the_log_is_brought_into_the_file_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as opened:
        opened.enqueue([incoming_event(path="/needle")])
        until(lambda: b"/needle" in file.read_bytes())


addresses = st.ip_addresses().map(str) | st.sampled_from(
    ["", "127.0.0.1", "127.9", "127.0.0.1:80", "unknown", "::1", "::ffff:127.0.0.1", "1.2.3", "%"]
)


@given(client_ip=addresses, value=addresses, name=st.sampled_from(["host", "x-real-ip", "via"]))
def test_which_headers_are_kept_is_what_the_plain_rule_says(
    client_ip: str, value: str, name: str
) -> None:
    try:
        tells_something = not ipaddress.ip_address(client_ip).is_loopback
    except ValueError:
        tells_something = client_ip != ""
    is_kept = name != "x-real-ip" and not (tells_something and client_ip in value)
    assert storable_headers({name: value}, client_ip) == ({name: value} if is_kept else {})


def test_a_long_name_of_a_header_is_judged_too() -> None:
    long = "x-" + "a" * 200
    assert storable_headers({long: "1", f"{long}-ip": "1"}, "") == {long: "1"}


def test_a_full_queue_says_so(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    assert not opened.enqueue([incoming_event()])


def test_a_closed_store_takes_nothing_and_gives_nothing(opened: Store) -> None:
    assert opened.enqueue([incoming_event()])
    assert (opened.close(), opened.is_closed, "closed" in repr(opened)) == (0, True, True)
    assert not opened.enqueue([incoming_event()])
    assert not opened.flush()
    with pytest.raises(sqlite3.ProgrammingError):
        opened.count(EventSearch())


def test_who_waits_for_a_connection_hears_of_the_end(tmp_path: Path) -> None:
    opened = Database(tmp_path / "events.sqlite3")
    errors: list[BaseException] = []

    def read() -> None:
        try:
            with opened.reading():
                pass
        except sqlite3.ProgrammingError as error:
            errors.append(error)

    held = [opened.reading() for _ in range(database._MAX_READERS)]
    for each in held:
        each.__enter__()
    reader = threading.Thread(target=read)
    closer = threading.Thread(target=opened.close)
    closer.start()
    until(lambda: opened._is_closed)
    reader.start()
    for each in held:
        each.__exit__(None, None, None)
    closer.join()
    reader.join()
    assert len(errors) == 1


def test_housekeeping_waits_for_a_better_moment(
    opened: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "footfall.collector")
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)

    def fail(*args: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(write_sql, "purge_by_count", fail)
    opened.enqueue([incoming_event("a")])
    opened.flush()
    opened.enqueue([incoming_event("b")])
    assert names(opened) == ["a", "b"]
    assert "retention failed" in caplog.text


def test_a_failed_clearing_is_told(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> int:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(write_sql, "delete_all", fail)
    with pytest.raises(sqlite3.OperationalError):
        opened.clear()


# -- the file ---------------------------------------------------------------------------------


def remedy(path: str | Path) -> str:
    with pytest.raises(ConfigError) as caught:
        Store(path)
    [fault] = caught.value.faults
    assert (fault.option, fault.value) == ("database", str(path))
    gc.collect()  # Python 3.13 warns of a connection that was left open
    return fault.remedy


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"Dear diary, " * 1_000)
    assert "no database" in remedy(file)
    assert file.read_bytes() == b"Dear diary, " * 1_000


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE auth_user (id INTEGER)")
        connection.commit()
    before = file.read_bytes()
    assert "another program" in remedy(file)
    assert file.read_bytes() == before


def test_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    Store(file).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.commit()
    assert "later footfall" in remedy(file)


def test_a_damaged_file_is_found_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as opened:
        for number in range(200):
            opened.enqueue([incoming_event(str(number), path="/" + "x" * 400)])
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
    file.write_bytes(content)
    assert "damaged" in remedy(file)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot be opened" in remedy(tmp_path / "nowhere" / "events.sqlite3")


def test_a_file_is_opened_again_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as opened:
        opened.enqueue([incoming_event("kept")])
    with closing(Store(file)) as opened:
        assert names(opened) == ["kept"]
    assert [each.name for each in tmp_path.iterdir()] == ["events.sqlite3"]


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN; SELECT * FROM sqlite_schema"])
@pytest.mark.parametrize("patience", [0.05, 5.0])
def test_opening_waits_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str, patience: float
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", patience)
    file = tmp_path / "events.sqlite3"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closing(other):
        for statement in lock.split("; "):
            other.execute(statement)
        if patience < 1:
            assert "locked" in remedy(file)
        else:
            release = threading.Timer(0.1, other.execute, ["COMMIT"])
            release.start()
            Store(file).close()
            release.join()


WRITE = """
import sys
from footfall.collector.storage.store import Store
from tests.collector.support import incoming_event
store = Store(sys.argv[1])
for number in range(300):
    store.enqueue([incoming_event(f"{sys.argv[2]} {number}")])
sys.exit(store.close())
"""


def test_several_processes_write_the_same_file(tmp_path: Path) -> None:
    file = str(tmp_path / "events.sqlite3")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, file, str(number)]) for number in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with closing(Store(file)) as opened:
        found = opened.search(EventSearch(limit=2_000)).events
        visits = rows(opened, "SELECT interactions FROM visits")
    # All of one visit, which every process has brought up to date.
    assert visits == [(1_200,)]
    expected = {f"{writer} {number}" for writer in range(4) for number in range(300)}
    assert {entry.name for entry in found} == expected
    assert len(found) == 1_200
