"""Every text of an event has a bound, whichever endpoint and field it came by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from footfall.collector.wire import hit_reports, limits, swetrix
from footfall.collector.wire.messages import IncomingEvent, ReceivedHit
from tests.collector.support import PAGEVIEW, PID
from tests.collector.wire.support import (
    accepted_event,
    incoming_request,
    new_sessions,
    to_plausible,
    to_swetrix,
)
from tests.support.hit_reports import report_body

# Longer than any limit, and short enough for Swetrix's limit of a body.
LONG: Final = 24_000
LIMITS: Final[Mapping[str, int]] = {
    "domain": limits.DOMAIN,
    "name": limits.SWETRIX_NAME,
    "url": limits.URL_BYTES,
    "hostname": limits.URL_BYTES,
    "path": limits.URL_BYTES,
    "referrer": limits.REFERRER,
    "source": limits.URL_BYTES,
    "user_agent": limits.USER_AGENT,
    "client_ip": limits.ADDRESS,
}


def assert_bounded(event: IncomingEvent) -> None:
    for field, most in LIMITS.items():
        assert len(getattr(event, field) or "") <= most, field
    assert all(len((each or "").encode()) <= limits.SWETRIX_TEXT_BYTES for each in event.campaign)
    assert sum(len(key) + len(value) for key, value in event.props.items()) <= 30 * 2_300
    assert len("".join(event.revenue or ())) <= 3 + limits.AMOUNT_CHARS + len("E+10")


PLAUSIBLE: Final = ("name", "url", "domain", "referrer", "props", "revenue")
HEADERS: Final = (
    *("user-agent", "x-plausible-ip", "cf-connecting-ip", "b-forwarded-for", "x-forwarded-for"),
    *("forwarded", "x-client-ip-address", "origin"),
)


@pytest.mark.parametrize("character", ["x", "é", "\u0301", "😀", "9"])
@pytest.mark.parametrize("field", PLAUSIBLE)
def test_a_long_field_of_plausible(field: str, character: str) -> None:
    for value in (character * LONG, "a" + character * LONG, character * 100 + "," * LONG):
        for event in to_plausible(PAGEVIEW | {field: value}).events:
            assert_bounded(event)


@pytest.mark.parametrize("field", ["pg", "ref", "so", "me", "ca", "te", "co", "ev", "meta"])
@pytest.mark.parametrize("value", ["x" * LONG, "😀" * LONG, ["x" * LONG], {"a": ["é"] * 5_000}])
def test_a_long_field_of_swetrix(field: str, value: object) -> None:
    body = {"pid": PID, "pg": "/", "ev": "x", field: value, "qs": "a=b"}
    for event in to_swetrix(body, swetrix.EventKind.CUSTOM).events:
        assert_bounded(event)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("value", ["1" * LONG, "for=" + "1" * LONG, "https://" + "a." * LONG])
def test_a_long_header(header: str, value: str) -> None:
    headers = {"x-forwarded-for": "", header: value}
    for result in (
        to_plausible(PAGEVIEW, headers=headers),
        to_swetrix({"pid": PID}, headers=headers),
    ):
        for event in result.events:
            assert_bounded(event)


def test_a_long_report() -> None:
    text = "😀" * LONG
    body = report_body(domain=text, tracked=False, reason=text)
    body["event"] = dict.fromkeys(body["event"], text)
    body["decision"] = {"steps": [[text] * 3]}
    body["hit"] = {
        "method": text,
        "status": 200,
        "host": text,
        "route": text,
        "peer": text,
        "headers": {text: text},
        "answer": {f"x-{number}": "x" for number in range(1_000)},
    }
    raw = json.dumps(body, ensure_ascii=False).encode()
    hit = _hit(raw)
    assert hit is None
    # In a report of a length that is read at all.
    hit = _hit(raw.replace(text.encode(), ("😀" * 3_000).encode()))
    assert hit is not None
    assert all(len(text) <= limits.REPORT_TEXT for text in _texts_of(hit))
    assert hit.exchange is not None
    assert len(hit.exchange.response_headers) == limits.HEADERS


def _hit(body: bytes) -> ReceivedHit | None:
    request = incoming_request(body, {})
    return hit_reports.receive(request, domains=frozenset(), sessions=new_sessions()).hit


def _texts_of(hit: ReceivedHit) -> list[str]:
    assert hit.exchange is not None
    headers = hit.exchange.request_headers
    texts: list[Any] = [hit.domain, hit.reason, hit.name, hit.url, hit.referrer, hit.user_agent]
    return [*texts, *hit.steps[0], hit.exchange.host, *headers, *headers.values()]


@pytest.mark.parametrize("name", ["a" + "\u0301" * 1_000, "e\u0301" * 121])
def test_a_name_of_combining_marks_is_too_long(name: str) -> None:
    result = to_plausible(PAGEVIEW | {"name": name})
    errors = json.loads(result.response.body)["errors"]
    assert errors == {"event_name": ["should be at most 120 character(s)"]}


def test_a_domain_that_no_site_can_have_does_not_exist() -> None:
    longest = "a" * limits.DOMAIN
    result = to_plausible(PAGEVIEW | {"domain": f"{longest},{longest}a"})
    assert dict(result.response.headers) == {"x-plausible-dropped": "1"}
    assert [(event.domain, event.reason) for event in result.events] == [
        (longest, None),
        (longest, "not_found"),
    ]


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        ("999999999999999", "999999999999999"),
        ("1000000000000000", None),
        (10**300, None),
        ("1e999999", None),
        ("9" * 900_000, None),
        ("0." + "1" * 39, None),
        ("-12.50", "-12.50"),
    ],
)
def test_an_amount_that_is_no_money_is_ignored(amount: object, kept: str | None) -> None:
    money = {"amount": amount, "currency": "EUR"}
    event = accepted_event({"url": "https://a.test/", "revenue": money})
    assert event.revenue == (("EUR", kept) if kept else None)
