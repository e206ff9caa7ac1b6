"""What several tests of the collector share: an event as it would come in, and its sender."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from footfall.collector.wire.messages import IncomingEvent, IncomingRequest

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
SECRET_ADDRESS = "203.0.113.199"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
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
    begins: bool = False,
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
        begins=begins,
        received=IncomingRequest(
            headers={"x-forwarded-for": SECRET_ADDRESS, "host": "stats.test"},
            peer="127.0.0.1",
            body=body,
            at=at,
        ),
    )


def until(is_true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll until something is true.

    Raises:
        AssertionError: It did not become true in time.
    """
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)
