"""The store: one SQLite file, one thread that writes it, any number that read it.

This is its face. Events are queued and written with their neighbours (`writer.py`), so that
thousands fit into a second; senders are answered when theirs are written (`commits.py`). Several
processes may write the same file. When the disk is full or the queue is, `offer` says no, the
sender hears 503, and nothing that was answered is thrown away.

No address is ever written. That of the newest thousand events is kept in memory (`memory.py`), for
whoever develops with the collector to see which one was taken; it is gone with the process.
"""

from __future__ import annotations

import contextlib
import time
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from footfall.collector.storage import read_sql, write_sql
from footfall.collector.storage.bots import BotRow, named
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.recent_events import RecentEvent, RecentEvents
from footfall.collector.storage.retention import Retention, RetentionLimits
from footfall.collector.storage.salts import Salts
from footfall.collector.storage.sites import SiteRegistry
from footfall.collector.storage.stats import StatsQuery, StatsResult, TimeRange
from footfall.collector.storage.stats.execute import Snapshot, answer
from footfall.collector.storage.stats.time_ranges import local_seconds
from footfall.collector.storage.stored_events import EventSearch, Period, SearchResult, Totals
from footfall.collector.storage.writer_thread import PendingWrite, WriterThread
from footfall.collector.wire.country import CountryLookup, mmdb_lookup
from footfall.collector.wire.messages import IncomingEvent
from footfall.collector.wire.sessions import Sessions
from footfall.errors import ConfigError, Fault

__all__ = ["KEEP_EVENTS", "Store"]

KEEP_EVENTS: Final = 1_000_000
"""How many events are kept: 360 MB, of which everything can still be counted within seconds."""

# "Now", as Plausible means it.
_CURRENT_SECONDS = 300
# An empty file and the room that one purge makes.
_LEAST_BYTES = 1_000_000


