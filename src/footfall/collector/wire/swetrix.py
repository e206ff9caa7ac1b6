"""How Swetrix handles a POST to `/log`, `/log/custom` or `/log/hb`: its response, and the event.

The rules are those of the community edition (analytics.controller.ts; read 2026-11) in its order:
body, fields, bot, project, session, uniqueness. The wording of errors is ours. Where we differ:

- The address comes from `X-Client-IP-Address` first, as its cloud and its documents have it.
- Texts that Swetrix leaves unbounded are cut (`limits.py`).
- Click ids do not fill an empty source, and there are no origin, address or country lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from footfall.collector.wire import limits, swetrix_parser
from footfall.collector.wire.messages import (
    Campaign,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    busy_response,
    json_response,
)
from footfall.collector.wire.parsing import (
    cut,
    first_item,
    is_address,
    referring_host,
    without_port,
)
from footfall.collector.wire.sessions import Session, Sessions
from footfall.collector.wire.swetrix_parser import EventKind, error, is_truthy, meta_texts
from footfall.collector.wire.visitor_hash import VisitorIdentity
from footfall.model import PAGEVIEW
from footfall.rules.bot_detection import classify

__all__ = ["BUSY", "DROPPED", "EventKind", "client_ip", "receive"]

_CREATED = json_response(201, {})
DROPPED = json_response(201, {"message": "Bot traffic detected, the event was not recorded"})
"""The response where the event was dropped."""
_NOT_UNIQUE = error(403, "Forbidden", "This visitor was recorded before: the event is not unique")
_NO_SESSION = error(403, "Forbidden", "There is no live session that a heartbeat could extend")
_NO_PROJECT = error(404, "Not Found", "There is no project with this pid")
_BROKEN = json_response(500, {"statusCode": 500, "message": "Internal server error"})
BUSY = busy_response({"statusCode": 503, "message": "Service unavailable"})
"""The response while events cannot be written, or come faster than they can be."""


def receive(
    request: IncomingRequest, kind: EventKind, *, pids: Set[str], sessions: Sessions
) -> IngestResult:
    """Swetrix's response, with the event where one was posted.

    Args:
        kind: Which endpoint it was posted to.
        pids: The projects that exist; with none, all do.
        sessions: The running sessions, which the event begins or extends.
    """
    # 1. The body, then its fields.
    body = swetrix_parser.parse(request, kind)
    if isinstance(body, IngestResponse):
        return IngestResult(body)
    # 2. The sender: a bot is answered before the project is checked.
    pid, address = body["pid"], client_ip(request)
    user_agent = request.user_agent
    is_declared = not pids or pid in pids
    if _is_bot(user_agent):
        dropped = _incoming_event(body, kind, address, request, "bot")
        dropped = replace(dropped, is_declared=is_declared)
        return IngestResult(DROPPED, [] if kind is EventKind.HEARTBEAT else [dropped])
    # 3. The project.
    if not is_declared:
        return IngestResult(_NO_PROJECT)
    # 4. The session, and whether the event is unique in it.
    identity = VisitorIdentity(pid, address, user_agent)
    now = request.at
    if kind is EventKind.HEARTBEAT:
        return IngestResult(_heartbeat(sessions, identity, now))
    is_unique = is_truthy(body.get("unique"))
    if kind is EventKind.CUSTOM and is_unique and not sessions.is_unique(identity, body["ev"], now):
        return IngestResult(_NOT_UNIQUE)
    session = sessions.get_or_start(identity, now)
    if kind is EventKind.PAGEVIEW and is_unique and not session.is_new:
        return IngestResult(_NOT_UNIQUE)
    # 5. Without a query, Swetrix searches the page for click ids, and fails where it is no text.
    if is_truthy(body.get("pg")) and not isinstance(body["pg"], str) and not body.get("qs"):
        return IngestResult(_BROKEN)
    return IngestResult(_CREATED, [_incoming_event(body, kind, address, request, session=session)])


def client_ip(request: IncomingRequest) -> str:
    """The address that Swetrix takes for the visitor's.

    Only the first header that is not empty is read; if it holds no address, it is the peer's.
    """
    headers = request.headers
    value = headers.get("x-client-ip-address") or first_item(headers.get("x-forwarded-for", ""))
    address = without_port(value.strip())
    is_valid = len(address) <= limits.ADDRESS and is_address(address)
    return address if is_valid else request.peer


def _heartbeat(sessions: Sessions, identity: VisitorIdentity, now: float) -> IngestResponse:
    session = sessions.find(identity, now)
    if session is None:
        return _NO_SESSION
    sessions.extend(session, now)
    return _CREATED


def _is_bot(user_agent: str) -> bool:
    # A visitor without a User-Agent is counted.
    return bool(user_agent.strip()) and classify(user_agent) is not None


def _incoming_event(
    body: Mapping[str, Any],
    kind: EventKind,
    address: str,
    request: IncomingRequest,
    reason: str | None = None,
    session: Session | None = None,
) -> IncomingEvent:
    hostname = _hostname(request.headers.get("origin", ""))
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
        user_agent=request.user_agent,
        locale=_text(body.get("lc")),
        client_ip=address,
        visitor=session.visitor if session else None,
        session=session.id if session else None,
        starts_session=session.is_new if session else False,
        reason=reason,
        request=request,
    )


def _hostname(origin: str) -> str | None:
    _, separator, authority = origin.partition("://")
    host = without_port(authority[: limits.HOSTNAME].lower()).partition(":")[0]
    return host or None if separator else None


def _text(value: Any) -> str | None:
    """The text that is stored: the JSON of whatever is not text, None for what is empty."""
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(text, limits.SWETRIX_TEXT_BYTES)
