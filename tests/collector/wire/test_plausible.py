"""Plausible's endpoint: the response, the drop reasons, the visitor's address and the session."""

from __future__ import annotations

import pytest

from footfall.collector.wire import plausible
from footfall.collector.wire.messages import Campaign
from tests.collector.support import GOOGLEBOT
from tests.collector.wire.support import (
    NOON,
    PAGE,
    accepted_event,
    incoming_request,
    new_sessions,
    to_plausible,
)


def test_an_event_is_answered_as_plausible_answers_it() -> None:
    response = to_plausible(PAGE).response
    assert (response.status, response.body, response.headers) == (202, b"ok", ())


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 202),
        ("*/*", 202),
        ("application/json", 202),
        ("application/*;q=0.5", 202),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", 202),
        ("text/html", 406),
        ("text/plain, image/*", 406),
    ],
)
def test_the_accept_header_must_allow_json(accept: str, status: int) -> None:
    assert to_plausible(PAGE, headers={"accept": accept}).response.status == status


@pytest.mark.parametrize(
    ("query", "referrer", "campaign", "source"),
    [
        ("", None, Campaign(), None),
        ("", "https://www.news.test/item?id=1", Campaign(), "news.test"),
        ("", "https://a.test/other", Campaign(), None),
        ("", "https://blog.a.test/", Campaign(), "blog.a.test"),
        ("", "http://localhost:8000/", Campaign(), None),
        ("", "android-app://com.x/", Campaign(), "com.x"),
        ("", "ftp://files.test/", Campaign(), None),
        ("", 5, Campaign(), None),
        ("?utm_source=n&utm_medium=m", "https://b.test/", Campaign("n", "m"), "n"),
        ("?ref=r&source=s", None, Campaign("s"), "s"),
        ("?ref=a&ref=b", None, Campaign("b"), "b"),
        ("?utm_source=", "https://b.test/", Campaign(), None),
        ("?gclid=1", "https://www.google.de/", Campaign(medium="(gclid)"), "google.de"),
        ("?gclid=1&utm_medium=m", "https://google.de/", Campaign(medium="m"), "google.de"),
        ("?msclkid", "https://www.bing.com/", Campaign(medium="(msclkid)"), "bing.com"),
        ("?gclid=1", "https://b.test/", Campaign(), "b.test"),
        # As Plausible's server reads them: not at all.
        ("?UTM_SOURCE=n", "https://b.test/", Campaign(), "b.test"),
        ("?a=1?utm_source=n", "https://b.test/", Campaign(), "b.test"),
        ("?a=1&amp;utm_source=n", "https://b.test/", Campaign(), "b.test"),
        ("?a=1#utm_source=n", "https://b.test/", Campaign(), "b.test"),
        ("?x=1", "https://b.test/", Campaign(), "b.test"),
        (
            "?utm_campaign=c+d&utm_content=%C3%A4&utm_term=t",
            None,
            Campaign(None, None, "c d", "ä", "t"),
            None,
        ),
    ],
)
def test_the_campaign_and_the_source_of_an_event(
    query: str, referrer: object, campaign: Campaign, source: str | None
) -> None:
    event = accepted_event({"url": f"https://a.test/{query}", "referrer": referrer})
    assert (event.campaign, event.source) == (campaign, source)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, "127.0.0.1", id="the peer"),
        pytest.param({"x-forwarded-for": "203.0.113.1, 10.0.0.1"}, "203.0.113.1", id="leftmost"),
        pytest.param({"x-forwarded-for": "unknown, 203.0.113.1"}, "unknown", id="never checked"),
        pytest.param({"x-forwarded-for": "203.0.113.1:4711"}, "203.0.113.1", id="a port"),
        pytest.param({"x-forwarded-for": "[2001:db8::1]:80"}, "2001:db8::1", id="brackets"),
        pytest.param({"x-forwarded-for": "2001:db8::1"}, "2001:db8::1", id="bare IPv6"),
        pytest.param({"x-forwarded-for": "::ffff:1.2.3.4:80"}, "::ffff:1.2.3.4", id="mapped"),
        pytest.param(
            {"b-forwarded-for": "203.0.113.2, 1.1.1.1", "x-forwarded-for": "203.0.113.1"},
            "203.0.113.2",
            id="BunnyCDN before it",
        ),
        pytest.param(
            {"cf-connecting-ip": "203.0.113.3", "b-forwarded-for": "203.0.113.2"},
            "203.0.113.3",
            id="Cloudflare before that",
        ),
        pytest.param(
            {"x-plausible-ip": "203.0.113.4", "cf-connecting-ip": "203.0.113.3"},
            "203.0.113.4",
            id="Plausible's own before all",
        ),
        pytest.param({"x-plausible-ip": "", "x-forwarded-for": "203.0.113.1"}, "203.0.113.1"),
        pytest.param({"forwarded": 'by=x;For="[2001:db8::1]:80", for=1.1.1.1'}, "2001:db8::1"),
        pytest.param({"forwarded": "proto=https"}, "127.0.0.1", id="Forwarded without for"),
    ],
)
def test_the_address_that_plausible_takes(headers: dict[str, str], expected: str) -> None:
    request = incoming_request(PAGE, {"x-forwarded-for": ""} | headers)
    assert plausible.client_ip(request) == expected


