"""Plausible's wire: what is sent for an event, and what its responses mean."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from footfall.destinations import Plausible
from footfall.errors import ConfigError
from footfall.events.details import PERF_NAMES
from footfall.model import (
    ACCEPTED,
    Engagement,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Revenue,
    Visitor,
)
from tests.destinations import support
from tests.destinations.support import FIREFOX, VISITOR, body_of

SITE = Plausible(domain="example.com")
PAGEVIEW = replace(support.PAGEVIEW, url="https://example.com/pricing?utm_source=news")

HEADERS = {
    "content-type": "application/json",
    "user-agent": FIREFOX,
    "x-forwarded-for": "203.0.113.7",
}


def test_a_pageview_is_one_small_post_with_the_visitors_address_and_browser() -> None:
    assert SITE.request(PAGEVIEW) == Request(
        url="https://plausible.io/api/event",
        headers=HEADERS,
        body=(
            b'{"name":"pageview","url":"https://example.com/pricing?utm_source=news",'
            b'"domain":"example.com"}'
        ),
    )


def test_the_body_is_compact_utf8() -> None:
    event = replace(PAGEVIEW, url="https://example.com/", props={"Grüße": "€"})

    assert SITE.request(event).body == (
        '{"name":"pageview","url":"https://example.com/","domain":"example.com",'
        '"props":{"Grüße":"€"}}'.encode()
    )


@pytest.mark.parametrize(
    ("change", "added"),
    [
        pytest.param({}, {}, id="a pageview"),
        pytest.param({"name": "Sign up"}, {"name": "Sign up"}, id="a custom event"),
        pytest.param(
            {"name": "engagement", "engagement": Engagement(4200, 60)},
            {"name": "engagement", "sd": 60, "e": 4200},
            id="an engagement",
        ),
        pytest.param({"name": " \t"}, {"name": "(none)"}, id="a blank name"),
        pytest.param(
            {"referrer": "https://news.example.org/a"},
            {"referrer": "https://news.example.org/a"},
            id="a referrer",
        ),
        pytest.param({"referrer": ""}, {}, id="an empty referrer"),
        pytest.param({"previous": "/home"}, {}, id="a page of this site before it"),
        pytest.param({"interactive": False}, {"interactive": False}, id="not interactive"),
        pytest.param(
            {"props": {"plan": "pro", "seats": 3}},
            {"props": {"plan": "pro", "seats": "3"}},
            id="props",
        ),
        pytest.param(
            {"revenue": Revenue("EUR", Decimal("19.90"))},
            {"revenue": {"currency": "EUR", "amount": "19.90"}},
            id="revenue with every digit",
        ),
        pytest.param(
            {"revenue": Revenue("USDT", Decimal(1))},
            {"revenue": {"currency": "USDT", "amount": "1"}},
            id="a currency that is none is not made one",
        ),
        pytest.param({"revenue": Revenue("EUR", Decimal("NaN"))}, {}, id="revenue without amount"),
        pytest.param({"screen_width": 1280}, {"screen_width": 1280}, id="the window's width"),
        pytest.param({"screen_width": "wide"}, {}, id="a width that is none"),
        pytest.param(
            {"time_zone": "Europe/Berlin", "profile_id": "7", "perf": dict.fromkeys(PERF_NAMES, 1)},
            {},
            id="what Plausible does not take",
        ),
        pytest.param({"url": "\nhttps://a.example/ "}, {"url": "https://a.example/"}, id="blanks"),
        pytest.param(
            {"url": "https://a.example/\udcff\0"},
            {"url": "https://a.example/\ufffd\ufffd"},
            id="characters that cannot be shown",
        ),
    ],
)
def test_an_event_becomes_a_body(change: dict[str, Any], added: dict[str, Any]) -> None:
    plain = {"name": "pageview", "url": PAGEVIEW.url, "domain": "example.com"}

    assert body_of(SITE, replace(PAGEVIEW, **change)) == plain | added


def test_the_version_of_a_script_is_sent_where_it_is_given() -> None:
    assert body_of(Plausible(domain="example.com", script_version=36), PAGEVIEW)["v"] == 36


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://shop.example.com/a", "shop.example.com"),
        ("https://WWW.Shop.example.com:8443/a", "shop.example.com"),
        ("https://blog.example.com/", "blog.example.com,all.example.com"),
        ("https://example.com/", "example.com"),
        ("https://other.example/", "example.com"),
        ("app:///login", "example.com"),
        ("http://[", "example.com"),
    ],
)
def test_the_host_may_choose_the_site(url: str, domain: str) -> None:
    site = Plausible(
        domain="example.com",
        domains_by_host={
            "www.Shop.example.com": "shop.example.com",
            "blog.example.com": "blog.example.com, all.example.com",
        },
    )

    assert body_of(site, replace(PAGEVIEW, url=url))["domain"] == domain
    assert replace(site) == site


@pytest.mark.parametrize(
    ("visitor", "expected"),
    [
        pytest.param(VISITOR, HEADERS, id="nothing else of the visitor's headers"),
        pytest.param(
            replace(VISITOR, user_agent=""),
            HEADERS | {"user-agent": ""},
            id="an empty user agent is said to be empty",
        ),
        pytest.param(
            replace(VISITOR, user_agent="Caf\xc3\xa9/1.0"),
            HEADERS | {"user-agent": "Caf\xc3\xa9/1.0"},
            id="bytes above ASCII pass unchanged",
        ),
        pytest.param(
            replace(VISITOR, user_agent=" a\r\nX-Plausible-IP: 1.1.1.1\0\u20ac "),
            HEADERS | {"user-agent": "a  X-Plausible-IP: 1.1.1.1 ?"},
            id="no header can be smuggled in",
        ),
        pytest.param(
            replace(VISITOR, user_agent="a" * 9000),
            HEADERS | {"user-agent": "a" * 2048},
            id="an endless user agent is cut",
        ),
        pytest.param(
            replace(VISITOR, client_ip=None),
            {"content-type": "application/json", "user-agent": FIREFOX},
            id="no address, no header",
        ),
    ],
)
def test_a_visitor_becomes_headers(visitor: Visitor, expected: dict[str, str]) -> None:
    assert SITE.request(replace(PAGEVIEW, visitor=visitor)).headers == expected


def test_a_second_ip_header_says_the_same() -> None:
    site = Plausible(domain="example.com", ip_headers=("X-Forwarded-For", "X-Plausible-IP"))

    assert site.request(PAGEVIEW).headers == HEADERS | {"x-plausible-ip": "203.0.113.7"}


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        pytest.param("https://a.example/?" + "q" * 1981, None, id="2000 bytes stay"),
        pytest.param(
            "https://a.example/" + "p" * 1983, "https://a.example/" + "p" * 1982, id="a long path"
        ),
        pytest.param("https://a.example/p?" + "q" * 2000, "https://a.example/p", id="a long query"),
        pytest.param("https://a.example/p#" + "f" * 2000, "https://a.example/p", id="a fragment"),
        pytest.param(
            "https://a.example/p?utm_source=news&page=" + "q" * 2000,
            "https://a.example/p?utm_source=news",
            id="the campaign stays",
        ),
        pytest.param(
            "https://a.example/" + "é" * 1000,
            "https://a.example/" + "é" * 991,
            id="whole characters",
        ),
        pytest.param(
            "https://a.example/é?utm_source=news&page=" + "q" * 2000,
            "https://a.example/é",
            id="of a foreign spelling the address alone",
        ),
    ],
)
def test_a_url_longer_than_plausible_takes_loses_its_query_first(
    url: str, sent: str | None
) -> None:
    assert body_of(SITE, replace(PAGEVIEW, url=url))["url"] == (sent or url)


def test_long_names_and_referrers_are_trimmed() -> None:
    body = body_of(
        SITE, replace(PAGEVIEW, name="n" * 121, referrer="https://r.example/" + "r" * 2000)
    )

    assert (len(body["name"]), len(body["referrer"])) == (120, 2000)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(12, "12", id="integer"),
        pytest.param(1.5, "1.5", id="float"),
        pytest.param(1e20, "1.0e20", id="a large float as Elixir spells it"),
        pytest.param(1.5e-7, "1.5e-7", id="a small float"),
        pytest.param(100.0, "100.0", id="a point where an exponent is no shorter"),
        pytest.param(-1500.0, "-1.5e3", id="an exponent where it is"),
        pytest.param(0.0001, "0.0001", id="small, and no shorter with an exponent"),
        pytest.param(0.00012, "1.2e-4", id="small, and shorter with one"),
        pytest.param(2.0**53 - 1, "9007199254740991.0", id="the largest float without a gap"),
        pytest.param(2.0**53, "9.007199254740992e15", id="a float with gaps around it"),
        pytest.param(-0.0, "-0.0", id="zero from below"),
        pytest.param(Decimal("1.50"), "1.50", id="decimal"),
        pytest.param(Decimal("1E+3"), "1000", id="decimal written out"),
        pytest.param(Decimal("1E+40"), "1" + "0" * 40, id="forty places"),
        pytest.param(Decimal("1E-41"), "1E-41", id="more than forty places"),
        pytest.param(Decimal("1E+999999"), "1E+999999", id="decimal too long to write out"),
        pytest.param((1 << 256) - 1, str((1 << 256) - 1), id="the largest integer"),
        pytest.param(" blank around ", " blank around ", id="text as it is"),
        pytest.param("a\0b", "a\ufffdb", id="a control character"),
        pytest.param("line\nline", "line\nline", id="a line break"),
        pytest.param("v" * 2001, "v" * 2000, id="long text"),
        pytest.param("ab" + "€" * 700, "ab" + "€" * 666, id="whole characters only"),
    ],
)
def test_a_prop_is_sent_as_the_text_plausible_shows(value: Any, shown: str) -> None:
    assert body_of(SITE, replace(PAGEVIEW, props={"key": value}))["props"] == {"key": shown}


@pytest.mark.parametrize(
    "value",
    [None, "", " \n", [], ["a"], {}, {"a": 1}, float("nan"), float("inf"), 1 << 256, object()],
    ids=lambda value: f"{type(value).__name__} {value!r:.12}",
)
def test_what_plausible_would_not_store_is_not_sent(value: Any) -> None:
    assert "props" not in body_of(SITE, replace(PAGEVIEW, props={"key": value}))


def test_a_non_finite_decimal_is_not_sent() -> None:
    assert "props" not in body_of(SITE, replace(PAGEVIEW, props={"key": Decimal("Infinity")}))


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        pytest.param({"revenue": Revenue("EUR", Decimal("NaN"))}, ("revenue",), id="no amount"),
        pytest.param({}, (), id="nothing"),
        pytest.param(
            {
                "name": "n" * 120,
                "url": "https://a.example/?" + "q" * 1981,
                "referrer": "r" * 2000,
                "props": {"k" * 300: "é" * 1000},
            },
            (),
            id="as much as fits",
        ),
        pytest.param({"url": "https://a.example/" + "p" * 1983}, ("url",), id="the URL"),
        pytest.param({"name": "n" * 121}, ("name",), id="the name"),
        pytest.param({"referrer": "r" * 2001}, ("referrer",), id="the referrer"),
        pytest.param({"props": {"k" * 301: 1}}, ("props",), id="a key"),
        pytest.param({"props": {"k": "é" * 1001}}, ("props",), id="a value"),
        pytest.param({"props": {f"k{n}": n for n in range(31)}}, ("props",), id="one prop"),
        pytest.param(
            {"props": {f"k{n}": n for n in range(30)} | {"none": None}}, (), id="no prop at all"
        ),
        pytest.param(
            {"url": " https://a.example/\udcff " + "?" * 9, "name": "n\udcff"},
            (),
            id="a character in another's place",
        ),
        pytest.param(
            {"name": "n" * 121, "url": "u" * 2001, "referrer": "r" * 2001},
            ("name", "url", "referrer"),
            id="several",
        ),
    ],
)
def test_trimmed_fields_are_listed(change: dict[str, Any], trimmed: tuple[str, ...]) -> None:
    assert SITE.request(replace(PAGEVIEW, **change)).trimmed == trimmed


def test_the_first_thirty_props_are_kept_and_empty_ones_do_not_count() -> None:
    props: dict[str, Any] = {"": "x", " ": "x", "empty": ""} | {f"k{n}": n for n in range(40)}

    assert body_of(SITE, replace(PAGEVIEW, props=props))["props"] == {
        f"k{n}": str(n) for n in range(30)
    }


def test_keys_that_are_trimmed_to_the_same_text_keep_the_first_value() -> None:
    props = {"é" * 150 + "a": "first", "é" * 150 + "b": "second"}

    assert body_of(SITE, replace(PAGEVIEW, props=props))["props"] == {"é" * 150: "first"}


@pytest.mark.parametrize(
    ("given", "sent_to"),
    [
        ("https://stats.example.com", "https://stats.example.com/api/event"),
        ("https://stats.example.com/", "https://stats.example.com/api/event"),
        ("https://stats.example.com/api/event", "https://stats.example.com/api/event"),
        ("https://stats.example.com/api/event/", "https://stats.example.com/api/event"),
        ("  https://Stats.Example.com  ", "https://stats.example.com/api/event"),
        ("https://example.com/proxy/event", "https://example.com/proxy/event"),
        ("https://example.com/plausible", "https://example.com/plausible/api/event"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/event"),
        ("http://[::1]:8000", "http://[::1]:8000/api/event"),
    ],
)
def test_an_endpoint_may_be_the_base_or_the_whole_address(given: str, sent_to: str) -> None:
    site = Plausible(domain="example.com", endpoint=given)

    assert site.endpoint == sent_to
    assert site.request(PAGEVIEW).url == sent_to


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        pytest.param(
            {"domain": "", "endpoint": "", "ip_headers": None},
            [
                ("domain", "write the site's name, like example.com"),
                ("endpoint", "write a URL like https://stats.example.com"),
                (
                    "ip_headers",
                    "write ('X-Forwarded-For', 'X-Plausible-IP'), or one of them in a list",
                ),
            ],
            id="all of them at once",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_remedy(
    options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        Plausible(**{"domain": "example.com"} | options)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults


@pytest.mark.parametrize("wrong", ["https://me:secret@stats.example.com", "me:secret@stats"])
def test_a_password_never_shows_in_an_error(wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Plausible(domain=wrong, endpoint=wrong)

    assert len(caught.value.faults) == 2
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "plausible:example.com"),
        ({"domain": "a.example,b.example"}, "plausible:a.example,b.example"),
        ({"endpoint": "http://127.0.0.1:8000"}, "plausible:example.com@127.0.0.1:8000"),
    ],
)
def test_the_name_distinguishes_targets(options: dict[str, Any], name: str) -> None:
    assert Plausible(**{"domain": "example.com"} | options).name == name


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        pytest.param({}, (), id="the default"),
        pytest.param({"endpoint": "http://localhost:8000"}, (), id="http that stays here"),
        pytest.param(
            {"endpoint": "https://stats.example.com", "ip_headers": ["X-Plausible-IP"]},
            (),
            id="one header for a server of one's own",
        ),
        pytest.param(
            {"endpoint": "http://stats.example.com"},
            (
                "http://stats.example.com/api/event is plain http: visitors' IP addresses travel "
                "unencrypted. Use https, or keep the endpoint on this machine.",
            ),
            id="http over a network",
        ),
        pytest.param(
            {"ip_headers": ["X-Plausible-IP"]},
            (
                "Plausible Cloud finds visitors by X-Forwarded-For and drops events of servers: "
                "leave it among ip_headers.",
            ),
            id="the cloud without its header",
        ),
    ],
)
def test_settings_that_defeat_themselves_are_warned_of(
    options: dict[str, Any], warnings: tuple[str, ...]
) -> None:
    assert Plausible(**{"domain": "example.com"} | options).warnings == warnings


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(Response(status=202, body=b"ok"), id="kept"),
        pytest.param(Response(status=202), id="an empty body"),
        pytest.param(Response(status=202, headers={"x-plausible-dropped": "0"}), id="none dropped"),
        pytest.param(Response(status=202, headers={"x-plausible-dropped": "?"}), id="no number"),
        pytest.param(Response(status=200, body=b"203.0.113.7"), id="the answer to a debug request"),
        pytest.param(Response(status=202, body=b"<ok>"), id="202 whatever the body"),
    ],
)
def test_an_event_that_was_kept_is_accepted(response: Response) -> None:
    assert SITE.read(response) == ACCEPTED


def test_the_address_that_plausible_sees_can_be_asked_for() -> None:
    asked, plain = SITE.debug_request(PAGEVIEW), SITE.request(PAGEVIEW)

    assert asked == replace(plain, headers={**plain.headers, "x-debug-request": "true"})


@pytest.mark.parametrize(
    ("status", "body", "address"),
    [
        pytest.param(200, b"203.0.113.7", "203.0.113.7", id="text"),
        pytest.param(200, b'{"ip":"2001:DB8::1"}', "2001:db8::1", id="JSON"),
        pytest.param(200, b"decade: 12", None, id="no address"),
        pytest.param(200, b"\xff", None, id="no text"),
        pytest.param(202, b"203.0.113.7", None, id="recorded as any other"),
    ],
)
def test_the_address_that_plausible_sees_is_read(
    status: int, body: bytes, address: str | None
) -> None:
    assert SITE.seen_address(Response(status=status, body=body)) == address


DROPPED = Response(status=202, headers={"x-plausible-dropped": "1"}, body=b"ok")
OWN_SERVER = Plausible(domain="example.com", endpoint="https://stats.example.com")
CLOUDFLARE = "104.16.0.1"
PRIVATE = "10.1.2.3"
GPTBOT = "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"


@pytest.mark.parametrize(
    ("site", "change", "has_kept", "kind", "words"),
    [
        pytest.param(
            SITE,
            {"visitor": replace(VISITOR, client_ip=PRIVATE, user_agent=GPTBOT)},
            True,
            "private_address",
            "its address is private, so it is a proxy's or this server's and not the visitor's; "
            "set trusted_proxies or client_ip_header",
            id="a private address before all",
        ),
        pytest.param(
            SITE,
            {"visitor": replace(VISITOR, client_ip=CLOUDFLARE)},
            True,
            "proxy_address",
            "its address is Cloudflare's, so it is a proxy's and not the visitor's; "
            "set trusted_proxies='cloudflare'",
            id="a proxy's address",
        ),
        pytest.param(
            OWN_SERVER,
            {"visitor": replace(VISITOR, client_ip=PRIVATE)},
            True,
            "other",
            "a shield of the site",
            id="a server of one's own does not look at addresses",
        ),
        pytest.param(
            SITE,
            {"visitor": replace(VISITOR, user_agent=GPTBOT)},
            False,
            "bot",
            "its user agent matches a bot's (GPTBot, ai-training)",
            id="a bot's user agent",
        ),
        pytest.param(
            OWN_SERVER,
            {"referrer": "https://spam.example/"},
            False,
            "unknown_site",
            "it knows no site 'example.com', or has for less than a minute",
            id="nothing was ever kept",
        ),
        pytest.param(
            SITE,
            {"referrer": "https://1-best-seo.com/a"},
            True,
            "referrer",
            "its referrer 1-best-seo.com is on the vendor's list of spam",
            id="a referrer",
        ),
        pytest.param(
            SITE, {"referrer": "http://["}, True, "other", "a shield", id="a referrer without host"
        ),
        pytest.param(
            SITE,
            {"visitor": replace(VISITOR, client_ip="nobody", user_agent="")},
            True,
            "other",
            "a shield of the site",
            id="nothing shows",
        ),
    ],
)
def test_a_drop_is_explained_with_the_evidence_of_the_event(
    site: Plausible, change: dict[str, Any], has_kept: bool, kind: str, words: str
) -> None:
    event = replace(PAGEVIEW, **change)
    outcome = site.why_dropped(site.read(DROPPED), event, has_kept=has_kept)

    assert (outcome.kind, outcome.log_key) == (OutcomeKind.DROPPED, kind)
    assert outcome.detail.startswith(f"it threw an event away. Most likely {words}")
    assert PRIVATE not in outcome.detail
    assert CLOUDFLARE not in outcome.detail


def test_a_drop_by_one_of_two_sites_is_not_blamed_on_the_visitor() -> None:
    sites = Plausible(domain="a.example,b.example")
    outcome = sites.why_dropped(sites.read(DROPPED), PAGEVIEW, has_kept=True)

    assert outcome.log_key == "unknown_site"
    assert outcome.detail.startswith(
        "it threw an event away for 1 of 2 sites. Most likely it knows no site"
    )


def test_where_the_host_chooses_the_site_a_drop_is_not_partial() -> None:
    sites = Plausible(domain="a.example,b.example", domains_by_host={"c.example": "c.example"})

    assert sites.read(DROPPED).log_key == "dropped"


@pytest.mark.parametrize(
    ("errors", "kind", "advice"),
    [
        pytest.param(
            b'{"url":["is required"],"event_name":["can\'t be blank","is invalid"]}',
            "invalid event_name url",
            "(it says: url: is required; event_name: can't be blank, is invalid). What to do about "
            "event_name: name the event in 1 to 120 characters; see before_send; "
            "url: give the page an absolute URL of up to 2000 bytes; see base_url and before_send",
            id="two fields",
        ),
        pytest.param(
            b'{"domain":["can\'t be blank"]}',
            "invalid domain",
            "(it says: domain: can't be blank). What to do about "
            "domain: write the site's name as domain",
            id="one field",
        ),
        pytest.param(
            b'{"detail":"Bad Request"}', "", "(it says: detail: Bad Request)", id="no field"
        ),
    ],
)
def test_a_refusal_quotes_every_error_with_its_remedy(
    errors: bytes, kind: str, advice: str
) -> None:
    response = Response(status=400, body=b'{"errors":' + errors + b"}")

    assert SITE.read(response) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=f"HTTP 400: the vendor refuses the event {advice}",
        log_key=kind,
    )
