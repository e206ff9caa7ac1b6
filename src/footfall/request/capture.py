"""The request side: a few comparisons, a few values picked, one append. A few microseconds.

This code runs inside the app's requests. It never waits, never raises, never logs, and makes no
decision that costs more than a comparison. It keeps nothing of the framework: neither its environ
nor its scope outlives the request because of us.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, AnyStr, Final

from footfall.common.bounded_cache import BoundedCache
from footfall.common.clock import monotonic
from footfall.request.exchange import Exchange
from footfall.rules import pageview

# The other headers that a decision reads have more letters, or fewer.
_TYPE_CHARS: Final = len("content-type")

__all__ = ["capture_response", "is_read_once", "is_refused_prefetch", "may_be_page", "repeatable"]


def repeatable(headers: Any) -> Any:
    """The headers themselves, or a list of them where they, or a pair, can be read only once.

    What is no iterable at all is returned, too: whoever reads it raises.
    """
    if not isinstance(headers, Iterable):
        return headers
    kept = [*headers] if is_read_once(headers) else headers
    # Each pair of Falcon's test client can be read only once, too.
    if any(map(is_read_once, kept)):
        return [tuple(pair) if is_read_once(pair) else pair for pair in kept]
    return kept


def is_read_once(values: object) -> bool:
    """Whether these are values that can be iterated only once."""
    # A collection has a length, so it keeps its values.
    return isinstance(values, Iterable) and not isinstance(values, Collection)


def may_be_page(content_type: str | bytes) -> bool:
    """Whether a response of this content type may be a page."""
    # The text of bytes is `b'...'`, which serves as well.
    return "html" in repr(content_type).lower()


def is_refused_prefetch(exchange: Exchange) -> bool:
    """Whether `prefetch="refuse"` refuses this request, which is then counted. Never raises."""
    try:
        if not pageview.is_refusable_prefetch(exchange.hit()):
            return False
    except Exception:  # noqa: BLE001 -- the app must go on
        exchange.recorder.errors.bump()
        return False
    exchange.recorder.filters.reject("prefetch")
    return True


def capture_response(
    exchange: Exchange,
    status: int | str | None,
    headers: Iterable[tuple[AnyStr, AnyStr]],
    names: frozenset[AnyStr],
    page_types: BoundedCache[AnyStr, bool],
) -> None:
    """Put the exchange into the inbox, unless a filter rejects it. Never raises.

    Args:
        exchange: The request.
        status: The response's status code; any other value is counted as an error.
        headers: The response's headers; iterated twice at most.
        names: Those of them that a decision reads, in their usual spellings.
        page_types: Whether a content type may be a page's.
    """
    recorder = exchange.recorder
    try:
        filters = recorder.filters
        if status not in filters.statuses:
            filters.reject_status(status)  # type: ignore[arg-type]  # raises for no number
            return
        # A comprehension would cost as much as the whole loop: responses have few headers.
        picked = []
        for pair in headers:
            if pair[0] in names:
                picked.append(pair)
        if not picked:
            # Names may be written in any case, and `names` holds two spellings.
            picked = [pair for pair in headers if pair[0].lower() in names]
        # With more than a content type, or a 304, only a decision can tell.
        if len(picked) < 2 and status != 304:
            is_page = False
            if picked:
                try:
                    is_page = page_types.known[picked[0][1]]
                except KeyError:
                    is_page = page_types[picked[0][1]]
            path = exchange.path
            if (
                not is_page
                and not (filters.file_mark in path and filters.may_be_download(path))
                # Another header than the content type: the server in front sends a file.
                and not (picked and len(picked[0][0]) != _TYPE_CHARS)
            ):
                filters.count_not_html()
                return
        now, submit = monotonic(), recorder.submit
        submit(exchange.response_record(status, picked, now), now)
    except Exception:  # noqa: BLE001 -- the one `except` of the request path: counted, the app goes on
        recorder.errors.bump()
