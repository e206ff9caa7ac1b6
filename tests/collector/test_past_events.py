"""A file into which past events are written."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../etc"])
def test_a_time_zone_that_there_is_not_is_refused(tmp_path: Path, timezone: str) -> None:
    with pytest.raises(ConfigError, match="timezone"):
        PastEvents(str(tmp_path / "x.sqlite3"), "a.test", timezone=timezone, now=NOW)
