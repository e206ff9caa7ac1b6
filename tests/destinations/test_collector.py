"""The collector as a destination."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.destinations import Collector, Plausible
from footfall.errors import ConfigError
from footfall.events.hit_report import HitReport
from footfall.model import Event, Outcome, OutcomeKind, Response, Visitor
from tests.destinations.support import COLLECTOR


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


def test_what_the_collector_throws_away_its_inspector_explains() -> None:
    response = Response(status=202, headers={"x-plausible-dropped": "1"})

    assert COLLECTOR.read(response) == Outcome(
        kind=OutcomeKind.DROPPED,
        detail=(
            "collector:example.com@127.0.0.1:8321 threw the event away; its inspector says why."
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


@pytest.mark.parametrize(
    ("destination", "remedy"),
    [
        (COLLECTOR, "write it into the destination: collector://TOKEN@HOST:PORT/DOMAIN"),
        (PROTECTED, "compare it with the collector's --ingest-token"),
    ],
)
def test_a_refusal_names_the_token_that_is_missing_or_wrong(
    destination: Collector, remedy: str
) -> None:
    outcome = destination.read(Response(status=401, body=b'{"error":"no"}'))
    assert (outcome.kind, outcome.pause) == (OutcomeKind.REJECTED, True)
    assert remedy in (outcome.detail or "")
    assert TOKEN not in (outcome.detail or "")
