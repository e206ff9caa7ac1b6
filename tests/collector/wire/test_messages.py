"""The values of ingest."""

from __future__ import annotations

import pytest

from footfall.collector.wire.messages import (
    NO_CAMPAIGN,
    Campaign,
    HitExchange,
    iso_time,
    json_response,
)
from footfall.model import Step
from tests.collector.support import received_hit
from tests.collector.wire.support import ALICE, PAGE, to_plausible


def test_no_repr_shows_an_address() -> None:
    [event] = to_plausible(PAGE).events
    shown = repr((event, event.request, ALICE))
    assert "203.0.113.9" not in shown
    assert "a.test" in shown


def test_a_hit_takes_page_and_campaign_from_its_url() -> None:
    assert (received_hit().hostname, received_hit().path) == ("a.test", "/x")
    assert received_hit().campaign == Campaign("n", None, None, None, "a b")
    assert (received_hit(url="https://a.test").path, received_hit(url="").campaign) == (
        "/",
        NO_CAMPAIGN,
    )


def test_the_json_of_a_hit_has_the_status_of_its_exchange() -> None:
    exchange = HitExchange(
        method="GET",
        status=404,
        host="a.test",
        route=None,
        peer=None,
        request_headers={},
        response_headers={},
    )
    with_exchange, without = (
        received_hit(exchange=exchange, id=7).as_json(),
        received_hit().as_json(),
    )
    assert (with_exchange["id"], with_exchange["method"], with_exchange["status"]) == (
        7,
        "GET",
        404,
    )
    assert (without["id"], without["method"], without["status"]) == (0, None, None)
    assert with_exchange["steps"] == [Step("rule", "method", "pass")._asdict()]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1970-01-01T00:00:00.000Z"), (1_795_262_400.25, "2026-11-21T12:00:00.250Z")],
)
def test_times_are_iso_8601_to_the_millisecond(seconds: float, text: str) -> None:
    assert iso_time(seconds) == text


def test_a_json_response_is_compact() -> None:
    response = json_response(400, {"error": ["a", 1]})
    assert (response.status, response.body) == (400, b'{"error":["a",1]}')
    assert response.content_type == "application/json; charset=utf-8"
