"""Umami's wire: what is sent for an event, and what its responses mean."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations import Umami
from footfall.errors import ConfigError
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request, Response, Revenue, Visitor
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR, WEBSITE

SITE = Umami(website=WEBSITE)
PAGEVIEW = replace(support.PAGEVIEW, url="https://example.com:8443/pricing?utm_source=news")
FIELDS = {
    "website": WEBSITE,
    "hostname": "example.com",
    "url": "/pricing?utm_source=news",
    "language": "de-CH",
    "ip": "203.0.113.7",
}


def test_a_pageview_is_one_post_with_the_visitors_address_and_browser() -> None:
    request = SITE.request(PAGEVIEW)

    assert replace(request, body=b"") == Request(
        url="https://cloud.umami.is/api/send",
        headers={
            "content-type": "application/json",
            "user-agent": FIREFOX,
            "x-forwarded-for": "203.0.113.7",
        },
        body=b"",
    )
    assert json.loads(request.body) == {"type": "event", "payload": FIELDS}


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({"name": "Signup"}, {"name": "Signup"}, id="a custom event"),
        pytest.param({"name": "=+-@ Signup"}, {"name": " Signup"}, id="a name like a formula"),
        pytest.param({"name": "+"}, {"name": "(none)"}, id="nothing but a sign"),
        pytest.param({"name": "a=b+c-d@e"}, {"name": "a=b+c-d@e"}, id="signs inside a name"),
        pytest.param({"url": "https://example.com"}, {"url": "/"}, id="no path"),
        pytest.param({"url": "https://example.com//a//b"}, {"url": "/a//b"}, id="no second host"),
        pytest.param({"url": "app:///a?b#c"}, {"url": "/a?b", "hostname": None}, id="no host"),
        pytest.param(
            {"referrer": "https://news.example.org/a"},
            {"referrer": "https://news.example.org/a"},
            id="a referrer",
        ),
        pytest.param({"previous": "/home"}, {}, id="a page of this site before it"),
        pytest.param(
            {"props": {"commerce": "x", "plan": "pro", "none": None}},
            {"data": {"plan": "pro"}},
            id="props",
        ),
        pytest.param(
            {"revenue": Revenue("EUR", Decimal("19.90")), "props": {"revenue": "x"}},
            {"data": {"revenue": 19.9, "currency": "EUR"}},
            id="revenue",
        ),
        pytest.param({"revenue": Revenue("EUR", Decimal("NaN"))}, {}, id="no amount"),
        pytest.param({"revenue": Revenue("EUR", Decimal("sNaN"))}, {}, id="no amount, loudly"),
        pytest.param({"revenue": Revenue("EUR", Decimal("1E+400"))}, {}, id="no float"),
        pytest.param({"profile_id": "4711"}, {"id": "4711"}, id="a profile"),
        pytest.param(
            {"visitor": Visitor(client_ip="nobody")},
            {"ip": None, "language": None},
            id="an address that is none",
        ),
    ],
)
def test_an_event_becomes_a_body(change: dict[str, Any], added: dict[str, Any]) -> None:
    sent = json.loads(SITE.request(replace(PAGEVIEW, **change)).body)["payload"]

    assert sent == {key: value for key, value in (FIELDS | added).items() if value is not None}


def test_without_an_address_none_is_sent() -> None:
    headers = SITE.request(replace(PAGEVIEW, visitor=Visitor())).headers

    assert headers == {"content-type": "application/json", "user-agent": ""}


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"name": "n" * 51}, ("name",), id="the name"),
        pytest.param({"url": "https://a.example/" + "p" * 500}, ("url",), id="the path"),
        pytest.param({"url": f"https://{'a' * 101}/"}, ("hostname",), id="the host"),
        pytest.param({"referrer": "r" * 501}, ("referrer",), id="the referrer"),
        pytest.param({"profile_id": "p" * 51}, ("id",), id="the profile"),
        pytest.param({"props": {f"k{n}": n for n in range(51)}}, ("data",), id="one prop"),
        pytest.param({"props": {"k": "v" * 501}}, ("data",), id="a value"),
        pytest.param({"props": {"commerce": "x"}}, ("data",), id="a prop that would be refused"),
        pytest.param({"name": "+1"}, ("name",), id="a sign before the name"),
    ],
)
def test_trimmed_fields_are_listed(change: dict[str, Any], trimmed: tuple[str, ...]) -> None:
    assert SITE.request(replace(PAGEVIEW, **change)).trimmed == trimmed


@pytest.mark.parametrize(
    "body", [b'{"cache":"x","sessionId":"y"}', b'"eyJhbGciOi"', b"eyJhbGciOi", b""]
)
def test_an_event_that_was_kept_is_accepted(body: bytes) -> None:
    assert SITE.read(Response(status=200, body=body)) == ACCEPTED


@pytest.mark.parametrize(
    ("user_agent", "why"),
    [(FIREFOX, ""), ("curl/8", ". Most likely its user agent matches a bot's (curl, library)")],
)
def test_a_beep_means_that_a_bot_was_thrown_away(user_agent: str, why: str) -> None:
    outcome = SITE.read(Response(status=200, body=b'{"beep":"boop"}'))
    event = replace(PAGEVIEW, visitor=replace(VISITOR, user_agent=user_agent))
    detail = "it took the visitor for a bot and threw the event away"

    assert outcome == Outcome(kind=OutcomeKind.DROPPED, detail=detail, log_key="bot")
    assert SITE.why_dropped(outcome, event, has_kept=True).detail.startswith(detail + why)


@pytest.mark.parametrize(
    "body",
    [b"Website not found.", b'{"error":{"message":"Website not found.","status":400}}'],
    ids=["text", "an object"],
)
def test_any_other_refusal_is_read_by_the_common_table(body: bytes) -> None:
    assert SITE.read(Response(status=400, body=body)) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail="HTTP 400: the vendor refuses the event (it says: Website not found.)",
    )


@pytest.mark.parametrize(
    "body",
    [b'{"error":{"message":"Forbidden","code":"forbidden","status":403}}', b"Forbidden"],
    ids=["an object", "text"],
)
def test_an_address_that_the_server_ignores_does_not_pause_the_destination(body: bytes) -> None:
    assert SITE.read(Response(status=403, body=body)) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            "HTTP 403: the server's IGNORE_IP keeps a visitor's address out; nothing to do if that "
            "is meant (it says: Forbidden)"
        ),
        log_key="ignored",
    )


@pytest.mark.parametrize("body", [b"<h1>Blocked</h1>", b""], ids=["a web page", "silence"])
def test_a_403_of_anything_else_pauses_the_destination(body: bytes) -> None:
    assert SITE.read(Response(status=403, body=body)).pause


@pytest.mark.parametrize("website", [None, 7, "", WEBSITE + "0", WEBSITE.replace("-", "")])
def test_an_invalid_id_is_refused(website: Any) -> None:
    with pytest.raises(ConfigError, match="a UUID such as"):
        Umami(website=website)


def test_an_id_may_have_blanks_around_it() -> None:
    assert Umami(website=f" {WEBSITE}\n") == SITE


def test_the_id_and_the_endpoint_are_checked_together() -> None:
    with pytest.raises(ConfigError) as caught:
        Umami(website="example.com", endpoint="stats.example.com")

    assert [fault.option for fault in caught.value.faults] == ["website", "endpoint"]


def test_the_name_distinguishes_targets_and_plain_http_is_warned_of() -> None:
    own = Umami(website=WEBSITE.upper(), endpoint="http://stats.example.com")

    assert own.name == f"umami:{WEBSITE}@stats.example.com"
    assert own.endpoint == "http://stats.example.com/api/send"
    assert ("plain http" in own.warnings[0], SITE.warnings) == (True, ())
