"""What the collector's tests share: events, a client's requests, and servers of an app."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import uvicorn
from starlette.types import ASGIApp

from footfall.collector import CollectorServer
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest, ReceivedHit
from footfall.model import Step
from tests.support.waiting import MAX_SECONDS

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
SECRET_ADDRESS = "203.0.113.199"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PID = "aUn1quEid-3x"
PAGEVIEW = {"name": "pageview", "url": "https://a.test/hello", "domain": "a.test"}
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def incoming_event(
    name: str = "pageview",
    path: str = "/",
    *,
    at: float = NOON,
    domain: str = "a.test",
    visitor: str = "v1",
    session: str = "s1",
    source: str | None = None,
    reason: str | None = None,
    starts_session: bool = False,
    is_declared: bool = True,
    body: bytes = b"{}",
) -> IncomingEvent:
    """An event of one visitor; with a `reason`, one that was dropped."""
    return IncomingEvent(
        vendor="plausible",
        domain=domain,
        name=name,
        path=path,
        source=source,
        client_ip=SECRET_ADDRESS,
        visitor=None if reason else visitor,
        session=None if reason else session,
        reason=reason,
        starts_session=starts_session,
        is_declared=is_declared,
        request=IncomingRequest(
            headers={"x-forwarded-for": SECRET_ADDRESS, "host": "stats.test"},
            peer="127.0.0.1",
            body=body,
            at=at,
        ),
    )


def received_hit(**changes: Any) -> ReceivedHit:
    """A reported hit that does not count."""
    values = {
        "domain": "a.test",
        "is_tracked": False,
        "reason": "bot",
        "name": "pageview",
        "url": "https://www.a.test/x?utm_source=n&utm_term=a%20b&other=1",
        "referrer": None,
        "user_agent": "x",
        "client_ip": None,
        "steps": (Step("rule", "method", "pass"),),
        "trace": None,
        "exchange": None,
        "captured_at": 1.0,
        "decided_at": 2.0,
        "sent_at": 3.0,
        "received_at": 4.0005,
    }
    return ReceivedHit(**{**values, **changes})


def until(is_true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll until something is true.

    Raises:
        AssertionError: It did not become true in time.
    """
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


@contextlib.contextmanager
def running_collector(
    *args: Any, **options: Any
) -> Iterator[tuple[CollectorServer, httpx2.Client]]:
    """A collector with these options, and a client of it."""
    with (
        CollectorServer(*args, **options) as collector,
        httpx2.Client(
            base_url=collector.url, headers={"user-agent": FIREFOX}, timeout=MAX_SECONDS
        ) as http,
    ):
        yield collector, http


def post(http: httpx2.Client, **changes: object) -> httpx2.Response:
    """Post a pageview to Plausible's endpoint, with some fields changed."""
    return http.post("/api/event", json=PAGEVIEW | changes)


def stored_events(http: httpx2.Client, **query: str | int) -> list[dict[str, Any]]:
    """The events of `GET /api/v1/events`, once everything that was posted before is written."""
    answer = http.get("/api/v1/events", params=query).raise_for_status().json()
    found: list[dict[str, Any]] = answer["events"]
    return found


@contextlib.contextmanager
def streamed_lines(http: httpx2.Client, query: str = "", **headers: str) -> Iterator[Iterator[str]]:
    """The lines of `GET /events/stream` that are not empty."""
    with http.stream("GET", f"/events/stream?{query}", headers=headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (line for line in answer.iter_lines() if line)


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The URL of an app that uvicorn serves in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", log_config=None))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
