"""Who came, and whether the visit still goes on, known without keeping an address.

A visitor is a keyed hash of address, browser and site. The key is a salt that lives for one day of
the collector's time zone, so nobody can be followed from one day to the next, and once the salt is
gone nobody can find out whose hash it was. A visit lasts until 30 minutes have passed without an
event; one that runs across midnight stays one visit, as with Plausible, of a visitor who has a new
name from then on. So a name belongs to one day, and the visitors of the days add up.

The book is read and written by one thread, the one that answers requests. What it does not
remember, it looks up in what was written, so a restart, or a second process on the same file,
does not start the visit anew.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

VISIT_SECONDS = 1_800
"""A visit ends after this much silence, with both vendors."""

DAY_SECONDS = 86_400

# A visit takes about 250 bytes of memory; a forgotten one is found again in the store.
_MAX_REMEMBERED = 50_000


class VisitorIdentity(NamedTuple):
    """What a visitor is recognised by. Never kept: only its hash is."""

    domain: str
    client_ip: str
    user_agent: str

    def __repr__(self) -> str:
        return f"Caller({self.domain!r}, client_ip=<hidden>)"


class Session(NamedTuple):
    """The visitor's hash and the running session. `is_new` tells that the event began it."""

    visitor: str
    session: str
    is_new: bool = False


class _Seen(NamedTuple):
    session: str
    at: float


class Sessions:
    """The book of running visits.

    `salt(day)` gives the key of a day, counted since the epoch; `last_seen(visitor)` gives session
    and time of the newest event written for that visitor, or None. `local_time` turns seconds since
    the epoch into those of the time zone whose days count.
    """

    def __init__(
        self,
        *,
        salt: Callable[[int], bytes],
        last_seen: Callable[[str], tuple[str, float] | None] = lambda visitor: None,
        local_time: Callable[[float], float] = lambda now: now,
    ) -> None:
        self._salt = salt
        self._local_time = local_time
        self._last_seen = last_seen
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._once: OrderedDict[tuple[str, str], float] = OrderedDict()

    def find(self, caller: VisitorIdentity, now: float) -> Session | None:
        """The visit that is going on, or None."""
        return self._find(self._names(caller, now), now)

    def enter(self, caller: VisitorIdentity, now: float) -> Session:
        """The visit that an event belongs to: the one that is going on, else a new one."""
        names = self._names(caller, now)
        visit = self._find(names, now) or Session(names[0], secrets.token_hex(8), is_new=True)
        self.extend(visit, now)
        return visit

    def extend(self, visit: Session, now: float) -> None:
        """Keep a visit going."""
        self._seen[visit.visitor] = _Seen(visit.session, now)
        self._seen.move_to_end(visit.visitor)
        _bound(self._seen)

    def is_first(self, caller: VisitorIdentity, event: str, now: float) -> bool:
        """Whether the visitor did this for the first time in 30 minutes. Asking counts as doing."""
        key = (self._names(caller, now)[0], event)
        before = self._once.pop(key, None)
        self._once[key] = now
        _bound(self._once)
        return before is None or now - before > VISIT_SECONDS

    def clear(self) -> None:
        """Forget every visit."""
        self._seen.clear()
        self._once.clear()

    def _names(self, caller: VisitorIdentity, now: float) -> list[str]:
        """What the visitor is called today, and where it still matters, what yesterday."""
        day, second = divmod(self._local_time(now), DAY_SECONDS)
        # After half an hour a visit of yesterday has ended, or goes on under today's name.
        days = (int(day), int(day) - 1) if second <= VISIT_SECONDS else (int(day),)
        # The lengths keep two different visitors from making one text.
        domain, address, browser = caller
        text = f"{len(domain)}:{domain}{len(address)}:{address}{len(browser)}:{browser}".encode()
        return [
            hashlib.blake2b(text, digest_size=8, key=self._salt(each)).hexdigest() for each in days
        ]

    def _find(self, names: Sequence[str], now: float) -> Session | None:
        for visitor in names:
            if seen := self._running(visitor, now):
                return Session(names[0], seen.session)
        return None

    def _running(self, visitor: str, now: float) -> _Seen | None:
        seen = self._seen.get(visitor)
        if seen is None or now - seen.at > VISIT_SECONDS:
            # Another process may have seen this visitor since.
            written = self._last_seen(visitor)
            seen = _Seen(*written) if written else None
        return seen if seen and now - seen.at <= VISIT_SECONDS else None


def _bound(book: OrderedDict[Any, Any]) -> None:
    if len(book) > _MAX_REMEMBERED:
        book.popitem(last=False)
