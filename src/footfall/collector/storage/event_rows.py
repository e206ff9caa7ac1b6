"""An event as a row of the file, and back.

The tables `events` and `dropped_events` have the same columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from footfall.collector.storage.redaction import storable_body, storable_headers
from footfall.collector.storage.stored_events import StoredEvent
from footfall.collector.wire import limits
from footfall.collector.wire.browser import detect_browser
from footfall.collector.wire.messages import Campaign, IncomingEvent
from footfall.collector.wire.parsing import read_json

COLUMNS: Final = (
    *("received_at", "vendor", "domain", "name", "url", "hostname", "path", "referrer", "source"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "props", "currency"),
    *("amount", "user_agent", "browser", "os", "device", "country", "visitor", "session", "begins"),
    "reason",
)
"""The columns of an event, without its id."""


def event_values(event: IncomingEvent, country: str | None) -> tuple[Any, ...]:
    """The values of an event's row, in the order of `COLUMNS`."""
    browser = detect_browser(event.user_agent)
    return (
        int(event.request.at * 1_000),
        event.vendor,
        event.domain,
        event.name,
        event.url,
        event.hostname,
        event.path,
        event.referrer,
        event.source,
        *event.campaign,
        json.dumps(dict(event.props)) if event.props else "{}",
        *(event.revenue or (None, None)),
        event.user_agent,
        browser.name,
        browser.os,
        browser.device,
        country,
        event.visitor,
        event.session,
        event.starts_session,
        event.reason,
    )


def request_values(event: IncomingEvent) -> tuple[str, str | None]:
    """The headers of an event's request that may be stored, as JSON, and its body."""
    headers = storable_headers(event.request.headers, event.client_ip)
    return json.dumps(headers), storable_body(event.request.body)


def stored_event(row: Mapping[str, Any], client_ip: str | None) -> StoredEvent:
    """The event of a row, with its `id`, `headers` and `body`."""
    values = dict(row)
    campaign = Campaign(*(values.pop(f"utm_{field}") for field in Campaign._fields))
    currency, amount = values.pop("currency"), values.pop("amount")
    del values["country"], values["begins"]
    return StoredEvent(
        **values
        | {
            "campaign": campaign,
            "props": json.loads(values["props"]),
            "revenue": (currency, amount) if currency else None,
            "client_ip": client_ip or None,
            "headers": json.loads(values["headers"] or "null"),
            "body": _parsed(values["body"]),
        }
    )


def unwritten_event(event_id: int, event: IncomingEvent) -> StoredEvent:
    """An event as if it had been read from the file."""
    headers, body = request_values(event)
    values = dict(zip(COLUMNS, event_values(event, None), strict=True))
    return stored_event(
        {"id": event_id, **values, "headers": headers, "body": body}, event.client_ip
    )


def _parsed(body: str | None) -> Any:
    """The body as JSON, or the text itself where it was a form.

    So is one with more lists and objects than any event has: each takes 30 times its text.
    """
    if body is not None and body.count("[") + body.count("{") > limits.JSON_DEPTH:
        return body
    try:
        return None if body is None else read_json(body)
    except ValueError:
        return body
