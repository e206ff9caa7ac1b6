"""What Swetrix does with a POST to `/log`, `/log/custom` or `/log/hb`: judge it, and answer it.

The rules are those of the community edition (analytics.controller.ts; read 2026-11) in its order:
body, fields, bot, project, visit, uniqueness. The wording of errors is ours. Where we differ:

- The address comes from `X-Client-IP-Address` first, as its cloud and its documents have it.
- Click ids do not fill an empty source, and there are no origin, address or country lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from typing import Any

from footfall.collector.wire import swetrix_parser
from footfall.collector.wire.messages import (
    Campaign,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    first_item,
    is_address,
    json_response,
    referring_host,
    without_port,
)
from footfall.collector.wire.sessions import Session, Sessions, VisitorIdentity
from footfall.collector.wire.swetrix_parser import PID, EventKind, error, is_truthy, meta_texts
from footfall.model import PAGEVIEW
from footfall.rules.user_agent import classify

__all__ = ["BUSY", "DROPPED", "MAX_BODY_BYTES", "PID", "EventKind", "client_ip", "receive"]

MAX_BODY_BYTES = swetrix_parser.MAX_BODY_BYTES

_CREATED = json_response(201, {})
DROPPED = json_response(201, {"message": "Bot traffic detected, the event was not recorded"})
"""What is answered when the event was thrown away."""
_NOT_UNIQUE = error(403, "Forbidden", "This visitor was recorded before: the event is not unique")
_NO_SESSION = error(403, "Forbidden", "There is no live session that a heartbeat could extend")
_NO_PROJECT = error(404, "Not Found", "There is no project with this pid")
_BROKEN = json_response(500, {"statusCode": 500, "message": "Internal server error"})
BUSY = json_response(503, {"statusCode": 503, "message": "Service unavailable"})
"""The answer when events come faster than they can be written, or the disk is full."""


def receive(
    received: IncomingRequest, kind: EventKind, *, pids: Set[str], visits: Sessions
) -> IngestResult:
    """Swetrix's answer, with an arrival where there was an event.

    With `pids` given, other projects do not exist.
    """
    # 1. The body, then its fields.
    body = swetrix_parser.read(received, kind)
    if isinstance(body, IngestResponse):
        return IngestResult(body)
    # 2. Who sent it: bots are told so before anything about the project is.
    pid, address = body["pid"], client_ip(received)
    user_agent = received.headers.get("user-agent", "")
    if _is_bot(user_agent):
        dropped = (
            [] if kind is EventKind.HEARTBEAT else [_arrival(body, kind, address, received, "bot")]
        )
        return IngestResult(DROPPED, dropped)
    # 3. The project.
    if pids and pid not in pids:
        return IngestResult(_NO_PROJECT)
    # 4. The visit, and whether the event may come again in it.
    caller = VisitorIdentity(pid, address, user_agent)
    now = received.at
    if kind is EventKind.HEARTBEAT:
        return IngestResult(_heartbeat(visits, caller, now))
    is_unique = is_truthy(body.get("unique"))
    if kind is EventKind.CUSTOM and is_unique and not visits.is_first(caller, body["ev"], now):
        return IngestResult(_NOT_UNIQUE)
    visit = visits.enter(caller, now)
    if kind is EventKind.PAGEVIEW and is_unique and not visit.is_new:
        return IngestResult(_NOT_UNIQUE)
    # 5. The search for click ids takes the page for text, unless a query was sent.
    if is_truthy(body.get("pg")) and not isinstance(body["pg"], str) and not body.get("qs"):
        return IngestResult(_BROKEN)
    return IngestResult(_CREATED, [_arrival(body, kind, address, received, visit=visit)])


def client_ip(received: IncomingRequest) -> str:
    """The address that Swetrix takes for the visitor's.

    The first header that is not empty is the only one believed; where it holds no address, the
    peer is the visitor.
    """
    headers = received.headers
    said = headers.get("x-client-ip-address") or first_item(headers.get("x-forwarded-for", ""))
    address = without_port(said.strip())
    return address if is_address(address) else received.peer


def _heartbeat(visits: Sessions, caller: VisitorIdentity, now: float) -> IngestResponse:
    visit = visits.find(caller, now)
    if visit is None:
        return _NO_SESSION
    visits.extend(visit, now)
    return _CREATED


def _is_bot(user_agent: str) -> bool:
    # A visitor who names no browser is counted.
    return bool(user_agent.strip()) and classify(user_agent) is not None


def _arrival(
    body: Mapping[str, Any],
    kind: EventKind,
    address: str,
    received: IncomingRequest,
    reason: str | None = None,
    visit: Session | None = None,
) -> IncomingEvent:
    hostname = _hostname(received.headers.get("origin", ""))
    referrer = _text(body.get("ref"))
    campaign = Campaign(*(_text(body.get(key)) for key in ("so", "me", "ca", "co", "te")))
    return IncomingEvent(
        vendor="swetrix",
        domain=body["pid"],
        name=body["ev"] if kind is EventKind.CUSTOM else PAGEVIEW,
        hostname=hostname,
        path=_text(body.get("pg")),
        referrer=referrer,
        source=campaign.source or referring_host(referrer, hostname),
        campaign=campaign,
        props=meta_texts(body.get("meta")),
        user_agent=received.headers.get("user-agent", ""),
        client_ip=address,
        visitor=visit.visitor if visit else None,
        session=visit.session if visit else None,
        begins=visit.is_new if visit else False,
        reason=reason,
        received=received,
    )


def _hostname(origin: str) -> str | None:
    _, separator, authority = origin.partition("://")
    return without_port(authority.lower()).partition(":")[0] or None if separator else None


def _text(value: Any) -> str | None:
    """The text that is stored: the JSON of whatever is not text, None for what is empty."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
