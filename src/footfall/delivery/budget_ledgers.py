"""Where the processes of an app add up the events of a budget: a file, or Redis."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Final

from footfall.common.private_file import make_private
from footfall.delivery.redis.client import connect
from footfall.delivery.redis.queue_keys import QueueKeys

if TYPE_CHECKING:
    from redis import Redis

    from footfall.destinations import RedisStream

__all__ = ["FileLedger", "RedisLedger"]

# The thread that processes hits waits for it.
_BUSY_SECONDS: Final = 0.5
# Months and days before these are of no use.
_KEEP_PERIODS: Final = 40
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS budget (period TEXT PRIMARY KEY, used INTEGER)"
_ADD: Final = """
    INSERT INTO budget VALUES (?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used
    RETURNING used
"""
_TRIM: Final = """
    DELETE FROM budget WHERE period NOT IN (SELECT period FROM budget ORDER BY period DESC LIMIT ?)
"""
# Longer than a month.
_KEEP_SECONDS: Final = 40 * 86_400


class FileLedger:
    """An SQLite file beside the outbox, which holds numbers only. It is open for moments.

    Args:
        outbox: The path of the outbox.
    """

    def __init__(self, outbox: str) -> None:
        self._path = f"{outbox}-budget"

    def add(self, numbers: Mapping[str, int]) -> Mapping[str, int]:
        """Add to the number of each period, and return the numbers after that.

        Raises:
            sqlite3.Error: The file cannot be written.
            OSError: It cannot be made.
        """
        make_private(self._path)
        with closing(
            sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_SCHEMA)
            found = {
                period: int(connection.execute(_ADD, (period, number)).fetchone()[0])
                for period, number in numbers.items()
            }
            connection.execute(_TRIM, (_KEEP_PERIODS,))
            connection.execute("COMMIT")
        return found


class RedisLedger:
    """Numbers beside a shared queue.

    Args:
        queue: The queue.

    Raises:
        ConfigError: redis-py is not installed, or does not understand the URL.
    """

    def __init__(self, queue: RedisStream) -> None:
        self._client: Redis = connect(queue)
        self._keys = QueueKeys(queue.stream)

    def add(self, numbers: Mapping[str, int]) -> Mapping[str, int]:
        """Add to the number of each period, and return the numbers after that.

        Raises:
            redis.exceptions.RedisError: The server cannot be reached, or refuses.
        """
        pipeline = self._client.pipeline(transaction=True)
        for period, number in numbers.items():
            key = self._keys.budget(period)
            pipeline.incrby(key, number)
            pipeline.expire(key, _KEEP_SECONDS)
        used = pipeline.execute()[::2]
        return dict(zip(numbers, used, strict=True))
