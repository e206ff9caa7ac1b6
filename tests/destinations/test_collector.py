"""The collector as a destination."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.settings import SETTINGS
from footfall.collector.wire import batch as wire_batch
from footfall.collector.wire.messages import IncomingRequest, IngestResult
from footfall.collector.wire.sessions import Sessions
from footfall.destinations import Collector, Only, Plausible, destination_from
from footfall.errors import ConfigError
from footfall.events.hit_report import HitReport
from footfall.model import ACCEPTED, Event, Outcome, OutcomeKind, Request, Response, Visitor
from tests.destinations.strategies import ANY_EVENT, ANY_RESPONSE
from tests.destinations.support import COLLECTOR


def test_a_local_collector_without_a_port_is_named_with_the_usual_one() -> None:
    [warning] = Collector(domain="a.test", endpoint="http://127.0.0.1").warnings
    assert "port 80" in warning
    assert warning.endswith("collector://127.0.0.1:8321/a.test")
    assert Collector(domain="a.test", endpoint="http://127.0.0.1:80").warnings == ()
    assert Collector(domain="a.test", endpoint="https://stats.example.com").warnings == ()


COMMANDS = {
    "http://127.0.0.1:8321": "start it: footfall collect",
    "http://localhost:9000": "start it: footfall collect --port 9000",
    "https://stats.example.com": "",
}


@pytest.mark.parametrize("endpoint", COMMANDS)
def test_the_command_that_starts_a_local_collector_is_known(endpoint: str) -> None:
    collector = Collector(domain="a.test", endpoint=endpoint)
    assert collector.start_remedy == COMMANDS[endpoint]
    assert Only(to=collector, events=["pageview"]).start_remedy == COMMANDS[endpoint]


def test_the_collector_gets_the_request_of_plausible() -> None:
    event = Event(url="https://example.com/", visitor=Visitor(client_ip="203.0.113.7"))
    wire = Plausible(domain="example.com", endpoint="http://127.0.0.1:8321")

    assert COLLECTOR.request(event) == wire.request(event)
    assert COLLECTOR.endpoint == "http://127.0.0.1:8321/api/event"
    assert COLLECTOR.name == "collector:example.com@127.0.0.1:8321"
    assert COLLECTOR.warnings == ()
    assert repr(COLLECTOR) == (
        "Collector(domain='example.com', endpoint='http://127.0.0.1:8321/api/event', "
        "every_hit=True)"
    )


def test_the_collector_names_all_faults_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Collector(domain="", endpoint="")

    assert [fault.option for fault in caught.value.faults] == ["domain", "endpoint"]


def test_what_the_collector_drops_its_live_page_explains() -> None:
    response = Response(status=202, headers={"x-plausible-dropped": "1"})

    assert COLLECTOR.read(response) == Outcome(
        kind=OutcomeKind.DROPPED,
        detail=(
            "it dropped the event; http://127.0.0.1:8321/live says why. "
            "Often its --domain lacks the domain"
        ),
        log_key="dropped",
    )


TOKEN = "correct horse: battery/staple@home"
PROTECTED = Collector(domain="example.com", token=TOKEN)
EVENT = Event(url="https://example.com/", visitor=Visitor(client_ip="203.0.113.7"))
REPORT = HitReport(event=EVENT, is_tracked=True, reason="navigation")


def test_the_token_travels_as_a_header_and_nowhere_else() -> None:
    for request in (PROTECTED.request(EVENT), PROTECTED.report(REPORT, sent_at=1.0)):
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in f"{request!r} {request.url} {request.body!r}"
    assert "authorization" not in COLLECTOR.request(EVENT).headers
    assert "authorization" not in COLLECTOR.report(REPORT, sent_at=1.0).headers


def test_the_token_is_in_no_name_and_no_repr() -> None:
    assert (PROTECTED.name, PROTECTED.endpoint) == (COLLECTOR.name, COLLECTOR.endpoint)
    assert repr(PROTECTED) == repr(COLLECTOR)


@pytest.mark.parametrize("token", ["", " ", "schlüssel", "two\nlines", 7])
def test_a_token_that_no_header_carries_is_refused_and_not_repeated(token: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Collector(domain="example.com", token=token)
    assert [fault.option for fault in caught.value.faults] == ["token"]
    assert "schl" not in str(caught.value)
    assert "two" not in str(caught.value)


LINES = {
    "http://127.0.0.1:8321": "collector://TOKEN@127.0.0.1:8321/example.com",
    "https://stats.example.com/stats": "collector://TOKEN@stats.example.com/stats/example.com",
    "http://collector:8321": "collector+http://TOKEN@collector:8321/example.com",
    "https://[::1]:8321": "collector+https://TOKEN@[::1]:8321/example.com",
}


@pytest.mark.parametrize(("endpoint", "line"), LINES.items())
def test_a_refusal_names_the_setting_of_the_token_and_the_line_for_it(
    endpoint: str, line: str
) -> None:
    setting = SETTINGS["ingest_token"]
    name = f"its {setting.flag} ({setting.variable})"
    answer = Response(status=401, body=b'{"error":"no"}')
    without = Collector(domain="example.com", endpoint=endpoint)
    missing = without.read(answer)
    wrong = replace(without, token=TOKEN).read(answer)
    for outcome in (missing, wrong):
        assert (outcome.kind, outcome.pause) == (OutcomeKind.REJECTED, True)
        assert name in (outcome.detail or "")
        assert TOKEN not in (outcome.detail or "")
    assert line in (missing.detail or "")
    assert destination_from(line) == replace(without, token="TOKEN")


# -- several events in one request --------------------------------------------------------------

ADDRESS = Visitor(client_ip="203.0.113.7", user_agent='Mozilla/5.0 "x"')


def results_of(request: Request) -> list[IngestResult]:
    """What the collector makes of a batch."""
    incoming = IncomingRequest(headers=request.headers, peer="", body=request.body, at=1.0)
    sessions = Sessions(salt=lambda day: b"salt")
    found = wire_batch.receive(incoming, domains=frozenset(), sessions=sessions)
    assert not isinstance(found, IngestResult), found.response.body
    return [*found]


def test_a_batch_has_the_report_and_the_event_on_a_line_each() -> None:
    event = Event(url="https://example.com/b", visitor=ADDRESS, props={"plan": "pro"})
    singles = [PROTECTED.report(REPORT, sent_at=1.0), PROTECTED.request(event)]
    request = PROTECTED.batch_request(singles)
    assert request.url == "http://127.0.0.1:8321/api/v1/events/batch"
    assert request.headers == {
        "content-type": "application/x-ndjson",
        "user-agent": "footfall",
        "authorization": f"Bearer {TOKEN}",
    }
    first, second = request.body.split(b"\n")
    assert first == singles[0].body
    visitor = {"user_agent": ADDRESS.user_agent, "client_ip": "203.0.113.7"}
    assert json.loads(second) == {**json.loads(singles[1].body), **visitor}
    assert "authorization" not in COLLECTOR.batch_request(singles).headers


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(events=st.lists(ANY_EVENT, min_size=1, max_size=4))
def test_whatever_events_hold_each_is_on_one_line_and_taken(events: list[Event]) -> None:
    reports = [HitReport(event=each, is_tracked=True, reason="x") for each in events]
    requests = [COLLECTOR.report(each, sent_at=1.0) for each in reports]
    # Of an address that no header can hold, nothing is left; a batch refuses that.
    singles = [COLLECTOR.request(each) for each in events]
    requests += [each for each in singles if each.headers.get("x-forwarded-for")]
    results = results_of(COLLECTOR.batch_request(requests))
    assert len(results) == len(requests)
    for request, result in zip(requests, results, strict=True):
        sent = json.loads(request.body)
        sent = json.loads(sent["request"]["body"]) if "version" in sent else sent
        assert result.response.status == 202, result.response.body
        assert [(each.name, each.url) for each in result.events] == [(sent["name"], sent["url"])]


def results(*found: Any) -> Response:
    return Response(status=200, body=json.dumps({"results": found}).encode())


THROWN_AWAY = COLLECTOR.read(Response(status=202, headers={"x-plausible-dropped": "1"}))


def test_each_event_of_a_batch_has_the_outcome_of_a_single_request() -> None:
    refused = {"status": 400, "error": "url: is required"}
    response = results({"status": 202}, {"status": 202, "dropped": "bot"}, refused)
    accepted, dropped, rejected = COLLECTOR.read_batch(response, 3) or ()
    assert accepted is ACCEPTED
    assert dropped == THROWN_AWAY
    assert (rejected.kind, rejected.pause) == (OutcomeKind.REJECTED, False)
    assert "url: is required" in rejected.detail


UNAVAILABLE = Response(status=503, headers={"retry-after": "1"})
WHOLE: dict[str, tuple[Response, Outcome]] = {
    "busy": (UNAVAILABLE, COLLECTOR.read(UNAVAILABLE)),
    "too fast": (Response(status=429), COLLECTOR.read(Response(status=429))),
    "broken": (Response(status=500), COLLECTOR.read(Response(status=500))),
    # What answers so has taken them all: a collector with `--chaos drop`, or a stand-in of a test.
    "accepted": (Response(status=202, body=b"ok"), ACCEPTED),
    "dropped": (Response(status=202, headers={"x-plausible-dropped": "1"}), THROWN_AWAY),
    "cut off": (Response(status=200, body=b'{"accepted":2,"resu'), ACCEPTED),
}


@pytest.mark.parametrize(("response", "outcome"), WHOLE.values(), ids=WHOLE.keys())
def test_a_response_without_results_is_one_for_all(response: Response, outcome: Outcome) -> None:
    assert COLLECTOR.read_batch(response, 2) == [outcome, outcome]


@pytest.mark.parametrize(
    "response",
    [
        *(Response(status=status) for status in (400, 401, 403, 404, 405, 413, 415)),
        Response(status=302, headers={"location": "https://elsewhere.example/"}),
        Response(status=200, body=b"<html>"),
    ],
    ids=lambda response: str(response.status),
)
def test_where_no_batch_is_taken_each_event_is_sent_by_itself(response: Response) -> None:
    assert COLLECTOR.read_batch(response, 2) is None


@pytest.mark.long
@settings(deadline=None)
@given(
    response=ANY_RESPONSE
    | st.lists(
        st.none()
        | st.integers()
        | st.dictionaries(
            st.sampled_from(["status", "dropped", "error", "x"]),
            st.none() | st.integers() | st.text() | st.booleans() | st.lists(st.integers()),
        ),
        max_size=3,
    ).map(lambda found: results(*found)),
    number=st.integers(2, 3),
)
def test_whatever_a_collector_answers_is_read(response: Response, number: int) -> None:
    outcomes = COLLECTOR.read_batch(response, number)
    assert outcomes is None or len(outcomes) == number
    for outcome in outcomes or ():
        assert isinstance(outcome.kind, OutcomeKind)
        assert len(outcome.detail) < 600
