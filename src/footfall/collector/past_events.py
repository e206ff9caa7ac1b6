"""A collector's file into which past events are written, with their own times.

They are received and written by the code that receives and writes new ones, so that visits, sources
and hashes are the same. Events come in the order of time. Each commit has the positions of the logs
that they are from.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from footfall.collector.storage import dropped_counts, imports, read_sql, write_sql
from footfall.collector.storage.database import Database
from footfall.collector.storage.imports import ImportedLog
from footfall.collector.storage.salts import Salts
from footfall.collector.storage.stats.time_ranges import (
    TimeRange,
    day_number,
    day_of_number,
    local_date,
    local_seconds,
    today,
)
from footfall.collector.wire import plausible, plausible_parser
from footfall.collector.wire.country import mmdb_lookup
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest, IngestResponse
from footfall.collector.wire.plausible_parser import PostedEvent
from footfall.collector.wire.sessions import MAX_REMEMBERED, SESSION_TIMEOUT_SECONDS, Sessions
from footfall.common.file_system import is_network, mount_of
from footfall.errors import ConfigError, Fault
from footfall.model import Request

__all__ = ["ImportedLog", "OtherImportError", "PastEvents"]


# Offsets of time zones are multiples of it, so that no day begins within.
_OFFSET_SECONDS: Final = 900
# The pages of a site, each with a few referrers; an entry takes thrice its body.
_CACHED_BODIES: Final = 4_096
_MAX_CACHED_BYTES: Final = 1_024
# The bots that come again and again.
_CACHED_BOTS: Final = 1_024


class OtherImportError(Exception):
    """Another process imports the same log into the same file."""


class PastEvents:
    """The open file. Close it.

    Args:
        path: The file, which is made if there is none.
        domain: The site to count for.
        timezone: The time zone, by its IANA name, whose days count.
        mmdb: A country database in the MaxMind format; None for no countries.
        now: Seconds since the epoch.

    Raises:
        ConfigError: The file, the time zone or the country database cannot be used.
    """

    def __init__(
        self, path: str, domain: str, *, timezone: str = "UTC", mmdb: str | None = None, now: float
    ) -> None:
        if not Path(path).absolute().parent.is_dir():
            remedy = "its directory does not exist; make it, or name another file"
            raise ConfigError(Fault("database", path, remedy))
        try:
            self._zone: Final = ZoneInfo(timezone)
        except (ValueError, OSError, KeyError):
            remedy = "write it like Europe/Berlin, or UTC"
            raise ConfigError(Fault("timezone", timezone, remedy)) from None
        self._domain: Final = domain
        self._lookup: Final = mmdb_lookup(mmdb) if mmdb else None
        self._today: Final = day_number(today(now, self._zone))
        has_log = not is_network(mount_of(str(Path(path).absolute())))
        self._database: Final = Database(path, has_log=has_log)
        self._salts: Final = Salts(self._database)
        self._past_salts: Final[dict[int, bytes]] = {}
        # Days whose salt was there before: the file may have visits that are not in memory.
        self._earlier_days: Final[set[int]] = set()
        # Whether nobody else has written the file since, and the events came in the order of time.
        self._remembers_visits = True
        self._newest = 0.0
        # How many events, by the number of the half hour since the epoch.
        self._added: Final[Counter[int]] = Counter()
        self._is_looked_up = True
        self._sessions: Final = Sessions(
            salt=self._salt_of,
            last_seen=self._last_seen,
            local_time=self._local_time,
        )
        # Of a million lines most are in the quarter hour of the one before.
        self._day_of: Final = lru_cache(maxsize=256)(partial(_day_of, zone=self._zone))
        self._offset_of: Final = lru_cache(maxsize=256)(partial(_offset_of, zone=self._zone))
        self._key_of: Final = lru_cache(maxsize=_CACHED_BOTS)(dropped_counts.key_of)
        self._events: list[IncomingEvent] = []
        self._dropped: dict[int, Counter[dropped_counts.DropKey]] = {}
        with contextlib.ExitStack() as stack:
            stack.callback(self._database.close)
            with self._database.writing() as connection:
                imports.purge_salts(connection, self._today - 2)
                self._earlier_days.update(imports.days_of_salts(connection))
                self._database.has_foreign_changes()
            self._reader: Final = stack.enter_context(self._database.reading())
            self._stack: Final = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was not committed is not in it."""
        self._stack.close()

    def logs(self) -> Sequence[ImportedLog]:
        """The logs that are imported, each up to a position."""
        with self._database.reading() as connection:
            return list(imports.logs(connection, self._domain))

    def first_own_event(self) -> float | None:
        """When footfall itself began to count, in seconds since the epoch; None if it did not."""
        with self._database.reading() as connection:
            found = imports.first_own_event(connection, self._domain)
        return None if found is None else found / 1_000

    def end_of_imported_days(self) -> float | None:
        """When the last day ends of which another tool's figures were imported; None without any.

        In seconds since the epoch.
        """
        with self._database.reading() as connection:
            found = imports.last_imported_day(connection, self._domain)
        if found is None:
            return None
        day = day_of_number(found)
        return TimeRange.of_days(day, day, self._zone).until / 1_000

    def number_of_events(self) -> int:
        """How many events the file has, of all domains."""
        with self._database.reading() as connection:
            return int(connection.execute("SELECT events FROM counters").fetchone()[0])

    def add(self, request: Request, at: float) -> str | None:
        """Receive the request that a vendor would get for an event, as of `at`.

        Returns:
            Why the event is dropped; None where it counts.
        """
        incoming = IncomingRequest(
            path=urlsplit(request.url).path,
            headers=request.headers,
            peer="",
            body=request.body,
            at=at,
        )
        self._is_looked_up = not self._remembers_visits_at(at)
        posted = _cached_posted if len(request.body) <= _MAX_CACHED_BYTES else _posted
        result = plausible.receive_posted(
            posted(request.body, request.headers.get("content-type", "")),
            incoming,
            domains=frozenset(),
            sessions=self._sessions,
        )
        self._events += result.events
        if result.response.status >= 400:
            return "rejected"
        return next((event.reason for event in result.events if event.reason), None)

    def add_bot(self, user_agent: str, at: float) -> None:
        """Count a page that a bot got."""
        day = self._day_of(int(at) // _OFFSET_SECONDS)
        key_of = self._key_of if len(user_agent) <= _MAX_CACHED_BYTES else dropped_counts.key_of
        key = key_of(self._domain, dropped_counts.REPORTED_BOT, user_agent)
        if day not in self._dropped:
            self._dropped[day] = Counter()
        self._dropped[day][key] += 1

    @property
    def uncommitted(self) -> int:
        """How many events wait for a commit."""
        return len(self._events)

    def commit(self, positions: Sequence[tuple[ImportedLog | None, ImportedLog]]) -> None:
        """Write what was added, and with it how far each log is imported: before, and now.

        Raises:
            OtherImportError: A log is no longer where it was before.
            sqlite3.Error: Nothing is written.
        """
        with self._database.writing() as connection:
            if not all(imports.move(connection, self._domain, *each) for each in positions):
                raise OtherImportError
            if self._database.has_foreign_changes():
                self._remembers_visits = False
            ids = write_sql.insert(
                connection, self._events, self._lookup, self._zone, keeps_requests=False
            )
            if ids:
                imports.add_events(connection, self._domain, ids[0], ids[-1])
            for day, counts in self._dropped.items():
                dropped_counts.add(connection, day, counts)
        self._events, self._dropped = [], {}

    def _salt_of(self, day: int) -> bytes:
        if day >= self._today - 1:
            # The app's own visitors of these days are the same.
            return self._salts.for_day(day)
        if day not in self._past_salts:
            with self._database.writing() as connection:
                self._past_salts[day] = imports.salt(connection, day, self._today)
                if self._database.has_foreign_changes():
                    self._remembers_visits = False
        return self._past_salts[day]

    def _remembers_visits_at(self, at: float) -> bool:
        """Whether each visit that may be running is in memory, so that none need be looked up.

        Looking up visitors, most of whom are new, takes a tenth of an import's time.
        """
        if at < self._newest - SESSION_TIMEOUT_SECONDS:
            self._remembers_visits = False
        self._newest = max(at, self._newest)
        half_hour = int(at) // SESSION_TIMEOUT_SECONDS
        day = self._day_of(int(at) // _OFFSET_SECONDS)
        self._added[half_hour] += 1
        return (
            self._remembers_visits
            # The app's own visitors have the salts of these days.
            and day < self._today - 1
            and day not in self._earlier_days
            and day - 1 not in self._earlier_days
            # Each may have been of another visitor.
            and self._added[half_hour] + self._added[half_hour - 1] < MAX_REMEMBERED
        )

    def _last_seen(self, visitor: str) -> tuple[str, float] | None:
        return read_sql.last_seen(self._reader, visitor) if self._is_looked_up else None

    def _local_time(self, at: float) -> float:
        return at + self._offset_of(int(at) // _OFFSET_SECONDS)


def _posted(body: bytes, content_type: str) -> PostedEvent | IngestResponse:
    """The event in a body, or the response that refuses it."""
    request = IncomingRequest(headers={"content-type": content_type}, peer="", body=body, at=0.0)
    fields = plausible_parser.parse_body(request)
    return fields if isinstance(fields, IngestResponse) else plausible_parser.parse_event(fields)


_cached_posted: Final = lru_cache(maxsize=_CACHED_BODIES)(_posted)


def _offset_of(quarter: int, *, zone: ZoneInfo) -> float:
    """The seconds to add to get local time, in a quarter of an hour."""
    at = quarter * _OFFSET_SECONDS
    return local_seconds(at, zone) - at


def _day_of(quarter: int, *, zone: ZoneInfo) -> int:
    """The day, since the epoch, of a quarter of an hour."""
    return day_number(local_date(quarter * _OFFSET_SECONDS * 1_000, zone))