class Store:
    """An open store. Close it, or the events of the last moment are lost.

    `keep_events`, `keep_days` and `max_bytes` bound what is kept, by count, age and size; what is
    older goes in small steps, and what it leaves free in the file is used again. `timezone` says
    when days begin. `mmdb` is a country database. `clock` gives seconds since the epoch.

    Raises:
        ConfigError: The file cannot be used, or nothing would be kept.
    """

    def __init__(
        self,
        path: str | Path = MEMORY,
        *,
        keep_events: int = KEEP_EVENTS,
        keep_days: int | None = None,
        max_bytes: int | None = None,
        timezone: str = "UTC",
        mmdb: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _check(keep_events, keep_days, max_bytes, timezone)
        self._lookup: CountryLookup | None = mmdb_lookup(mmdb) if mmdb else None
        self.clock = clock
        self.zone = ZoneInfo(timezone)
        """The time zone whose days count."""
        self._database = Database(path)
        self.registry = SiteRegistry(self._database)
        """What the owner has written down about sites and goals."""
        salts = Salts(self._database)
        self.visits = Sessions(
            salt=salts.of_day,
            last_seen=self._last_seen,
            local_time=partial(local_seconds, zone=self.zone),
        )
        """The running visits, for the thread that answers requests."""
        self._memory = RecentEvents()
        limits = RetentionLimits(keep_events, keep_days, max_bytes)
        self._upkeep = Retention(self._database, salts, limits, self.zone, clock)
        self._writer = WriterThread(self.path, self._insert, self._memory, self._upkeep)

    def __repr__(self) -> str:
        state = self.fault or ("closed" if self.is_closed else "open")
        return f"Store({self._database.path!r}, {state})"

    @property
    def path(self) -> str:
        return self._database.path

    @property
    def is_closed(self) -> bool:
        return self._writer.is_closed

    @property
    def fault(self) -> str | None:
        """Why nothing can be written at the moment; None while all is well."""
        return self._writer.fault

    @property
    def offered(self) -> int:
        """How many events were queued since the start."""
        return self._writer.offered

    @property
    def settled(self) -> int:
        """How many of them are written, or never can be."""
        return self._writer.settled

    # -- writing ------------------------------------------------------------------------------

    def offer(self, arrivals: Sequence[IncomingEvent]) -> bool:
        """Queue the events of one request. False if there is no room, or the disk is full."""
        return self._writer.offer([PendingWrite(arrivals)])

    def offer_all(self, requests: Sequence[PendingWrite]) -> bool:
        """Queue the events of several requests, all or none. False as with `offer`."""
        return self._writer.offer(requests)

    def settle(self, timeout_seconds: float) -> None:
        """Stand by while the writing thread writes, for so long at most."""
        self._writer.settle(timeout_seconds)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that was queued is written. False if it took longer, or cannot be."""
        return self._writer.flush(timeout_seconds)

    def clear(self, timeout_seconds: float = 30.0) -> int:
        """Delete every event that was queued before, and give their number.

        Raises:
            TimeoutError: It is not done yet.
            sqlite3.Error: It could not be done.
        """
        return self._writer.command(self._delete_all).result(timeout_seconds)

    def delete_domain(self, domain: str, timeout_seconds: float = 30.0) -> int:
        """Delete every event of a domain, and give their number. Raises as `clear` does."""
        delete = partial(self._change, write_sql.delete_domain, domain)
        return self._writer.command(delete).result(timeout_seconds)

    def rename_domain(self, domain: str, new_domain: str, timeout_seconds: float = 30.0) -> int:
        """Let the events of a domain be another's. Gives their number; raises as `clear` does."""
        rename = partial(self._change, write_sql.rename_domain, domain, new_domain)
        return self._writer.command(rename).result(timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> int:
        """Write what is queued and close the file. Gives how many events could not be written."""
        if not self.is_closed:
            self._writer.close(timeout_seconds)
            # Unless it hangs on the disk or another process: then the file is its until the end.
            if not self._writer.is_running:
                self._database.close()
        return self._writer.unwritten

    # -- reading ------------------------------------------------------------------------------

    def search(self, wanted: EventSearch) -> SearchResult:
        """The events that match and are written."""
        with self._database.reading() as connection:
            return read_sql.search(connection, wanted, self._memory.addresses)

    def recall(self, event_id: int) -> RecentEvent | None:
        """A new event as it arrived, addresses and all; None once it is only in the file."""
        return self._memory.recall(event_id)

    def count(self, wanted: EventSearch) -> int:
        """How many written events match, whatever the limit."""
        with self._database.reading() as connection:
            return read_sql.count(connection, wanted)

    def stats(self, period: Period = "day", domain: str | None = None) -> Totals:
        """Totals over the written events of a period that ends now."""
        with self._database.reading() as connection:
            return read_sql.stats(connection, period, domain, self.clock())

    def ask(self, question: StatsQuery) -> StatsResult:
        """The answer to a question, from what is written."""
        with self._database.reading() as connection:
            return answer(connection, question)

    @contextlib.contextmanager
    def looking(self) -> Iterator[Snapshot]:
        """Several questions about one moment; within the block, ask nothing else of the store."""
        with self._database.reading() as connection, Snapshot.at(connection) as look:
            yield look

    def current_visitors(self, domain: str | None = None) -> int:
        """How many visitors were seen in the last five minutes."""
        since = self.clock() - _CURRENT_SECONDS
        with self._database.reading() as connection:
            return read_sql.visitors_since(connection, since, domain)

    def newest(self, domain: str | None = None) -> int | None:
        """When the newest event came, in milliseconds since the epoch; None if none did."""
        with self._database.reading() as connection:
            return read_sql.newest(connection, domain)

    def prop_names(self, span: TimeRange, domain: str | None, event: str) -> list[str]:
        """The names of an event's props, the most frequent first; at most twenty."""
        with self._database.reading() as connection:
            return read_sql.prop_names(connection, span.since, span.until, domain, event)

    def bots(self, span: TimeRange, domain: str | None = None) -> list[BotRow]:
        """The bots that were not counted, the busiest first."""
        with self._database.reading() as connection:
            return named(read_sql.bots(connection, span.since, span.until, domain))

    def domains(self) -> list[str]:
        """The domains and projects that events came for."""
        with self._database.reading() as connection:
            return read_sql.domains(connection)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in the writing thread, when events were written or deleted.

        Gives a function that ends it.
        """
        return self._writer.subscribe(listener)

    # -- in the writing thread ----------------------------------------------------------------

    def _insert(self, arrivals: list[IncomingEvent]) -> list[int]:
        with self._database.writing() as connection:
            return write_sql.insert(connection, arrivals, self._lookup)

    def _delete_all(self) -> int:
        with self._database.writing() as connection:
            number = write_sql.delete_all(connection)
        self._memory.clear()
        self._writer.tell()
        return number

    def _change(self, write: Callable[..., int], *values: str) -> int:
        with self._database.writing() as connection:
            number = write(connection, *values)
        self._writer.tell()
        return number

    # -- what the visits need -----------------------------------------------------------------

    def _last_seen(self, visitor: str) -> tuple[str, float] | None:
        with self._database.reading() as connection:
            return read_sql.last_seen(connection, visitor)


def _check(keep_events: int, keep_days: int | None, max_bytes: int | None, timezone: str) -> None:
    faults = []
    if keep_events < 1:
        faults.append(Fault("keep_events", keep_events, "keep at least 1 event"))
    if keep_days is not None and keep_days < 1:
        faults.append(Fault("keep_days", keep_days, "keep at least 1 day, or None for no limit"))
    if max_bytes is not None and max_bytes < _LEAST_BYTES:
        faults.append(Fault("max_bytes", max_bytes, f"keep at least {_LEAST_BYTES} bytes, or None"))
    if timezone not in zoneinfo.available_timezones():
        faults.append(Fault("timezone", timezone, "write it like Europe/Berlin, or UTC"))
    if faults:
        raise ConfigError(faults)
