"""Reports that our own middleware posts: how they are read, and the response."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from footfall.client_ip import Hop
from footfall.collector.wire import limits
from footfall.collector.wire.hit_reports import receive
from footfall.collector.wire.messages import IncomingRequest, IngestResponse, IngestResult
from footfall.collector.wire.sessions import Sessions
from footfall.model import Step
from tests.support.hit_reports import report_body


def posted(body: object, content_type: str = "application/json") -> IncomingRequest:
    return IncomingRequest(
        headers={"content-type": content_type},
        peer="127.0.0.1",
        body=json.dumps(body).encode(),
        at=4.0,
    )


def result_of(request: IncomingRequest) -> IngestResult:
    sessions = Sessions(salt=lambda day: b"salt")
    return receive(request, domains=frozenset(), sessions=sessions)


def response_to(request: IncomingRequest) -> IngestResponse:
    return result_of(request).response


def test_a_report_as_the_middleware_makes_it_is_taken() -> None:
    assert response_to(posted(report_body())).status == 202


HIT = {"method": "GET", "status": 200, "host": "", "route": None, "peer": None}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": 2}, "this collector reads reports of version 1; use one footfall"),
        ({"domain": 1}, "domain must be a text"),
        ({"tracked": 1}, "tracked must be true or false"),
        ({"event": None}, "event must be an object"),
        ({"event": {}}, "event.name must be a text"),
        ({"times": []}, "times must be an object"),
        ({"times": {"captured": True}}, "times.captured must be a number"),
        ({"request": None}, "request must be an object"),
        ({"request": {"url": "", "headers": {"a": 1}}}, "request.headers must be a text"),
        ({"request": {"url": "", "headers": {}}}, "request.body must be a text"),
        ({"decision": {}}, "decision.steps must be a list"),
        ({"decision": {"steps": [[]]}}, "each of decision.steps must have 3 values"),
        ({"decision": {"steps": [["method", None, "pass"]]}}, "decision.steps must be a text"),
        ({"client_ip": {"hops": [[1, 2, 3, 4]]}}, "client_ip.address must be a text"),
        ({"hit": HIT | {"status": True}}, "hit.status must be a whole number"),
        ({"hit": HIT | {"headers": []}}, "hit.headers must be an object"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused_with_the_reason(
    changes: dict[str, Any], error: str
) -> None:
    if "client_ip" in changes:
        changes = {"client_ip": changes["client_ip"] | {"address": 5}}
    response = response_to(posted(report_body(**changes)))
    assert (response.status, json.loads(response.body)) == (400, {"error": error})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_report_is_no_crash(body: bytes) -> None:
    assert response_to(replace(posted({}), body=body)).status == 400


def test_a_report_is_json_and_not_endless() -> None:
    assert response_to(posted(report_body(), "text/plain")).status == 415
    assert response_to(replace(posted({}), body=b" " * (limits.REPORT_BODY + 1))).status == 413


def test_the_response_to_a_report_is_the_vendors() -> None:
    body = report_body()
    body["request"]["headers"]["user-agent"] = "Googlebot/2.1"
    assert response_to(posted(body)).headers == (("x-plausible-dropped", "1"),)


def test_the_repr_of_a_received_hit_shows_no_address() -> None:
    result = result_of(posted(report_body(tracked=False, reason="bot")))
    assert repr(result.hit) == "ReceivedHit(0, 'a.test', 'pageview', '/x', bot)"


HIT_WITH_HEADERS = HIT | {"headers": {"Accept": "*/*"}, "answer": {"content-type": "text/html"}}


def test_a_report_may_lack_hit_trace_and_decision() -> None:
    hit = result_of(posted(report_body(hit=None, client_ip=None, decision=None))).hit
    assert hit is not None
    assert (hit.exchange, hit.trace, hit.steps) == (None, None, ())


def test_a_report_has_the_steps_and_hops_of_the_decision() -> None:
    steps = [["rule", "x", "pass"]] * 41
    hops = [["peer", "10.0.0.2", "10.0.0.2", "trusted"]]
    trace = {"address": None, "source": "peer", "reason": "x", "hops": hops}
    body = report_body(decision={"steps": steps}, client_ip=trace, hit=HIT_WITH_HEADERS)
    hit = result_of(posted(body)).hit
    assert hit is not None
    assert hit.trace is not None
    assert hit.exchange is not None
    assert hit.steps == (Step("rule", "x", "pass"),) * 40
    assert hit.trace.hops == (Hop("peer", "10.0.0.2", "10.0.0.2", "trusted"),)
    assert dict(hit.exchange.request_headers) == {"accept": "*/*"}
    assert dict(hit.exchange.response_headers) == {"content-type": "text/html"}
