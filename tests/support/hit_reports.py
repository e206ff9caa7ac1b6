"""Visits to a small app, and reports as the middleware sends them to a collector."""

from __future__ import annotations

import json
from typing import Any

import footfall
from footfall import asgi
from footfall.destinations import Collector
from footfall.events.hit_report import HitReport
from footfall.model import Event, Hit, Visitor
from footfall.tracker import Tracker
from tests.support.adapters import CHROME, Raw, call_asgi

BOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}


async def site(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/signup":
        footfall.track("Signup", props={"plan": "pro"}, revenue=("EUR", "19.99"))
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def visit(tracker: Tracker, *requests: Raw) -> None:
    app = asgi.FootfallMiddleware(site, tracker=tracker)
    for raw in requests:
        call_asgi(app, raw)
    assert tracker.flush(10)


def report_body(**changes: Any) -> dict[str, Any]:
    event = Event(
        url="https://a.test/x?utm_source=hn",
        visitor=Visitor(client_ip="203.0.113.9", user_agent=CHROME),
        time=1.0,
    )
    report = HitReport(event=event, is_tracked=True, reason="navigation", hit=Hit())
    request = Collector(domain="a.test").report(report, sent_at=3.0)
    body: dict[str, Any] = json.loads(request.body) | changes
    return body
