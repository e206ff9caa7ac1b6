"""Requests to the vendors' endpoints, and what comes of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from footfall.collector.wire import plausible, swetrix
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest, IngestResult
from footfall.collector.wire.sessions import DAY_SECONDS, Sessions
from footfall.collector.wire.visitor_hash import VisitorIdentity
from tests.collector.support import FIREFOX

NOON = 20_000 * DAY_SECONDS + DAY_SECONDS / 2
ALICE = VisitorIdentity("a.test", "203.0.113.9", FIREFOX)
PAGE = {"name": "pageview", "url": "https://a.test/", "domain": "a.test"}
NO_HEADERS: dict[str, str] = {}


def new_sessions() -> Sessions:
    return Sessions(salt=lambda day: b"salt of day %d" % day)


def incoming_request(body: object, headers: Mapping[str, str], at: float = NOON) -> IncomingRequest:
    return IncomingRequest(
        headers={
            "content-type": "application/json",
            "user-agent": FIREFOX,
            "x-forwarded-for": "203.0.113.9",
        }
        | dict(headers),
        peer="127.0.0.1",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        at=at,
    )


def to_plausible(
    body: object,
    *,
    domains: Collection[str] = (),
    sessions: Sessions | None = None,
    at: float = NOON,
    headers: Mapping[str, str] = NO_HEADERS,
) -> IngestResult:
    request = incoming_request(body, headers, at)
    return plausible.receive(
        request, domains=frozenset(domains), sessions=sessions or new_sessions()
    )


def accepted_event(body: dict[str, object]) -> IncomingEvent:
    """The event of a body that Plausible accepts."""
    result = to_plausible({"name": "pageview", "domain": "a.test"} | body)
    assert result.response.status == 202, result.response.body
    [event] = result.events
    return event


def to_swetrix(
    body: object,
    kind: swetrix.EventKind = swetrix.EventKind.PAGEVIEW,
    *,
    pids: Collection[str] = (),
    sessions: Sessions | None = None,
    at: float = NOON,
    headers: Mapping[str, str] = NO_HEADERS,
) -> IngestResult:
    request = incoming_request(body, headers, at)
    return swetrix.receive(request, kind, pids=frozenset(pids), sessions=sessions or new_sessions())


def response_json(result: IngestResult) -> Any:
    return json.loads(result.response.body)
