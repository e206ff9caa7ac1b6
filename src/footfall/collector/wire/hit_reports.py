"""A POST to `/api/v1/hits`: what our own middleware reports of one hit, tracked or not.

`footfall.destinations.collector` describes the shape. The report of a hit that counts holds the
request that Plausible would get, which is handled and answered as Plausible would; every other hit
becomes a `ReceivedHit`, which is kept in memory only. Pure.

Pages of other sites cannot post here: JSON needs a CORS preflight request, and none is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import islice
from typing import Any, Final, TypeVar

from footfall.client_ip import Hop, Trace
from footfall.collector.wire import limits, plausible
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

T = TypeVar("T")

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
        body = _checked(dict, read_json(request.body.decode()), "the report")
        if body.get("version") != REPORT_VERSION:
            return IngestResult(_WRONG_VERSION)
        hit = _received_hit(body, request.at)
        inner = _inner_request(body, request) if hit.is_tracked else None
    except ValueError as error:
        return IngestResult(json_response(400, {"error": str(error)}))
    if inner is None:
        return IngestResult(_ACCEPTED, hit=hit)
    response, events, _ = plausible.receive(inner, domains=domains, sessions=sessions)
    return IngestResult(response, events, hit)


def _inner_request(body: Mapping[str, Any], outer: IncomingRequest) -> IncomingRequest:
    """The request that the report holds, as if it had been posted by itself."""
    inner = _checked(dict, body.get("request"), "request")
    _, authority, path, *_ = split_uri(_text(inner, "request", "url"))
    return IncomingRequest(
        path=path,
        # As the transport would add it.
        headers={"host": authority, **_texts(inner, "request", "headers")},
        peer=outer.peer,
        body=_checked(str, inner.get("body"), "request.body").encode(),
        at=outer.at,
    )


def _received_hit(body: Mapping[str, Any], received_at: float) -> ReceivedHit:
    event = _checked(dict, body.get("event"), "event")
    times = _checked(dict, body.get("times"), "times")
    return ReceivedHit(
        domain=_text(body, "", "domain"),
        is_tracked=_checked(bool, body.get("tracked"), "tracked"),
        reason=_text(body, "", "reason"),
        name=_text(event, "event", "name"),
        url=_text(event, "event", "url"),
        referrer=_text_or_none(event, "event", "referrer"),
        user_agent=_text(event, "event", "user_agent"),
        client_ip=_text_or_none(event, "event", "client_ip"),
        steps=_steps(body.get("decision")),
        trace=_trace(body.get("client_ip")),
        exchange=_exchange(body.get("hit")),
        captured_at=_number(times, "times", "captured"),
        decided_at=_number(times, "times", "decided"),
        sent_at=_number(times, "times", "sent"),
        received_at=received_at,
    )


def _steps(decision: object) -> tuple[Step, ...]:
    if decision is None:
        return ()
    steps = _checked(list, _checked(dict, decision, "decision").get("steps"), "decision.steps")
    return tuple(
        Step(*_checked_row(step, 3, "decision.steps")) for step in steps[: limits.REPORT_STEPS]
    )


def _trace(value: object) -> Trace | None:
    if value is None:
        return None
    trace = _checked(dict, value, "client_ip")
    hops = _checked(list, trace.get("hops"), "client_ip.hops")
    return Trace(
        client_ip=_text_or_none(trace, "client_ip", "address"),
        source=_text(trace, "client_ip", "source"),
        reason=_text(trace, "client_ip", "reason"),
        # The third is the hop's address, where its text is one.
        hops=tuple(
            Hop(*_checked_row(hop, 4, "client_ip.hops", nullable=2))
            for hop in hops[: limits.REPORT_HOPS]
        ),
    )


def _exchange(value: object) -> HitExchange | None:
    if value is None:
        return None
    hit = _checked(dict, value, "hit")
    return HitExchange(
        method=_text(hit, "hit", "method"),
        status=_checked(int, hit.get("status"), "hit.status"),
        host=_text(hit, "hit", "host"),
        route=_text_or_none(hit, "hit", "route"),
        peer=_text_or_none(hit, "hit", "peer"),
        request_headers=_texts(hit, "hit", "headers"),
        response_headers=_texts(hit, "hit", "answer"),
    )


# -- values -----------------------------------------------------------------------------------

_TYPE_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
}


def _checked(expected: type[T], value: object, name: str) -> T:
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(f"{name} must be {_TYPE_NAMES[expected]}")
    return value


def _text(values: Mapping[str, Any], parent: str, name: str) -> str:
    return _checked(str, values.get(name), f"{parent}.{name}".lstrip("."))[: limits.REPORT_TEXT]


def _text_or_none(values: Mapping[str, Any], parent: str, name: str) -> str | None:
    return None if values.get(name) is None else _text(values, parent, name)


def _texts(values: Mapping[str, Any], parent: str, name: str) -> dict[str, str]:
    full_name = f"{parent}.{name}"
    found = _checked(dict, values.get(name), full_name)
    texts = {key: _checked(str, text, full_name) for key, text in found.items()}
    return {
        key[: limits.REPORT_TEXT].lower(): text[: limits.HEADER_VALUE]
        for key, text in islice(texts.items(), limits.HEADERS)
    }


def _number(values: Mapping[str, Any], parent: str, name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{parent}.{name} must be a number")
    return float(value)


def _checked_row(value: object, width: int, name: str, *, nullable: int | None = None) -> list[Any]:
    """The texts of one row; at the index `nullable` there may be None."""
    row = _checked(list, value, name)
    if len(row) != width:
        raise ValueError(f"each of {name} must have {width} values")
    return [
        None
        if each is None and index == nullable
        else _checked(str, each, name)[: limits.REPORT_TEXT]
        for index, each in enumerate(row)
    ]
