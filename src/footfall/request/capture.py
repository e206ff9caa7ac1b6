"""The request side: a few comparisons, a few values picked, one append. A few microseconds.

Everything here runs inside somebody's request. Rules of the room: never wait, never raise, never
log, no decision that costs more than a comparison, and nothing of the framework kept: neither its
environ nor its scope outlives the request because of us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import AnyStr

from footfall.common.clock import monotonic
from footfall.request.exchange import Exchange
from footfall.rules import pageview

__all__ = ["capture", "is_refused", "may_be_page"]


def may_be_page(content_type: str | bytes) -> bool:
    """Whether an answer of this content type may be a page."""
    # The text of bytes is `b'...'`, which serves as well.
    return "html" in repr(content_type).lower()


def is_refused(exchange: Exchange) -> bool:
    """Whether `prefetch="refuse"` turns this request away. Never raises."""
    try:
        if not pageview.is_refusable_prefetch(exchange.hit()):
            return False
    except Exception:  # noqa: BLE001 -- the app must go on
        exchange.tracker.errors.bump()
        return False
    exchange.tracker.filters.reject("prefetch")
    return True


def capture(
    exchange: Exchange,
    status: int,
    headers: Iterable[tuple[AnyStr, AnyStr]],
    names: frozenset[AnyStr],
    page_types: Mapping[AnyStr, bool],
) -> None:
    """Put the exchange into the tracker's inbox, unless a guard turns it away. Never raises.

    Args:
        exchange: What the request was.
        status: The answer's.
        headers: The answer's, gone through twice at most.
        names: Those of them that the decision looks at, as they are usually written.
        page_types: Whether a content type may be a page's.
    """
    tracker = exchange.tracker
    try:
        filters = tracker.filters
        if status not in filters.statuses:
            filters.reject_status(status)
            return
        # A comprehension would cost as much as the whole loop: answers have few headers.
        answer = []
        for pair in headers:
            if pair[0] in names:
                answer.append(pair)
        if not answer:
            # Names may be written in any case, and we look at two spellings.
            answer = [pair for pair in headers if pair[0].lower() in names]
        # Where more than a type is said, or nothing has changed, the decision has to look.
        if len(answer) < 2 and status != 304:
            is_page = answer and page_types[answer[0][1]]
            path = exchange.path
            if not is_page and not (filters.file_mark in path and filters.takes_file(path)):
                filters.not_html()
                return
        now = monotonic()
        tracker.submit(exchange.answered(status, answer, now), now)
    except Exception:  # noqa: BLE001 -- the one guard at the doors: counted, and the app goes on
        tracker.errors.bump()