@pytest.mark.parametrize(
    ("domains", "headers", "reason"),
    [
        pytest.param((), {}, None, id="all domains exist"),
        pytest.param(("a.test",), {}, None, id="a declared domain"),
        pytest.param(("b.test",), {}, "not_found", id="an undeclared one"),
        pytest.param((), {"x-plausible-ip-type": "dc_ip"}, "dc_ip", id="a data centre"),
        pytest.param((), {"x-plausible-ip-type": "threat_ip"}, "threat_ip", id="an attacker"),
        pytest.param((), {"x-plausible-ip-type": "anonymous_vpn_ip"}, None, id="a VPN"),
        pytest.param(
            (),
            {"user-agent": "Plausible Community Edition"},
            "verification_agent",
            id="who looks for the script",
        ),
        pytest.param((), {"user-agent": GOOGLEBOT}, "bot", id="a crawler"),
        pytest.param((), {"user-agent": "HeadlessChrome/1"}, "bot", id="a headless browser"),
        pytest.param((), {"user-agent": "generic crawler"}, "bot", id="an unknown crawler"),
        pytest.param((), {"user-agent": "curl/8.0"}, None, id="a library is no bot there"),
        pytest.param((), {"user-agent": "shop-app/1.0"}, None, id="nor is an unknown app"),
        pytest.param((), {"user-agent": ""}, None, id="nor is who says nothing"),
    ],
)
def test_what_plausible_drops(
    domains: tuple[str, ...], headers: dict[str, str], reason: str | None
) -> None:
    result = to_plausible(PAGE, domains=domains, headers=headers)
    [event] = result.events
    dropped = (("x-plausible-dropped", "1"),) if reason else ()
    assert (result.response.status, result.response.body, result.response.headers) == (
        202,
        b"ok",
        dropped,
    )
    assert event.reason == reason
    assert (event.visitor is None, event.session is None) == (bool(reason), bool(reason))


@pytest.mark.parametrize(("value", "status"), [("true", 200), ("True", 200), ("false", 202)])
def test_a_debug_request_gets_the_address_and_is_not_counted(value: str, status: int) -> None:
    result = to_plausible(PAGE, headers={"x-debug-request": value})
    assert (result.response.status, len(result.events)) == (status, int(status == 202))
    assert result.response.body == (b"203.0.113.9" if status == 200 else b"ok")


@pytest.mark.parametrize(
    "host", ["1-best-seo.com", "www.1-best-seo.com", "a.b.0-0.fr", "Darodar.com"]
)
def test_referrer_spam_is_dropped_before_all_else(host: str) -> None:
    spam = PAGE | {"referrer": f"https://{host}/offer", "domain": "a.test,b.test"}
    result = to_plausible(spam, domains=["a.test"])
    assert [each.reason for each in result.events] == ["spam_referrer", "spam_referrer"]
    assert result.response.headers == (("x-plausible-dropped", "2"),)


def test_the_dropped_of_several_domains_are_counted() -> None:
    result = to_plausible(PAGE | {"domain": "a.test,b.test,c.test"}, domains=["b.test"])
    assert [each.reason for each in result.events] == ["not_found", None, "not_found"]
    assert result.response.headers == (("x-plausible-dropped", "2"),)


@pytest.mark.parametrize("measure", [{"sd": 50}, {"sd": "1"}, {"sd": 101}, {"e": 0}, {"e": "789"}])
def test_engagement_needs_a_session(measure: dict[str, object]) -> None:
    sessions = new_sessions()
    engagement = PAGE | {"name": "engagement"} | measure
    before = to_plausible(engagement, sessions=sessions)
    [pageview] = to_plausible(PAGE, sessions=sessions).events
    after = to_plausible(engagement, sessions=sessions)
    assert before.events[0].reason == "no_session_for_engagement"
    assert (after.events[0].reason, after.events[0].session) == (None, pageview.session)
    assert after.events[0].engagement is not None


def test_engagement_extends_a_session() -> None:
    sessions = new_sessions()
    [first] = to_plausible(PAGE, sessions=sessions, at=NOON).events
    to_plausible(PAGE | {"name": "engagement", "sd": 9}, sessions=sessions, at=NOON + 1_000)
    [last] = to_plausible(PAGE, sessions=sessions, at=NOON + 2_500).events
    assert last.session == first.session
