"""The store: one SQLite file, one thread that writes it, any number that read it.

Events are queued and written with their neighbours of a few milliseconds, so that thousands fit
into a second; senders are answered when theirs are written (`commits.py`). Several processes may
write the same file. When the disk is full or the queue is, `offer` says no, the sender hears 503,
and nothing that was answered is thrown away.

No address is ever written. That of the newest thousand events is kept in memory, for whoever
develops with the collector to see which one was taken; it is gone with the process.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
import zoneinfo
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from footfall.collector import queries, writing
from footfall.collector.bots import BotRow, named
from footfall.collector.countries import Lookup, mmdb_lookup
from footfall.collector.database import MEMORY, Database
from footfall.collector.entries import Found, Period, Search, Stats
from footfall.collector.redaction import kept_body
from footfall.collector.registry import Registry
from footfall.collector.ring import Ring
from footfall.collector.stats import Answer, Question, TimeRange, rollups
from footfall.collector.stats.answers import answer
from footfall.collector.visits import DAY_SECONDS, Visits
from footfall.collector.wire import Arrival
from footfall.errors import ConfigError, Fault

__all__ = ["KEEP_EVENTS", "Store"]

logger = logging.getLogger("footfall.collector")

KEEP_EVENTS: Final = 1_000_000
"""How many events are kept: 360 MB, of which everything can still be counted within seconds."""

# As long as a commit takes. An event waits so long for others to share it, and its sender with it;
# what comes during a commit shares the next one anyway.
_COMMIT_WINDOW_SECONDS = 0.001
# Enough to make the cost of a commit vanish, and few enough that readers of memory wait little.
_BATCH = 500
# Two seconds of the fastest ingest measured; a request of the common size takes 5 kB.
_QUEUE_SIZE = 10_000
_KEEP_ADDRESSES = 1_000
# Of their requests, which take 5 kB as a rule; a sender may make them longer.
_KEEP_BYTES = 16_000_000
# "Now", as Plausible means it.
_CURRENT_SECONDS = 300
# Salts are for two days: today's, and yesterday's for visits that run across midnight.
_KEEP_SALT_DAYS = 2
_HOUSEKEEPING_SECONDS = 60.0
_ROWS_BETWEEN_PURGES = 2_000
# Between two steps of housekeeping when there is more to do, for events to come in between.
_A_MOMENT = 0.02
# An empty file and the room that one purge makes.
_LEAST_BYTES = 1_000_000
# After a failed commit. Disks do not get emptied in milliseconds.
_RETRY_SECONDS = 0.25

# What SQLite cannot take at any time: a value out of range, half a surrogate pair.
_HOPELESS = (sqlite3.ProgrammingError, sqlite3.InterfaceError, ValueError, OverflowError)


class _Command(NamedTuple):
    """Something for the writing thread to do in its turn."""

    do: Callable[[], int]
    done: Future[int]


_Item: TypeAlias = "Sequence[Arrival] | _Command"


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
        self._lookup: Lookup | None = mmdb_lookup(mmdb) if mmdb else None
        self.clock = clock
        self.zone = ZoneInfo(timezone)
        """The time zone whose days count."""
        self.fault: str | None = None
        """Why nothing can be written at the moment; None while all is well."""
        self.visits = Visits(
            salt=self._salt, last_seen=self._last_seen, local_time=self._local_time
        )
        """The running visits, for the thread that answers requests."""
        self._keep_events = keep_events
        self._keep_days = keep_days
        self._max_bytes = max_bytes
        self._database = Database(path)
        self.registry = Registry(self._database)
        """What the owner has written down about sites and goals."""
        self._salts: dict[int, bytes] = {}
        self._addresses: OrderedDict[int, str] = OrderedDict()
        self._recent: Ring[Arrival] = Ring(max_things=_KEEP_ADDRESSES, max_bytes=_KEEP_BYTES)
        self._listeners: list[Callable[[], None]] = []
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._hurry = threading.Event()
        self._give_up_at: float | None = None
        # Each is counted by one thread alone.
        self.offered = 0
        """How many events were queued since the start."""
        self.settled = 0
        """How many of them are written, or never can be."""
        self._written = 0
        self._rows_since_purge = 0
        self._purge_at = time.monotonic()
        self._closing: deque[Callable[[sqlite3.Connection], None]] = deque()
        self._writer = threading.Thread(target=self._run, name="footfall-store", daemon=True)
        self._writer.start()

    def __repr__(self) -> str:
        state = self.fault or ("closed" if self.is_closed else "open")
        return f"Store({self._database.path!r}, {state})"

    @property
    def path(self) -> str:
        return self._database.path

    @property
    def is_closed(self) -> bool:
        return self._give_up_at is not None

    # -- writing ------------------------------------------------------------------------------

    def offer(self, arrivals: Sequence[Arrival]) -> bool:
        """Queue the events of one request. False if there is no room, or the disk is full."""
        if self.is_closed or self.fault or self._queue.qsize() >= _QUEUE_SIZE:
            return False
        self.offered += len(arrivals)
        self._queue.put(arrivals)
        return True

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that was queued is written. False if it took longer, or cannot be."""
        if not self._writer.is_alive():
            return False
        try:
            self._command(lambda: 0).result(timeout_seconds)
        except (TimeoutError, sqlite3.Error):
            return False
        return True

    def clear(self, timeout_seconds: float = 30.0) -> int:
        """Delete every event that was queued before, and give their number.

        Raises:
            TimeoutError: It is not done yet.
            sqlite3.Error: It could not be done.
        """
        return self._command(self._delete_all).result(timeout_seconds)

    def delete_domain(self, domain: str, timeout_seconds: float = 30.0) -> int:
        """Delete every event of a domain, and give their number. Raises as `clear` does."""
        return self._command(partial(self._change, writing.delete_domain, domain)).result(
            timeout_seconds
        )

    def rename_domain(self, domain: str, new_domain: str, timeout_seconds: float = 30.0) -> int:
        """Let the events of a domain be another's. Gives their number; raises as `clear` does."""
        return self._command(
            partial(self._change, writing.rename_domain, domain, new_domain)
        ).result(timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> int:
        """Write what is queued and close the file. Gives how many events could not be written."""
        if self.is_closed:
            return self.offered - self._written
        self._give_up_at = time.monotonic() + timeout_seconds
        self.flush(timeout_seconds)
        self._writer.join(timeout_seconds)
        # Unless it hangs on the disk, or on another process: then the file is its until the end.
        if not self._writer.is_alive():
            self._database.close()
        return self.offered - self._written

    # -- reading ------------------------------------------------------------------------------

    def search(self, wanted: Search) -> Found:
        """The events that match and are written."""
        with self._database.reading() as connection:
            return queries.search(connection, wanted, self._addresses)

    def recall(self, event_id: int) -> Arrival | None:
        """A new event as it arrived, addresses and all; None once it is only in the file."""
        return self._recent.get(event_id)

    def count(self, wanted: Search) -> int:
        """How many written events match, whatever the limit."""
        with self._database.reading() as connection:
            return queries.count(connection, wanted)

    def stats(self, period: Period = "day", domain: str | None = None) -> Stats:
        """Totals over the written events of a period that ends now."""
        with self._database.reading() as connection:
            return queries.stats(connection, period, domain, self.clock())

    def ask(self, question: Question) -> Answer:
        """The answer to a question, from what is written."""
        with self._database.reading() as connection:
            return answer(connection, question)

    def current_visitors(self, domain: str | None = None) -> int:
        """How many visitors were seen in the last five minutes."""
        since = self.clock() - _CURRENT_SECONDS
        with self._database.reading() as connection:
            return queries.visitors_since(connection, since, domain)

    def newest(self, domain: str | None = None) -> int | None:
        """When the newest event came, in milliseconds since the epoch; None if none did."""
        with self._database.reading() as connection:
            return queries.newest(connection, domain)

    def prop_names(self, span: TimeRange, domain: str | None, event: str) -> list[str]:
        """The names of an event's props, the most frequent first; at most twenty."""
        with self._database.reading() as connection:
            return queries.prop_names(connection, span.since, span.until, domain, event)

    def bots(self, span: TimeRange, domain: str | None = None) -> list[BotRow]:
        """The bots that were not counted, the busiest first."""
        with self._database.reading() as connection:
            return named(queries.bots(connection, span.since, span.until, domain))

    def domains(self) -> list[str]:
        """The domains and projects that events came for."""
        with self._database.reading() as connection:
            return queries.domains(connection)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in the writing thread, when events were written or deleted.

        Gives a function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # -- the writing thread -------------------------------------------------------------------

    def _command(self, do: Callable[[], int]) -> Future[int]:
        command = _Command(do, Future())
        self._queue.put(command)
        self._hurry.set()
        return command.done

    def _run(self) -> None:
        self._keep_house()
        while not (self.is_closed and self._queue.empty()):
            arrivals, command = self._take()
            if arrivals:
                self._write(arrivals)
            if command:
                _execute(command)
            self._keep_house()

    def _take(self) -> tuple[list[Arrival], _Command | None]:
        """The next batch, and the command that follows it, if one does."""
        batch: list[Arrival] = []
        try:
            item = self._queue.get(timeout=max(self._purge_at - time.monotonic(), _A_MOMENT))
            while not isinstance(item, _Command):
                if not batch and self._queue.qsize() < _BATCH:
                    self._hurry.wait(_COMMIT_WINDOW_SECONDS)
                batch += item
                if len(batch) >= _BATCH:
                    return batch, None
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch, None
        self._hurry.clear()
        return batch, item

    def _write(self, arrivals: list[Arrival]) -> None:
        """Commit a batch, however often it takes: it was answered, so it must not be lost."""
        while (ids := self._try_to_insert(arrivals)) is None:
            if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
                return
            time.sleep(_RETRY_SECONDS)
        self._recover()
        self._written += len(ids)
        self.settled += len(arrivals)
        self._rows_since_purge += len(ids)
        # Not strict: none were written of a hopeless batch.
        for event_id, arrival in zip(ids, arrivals, strict=False):
            self._addresses[event_id] = arrival.client_ip
            self._recent.put(event_id, *_remembered(arrival))
        while len(self._addresses) > _KEEP_ADDRESSES:
            self._addresses.popitem(last=False)
        self._tell()

    def _try_to_insert(self, arrivals: list[Arrival]) -> list[int] | None:
        try:
            return self._insert(arrivals)
        except _HOPELESS:
            # The wire lets none through, but other callers might.
            logger.exception("%d events cannot be written, ever", len(arrivals))
            return []
        except sqlite3.Error as error:
            self._report(error)
        return None

    def _insert(self, arrivals: list[Arrival]) -> list[int]:
        with self._database.writing() as connection:
            return writing.insert(connection, arrivals, self._lookup)

    def _delete_all(self) -> int:
        with self._database.writing() as connection:
            number = writing.delete_all(connection)
        self._addresses.clear()
        self._recent.clear()
        self._tell()
        return number

    def _change(self, write: Callable[..., int], *values: str) -> int:
        with self._database.writing() as connection:
            number = write(connection, *values)
        self._tell()
        return number

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _report(self, error: sqlite3.Error) -> None:
        if self.fault is None:
            logger.error("%s cannot be written: %s; events are refused", self.path, error)
        self.fault = str(error)

    def _recover(self) -> None:
        if self.fault is not None:
            logger.warning("%s can be written again", self.path)
        self.fault = None

    def _keep_house(self) -> None:
        if self._rows_since_purge < _ROWS_BETWEEN_PURGES and time.monotonic() < self._purge_at:
            return
        is_done = True
        try:
            is_done = not self._purge() and not self._close_days()
        except sqlite3.Error as error:
            # Nothing is lost by it, and the next batch finds out whether it lasts.
            logger.info("%s was not tidied up: %s", self.path, error)
        self._rows_since_purge = 0
        self._purge_at = time.monotonic() + (_HOUSEKEEPING_SECONDS if is_done else _A_MOMENT)

    def _purge(self) -> bool:
        """Delete a little of what is too old or too much. True if there was any."""
        now = self.clock()
        last_day = int(self._local_time(now) // DAY_SECONDS) - _KEEP_SALT_DAYS
        with self._database.writing() as connection:
            is_purged = writing.purge_by_count(connection, self._keep_events)
            if self._keep_days is not None:
                oldest = now - self._keep_days * DAY_SECONDS
                is_purged |= writing.purge_by_age(connection, oldest)
            if self._max_bytes is not None:
                is_purged |= writing.purge_by_size(connection, self._max_bytes)
            if is_purged:
                writing.forget_purged(connection)
            writing.purge_salts(connection, last_day)
        for day in [day for day in tuple(self._salts) if day <= last_day]:
            del self._salts[day]
        return is_purged

    def _close_days(self) -> bool:
        """Count a part of a day that is over, once and for all. True if there was one."""
        if not self._closing:
            with self._database.reading() as connection:
                day = rollups.next_to_close(connection, self.zone, self.clock())
            self._closing.extend(rollups.closing(day) if day else ())
        if not self._closing:
            return False
        with self._database.writing() as connection:
            self._closing[0](connection)
        # A step that failed is taken again.
        self._closing.popleft()
        return True

    # -- what the visits need -----------------------------------------------------------------

    def _salt(self, day: int) -> bytes:
        if day not in self._salts:
            with self._database.writing() as connection:
                self._salts[day] = writing.salt(connection, day)
        return self._salts[day]

    def _last_seen(self, visitor: str) -> tuple[str, float] | None:
        with self._database.reading() as connection:
            return queries.last_seen(connection, visitor)

    def _local_time(self, now: float) -> float:
        offset = datetime.fromtimestamp(now, self.zone).utcoffset()
        return now + (offset.total_seconds() if offset else 0.0)


def _remembered(arrival: Arrival) -> tuple[Arrival, int]:
    """The arrival and its size, without a body that nobody will read."""
    received = arrival.received
    if kept_body(received.body) is None:
        received = replace(received, body=b"")
    size = len(received.body) + sum(len(each) for pair in received.headers.items() for each in pair)
    return replace(arrival, received=received), size


def _execute(command: _Command) -> None:
    try:
        result = command.do()
    except sqlite3.Error as error:
        command.done.set_exception(error)
    else:
        command.done.set_result(result)


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
