"""The stamp of a response: the header by which the script knows what the server has counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, AnyStr, Final

from footfall.common.clock import monotonic
from footfall.complement.ways import COUNTED_AHEAD, NEVER_COUNTED, NOT_COUNTED
from footfall.model import PAGEVIEW, Decision, Hit
from footfall.request.capture import may_be_page
from footfall.request.record import hit_of
from footfall.rules import pageview

if TYPE_CHECKING:
    from footfall.request.exchange import Exchange
    from footfall.tracker import Tracker

__all__ = ["HEADER", "stamp_of"]

HEADER: Final = "Server-Timing"

# Of a page that was asked for and is none that counts, though a script may show it.
_NEVER: Final = frozenset({"ignored", "not_found", "error"})


def stamp_of(
    tracker: Tracker,
    exchange: Exchange,
    status: int,
    headers: Iterable[tuple[AnyStr, AnyStr]],
    now: float,
) -> str | None:
    """The value of the header for a response that begins `now` (epoch); None for none.

    May raise, for what breaks the specification.
    """
    pairs = [*headers]
    if status != 304 and not any(_shows_page(name, value) for name, value in pairs):
        return None
    hit = hit_of(exchange.response_record(status, pairs, monotonic()), 0.0)
    value: int | str | None = _value(hit, tracker.decide(hit), now)
    if value is None and status == 304 and not pageview.is_file(hit.path):
        # Or the browser would show the one that it has stored.
        value = "-"
    return None if value is None else f'footfall;desc="{value}"'


def _shows_page(name: str | bytes, value: str | bytes) -> bool:
    """Whether a header of the response is that of a page; Inertia's pages are JSON."""
    # The text of bytes is `b'...'`, which serves as well.
    named = repr(name).lower()
    return "x-inertia" in named or ("content-type" in named and may_be_page(value))


def _value(hit: Hit, decision: Decision, now: float) -> int | None:
    time = int(now * 1000)
    if decision.kind == "pageview" or (decision.kind == "event" and decision.name == PAGEVIEW):
        return time + COUNTED_AHEAD if pageview.is_prefetch(hit) else time
    if decision.reason == "prefetch" or (decision.reason == "method" and _is_posted_page(hit)):
        return NOT_COUNTED
    is_visit = pageview.is_library_request(hit)
    return time + NEVER_COUNTED if is_visit and decision.reason in _NEVER else None


def _is_posted_page(hit: Hit) -> bool:
    """Whether a browser shows this page, which answers a form."""
    destination = hit.headers.get("sec-fetch-dest", "document")
    return hit.method == "POST" and 200 <= hit.status < 300 and destination == "document"
