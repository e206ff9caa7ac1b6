"""The store: one SQLite file, one thread that writes it, any number of threads that read it.

Events are queued and written in batches (`writer_thread.py`), so that thousands fit into a second;
senders are answered once theirs are written (`ingest/group_commit.py`). Several processes may write
the same file. While the queue or the disk is full, or another process locks the file, events are
refused: the sender gets a 503, and its event is not written.

No address is ever written. Those of the newest thousand events are kept in memory
(`recent_events.py`), so that a developer sees which address was taken; they go with the process.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from footfall.collector.storage import dropped_counts, read_sql, write_sql
from footfall.collector.storage.database import MEMORY, SYNCHRONOUS, Database, Synchronous
from footfall.collector.storage.dropped_counts import BotRow
from footfall.collector.storage.event_rows import unwritten_event
from footfall.collector.storage.instance import instance_name
from footfall.collector.storage.recent_events import RECENT_BYTES, RecentEvent, RecentEvents
from footfall.collector.storage.reported_bots import ReportedBots
from footfall.collector.storage.retention import Retention, RetentionLimits
from footfall.collector.storage.salts import Salts
from footfall.collector.storage.sites import SiteRegistry
from footfall.collector.storage.stats import StatsQuery, StatsResult, TimeRange
from footfall.collector.storage.stats.execute import Snapshot, run_query
from footfall.collector.storage.stats.time_ranges import day_of_number, local_date, local_seconds
from footfall.collector.storage.stored_events import EventSearch, Period, SearchResult, Totals
from footfall.collector.storage.writer_thread import WriteGroup, WriterThread
from footfall.collector.wire.country import CountryLookup, mmdb_lookup
from footfall.collector.wire.messages import IncomingEvent, ReceivedHit
from footfall.collector.wire.sessions import MAX_REMEMBERED, Sessions, is_running
from footfall.errors import ConfigError, Fault

__all__ = ["KEEP_EVENTS", "MAX_BYTES", "Store", "faults_of"]

KEEP_EVENTS: Final = 1_000_000
"""How many events are kept: about 470 MB, of which everything is counted within seconds."""

MAX_BYTES: Final = 1_000_000_000
"""How many bytes of the file may be in use: more than a million events of a common size take, and
little enough for the smallest disks that machines are rented with."""

# What Plausible calls current.
_CURRENT_SECONDS = 300
# An empty file and what one purge frees.
_LEAST_BYTES = 1_000_000


class Store:
    """An open store. Close it, or the events of the last moment are lost.

    Its methods take the `domain` of a Plausible site or the id of a Swetrix project; None for all.

    Args:
        path: The SQLite file, or `:memory:`.
        keep_events: How many events are kept. The oldest are deleted in small steps, and what they
            leave free in the file is used again; so for the next two.
        keep_days: For how many days they are kept; None for any.
        max_bytes: How many bytes of the file may be in use; None for any number. In a flood, room
            is made before more is written. The log beside the file has 32 MB as a rule; it grows
            while another program keeps reading, and where it has `max_bytes`, events are refused.
        timezone: The time zone, by its IANA name, whose days count.
        mmdb: A country database in the MaxMind format.
        synchronous: `"normal"`: a power cut may lose the events since the last checkpoint, which is
            made each minute. `"full"`: it loses none, and each commit waits for the disk.
        has_log: False on a network file system; see `Database`.
        has_upkeep: Asked every few seconds, in the thread that writes: whether this process deletes
            what is too old or too much, and computes the figures of past days. One of those that
            share the file should.
        is_checked: Whether a damaged page is looked for at the start; see `Database`.
        joins_sessions: Whether visitors are looked up in the transaction that writes their events,
            whose pages are in memory, and not before. For one thread that waits for each group.
        max_recent_bytes: How much memory the newest events may take as they came in, and as much
            for the dropped ones.
        max_remembered: How many visitors' sessions are in memory; others are looked up.
        clock: Gives seconds since the epoch.

    Raises:
        ConfigError: The file cannot be used, or nothing would be kept.
    """

    def __init__(
        self,
        path: str | Path = MEMORY,
        *,
        keep_events: int = KEEP_EVENTS,
        keep_days: int | None = None,
        max_bytes: int | None = MAX_BYTES,
        timezone: str = "UTC",
        mmdb: str | Path | None = None,
        synchronous: Synchronous = "normal",
        has_log: bool = True,
        has_upkeep: Callable[[], bool] = lambda: True,
        is_checked: bool = True,
        joins_sessions: bool = False,
        max_recent_bytes: int = RECENT_BYTES,
        max_remembered: int = MAX_REMEMBERED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if faults := faults_of(keep_events, keep_days, max_bytes, timezone, synchronous):
            raise ConfigError(faults)
        self._lookup: CountryLookup | None = mmdb_lookup(mmdb) if mmdb else None
        self.clock = clock
        self.zone = ZoneInfo(timezone)
        """The time zone whose days count."""
        self._database = Database(path, synchronous, has_log=has_log, is_checked=is_checked)
        with contextlib.ExitStack() as stack:
            # Reading may fail where the pages were not checked, and starting a thread anywhere.
            stack.callback(self._database.close)
            self.instance = instance_name(self._database)
            """The name of this collector among others, 16 hexadecimal digits."""
            self.registry = SiteRegistry(self._database)
            """The sites and goals that the site owner registered."""
            salts = Salts(self._database)
            self.sessions = Sessions(
                salt=salts.for_day,
                last_seen=self._last_seen,
                local_time=partial(local_seconds, zone=self.zone),
                are_joined=joins_sessions,
                max_remembered=max_remembered,
            )
            """The running sessions, for the thread that answers requests."""
            self._joins_sessions = joins_sessions
            self._recent_events = RecentEvents(max_recent_bytes)
            self._reported_bots = ReportedBots()
            self._max_bytes = max_bytes
            limits = RetentionLimits(keep_events, keep_days, max_bytes)
            self._retention = Retention(
                self._database, salts, limits, self.zone, clock, has_upkeep=has_upkeep
            )
            self._writer = WriterThread(
                self.path,
                self._insert,
                self._check_writable,
                self._recent_events,
                self._retention,
            )
            stack.pop_all()

    def __repr__(self) -> str:
        state = self.write_error or ("closed" if self.is_closed else "open")
        return f"Store({self._database.path!r}, {state})"

    @property
    def path(self) -> str:
        return self._database.path

    @property
    def is_closed(self) -> bool:
        return self._writer.is_closed

    @property
    def is_writing(self) -> bool:
        """Whether the thread that writes runs."""
        return self._writer.is_running

    @property
    def write_error(self) -> str | None:
        """Why nothing can be written at the moment, or None."""
        return self._writer.write_error

    @property
    def enqueued(self) -> int:
        """How many events were enqueued since the start."""
        return self._writer.enqueued

    @property
    def processed(self) -> int:
        """How many of them have left the queue, whether they are written or not."""
        return self._writer.processed

    @property
    def unwritten(self) -> int:
        """How many of them were neither written nor refused."""
        return self._writer.unwritten

    # -- writing ------------------------------------------------------------------------------

    def enqueue(self, group: WriteGroup) -> bool:
        """Queue the events of some requests, which are written in one commit or not at all.

        Returns:
            False if they are not queued, since the queue is full or the file cannot be written.
        """
        return self._writer.enqueue(group)

    def withdraw(self, group: WriteGroup) -> bool:
        """Take a group back, whose events are then never written.

        Returns:
            False if they are being written, or it is decided whether they are.
        """
        return self._writer.withdraw(group)

    def wait_until_idle(self, timeout_seconds: float) -> None:
        """Block until everything that was enqueued is processed, for at most that long."""
        self._writer.wait_until_idle(timeout_seconds)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that was enqueued is written. False if it took longer, or cannot be."""
        return self._writer.flush(timeout_seconds)

    def clear(self, timeout_seconds: float = 30.0) -> int:
        """Delete every event that was enqueued before, and return their number.

        Raises:
            TimeoutError: It is not done yet.
            sqlite3.Error: It could not be done.
        """
        return self._writer.submit(self._delete_all).result(timeout_seconds)

    def delete_domain(self, domain: str, timeout_seconds: float = 30.0) -> int:
        """Delete every event of a domain, and return their number. Raises as `clear` does."""
        delete = partial(self._change, write_sql.delete_domain, domain)
        return self._writer.submit(delete).result(timeout_seconds)

    def rename_domain(self, domain: str, new_domain: str, timeout_seconds: float = 30.0) -> int:
        """Move the events of a domain to another. Returns their number; raises as `clear` does."""
        rename = partial(self._change, write_sql.rename_domain, domain, new_domain)
        return self._writer.submit(rename).result(timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> int:
        """Write what is queued, for at most `timeout_seconds`, and close the file.

        Returns:
            How many events were neither written nor refused.
        """
        self._writer.close(timeout_seconds)
        # A writer that hangs on the disk or another process keeps the file until the end.
        if not (self._writer.is_running or self._database.is_closed):
            self._database.close()
        return self._writer.unwritten

    # -- reading ------------------------------------------------------------------------------

    def search(self, wanted: EventSearch) -> SearchResult:
        """The events that match, in the file and, of undeclared domains, in memory."""
        with self._database.reading() as connection:
            found = read_sql.search(connection, wanted, self._recent_events.address)
        unwritten = self._unwritten(wanted)
        if not unwritten:
            return found
        part = slice(-wanted.limit, None) if wanted.is_newest else slice(wanted.limit)
        events = [unwritten_event(*each) for each in unwritten[part]]
        merged = sorted([*found.events, *events], key=lambda event: event.id)
        return SearchResult(merged[part], found.total + len(unwritten))

    def recent_event(self, event_id: int) -> RecentEvent | None:
        """A new event as it came in, with addresses; None once it is only in the file."""
        return self._recent_events.get(event_id)

    def count(self, wanted: EventSearch) -> int:
        """How many events match, whatever the limit."""
        with self._database.reading() as connection:
            return read_sql.count(connection, wanted) + len(self._unwritten(wanted))

    def totals(self, period: Period = "day", domain: str | None = None) -> Totals:
        """Totals over the stored events of a period that ends now.

        Args:
            period: `"day"` (24 hours), `"week"`, `"month"` (30 days) or `"all"`.
            domain: The site or project; None for all.
        """
        with self._database.reading() as connection:
            return read_sql.totals(connection, period, domain, self.clock(), self.zone)

    def query(self, query: StatsQuery) -> StatsResult:
        """Run a query over what is stored."""
        with self._database.reading() as connection:
            return run_query(connection, query)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Several queries on one state of the file; use nothing else of the store meanwhile."""
        with self._database.reading() as connection, Snapshot.open(connection) as snapshot:
            yield snapshot

    def current_visitors(self, domain: str | None = None) -> int:
        """How many visitors were seen in the last five minutes."""
        since = self.clock() - _CURRENT_SECONDS
        with self._database.reading() as connection:
            return read_sql.visitors_since(connection, since, domain)

    def last_event_at(self, domain: str | None = None) -> int | None:
        """When the newest event came, in milliseconds since the epoch; None if none did."""
        with self._database.reading() as connection:
            return read_sql.last_event_at(connection, domain)

    def oldest_day(self) -> date | None:
        """The day of the oldest event, of any domain, or an imported one; None if there is none."""
        with self._database.reading() as connection:
            oldest = read_sql.first_event_at(connection)
            imported = read_sql.first_imported_day(connection)
        days = [] if oldest is None else [local_date(oldest, self.zone)]
        if imported is not None:
            days.append(day_of_number(imported))
        return min(days, default=None)

    def prop_names(self, span: TimeRange, domain: str | None, event: str) -> list[str]:
        """The names of a custom event's props, the most frequent first; at most twenty."""
        with self._database.reading() as connection:
            return read_sql.prop_names(connection, span.since, span.until, domain, event)

    def bots(self, span: TimeRange, domain: str | None = None) -> list[BotRow]:
        """The bots that were not counted, the busiest first."""
        with self._database.reading() as connection:
            return dropped_counts.bots(dropped_counts.read(connection, span, domain))

    def count_bots(self, hits: Sequence[ReceivedHit]) -> None:
        """Count hits of bots that the middleware left out, without waiting for that."""
        if self._reported_bots.add(hits, self.zone):
            self._writer.submit(self._write_bots)

    def domains(self) -> list[str]:
        """The domains and projects that most events counted for, by name; at most a hundred."""
        with self._database.reading() as connection:
            return read_sql.domains(connection)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in the writer thread, when events were written or deleted.

        Returns:
            A function that unsubscribes it.
        """
        return self._writer.subscribe(listener)

    def _unwritten(self, wanted: EventSearch) -> list[tuple[int, IncomingEvent]]:
        """The events that are in memory alone and match, oldest first, with their ids."""
        recent = self._recent_events.unwritten()
        return [(number, event) for number, event in recent if wanted.matches(number, event)]

    # -- in the writer thread -----------------------------------------------------------------

    def _insert(self, claim: Callable[[], list[IncomingEvent]]) -> list[int]:
        self._check_log()
        with self._database.writing() as connection:
            events = claim()
            if self._joins_sessions or self._database.has_foreign_changes():
                events = self._join_sessions(connection, events)
            return write_sql.insert(connection, events, self._lookup, self.zone)

    def _write_bots(self) -> int:
        with self._reported_bots.take() as days:
            self._check_log()
            with self._database.writing() as connection:
                for day, numbers in days.items():
                    dropped_counts.add(connection, day, numbers)
        return 0

    def _join_sessions(
        self, connection: sqlite3.Connection, events: Sequence[IncomingEvent]
    ) -> list[IncomingEvent]:
        """The events with the sessions that another process has begun, perhaps in this moment."""
        begun: dict[str, str] = {}
        joined = []
        for event in events:
            if event.starts_session and event.visitor and event.session:
                seen = read_sql.last_seen(connection, event.visitor)
                if seen and is_running(seen[1], event.request.at):
                    begun[event.session] = seen[0]
                    self.sessions.adopt(event.visitor, seen[0])
            if event.session in begun:
                event = replace(event, session=begun[event.session], starts_session=False)
            joined.append(event)
        return joined

    def _check_writable(self) -> None:
        self._check_log()
        self._database.check_writable()

    def _check_log(self) -> None:
        """Raise where the log is full, and cannot be emptied because somebody reads."""
        is_full = self._max_bytes is not None and self._database.log_bytes > self._max_bytes
        if is_full and not self._database.checkpoint():
            raise sqlite3.OperationalError("the log is full, because another program keeps reading")

    def _delete_all(self) -> int:
        with self._database.writing() as connection:
            number = write_sql.delete_all(connection)
        self._retention.checkpoint_soon()
        self._recent_events.clear()
        self._writer.notify()
        return number

    def _change(self, write: Callable[..., int], *values: str) -> int:
        with self._database.writing() as connection:
            number = write(connection, *values)
        self._retention.checkpoint_soon()
        self._writer.notify()
        return number

    # -- for `Sessions` -----------------------------------------------------------------------

    def _last_seen(self, visitor: str) -> tuple[str, float] | None:
        with self._database.reading() as connection:
            return read_sql.last_seen(connection, visitor)


# Reading their names takes 7 ms, and the settings check what the store checks.
_timezones: Final = cache(zoneinfo.available_timezones)


def faults_of(
    keep_events: int, keep_days: int | None, max_bytes: int | None, timezone: str, synchronous: str
) -> list[Fault]:
    """A fault for each of these arguments of `Store` that cannot work."""
    faults = []
    if keep_events < 1:
        faults.append(Fault("keep_events", keep_events, "keep at least 1 event"))
    if keep_days is not None and keep_days < 1:
        faults.append(Fault("keep_days", keep_days, "keep at least 1 day, or None for no limit"))
    if max_bytes is not None and max_bytes < _LEAST_BYTES:
        faults.append(Fault("max_bytes", max_bytes, f"keep at least {_LEAST_BYTES} bytes, or None"))
    if timezone not in _timezones():
        faults.append(Fault("timezone", timezone, "write it like Europe/Berlin, or UTC"))
    if synchronous not in SYNCHRONOUS:
        faults.append(Fault("synchronous", synchronous, "choose normal or full"))
    return faults
