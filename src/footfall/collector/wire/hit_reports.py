"""A POST to `/api/v1/hits`: what our own middleware reports of one hit, tracked or not.

The shape is told in `footfall.destinations.collector`. For a hit that counts, the report holds the
request that Plausible would get, which is judged and answered as Plausible would; the others become
sightings, which are kept in memory alone. Values in, values out.

Pages of other sites cannot post here: it takes JSON alone, which browsers ask permission for, and
nobody gives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final, TypeVar

from footfall.client_ip import Hop, Trace
from footfall.collector.wire import plausible
from footfall.collector.wire.messages import (
    TEXT,
    HitFacts,
    IncomingRequest,
    IngestResponse,
    IngestResult,
    ReceivedHit,
    json_response,
    media_type,
    read_json,
    split_uri,
)
from footfall.collector.wire.sessions import Sessions
from footfall.destinations.collector import REPORT_VERSION
from footfall.model import Step

T = TypeVar("T")

MAX_BODY_BYTES: Final = 256_000
"""Three times the longest report that our middleware makes."""

BUSY = plausible.BUSY

_TAKEN = IngestResponse(status=202, body=b"ok", content_type=TEXT)
_TOO_LARGE = json_response(413, {"error": f"a report has at most {MAX_BODY_BYTES} bytes"})
_NOT_JSON = json_response(415, {"error": "post a report as application/json"})
_WRONG_VERSION = json_response(
    400,
    {"error": f"this collector reads reports of version {REPORT_VERSION}; use one footfall"},
)

_MAX_STEPS: Final = 40
_MAX_HOPS: Final = 40
_MAX_TEXT: Final = 2_048


def receive(received: IncomingRequest, *, domains: Set[str], visits: Sessions) -> IngestResult:
    """The answer to a report, with its arrivals where it counts, and what was told of it."""
    if media_type(received.headers) != "application/json":
        return IngestResult(_NOT_JSON)
    if len(received.body) > MAX_BODY_BYTES:
        return IngestResult(_TOO_LARGE)
    try:
        body = _typed(dict, read_json(received.body.decode()), "the report")
        if body.get("version") != REPORT_VERSION:
            return IngestResult(_WRONG_VERSION)
        sighting = _sighting(body, received.at)
        request = _request(body, received) if sighting.is_tracked else None
    except ValueError as error:
        return IngestResult(json_response(400, {"error": str(error)}))
    if request is None:
        return IngestResult(_TAKEN, sighting=sighting)
    answer, arrivals, _ = plausible.receive(request, domains=domains, visits=visits)
    return IngestResult(answer, arrivals, sighting)


def _request(body: Mapping[str, Any], received: IncomingRequest) -> IncomingRequest:
    """The request that the report holds, as if it had come by itself."""
    request = _typed(dict, body.get("request"), "request")
    _, authority, path, *_ = split_uri(_text(request, "request", "url"))
    return IncomingRequest(
        path=path,
        # As the transport would add it.
        headers={"host": authority, **_texts(request, "request", "headers")},
        peer=received.peer,
        body=_typed(str, request.get("body"), "request.body").encode(),
        at=received.at,
    )


def _sighting(body: Mapping[str, Any], received_at: float) -> ReceivedHit:
    event = _typed(dict, body.get("event"), "event")
    times = _typed(dict, body.get("times"), "times")
    return ReceivedHit(
        domain=_text(body, "", "domain"),
        is_tracked=_typed(bool, body.get("tracked"), "tracked"),
        reason=_text(body, "", "reason"),
        name=_text(event, "event", "name"),
        url=_text(event, "event", "url"),
        referrer=_text_or_none(event, "event", "referrer"),
        user_agent=_text(event, "event", "user_agent"),
        client_ip=_text_or_none(event, "event", "client_ip"),
        steps=_steps(body.get("decision")),
        trace=_trace(body.get("client_ip")),
        request=_facts(body.get("hit")),
        captured_at=_number(times, "times", "captured"),
        decided_at=_number(times, "times", "decided"),
        sent_at=_number(times, "times", "sent"),
        received_at=received_at,
    )


def _steps(decision: object) -> tuple[Step, ...]:
    if decision is None:
        return ()
    steps = _typed(list, _typed(dict, decision, "decision").get("steps"), "decision.steps")
    return tuple(Step(*_row(step, 3, "decision.steps")) for step in steps[:_MAX_STEPS])


def _trace(value: object) -> Trace | None:
    if value is None:
        return None
    trace = _typed(dict, value, "client_ip")
    hops = _typed(list, trace.get("hops"), "client_ip.hops")
    return Trace(
        client_ip=_text_or_none(trace, "client_ip", "address"),
        source=_text(trace, "client_ip", "source"),
        reason=_text(trace, "client_ip", "reason"),
        hops=tuple(Hop(*_row(hop, 4, "client_ip.hops")) for hop in hops[:_MAX_HOPS]),
    )


def _facts(value: object) -> HitFacts | None:
    if value is None:
        return None
    hit = _typed(dict, value, "hit")
    return HitFacts(
        method=_text(hit, "hit", "method"),
        status=_typed(int, hit.get("status"), "hit.status"),
        host=_text(hit, "hit", "host"),
        route=_text_or_none(hit, "hit", "route"),
        peer=_text_or_none(hit, "hit", "peer"),
        headers=_texts(hit, "hit", "headers"),
        answer=_texts(hit, "hit", "answer"),
    )


# -- values -----------------------------------------------------------------------------------

_KINDS: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
}


def _typed(kind: type[T], value: object, name: str) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} must be {_KINDS[kind]}")
    return value


def _text(values: Mapping[str, Any], place: str, name: str) -> str:
    return _typed(str, values.get(name), f"{place}.{name}".lstrip("."))[:_MAX_TEXT]


def _text_or_none(values: Mapping[str, Any], place: str, name: str) -> str | None:
    return None if values.get(name) is None else _text(values, place, name)


def _texts(values: Mapping[str, Any], place: str, name: str) -> dict[str, str]:
    where = f"{place}.{name}"
    found = _typed(dict, values.get(name), where)
    return {str(key).lower(): _typed(str, text, where) for key, text in found.items()}


def _number(values: Mapping[str, Any], place: str, name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{place}.{name} must be a number")
    return float(value)


def _row(value: object, width: int, name: str) -> list[Any]:
    row = _typed(list, value, name)
    if len(row) != width:
        raise ValueError(f"each of {name} must have {width} values")
    return [None if each is None else _typed(str, each, name)[:_MAX_TEXT] for each in row]
