"""A file into which past events are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.collector import past_events
from footfall.collector.past_events import ImportedLog, OtherImportError, PastEvents
from footfall.destinations import SQLite
from footfall.errors import ConfigError
from footfall.model import Event, Visitor

DAY = 86_400
NOW = 1_795_953_907.0
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EVENT = Event(url="https://a.test/", visitor=Visitor(client_ip="203.0.113.9", user_agent=BROWSER))


def add(past: PastEvents, at: float) -> None:
    destination = SQLite(path="x.sqlite3", domain="a.test")
    assert past.add(destination.request(EVENT), at) is None


def visitors(past: PastEvents) -> int:
    with past._database.reading() as connection:
        query = "SELECT count(DISTINCT visitor) FROM events"
        return int(connection.execute(query).fetchone()[0])


def test_a_day_has_one_salt_however_often_it_is_imported(tmp_path: Path) -> None:
    path = str(tmp_path / "footfall.sqlite3")
    for at in (NOW - 90 * DAY, NOW - 90 * DAY + 60, NOW - 89 * DAY):
        with PastEvents(path, "a.test", now=NOW) as past:
            add(past, at)
            past.commit([])
    with PastEvents(path, "a.test", now=NOW) as past:
        assert visitors(past) == 2
        assert past.number_of_events() == 3


def test_of_two_imports_of_one_log_one_writes(tmp_path: Path) -> None:
    path = str(tmp_path / "footfall.sqlite3")
    moved = (None, ImportedLog(b"digest", 10, 100))
    with PastEvents(path, "a.test", now=NOW) as one, PastEvents(path, "a.test", now=NOW) as two:
        add(one, NOW - 5 * DAY)
        add(two, NOW - 5 * DAY)
        one.commit([moved])
        with pytest.raises(OtherImportError):
            two.commit([moved])
        assert one.number_of_events() == 1
        further = (moved[1], ImportedLog(b"digest", 10, 200))
        one.commit([further])
        with pytest.raises(OtherImportError):
            two.commit([further])
        assert list(one.logs()) == [further[1]]


def sessions(past: PastEvents) -> int:
    with past._database.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM visits").fetchone()[0])


def test_a_visit_that_another_import_began_goes_on(tmp_path: Path) -> None:
    path = str(tmp_path / "footfall.sqlite3")
    with PastEvents(path, "a.test", now=NOW) as one, PastEvents(path, "a.test", now=NOW) as two:
        add(one, NOW - 6 * DAY)
        one.commit([])
        add(two, NOW - 5 * DAY)
        two.commit([])
        add(one, NOW - 5 * DAY + 3_600)
        one.commit([])
        assert sessions(one) == 3
        add(two, NOW - 5 * DAY + 3_900)
        two.commit([])
        assert sessions(one) == 3


def test_a_visit_that_memory_has_no_longer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_events, "MAX_REMEMBERED", 2)
    with PastEvents(str(tmp_path / "x.sqlite3"), "a.test", now=NOW) as past:
        for minutes in range(3):
            add(past, NOW - 5 * DAY + 60 * minutes)
            past.commit([])
            past._sessions.clear()
        assert sessions(past) == 1


def test_a_log_whose_clock_goes_back_is_looked_up(tmp_path: Path) -> None:
    start = NOW - 5 * DAY
    with PastEvents(str(tmp_path / "x.sqlite3"), "a.test", now=NOW) as past:
        for at in (start, start - 7_200, start + 60):
            add(past, at)
            past.commit([])
        assert sessions(past) == 2


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../etc"])
def test_a_time_zone_that_there_is_not_is_refused(tmp_path: Path, timezone: str) -> None:
    with pytest.raises(ConfigError, match="timezone"):
        PastEvents(str(tmp_path / "x.sqlite3"), "a.test", timezone=timezone, now=NOW)
