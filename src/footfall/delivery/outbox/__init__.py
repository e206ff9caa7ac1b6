"""What waits for its vendor, kept in a file: it outlives the process, and `kill -9`.

Off by default. Rules of the room:

- No request and no thinking ever waits for the file. One thread of each process touches it; where
  the file fails or hangs, events wait in memory as they would without it.
- Many processes share one file. One of them, elected by a lock that the system takes back from the
  dead, gives the rows to its lanes; the others only write.
- Each destination has its own rows, so that a dead vendor holds up nobody else's.
- `at_most_once`: a row is gone before its event is sent. `at_least_once`: after the answer.
- Every row was counted `stored` by the process that wrote it, and `taken` by the one that took it
  out or dropped it.
- SQLite is loaded by `footfall.delivery.outbox.outbox` alone, so a process without an outbox never
  loads it.
"""

from typing import Literal, TypeAlias

from footfall.delivery.outbox.leader_lock import IS_POSSIBLE

__all__ = ["IS_POSSIBLE", "Mode"]

Mode: TypeAlias = Literal["at_most_once", "at_least_once"]
"""What a crash does to events of which nobody knows if they were sent."""
