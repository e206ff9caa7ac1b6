"""A POST to `/api/v1/events/batch`: many events in one request, each answered for itself.

The body is NDJSON, one JSON object a line (`application/x-ndjson` or `application/jsonl`), or one
JSON array (`application/json`). An item is

- a report of a hit, as `hit_reports.py` reads it: it has a `version`; or
- an event in the names of Plausible's fields (`name`, `url`, `domain`, `referrer`, `props`,
  `revenue`, `interactive`), with its visitor: `user_agent` and `client_ip`, both texts, and
  optionally `language` and `headers`, further headers of the visitor's request by name.

Each item is handled as if it had been posted by itself at the time of the batch, in their order.
The response is 200, and has a result for each item, in the same order:

    {"accepted": 2, "dropped": 1, "rejected": 1, "results": [
        {"status": 202}, {"status": 202}, {"status": 202, "dropped": "bot"},
        {"status": 400, "error": "url: is required"}]}

`status` is what a POST of the item alone is answered. A faulty item or line refuses no other one,
but an array that is no JSON is refused as a whole, since nobody knows where its items end. Empty
lines are no items. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

from footfall.collector.wire import checked_fields, hit_reports, limits, plausible
from footfall.collector.wire.checked_fields import checked
from footfall.collector.wire.messages import (
    CREDENTIALS,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    busy_response,
    json_response,
)
from footfall.collector.wire.parsing import media_type, read_json
from footfall.collector.wire.sessions import Sessions
from footfall.model import Headers

BUSY = busy_response({"error": "nothing of the batch is written; send it again"})
"""The response while events cannot be written, or come faster than they can be."""

_LINES: Final = frozenset({"application/x-ndjson", "application/jsonl"})
_TOO_LARGE = json_response(413, {"error": f"a batch has at most {limits.BATCH_BODY} bytes"})
_TOO_MANY = json_response(413, {"error": f"a batch has at most {limits.BATCH_ITEMS} events"})
_WRONG_TYPE = json_response(
    415, {"error": "post lines as application/x-ndjson, or an array as application/json"}
)
# What a batch says of an event's visitor. The vendor would read all else as the event's fields.
_VISITOR: Final = frozenset({"user_agent", "client_ip", "language", "headers"})
# Of the visitor's request to the app; here they would say something about the batch.
_NOT_THE_VISITORS: Final = CREDENTIALS | {"accept", "content-type", "x-debug-request"}
# An error text may quote what was sent.
_MAX_ERROR_CHARS: Final = 200


def receive(
    request: IncomingRequest, *, domains: Set[str], sessions: Sessions
) -> Iterator[IngestResult] | IngestResult:
    """The results of the items, each made when it is asked for; one result refuses the batch."""
    if len(request.body) > limits.BATCH_BODY:
        return IngestResult(_TOO_LARGE)
    try:
        items = _items(request)
    except ValueError as error:
        return IngestResult(json_response(400, {"error": f"the array: {error}"}))
    if items is None:
        return IngestResult(_WRONG_TYPE)
    if len(items) > limits.BATCH_ITEMS:
        return IngestResult(_TOO_MANY)
    return _results(items, request, domains, sessions)


def response(results: Sequence[IngestResult]) -> IngestResponse:
    """The response to a batch with these results."""
    found = [_as_json(each) for each in results]
    rejected = sum(each["status"] >= 400 for each in found)
    dropped = sum("dropped" in each for each in found)
    content = {
        "accepted": len(found) - dropped - rejected,
        "dropped": dropped,
        "rejected": rejected,
        "results": found,
    }
    return json_response(200, content)


def _items(request: IncomingRequest) -> Sequence[object] | None:
    """The lines, or the items of the array; None for another media type."""
    kind = media_type(request.headers)
    if kind in _LINES:
        return [line for line in request.body.split(b"\n") if line.strip()]
    if kind == "application/json":
        return checked(list, read_json(request.body.decode()), "the body")
    return None


def _results(
    items: Sequence[object], outer: IncomingRequest, domains: Set[str], sessions: Sessions
) -> Iterator[IngestResult]:
    left = limits.BATCH_ITEMS
    for item in items:
        result = _result(item, outer, domains, sessions) if left > 0 else IngestResult(_TOO_MANY)
        left -= len(result.events)
        yield result


def _result(
    item: object, outer: IncomingRequest, domains: Set[str], sessions: Sessions
) -> IngestResult:
    """What a POST of one item, a line or a parsed one, comes to."""
    try:
        value = read_json(item.decode()) if isinstance(item, bytes) else item
        fields = checked(dict, value, "an item")
        if "version" in fields:
            return hit_reports.receive_parsed(fields, outer, domains=domains, sessions=sessions)
        headers = _event_headers(fields, outer)
    except ValueError as error:
        return IngestResult(json_response(400, {"error": str(error)}))
    body = {name: value for name, value in fields.items() if name not in _VISITOR}
    request = _event_request(body, headers, outer)
    return plausible.receive_parsed(body, request, domains=domains, sessions=sessions)


def _event_request(
    body: Mapping[str, Any], headers: Headers, outer: IncomingRequest
) -> IncomingRequest:
    """The request with which the visitor's browser would post the event to Plausible."""
    return IncomingRequest(
        path="/api/event",
        headers=headers,
        peer=outer.peer,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        at=outer.at,
    )


def _event_headers(fields: Mapping[str, Any], outer: IncomingRequest) -> dict[str, str]:
    given = checked_fields.headers(fields, "", "headers") if fields.get("headers") else {}
    headers = {name: value for name, value in given.items() if name not in _NOT_THE_VISITORS}
    # The events of another collector must be known as such.
    headers |= {name: outer.headers[name] for name in ("host", "via") if name in outer.headers}
    headers |= {
        "content-type": "application/json",
        "user-agent": checked_fields.text(fields, "", "user_agent"),
        # Before all others that Plausible looks for.
        "x-plausible-ip": checked_fields.text(fields, "", "client_ip"),
    }
    if not headers["x-plausible-ip"]:
        raise ValueError("client_ip must not be empty")
    language = checked_fields.text_or_none(fields, "", "language")
    return headers if language is None else {**headers, "accept-language": language}


def _as_json(result: IngestResult) -> dict[str, Any]:
    status = result.response.status
    if status >= 400:
        return {"status": status, "error": _error(result.response)[:_MAX_ERROR_CHARS]}
    reason = next((event.reason for event in result.events if event.reason is not None), None)
    return {"status": status} if reason is None else {"status": status, "dropped": reason}


def _error(refusal: IngestResponse) -> str:
    """The text of a refusal in the words of any endpoint."""
    content: dict[str, Any] = json.loads(refusal.body)
    if "errors" in content:
        return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in content["errors"].items())
    return str(content.get("error") or content.get("message"))
