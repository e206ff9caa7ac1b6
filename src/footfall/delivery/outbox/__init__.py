"""The outbox: events wait in a file for their vendor, and outlive the process and `kill -9`.

Off by default. Its rules:

- No request and no worker thread ever waits for the file. One thread of each process uses it; where
  the file fails or hangs, events wait in memory as they would without it.
- Many processes share one file. One of them, the holder of a lock that the system releases when a
  process dies, reads the rows and gives them to its lanes; the others only write.
- Each destination has its own rows, so that a dead vendor holds up no other.
- `at_most_once`: a row is deleted before its event is sent. `at_least_once`: after the response.
- Every row was counted `stored` by the process that wrote it, and `taken` by the one that read or
  dropped it.
- This package does not import SQLite by itself, so a process without an outbox never loads it.
"""

from typing import Literal, TypeAlias

from footfall.common.leader_lock import IS_POSSIBLE

__all__ = ["IS_POSSIBLE", "Mode"]

Mode: TypeAlias = Literal["at_most_once", "at_least_once"]
"""What a crash does to events that may have been sent: they are lost, or sent again."""
