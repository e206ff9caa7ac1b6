"""A POST to `/api/v1/hits`: what our own middleware reports of one hit, tracked or not.

`footfall.destinations.collector` describes the shape. The report of a hit that counts holds the
request that Plausible would get, which is handled and answered as Plausible would; every other hit
becomes a `ReceivedHit`, which is kept in memory only. Pure.

Pages of other sites cannot post here: JSON needs a CORS preflight request, and none is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from footfall.client_ip import Hop, Trace
from footfall.collector.wire import checked_fields, limits, plausible
from footfall.collector.wire.checked_fields import checked
from footfall.collector.wire.messages import (
    TEXT,
    HitExchange,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    ReceivedHit,
    json_response,
)
from footfall.collector.wire.parsing import media_type, read_json, split_uri
from footfall.collector.wire.sessions import Sessions
from footfall.destinations.collector import REPORT_VERSION
from footfall.model import Step

BUSY = plausible.BUSY

_ACCEPTED = IngestResponse(status=202, body=b"ok", content_type=TEXT)
_TOO_LARGE = json_response(413, {"error": f"a report has at most {limits.REPORT_BODY} bytes"})
_NOT_JSON = json_response(415, {"error": "post a report as application/json"})
_WRONG_VERSION = json_response(
    400, {"error": f"this collector reads reports of version {REPORT_VERSION}; use one footfall"}
)


def receive(request: IncomingRequest, *, domains: Set[str], sessions: Sessions) -> IngestResult:
    """The response to a report, with its events if it counts, and the reported hit."""
    if media_type(request.headers) != "application/json":
        return IngestResult(_NOT_JSON)
    if len(request.body) > limits.REPORT_BODY:
        return IngestResult(_TOO_LARGE)
    try:
        report = checked(dict, read_json(request.body.decode()), "the report")
    except ValueError as error:
        return IngestResult(json_response(400, {"error": str(error)}))
    return receive_parsed(report, request, domains=domains, sessions=sessions)


def receive_parsed(
    report: Mapping[str, Any], outer: IncomingRequest, *, domains: Set[str], sessions: Sessions
) -> IngestResult:
    """The same for a report that was in the request `outer`, perhaps beside others."""
    if report.get("version") != REPORT_VERSION:
        return IngestResult(_WRONG_VERSION)
    try:
        hit = _received_hit(report, outer.at)
        inner = _inner_request(report, outer) if hit.is_tracked else None
    except ValueError as error:
        return IngestResult(json_response(400, {"error": str(error)}))
    if inner is None:
        return IngestResult(_ACCEPTED, hit=hit)
    response, events, _ = plausible.receive(inner, domains=domains, sessions=sessions)
    return IngestResult(response, events, hit)


def _inner_request(body: Mapping[str, Any], outer: IncomingRequest) -> IncomingRequest:
    """The request that the report holds, as if it had been posted by itself."""
    inner = checked(dict, body.get("request"), "request")
    _, authority, path, *_ = split_uri(checked_fields.text(inner, "request", "url"))
    return IncomingRequest(
        path=path,
        # As the transport would add it.
        headers={"host": authority, **checked_fields.headers(inner, "request", "headers")},
        peer=outer.peer,
        body=checked(str, inner.get("body"), "request.body").encode(),
        at=outer.at,
    )


def _received_hit(body: Mapping[str, Any], received_at: float) -> ReceivedHit:
    event = checked(dict, body.get("event"), "event")
    times = checked(dict, body.get("times"), "times")
    return ReceivedHit(
        domain=checked_fields.text(body, "", "domain"),
        is_tracked=checked(bool, body.get("tracked"), "tracked"),
        reason=checked_fields.text(body, "", "reason"),
        name=checked_fields.text(event, "event", "name"),
        url=checked_fields.text(event, "event", "url"),
        referrer=checked_fields.text_or_none(event, "event", "referrer"),
        previous=checked_fields.text_or_none(event, "event", "previous"),
        user_agent=checked_fields.text(event, "event", "user_agent"),
        client_ip=checked_fields.text_or_none(event, "event", "client_ip"),
        steps=_steps(body.get("decision")),
        trace=_trace(body.get("client_ip")),
        exchange=_exchange(body.get("hit")),
        captured_at=checked_fields.number(times, "times", "captured"),
        decided_at=checked_fields.number(times, "times", "decided"),
        sent_at=checked_fields.number(times, "times", "sent"),
        received_at=received_at,
    )


def _steps(decision: object) -> tuple[Step, ...]:
    if decision is None:
        return ()
    steps = checked(list, checked(dict, decision, "decision").get("steps"), "decision.steps")
    return tuple(
        Step(*checked_fields.row(step, 3, "decision.steps"))
        for step in steps[: limits.REPORT_STEPS]
    )


def _trace(value: object) -> Trace | None:
    if value is None:
        return None
    trace = checked(dict, value, "client_ip")
    hops = checked(list, trace.get("hops"), "client_ip.hops")
    return Trace(
        client_ip=checked_fields.text_or_none(trace, "client_ip", "address"),
        source=checked_fields.text(trace, "client_ip", "source"),
        reason=checked_fields.text(trace, "client_ip", "reason"),
        # The third is the hop's address, where its text is one.
        hops=tuple(
            Hop(*checked_fields.row(hop, 4, "client_ip.hops", nullable=2))
            for hop in hops[: limits.REPORT_HOPS]
        ),
    )


def _exchange(value: object) -> HitExchange | None:
    if value is None:
        return None
    hit = checked(dict, value, "hit")
    return HitExchange(
        method=checked_fields.text(hit, "hit", "method"),
        status=checked(int, hit.get("status"), "hit.status"),
        host=checked_fields.text(hit, "hit", "host"),
        route=checked_fields.text_or_none(hit, "hit", "route"),
        peer=checked_fields.text_or_none(hit, "hit", "peer"),
        request_headers=checked_fields.headers(hit, "hit", "headers"),
        response_headers=checked_fields.headers(hit, "hit", "answer"),
    )
