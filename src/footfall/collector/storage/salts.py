"""The salts: keys of the visitors' hashes, made at a day's first use, deleted two days later."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from footfall.collector.storage import write_sql
from footfall.collector.storage.database import Database

# Today's, and yesterday's for sessions that run across midnight.
_KEEP_DAYS: Final = 2


class Salts:
    """The salt of each day, which all processes on a file share."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, bytes] = {}

    def for_day(self, day: int) -> bytes:
        """The salt of a day, counted since the epoch.

        Raises:
            sqlite3.Error: It can be neither read nor written.
        """
        if day not in self._known:
            # In most cases `prepare` has made it, so that nobody waits for a lock.
            with self._database.reading() as connection:
                salt = write_sql.find_salt(connection, day)
            if salt is None:
                with self._database.writing() as connection:
                    salt = write_sql.salt(connection, day)
            self._known[day] = salt
        return self._known[day]

    def prepare(self, connection: Connection, day: int) -> None:
        """Make the salt of a day, if there is none."""
        write_sql.salt(connection, day)

    def purge(self, connection: Connection, today: int) -> bool:
        """Delete those that are too old, so that nobody can find out any more whose a hash was.

        Returns:
            Whether there were any, of which the write-ahead log still has copies.
        """
        self.forget(today)
        return write_sql.purge_salts(connection, today - _KEEP_DAYS)

    def forget(self, today: int) -> None:
        """Forget those in memory that are too old; another process deletes them from the file."""
        for day in [day for day in tuple(self._known) if day <= today - _KEEP_DAYS]:
            del self._known[day]
