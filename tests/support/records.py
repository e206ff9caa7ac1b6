"""Apps of both kinds whose records stay in the inbox."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from footfall import asgi, wsgi
from footfall.config import Config
from footfall.model import Hit
from footfall.request.record import Record, hit_of
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from footfall.tracker.inbox import MAX_UNPACKED
from tests.support.adapters import PLAUSIBLE, Raw, call_asgi, call_wsgi

MEGABYTE = 1024 * 1024


HTML = "text/html; charset=utf-8"


async def asgi_page(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", HTML.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def wsgi_page(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", HTML)])
    return []


def quiet_tracker(**options: Any) -> Tracker:
    """A tracker whose worker thread never takes a record."""
    tracker = Tracker(Config(destinations=[PLAUSIBLE], transport=MemoryTransport(), **options))
    inbox = tracker._inbox
    inbox.awake_until = inbox._unpacked_until = float("inf")
    inbox._max_unpacked = MAX_UNPACKED
    return tracker


def visit_by_asgi(tracker: Tracker, raw: Raw) -> None:
    call_asgi(asgi.FootfallMiddleware(asgi_page, tracker=tracker), raw)


def visit_by_wsgi(tracker: Tracker, raw: Raw) -> None:
    call_wsgi(wsgi.FootfallMiddleware(wsgi_page, tracker=tracker), raw)


ADAPTERS = {"ASGI": visit_by_asgi, "WSGI": visit_by_wsgi}


EVERY_ADAPTER = pytest.mark.parametrize("visit", ADAPTERS.values(), ids=ADAPTERS)


def record_of(visit: Any, raw: Raw) -> Record:
    tracker = quiet_tracker()
    visit(tracker, raw)
    record = tracker._inbox.take()
    assert isinstance(record, tuple)
    return record


def hit_at(record: Record, time: float) -> Hit:
    hit = hit_of(record, 0.0)
    return hit_of(record, time - hit.time)


# Requests with any bytes in the path, the query and the headers that matter.
_names = st.sampled_from(sorted(Config(destinations=[PLAUSIBLE]).request_headers))
_values = st.binary(max_size=40)
_headers = st.lists(
    st.tuples(_names.map(str.encode), _values), max_size=12, unique_by=lambda h: h[0]
)
_paths = st.binary(max_size=20).map(lambda tail: b"/" + tail.replace(b"%", b"%25"))
REQUESTS = st.builds(
    Raw,
    target=_paths,
    query=st.binary(max_size=20),
    headers=_headers,
    peer=st.sampled_from(["198.51.100.7", "10.0.0.1", "::1", "no address"]),
)
