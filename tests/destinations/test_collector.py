"""The collector as a destination."""

from __future__ import annotations

import pytest

from footfall.destinations import Collector, Plausible
from footfall.errors import ConfigError
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
