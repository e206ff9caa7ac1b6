"""The event builder: from a hit or a custom event to the event, or to the reason why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import footfall
from footfall import asgi
from footfall.events.details import PERF_NAMES
from footfall.model import Event, Hit
from footfall.testing import MemoryTransport, Outbox
from tests.support.adapters import CHROME, call_asgi, navigation
from tests.support.trackers import page, tracker_over, visit


def test_hooks_may_skip_drop_and_change(footfall_outbox: Outbox) -> None:
    def should_track(hit: Hit) -> bool:
        return hit.path != "/private"

    def before_send(event: Event) -> Event | None:
        return None if event.url.endswith("/secret") else event

    tracker = tracker_over(MemoryTransport(), should_track=should_track, before_send=before_send)
    for path in ("/private", "/secret", "/open"):
        visit(tracker, path)
    assert [event.url for event in footfall_outbox] == ["https://example.com/open"]
    assert tracker.stats()["reasons"] == {"before_send": 1, "navigation": 1, "should_track": 1}


LONG: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "nothing": ("/a?utm_campaign=" + "c" * 500, "https://news.example/", ()),
    "the path": ("/" + "a/" * 1_500, "", ("url",)),
    "a path that the mask shortens": ("/" + "a1B2c3D4" * 600, "", ("url",)),
    "the campaign": ("/a?utm_campaign=" + "c" * 3_000, "", ("url",)),
    "a query that is not read to its end": ("/a?" + "x" * 8_200 + "&ref=b", "", ("url",)),
    "too many parameters": ("/a?" + "x&" * 256 + "ref=b", "", ("url",)),
    "a long query that is read": ("/a?" + "x&" * 255 + "x" * 7_000, "", ()),
    "the referrer": ("/a", "https://news.example/" + "a/" * 1_500, ("referrer",)),
    "the page before": ("/a", "https://example.com/" + "a/" * 1_500, ("referrer",)),
    "both": ("/" + "a/" * 1_500, "https://news.example/" + "a/" * 1_500, ("url", "referrer")),
}


@pytest.mark.parametrize(("shown", "referrer", "trimmed"), LONG.values(), ids=LONG.keys())
def test_what_is_cut_before_a_destination_is_counted(
    shown: str, referrer: str, trimmed: tuple[str, ...]
) -> None:
    tracker = tracker_over(MemoryTransport())
    path, _, query = shown.partition("?")
    hit = Hit(
        host="example.com",
        path=path,
        query=query,
        peer="198.51.100.7",
        headers={"user-agent": CHROME, "accept": "text/html", "referer": referrer},
        response_headers={"content-type": "text/html"},
    )
    event = tracker.explain(hit).event
    assert event is not None
    assert event.trimmed == trimmed


LONG_HEADERS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "nothing": ({"accept-language": "de;q=0.1," * 50}, ()),
    "the user agent": ({"user-agent": CHROME + " " + "a" * 2_048}, ("user_agent",)),
    "the language": ({"accept-language": "de;q=0.1," * 60}, ("language",)),
    "a client hint": ({"sec-ch-ua": '"A";v="1", ' * 60}, ("headers",)),
    "all": (
        {"user-agent": CHROME + "a" * 2_048, "accept-language": "a" * 513, "sec-ch-ua": "a" * 513},
        ("user_agent", "language", "headers"),
    ),
}


@pytest.mark.parametrize(("sent", "trimmed"), LONG_HEADERS.values(), ids=LONG_HEADERS)
def test_what_is_cut_of_the_visitor_is_counted_and_logged_once(
    sent: dict[str, str], trimmed: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    tracker = tracker_over(MemoryTransport())
    headers = {"user-agent": CHROME, "accept": "text/html", **sent}
    hit = Hit(
        host="example.com",
        peer="198.51.100.7",
        headers=headers,
        response_headers={"content-type": "text/html"},
    )
    event = tracker.explain(hit).event
    assert event is not None
    assert event.trimmed == trimmed
    for _ in range(2):
        visit(tracker, headers={name.title(): value for name, value in sent.items()})
    tracker.flush(5)
    warnings = [r.message for r in caplog.records if "is not sent" in r.message]
    assert len(warnings) == len(trimmed)
    assert all("such events count as trimmed" in each for each in warnings)


def test_what_is_cut_of_an_events_own_visitor_is_counted() -> None:
    tracker = tracker_over(MemoryTransport())
    for agent in (CHROME, CHROME + "a" * 2_048):
        visitor = {"ip": "198.51.100.7", "ua": agent}
        tracker.track("Paid", url="https://example.com/", visitor=visitor)
    tracker.flush(5)
    assert [each["trimmed"] for each in tracker.stats()["destinations"].values()] == [1]


def test_an_events_own_url_that_is_cut_is_counted() -> None:
    tracker = tracker_over(MemoryTransport())
    visitor = {"ip": "198.51.100.7", "user_agent": CHROME}
    for length in (100, 3_000):
        url = "https://example.com/?utm_campaign=" + "c" * length
        tracker.track("Paid", url=url, visitor=visitor)
    tracker.flush(5)
    assert [each["trimmed"] for each in tracker.stats()["destinations"].values()] == [1]


@pytest.mark.parametrize(
    ("details", "lost"),
    [
        ({"profile_id": "", "time_zone": ""}, []),
        ({"profile_id": "p" * 257}, ["profile_id"]),
        ({"time_zone": "Mars/X Y", "screen_width": "wide"}, ["time_zone", "screen_width"]),
    ],
    ids=["blank", "too long", "wrong"],
)
@pytest.mark.parametrize("way", ["track", "track_pageview", "mark"])
def test_a_wrong_detail_is_lost_and_the_event_is_sent(
    way: str, details: dict[str, Any], lost: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def marked(scope: Any, receive: Any, send: Any) -> None:
        scope["footfall"] = details
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    about: dict[str, Any] = {"url": "https://example.com/", "visitor": {"ip": "198.51.100.7"}}
    for _ in range(2):
        if way == "track":
            tracker.track("Paid", **about, **details)
        elif way == "track_pageview":
            tracker.track_pageview(**about, **details)
        else:
            call_asgi(asgi.FootfallMiddleware(marked, tracker=tracker), navigation())
    tracker.flush(5)
    [sent] = tracker.stats()["destinations"].values()
    assert (sent["accepted"], sent["trimmed"]) == (2, 2 * bool(lost))
    warnings = [r.message for r in caplog.records if "is not sent" in r.message]
    assert sorted(text.split()[1] for text in warnings) == sorted(lost)
    assert "p" * 50 not in caplog.text


def test_anonymised_addresses_are_what_leaves() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, anonymize_ip="truncate")
    visit(tracker)
    tracker.flush(5)
    assert transport.requests[0].headers["x-forwarded-for"] == "198.51.100.0"


def test_a_hit_without_an_address_is_warned_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    for _ in range(3):
        visit(tracker, peer=None)
    tracker.flush(5)
    assert tracker.stats()["reasons"] == {"no_client_ip": 3}
    assert len([r for r in caplog.records if "without a client IP" in r.message]) == 1


def test_one_address_for_all_visitors_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    for number in range(60):
        agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{100 + number}.0 Safari"
        visit(tracker, peer="104.16.0.1", headers={"User-Agent": agent})
    tracker.flush(5)
    assert len([r for r in caplog.records if "trusted_proxies='cloudflare'" in r.message]) == 1


CUSTOM_URLS = {
    "none": (None, "https://example.com/page"),
    "relative": ("/checkout?utm_source=x&token=1", "https://example.com/checkout?utm_source=x"),
    "absolute": ("https://shop.example/a?token=1", "https://shop.example/a"),
    "of an app": ("app://localhost/login", "app://localhost/login"),
}


@pytest.mark.parametrize(("given", "expected"), CUSTOM_URLS.values(), ids=CUSTOM_URLS.keys())
def test_an_event_may_have_a_url_of_its_own(
    footfall_outbox: Outbox, given: str | None, expected: str
) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("Step", url=given)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/page"))
    assert [event.url for event in footfall_outbox] == [expected]


@pytest.mark.parametrize(
    ("path", "previous"), [("/other", "/other"), ("/accounts/reset/MQ/set-password/", None)]
)
def test_the_previous_page_is_sent_unless_it_is_excluded(
    footfall_outbox: Outbox, path: str, previous: str | None
) -> None:
    visit(tracker_over(MemoryTransport()), headers={"Referer": f"https://example.com{path}"})
    assert footfall_outbox[0].previous == previous


@pytest.mark.parametrize("caller", ["Stripe/1.0 (+https://stripe.com/docs/webhooks)", "curl/8", ""])
def test_an_event_of_another_visitor_is_not_decided_by_the_webhooks_own_request(
    footfall_outbox: Outbox, caller: str
) -> None:
    async def webhook(scope: Any, receive: Any, send: Any) -> None:
        token = {"ip": "203.0.113.9", "ua": CHROME}
        footfall.track("Paid", url="https://example.com/order", visitor=token)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    raw = navigation("/webhook", method="POST", headers={"User-Agent": caller})
    call_asgi(asgi.FootfallMiddleware(webhook, tracker=tracker), raw)
    assert [event.visitor.identity for event in footfall_outbox] == [("203.0.113.9", CHROME)]


DETAILS: dict[str, Any] = {"screen_width": 1280, "time_zone": "Europe/Berlin", "profile_id": "7"}


def details_of(event: Event) -> dict[str, Any]:
    found = {name: getattr(event, name) for name in (*DETAILS, "perf")}
    return {name: value for name, value in found.items() if value}


def test_an_app_may_set_details_that_no_request_contains(footfall_outbox: Outbox) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("Signup", **DETAILS)
        scope["footfall"] = {"time_zone": "Europe/Kyiv", "screen_width": "wide", "colour": "red"}
        footfall.track("Paid", screen_width=412)
        await page(scope, receive, send)

    tracker = tracker_over(MemoryTransport())
    raw = navigation("/page", headers={"Sec-CH-Viewport-Width": "800"})
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), raw)
    assert [(event.name, details_of(event)) for event in footfall_outbox] == [
        ("Signup", DETAILS),
        ("Paid", {"time_zone": "Europe/Kyiv", "screen_width": 412}),
        ("pageview", {"time_zone": "Europe/Kyiv", "screen_width": 800}),
    ]


async def api(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


CUSTOM_PAGEVIEWS: dict[str, tuple[dict[str, Any], str | None, tuple[Any, ...]]] = {
    "relative": (
        {"url": "/inbox?utm_source=x&token=1"},
        None,
        ("https://example.com/inbox?utm_source=x", None, None),
    ),
    "absolute": ({"url": "https://app.example/a"}, None, ("https://app.example/a", None, None)),
    "a referrer": (
        {"url": "/inbox", "referrer": "https://news.example.org/a?q=1"},
        "https://example.com/",
        ("https://example.com/inbox", "https://news.example.org/a", None),
    ),
    "the page before it": (
        {"url": "/inbox"},
        "https://example.com/home",
        ("https://example.com/inbox", None, "/home"),
    ),
    "the page itself": (
        {"url": "/inbox"},
        "https://example.com/inbox?a=1",
        ("https://example.com/inbox", None, None),
    ),
    "an excluded page before it": (
        {"url": "/inbox", "referrer": "https://example.com/api/secret"},
        None,
        ("https://example.com/inbox", None, None),
    ),
}


@pytest.mark.parametrize(
    ("given", "referer", "expected"), CUSTOM_PAGEVIEWS.values(), ids=CUSTOM_PAGEVIEWS.keys()
)
def test_a_custom_pageview_is_the_visitors_of_the_request(
    footfall_outbox: Outbox,
    given: dict[str, Any],
    referer: str | None,
    expected: tuple[Any, ...],
) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track_pageview(**given, props={"theme": "dark"}, **DETAILS)
        await api(scope, receive, send)

    tracker = tracker_over(MemoryTransport(), exclude=["/api/**"])
    raw = navigation("/api/route", method="POST", headers={"Referer": referer})
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), raw)
    [event] = footfall_outbox
    assert (event.url, event.referrer, event.previous) == expected
    assert (event.name, event.props, details_of(event)) == ("pageview", {"theme": "dark"}, DETAILS)
    assert event.visitor.identity == ("198.51.100.7", CHROME)


def test_a_custom_pageview_is_decided_by_its_own_path(footfall_outbox: Outbox) -> None:
    tracker = tracker_over(MemoryTransport(), exclude=["/admin/**"])
    for path in ("/admin/users", "/open"):
        tracker.track_pageview(url=f"https://example.com{path}", visitor={"ip": "203.0.113.9"})
    assert [event.url for event in footfall_outbox] == ["https://example.com/open"]
    assert tracker.stats()["reasons"] == {"excluded": 1, "custom_event": 1}


@pytest.mark.parametrize(
    ("user_agent", "reasons"),
    [
        (CHROME, {"custom_event": 2}),
        ("Mozilla/5.0 (compatible; GPTBot/1.2)", {"bot": 1, "custom_event": 1}),
        ("", {"custom_event": 2}),
    ],
    ids=["a browser", "a bot", "no user agent"],
)
def test_a_bots_token_makes_no_pageview(user_agent: str, reasons: dict[str, int]) -> None:
    tracker = tracker_over(MemoryTransport())
    token = {"ip": "203.0.113.9", "ua": user_agent}
    tracker.track_pageview(url="https://example.com/", visitor=token)
    tracker.track("Paid", url="https://example.com/", visitor=token)
    tracker.flush(5)
    assert tracker.stats()["reasons"] == reasons


def test_the_loading_times_of_a_page_are_sent_with_it(footfall_outbox: Outbox) -> None:
    perf = dict.fromkeys(PERF_NAMES, 12.0)
    tracker = tracker_over(MemoryTransport())
    tracker.track_pageview(url="https://example.com/", visitor={"ip": "203.0.113.9"}, perf=perf)
    assert footfall_outbox[0].perf == perf


def test_the_address_of_a_token_is_anonymised_too(footfall_outbox: Outbox) -> None:
    tracker = tracker_over(MemoryTransport(), anonymize_ip="truncate")
    tracker.track("Paid", url="https://example.com/", visitor={"ip": "203.0.113.9"})
    assert footfall_outbox[0].visitor.client_ip == "203.0.113.0"


def test_a_hook_cannot_make_an_event_that_no_vendor_takes(footfall_outbox: Outbox) -> None:
    def rename(event: Event) -> Event:
        return replace(event, name="engagement")

    tracker = tracker_over(MemoryTransport(), before_send=rename)
    visit(tracker)
    assert list(footfall_outbox) == []
    assert tracker.stats()["errors"] == 1


def test_a_localhost_behind_a_proxy_is_no_localhost_with_a_base_url(
    footfall_outbox: Outbox,
) -> None:
    tracker = tracker_over(MemoryTransport(), base_url="https://example.com")
    visit(tracker, headers={"Host": "127.0.0.1:8000"})
    assert [event.url for event in footfall_outbox] == ["https://example.com/page"]


def test_headers_of_endless_length_are_cut(footfall_outbox: Outbox) -> None:
    headers = {"Accept-Language": "x" * 60_000, "User-Agent": CHROME + "x" * 60_000}
    visit(tracker_over(MemoryTransport()), headers=headers)
    visitor = footfall_outbox[0].visitor
    assert (len(visitor.language), len(visitor.user_agent)) == (512, 2048)


def test_an_event_of_another_visitor_has_no_referral_of_this_one(
    footfall_outbox: Outbox,
) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        token = {"ip": "203.0.113.9", "ua": CHROME}
        footfall.track("Paid", url="https://example.com/order", visitor=token)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    raw = navigation("/staff", headers={"Referer": "https://example.com/staff/orders/5"})
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), raw)
    assert footfall_outbox[0].previous is None


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("/gone", {}, {"path": "/gone"}),
        ("/café/x y", {}, {"path": "/café/x y"}),
        ("/reset/3f9c2b7e8d1a4c6f9b0e2d5a7c8f1e3b", {}, {"path": "/reset/:token"}),
        ("/news/ann@example.org", {}, {"path": "/news/:email"}),
        ("/users/17", {"route": "/users/{id}"}, {"path": "/users/{id}"}),
        ("/gone", {"props": {"path": "/mine", "plan": "pro"}}, {"path": "/mine", "plan": "pro"}),
    ],
    ids=["a path", "decoded", "a token", "an address", "a route", "the app's own word"],
)
def test_a_missing_page_sends_no_more_of_its_path_than_its_url(
    path: str, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    hit = Hit(
        host="example.com",
        path=path,
        status=404,
        headers={"user-agent": CHROME, "accept": "text/html"},
        response_headers={"content-type": "text/html"},
        peer="203.0.113.7",
    )
    tracker = tracker_over(MemoryTransport(), track_404=True, path_mode="route")
    event = tracker.explain(replace(hit, **changes)).event
    assert event is not None
    assert (event.name, event.props) == ("404", expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "https://example.com/a.pdf"),
        ("utm_source=news&gclid=1&page=2", "https://example.com/a.pdf"),
        ("ref=x&file=7&utm_medium=mail", "https://example.com/a.pdf?file=7"),
    ],
    ids=["no query", "a campaign", "what the owner keeps"],
)
def test_a_saved_file_is_named_without_the_campaign_that_led_to_it(
    query: str, expected: str
) -> None:
    hit = Hit(
        scheme="https",
        host="example.com",
        path="/a.pdf",
        query=query,
        headers={"user-agent": CHROME, "accept": "text/html"},
        response_headers={"content-type": "application/pdf"},
        peer="203.0.113.7",
    )
    event = tracker_over(MemoryTransport(), keep_query=["file"]).explain(hit).event
    assert event is not None
    assert (event.name, event.props) == ("File Download", {"url": expected})
    assert ("utm_" in event.url) is ("utm_" in query)
