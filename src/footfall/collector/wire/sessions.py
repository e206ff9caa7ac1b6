"""Visitors and their sessions, recognised without keeping an address.

A visitor's id is a keyed hash of address, browser and site. The key is a salt that lives for one
day of the collector's time zone, so nobody can be followed from one day to the next, and once the
salt is deleted nobody can find out whose hash it was. A session ends after 30 minutes without an
event; one that runs across midnight stays one session, as with Plausible, of a visitor who has a
new id from then on. So an id belongs to one day, and the visitors of the days add up.

`Sessions` is used by one thread, the one that answers requests. A session that is not in its memory
is looked up in the store, so a restart, or a second process on the same file, starts no new one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from footfall.collector.wire.visitor_hash import VisitorIdentity, visitor_hash

SESSION_TIMEOUT_SECONDS = 1_800
"""A session (a visit, in the figures) ends after this long without an event, with both vendors."""

DAY_SECONDS = 86_400

MAX_REMEMBERED = 50_000
"""How many visitors a collector keeps in memory, the busiest half hour of most sites."""


class Session(NamedTuple):
    """A running session and its visitor's id. `is_new` says that this event started it."""

    visitor: str
    id: str
    is_new: bool = False


class _LastEvent(NamedTuple):
    session: str
    at: float


class Sessions:
    """The running sessions.

    Args:
        salt: Gives the key of a day, counted since the epoch.
        last_seen: Gives session and time of the newest stored event of a visitor, or None.
        local_time: Turns seconds since the epoch into those of the time zone whose days count.
        are_joined: Whether who writes an event that starts a session looks for a running one, and
            calls `adopt` if there is: then `get_or_start` need not.
        max_remembered: How many visitors are kept in memory, at about 250 bytes each; others are
            looked up.
    """

    def __init__(
        self,
        *,
        salt: Callable[[int], bytes],
        last_seen: Callable[[str], tuple[str, float] | None] = lambda visitor: None,
        local_time: Callable[[float], float] = lambda now: now,
        are_joined: bool = False,
        max_remembered: int = MAX_REMEMBERED,
    ) -> None:
        self._salt = salt
        self._local_time = local_time
        self._last_seen = last_seen
        self._are_joined = are_joined
        self._max_remembered = max_remembered
        # By visitor.
        self._last_events: OrderedDict[str, _LastEvent] = OrderedDict()
        # Visitors, and the sessions that another process began for them.
        self._adopted: deque[tuple[str, str]] = deque()
        # When a visitor last sent an event of a name, by a hash of both: names may be long.
        self._unique_events: OrderedDict[bytes, float] = OrderedDict()

    def find(self, identity: VisitorIdentity, now: float) -> Session | None:
        """The visitor's running session, or None."""
        return self._find(self._visitor_ids(identity, now), now)

    def get_or_start(self, identity: VisitorIdentity, now: float) -> Session:
        """The session that an event belongs to: the running one, else a new one."""
        visitors = self._visitor_ids(identity, now)
        # Who writes the event knows today's id alone.
        is_looked_up = not self._are_joined or len(visitors) > 1
        session = self._find(visitors, now, is_looked_up=is_looked_up)
        session = session or Session(visitors[0], secrets.token_hex(8), is_new=True)
        self.extend(session, now)
        return session

    def extend(self, session: Session, now: float) -> None:
        """Keep a session running for another 30 minutes."""
        self._last_events[session.visitor] = _LastEvent(session.id, now)
        self._last_events.move_to_end(session.visitor)
        self._evict(self._last_events)

    def is_unique(self, identity: VisitorIdentity, event: str, now: float) -> bool:
        """Whether the visitor sent this event for the first time in 30 minutes.

        Every call starts the 30 minutes anew.
        """
        key = _unique_key(self._visitor_ids(identity, now)[0], event)
        before = self._unique_events.pop(key, None)
        self._unique_events[key] = now
        self._evict(self._unique_events)
        return before is None or now - before > SESSION_TIMEOUT_SECONDS

    def forget(self, visitor: str, event: str, at: float) -> None:
        """Undo what an event changed that was refused, so that its retry counts as it would have.

        A session that a later event went on with stays; others are looked up in the store.

        Args:
            visitor: The visitor's id.
            event: The event's name.
            at: When the event came, in seconds since the epoch.
        """
        last = self._last_events.get(visitor)
        if last and last.at == at:
            del self._last_events[visitor]
        key = _unique_key(visitor, event)
        if self._unique_events.get(key) == at:
            del self._unique_events[key]

    def adopt(self, visitor: str, session: str) -> None:
        """Go on with a visitor's session that another process began; any thread may call this."""
        self._adopted.append((visitor, session))

    def clear(self) -> None:
        """Forget every session."""
        self._last_events.clear()
        self._unique_events.clear()

    def _visitor_ids(self, identity: VisitorIdentity, now: float) -> list[str]:
        """The visitor's id of today, and just after midnight that of yesterday too."""
        day, second = divmod(self._local_time(now), DAY_SECONDS)
        # After half an hour a session of yesterday has ended, or goes on under today's id.
        days = (int(day), int(day) - 1) if second <= SESSION_TIMEOUT_SECONDS else (int(day),)
        return [visitor_hash(identity, self._salt(each)) for each in days]

    def _evict(self, entries: OrderedDict[Any, Any]) -> None:
        if len(entries) > self._max_remembered:
            entries.popitem(last=False)

    def _find(
        self, visitors: Sequence[str], now: float, *, is_looked_up: bool = True
    ) -> Session | None:
        for visitor in visitors:
            if last := self._running(visitor, now, is_looked_up=is_looked_up):
                return Session(visitors[0], last.session)
        return None

    def _running(self, visitor: str, now: float, *, is_looked_up: bool) -> _LastEvent | None:
        while self._adopted:
            known, session = self._adopted.popleft()
            if last := self._last_events.get(known):
                self._last_events[known] = last._replace(session=session)
        last = self._last_events.get(visitor)
        if (last is None or not is_running(last.at, now)) and is_looked_up:
            # Another process may have seen this visitor since.
            stored = self._last_seen(visitor)
            last = _LastEvent(*stored) if stored else None
        return last if last and is_running(last.at, now) else None


def is_running(last_at: float, now: float) -> bool:
    """Whether an event at `now` belongs to the session of one at `last_at`, in seconds."""
    # An imported event may be older than one that was counted meanwhile.
    return abs(now - last_at) <= SESSION_TIMEOUT_SECONDS


def _unique_key(visitor: str, event: str) -> bytes:
    return hashlib.blake2b(f"{visitor}{event}".encode(), digest_size=16).digest()
