"""The collector's file as an app writes it itself: no socket, no other process.

Each process of the app opens the file with its first event, and anew after a fork. What the
middleware would post to a collector is received by the code that receives it there, and written by
the same store, so that visits, sources and hashes are the same.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from footfall.collector.ingest.receiver import Receiver, RejectedRequests
from footfall.collector.storage.database import LOCKED, cause_of
from footfall.collector.storage.recent_hits import RecentHits, time_ids
from footfall.collector.storage.store import KEEP_EVENTS, MAX_BYTES, Store, faults_of
from footfall.collector.storage.writer_thread import PendingWrite, WriteGroup
from footfall.collector.wire import batch
from footfall.collector.wire.messages import IncomingRequest, IngestResponse, IngestResult
from footfall.common.file_system import is_network, mount_of, temporary_disk
from footfall.common.leader_lock import IS_POSSIBLE, LeaderLock
from footfall.destinations.sqlite import RequestGroup
from footfall.errors import Ambiguous, ConfigError, Fault
from footfall.model import Request, Response

if TYPE_CHECKING:
    from footfall.destinations import SQLite

__all__ = ["SiteFile", "site_file"]

# A commit takes milliseconds; what locks the file for longer is another program.
_MAX_WAIT_SECONDS: Final = 1.0
# The memory is the app's, and several processes have the same. Two hundred events as they came in,
# and what a process of a busy site sees in half an hour.
_RECENT_BYTES: Final = 1_000_000
_MAX_REMEMBERED: Final = 5_000
# A request of the app would wait for the interpreter until all are received, up to 5 ms.
_REQUESTS_BEFORE_YIELD: Final = 8


class SiteFile:
    """The file of one destination in this process, as the transport of its events.

    Args:
        destination: The path, and what is kept.

    Raises:
        ConfigError: An option cannot work, or the file's directory is not there.
    """

    def __init__(self, destination: SQLite) -> None:
        self._options = destination
        # The working directory may change.
        self.path: Final = _absolute(destination.path)
        keep = destination.keep_events or KEEP_EVENTS
        max_bytes = destination.max_bytes or MAX_BYTES
        faults = faults_of(keep, destination.keep_days, max_bytes, destination.timezone, "normal")
        if not Path(self.path).parent.is_dir():
            remedy = "its directory does not exist; make it, or name another file"
            faults.append(Fault("path", destination.path, remedy))
        if faults:
            raise ConfigError(faults)
        self._keep_events, self._max_bytes = keep, max_bytes
        self._mount = mount_of(self.path)
        self._opened = _OpenedFile(self.path)

    def __repr__(self) -> str:
        return f"SiteFile({self.path!r})"

    def warnings(self, environ: Mapping[str, str]) -> Iterator[str]:
        """A sentence for each reason why the file may be lost or slow."""
        if self._mount is not None and is_network(self._mount):
            yield (
                f"{self.path} is on a network file system ({self._mount.type}): it is used without "
                "a write-ahead log, so that reading and writing wait for each other, and SQLite "
                "may be unable to lock it. Name a file on a local disk, or run `footfall collect` "
                "on one machine and send to it: collector://HOST/DOMAIN"
            )
        elif does := temporary_disk(self._mount, environ):
            yield (
                f"{self.path} is on a disk that {does}: the figures go with it. Mount a volume and "
                "name a file on it, or send to a collector or a vendor elsewhere"
            )

    @property
    def recent_hits(self) -> RecentHits:
        """The newest hits of this process that do not count."""
        return self._own().recent_hits

    @property
    def rejected(self) -> RejectedRequests:
        """What of this process could not be read."""
        return self._own().rejected

    @property
    def store(self) -> Store:
        """The open file.

        Raises:
            ConfigError: It cannot be opened.
        """
        opened = self._own()
        with opened.lock:
            return self._open(opened)

    def send(self, request: Request) -> Response:
        """Write the events of a request, which is none that is sent anywhere.

        Returns:
            What a collector would answer; 503 with the cause where nothing is written.

        Raises:
            Ambiguous: The thread that writes ended in this moment.
        """
        opened = self._own()
        with opened.lock:
            try:
                store = self._open(opened)
                response = self._receive(store, opened.receiver_of(store), request)
            except ConfigError as error:
                return _unwritten(error.faults[0].remedy)
            except sqlite3.Error as error:
                return _unwritten(cause_of(error))
            except RuntimeError as error:
                # The thread that writes cannot start.
                return _unwritten(str(error))
        return Response(status=response.status, headers=dict(response.headers), body=response.body)

    def close(self) -> None:
        """Write what is queued, and close the file. The next use opens it again."""
        opened = self._own()
        with opened.lock:
            opened.close()

    def _own(self) -> _OpenedFile:
        """What this process has opened."""
        opened = self._opened
        if opened.process_id != os.getpid():
            # Closing the parent's connection would release locks, and remove its log.
            _of_parents.append(opened)
            opened = self._opened = _OpenedFile(self.path)
        return opened

    def _open(self, opened: _OpenedFile) -> Store:
        if opened.store is not None and opened.identity != _identity(self.path):
            # Deleted, or another file stands in its place: nobody would see what is written.
            opened.close()
        if opened.store is None:
            options = self._options
            opened.store = Store(
                self.path,
                keep_events=self._keep_events,
                keep_days=options.keep_days,
                max_bytes=self._max_bytes,
                timezone=options.timezone,
                mmdb=options.mmdb,
                has_log=not is_network(self._mount),
                has_upkeep=opened.has_upkeep,
                # Each process would read the whole file when it starts.
                is_checked=False,
                joins_sessions=True,
                max_recent_bytes=_RECENT_BYTES,
                max_remembered=_MAX_REMEMBERED,
            )
            opened.identity = _identity(self.path)
        return opened.store

    def _receive(self, store: Store, receiver: Receiver, request: Request) -> IngestResponse:
        _check(store)
        at = store.clock()
        requests = request.requests if isinstance(request, RequestGroup) else [request]
        results: list[IngestResult] = []
        try:
            for number, each in enumerate(requests, 1):
                if not number % _REQUESTS_BEFORE_YIELD:
                    time.sleep(0)
                path = urlsplit(each.url).path
                received = receiver.endpoints[path].receive(
                    IncomingRequest(path=path, headers=each.headers, peer="", body=each.body, at=at)
                )
                results.append(cast("IngestResult", received))
            is_written = _write(store, receiver.writes_of(results, self.path, at))
        except sqlite3.Error:
            receiver.forget(results, at)
            raise
        if not is_written:
            receiver.forget(results, at)
            _check(store)
            raise sqlite3.OperationalError(f"the file is locked; {LOCKED}")
        receiver.keep_hits(results)
        return batch.response(results) if isinstance(request, RequestGroup) else results[0].response


class _OpenedFile:
    """What one process has opened of a file."""

    def __init__(self, path: str) -> None:
        self.process_id: Final = os.getpid()
        self._leader_lock: Final = LeaderLock(path)
        # Held to open and close the file, and by the thread that receives.
        self.lock: Final = threading.RLock()
        self.recent_hits: Final = RecentHits(time_ids())
        self.rejected: Final = RejectedRequests()
        self.store: Store | None = None
        self.identity: tuple[int, int] | None = None
        self._receiver: Receiver | None = None

    def receiver_of(self, store: Store) -> Receiver:
        if self._receiver is None:
            self._receiver = Receiver(store, (), self.rejected, self.recent_hits)
        return self._receiver

    def close(self) -> None:
        store, self.store, self._receiver = self.store, None, None
        if store is not None:
            store.close()
        self._leader_lock.release()

    def has_upkeep(self) -> bool:
        """Whether this process holds the lock beside the file; all do where there is no lock."""
        if not IS_POSSIBLE:
            return True
        try:
            return self._leader_lock.acquire()
        except OSError:
            return True


# Kept, since forgetting a connection closes it.
_of_parents: Final[list[_OpenedFile]] = []

_files: Final[dict[tuple[object, ...], SiteFile]] = {}


def site_file(destination: SQLite) -> SiteFile:
    """The file of a destination, which all of one process share that name it and keep the same.

    Raises:
        ConfigError: See `SiteFile`.
    """
    kept = (destination.keep_events, destination.keep_days, destination.max_bytes)
    key = (_absolute(destination.path), *kept, destination.timezone, destination.mmdb)
    # Pages of the dashboard ask each time, and making one looks at directories and mounts.
    return _files.get(key) or _files.setdefault(key, SiteFile(destination))


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def _write(store: Store, writes: Sequence[PendingWrite]) -> bool:
    """Write, and return once that is decided: False if nothing of it is written.

    Raises:
        Ambiguous: Nobody will decide it.
    """
    if not writes:
        return True
    group = WriteGroup(writes)
    if not store.enqueue(group):
        return False
    deadline = time.monotonic() + _MAX_WAIT_SECONDS
    while True:
        store.wait_until_idle(_MAX_WAIT_SECONDS)
        is_writing = store.is_writing
        if group.is_written is not None:
            return group.is_written
        if not is_writing:
            raise Ambiguous("the thread that writes the file ended")
        if time.monotonic() >= deadline:
            # What is being written waits for its commit, however long that takes.
            store.withdraw(group)


def _check(store: Store) -> None:
    if cause := store.write_error:
        raise sqlite3.OperationalError(cause)


def _unwritten(cause: str) -> Response:
    return Response(status=503, body=cause.encode())


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a file from another one in its place."""
    try:
        found = os.stat(path)  # noqa: PTH116 -- for each batch; `Path` takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
