"""One table of behaviour, and every adapter keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import footfall
from footfall.errors import ConfigError
from footfall.model import Event
from footfall.testing import Outbox
from tests.support import raw_requests
from tests.support.adapters import ADAPTERS, CHROME, PLAUSIBLE, Call, Raw, navigation

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def call(adapter: Any) -> Iterator[Call]:
    with adapter(destinations=[PLAUSIBLE]) as call:
        yield call


def facts(event: Event) -> tuple[str, str, str | None, str | None]:
    return event.name, event.url, event.referrer, event.visitor.client_ip


def page(path: str = "/page", referrer: str | None = None, ip: str = "198.51.100.7") -> Any:
    return "pageview", f"https://example.com{path}", referrer, ip


PAGEVIEWS = {
    "a page": (navigation("/page"), page()),
    "the root": (navigation("/"), page("/")),
    "a path as the browser spells it": (
        navigation("/tag/c%2B%2B/a%2Fb/%7Ejo/1|2/caf%E9", "ref=a"),
        page("/tag/c%2B%2B/a%2Fb/%7Ejo/1|2/caf%E9?ref=a"),
    ),
    "a campaign": (
        navigation("/page", "utm_source=news%20letter&token=s3cret&utm_medium=e+mail"),
        page("/page?utm_source=news%20letter&utm_medium=e+mail"),
    ),
    "a click id keeps its name": (navigation("/page", "gclid=abc"), page("/page?gclid=1")),
    "a referrer without its query": (
        navigation("/page", headers={"Referer": "https://news.example.org/item?id=1#top"}),
        page(referrer="https://news.example.org/item"),
    ),
    "a referrer of this site": (
        navigation("/page", headers={"Referer": "https://www.example.com/other"}),
        page(),
    ),
    "not modified": (navigation("/fresh"), page("/fresh")),
    "no fetch metadata": (
        navigation("/page", headers={"Sec-Fetch-Dest": None, "Sec-Fetch-Mode": None}),
        page(),
    ),
    "a proxy's chain": (
        navigation("/page", peer="10.0.0.2", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}),
        page(ip="203.0.113.9"),
    ),
    "headers of a stranger": (
        navigation("/page", headers={"X-Forwarded-For": "6.6.6.6"}),
        page(ip="198.51.100.7"),
    ),
    "a public host set by a proxy": (
        navigation(
            "/page",
            peer="10.0.0.2",
            headers={
                "Host": "app.internal:8000",
                "X-Forwarded-Host": "example.com",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-For": "203.0.113.9",
            },
        ),
        page(ip="203.0.113.9"),
    ),
    "a local host behind a proxy": (
        navigation(
            "/page",
            peer="127.0.0.1",
            headers={
                "Host": "127.0.0.1:8000",
                "X-Forwarded-Host": "example.com",
                "X-Forwarded-For": "203.0.113.9",
            },
        ),
        page(ip="203.0.113.9"),
    ),
    "a path beyond ASCII": (navigation("/caf%C3%A9/%E2%82%AC"), page("/caf%C3%A9/%E2%82%AC")),
    "a boosted htmx visit": (
        navigation(
            "/page",
            headers={"HX-Request": "true", "HX-Boosted": "true", "Sec-Fetch-Dest": "empty"},
        ),
        page(),
    ),
}


@pytest.mark.parametrize(("raw", "expected"), PAGEVIEWS.values(), ids=PAGEVIEWS.keys())
def test_a_page_is_one_pageview(
    call: Call, footfall_outbox: Outbox, raw: Raw, expected: Any
) -> None:
    assert call(raw).status in (200, 304)
    assert [facts(event) for event in footfall_outbox] == [expected]
    assert footfall_outbox[0].visitor.user_agent == CHROME
    assert footfall_outbox[0].visitor.language == "de-AT,de;q=0.9"


SKIPPED = {
    "JSON": (navigation("/json"), "not_html"),
    "a redirect": (navigation("/moved"), "redirect"),
    "a missing page": (navigation("/gone"), "not_found"),
    "a broken page": (navigation("/broken"), "error"),
    "an empty answer": (navigation("/empty"), "no_content"),
    "a post": (navigation("/page", method="POST"), "method"),
    "an excluded page": (navigation("/admin/users"), "excluded"),
    "an ignored page": (navigation("/ignored"), "ignored"),
    "a prefetch": (navigation("/page", headers={"Sec-Purpose": "prefetch"}), "prefetch"),
    "an old prefetch": (navigation("/page", headers={"Purpose": "prefetch"}), "prefetch"),
    "a crawler": (
        navigation("/page", headers={"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}),
        "bot",
    ),
    "no user agent": (navigation("/page", headers={"User-Agent": None}), "no_user_agent"),
    "a script's fetch": (
        navigation(
            "/page",
            headers={"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Accept": "*/*"},
        ),
        "fetch",
    ),
    "an htmx fragment": (navigation("/page", headers={"HX-Request": "true"}), "fragment"),
    "a developer's page": (navigation("/page", headers={"Host": "localhost:8000"}), "localhost"),
    "a request from nowhere": (navigation("/page", peer=None), "no_client_ip"),
}


@pytest.mark.parametrize(("raw", "reason"), SKIPPED.values(), ids=SKIPPED.keys())
def test_what_is_no_pageview_is_skipped_with_a_reason(
    adapter: Any, footfall_outbox: Outbox, raw: Raw, reason: str
) -> None:
    with adapter(destinations=[PLAUSIBLE], exclude=["/admin/**"]) as call:
        call(raw)
        assert list(footfall_outbox) == []
        assert footfall.stats()["reasons"] == {reason: 1}


@pytest.mark.parametrize("target", ["/handed", "/handed-as-html"])
def test_a_file_that_nginx_responds_with_is_an_event(
    call: Call, target: str, footfall_outbox: Outbox
) -> None:
    call(navigation(target))
    assert [event.name for event in footfall_outbox] == ["File Download"]


def test_a_download_is_an_event(call: Call, footfall_outbox: Outbox) -> None:
    call(navigation("/file.pdf"))
    [event] = footfall_outbox
    assert (event.name, event.props) == ("File Download", {"url": "https://example.com/file.pdf"})


def test_a_view_can_track_an_event(call: Call, footfall_outbox: Outbox) -> None:
    call(navigation("/tracked", method="POST"))
    [event] = footfall_outbox
    assert facts(event) == ("Signup", "https://example.com/tracked", None, "198.51.100.7")
    assert event.props == {"plan": "pro"}
    assert event.revenue == ("EUR", Decimal("19.99"))
    assert event.visitor.user_agent == CHROME


def test_a_view_can_add_props_to_its_pageview(call: Call, footfall_outbox: Outbox) -> None:
    call(navigation("/props"))
    call(navigation("/page"))
    assert [event.props for event in footfall_outbox] == [{"logged_in": True, "plan": "pro"}, {}]


MARKED = {
    "ignored": ("ignore", []),
    "with props": ("props", [("https://example.com/marked?utm_source=x", {"plan": "pro"})]),
    "renamed": ("path", [("https://example.com/products/:id?utm_source=x", {})]),
    "of the wrong shape": ("junk", [("https://example.com/marked?utm_source=x", {})]),
}
MARKS: dict[str, Any] = {
    "ignore": {"ignore": True},
    "props": {"props": {"plan": "pro"}},
    "path": {"path": "/products/:id"},
    "junk": ["ignore"],
}


@pytest.mark.parametrize(("mark", "expected"), MARKED.values(), ids=MARKED.keys())
def test_any_layer_may_leave_a_mark(
    monkeypatch: pytest.MonkeyPatch,
    adapter: Any,
    footfall_outbox: Outbox,
    mark: str,
    expected: list[tuple[str, dict[str, Any]]],
) -> None:
    with adapter(destinations=[PLAUSIBLE]) as call:
        raw = navigation("/marked", "utm_source=x&token=1")
        monkeypatch.setattr(raw_requests, "MARK", MARKS[mark])
        call(raw)
    assert [(event.url, event.props) for event in footfall_outbox] == expected


TOLD_ROUTES: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "shown": ("/users/<int:id>", {"path_mode": "route"}, ["/users/%7Bid%7D"]),
    "excluded": ("/users/<int:id>", {"exclude": ["/users/{id}"]}, []),
    "of the wrong shape": (7, {"path_mode": "route"}, ["/users/17"]),
}


@pytest.mark.parametrize(
    ("route", "options", "expected"), TOLD_ROUTES.values(), ids=TOLD_ROUTES.keys()
)
@pytest.mark.parametrize("name", ["wsgi", "asgi"])
def test_any_layer_may_tell_the_route(
    monkeypatch: pytest.MonkeyPatch,
    footfall_outbox: Outbox,
    name: str,
    route: Any,
    options: dict[str, Any],
    expected: list[str],
) -> None:
    with ADAPTERS[name](destinations=[PLAUSIBLE], **options) as call:
        monkeypatch.setattr(raw_requests, "MARK", {"route": route})
        call(navigation("/users/17"))
    assert [event.url.removeprefix("https://example.com") for event in footfall_outbox] == expected


def test_paths_are_excluded_by_their_text(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(destinations=[PLAUSIBLE], exclude=["/tag/c++/*"]) as call:
        call(navigation("/tag/c%2B%2B/%61"))
        call(navigation("/tag/c%2B%2B"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/tag/c%2B%2B"]


def test_an_excluded_view_may_still_track_an_event(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(destinations=[PLAUSIBLE], exclude=["/tracked"]) as call:
        call(navigation("/tracked"))
    assert [event.name for event in footfall_outbox] == ["Signup"]


def test_the_answer_is_the_apps_own(adapter: Any) -> None:
    raws = [navigation("/page"), navigation("/json"), navigation("/moved"), navigation("/gone")]
    with adapter(destinations=[PLAUSIBLE]) as wrapped, adapter() as bare:
        assert [wrapped(raw) for raw in raws] == [bare(raw) for raw in raws]


def test_without_a_destination_nothing_is_counted(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter() as call:
        assert call(navigation("/tracked")).status == 200
    assert list(footfall_outbox) == []


# Starlette's class sends `lifespan.startup.failed` instead; see test_starlette.py.
@pytest.mark.parametrize(
    "adapter",
    [adapter for name, adapter in ADAPTERS.items() if name not in ("starlette", "fastapi")],
)
def test_wrong_options_stop_the_app_with_every_fault(adapter: Any) -> None:
    wrong = {"destinations": ["plausble://plausible.io/x.org"], "exclude": ["admin"], "bot": "skip"}
    with pytest.raises(ConfigError) as caught, adapter(**wrong) as call:
        call(navigation("/page"))
    assert {fault.option.split()[-1] for fault in caught.value.faults} == {
        "destinations",
        "exclude",
        "bot",
    }


def test_refused_prefetches_get_an_answer_that_browsers_throw_away(
    adapter: Any, footfall_outbox: Outbox
) -> None:
    with adapter(destinations=[PLAUSIBLE], prefetch="refuse") as call:
        refused = call(navigation("/page", headers={"Sec-Purpose": "prefetch"}))
        assert (refused.status, refused.headers["Cache-Control"]) == (503, "no-store")
        assert call(navigation("/page")).status == 200
        assert len(footfall_outbox) == 1
        assert footfall.stats()["reasons"] == {"navigation": 1, "prefetch": 1}


GARBAGE = {
    "a path that is no UTF-8": navigation("/%ff%fe/%c3%28"),
    "a path with NUL and line ends": navigation("/%00%0d%0aSet-Cookie:%20x"),
    "a lone surrogate in the path": navigation("/%ed%a0%80"),
    "a path of 64 KiB": navigation("/" + "a" * 65_000),
    "a query of 64 KiB": navigation("/page", "utm_source=" + "a" * 65_000),
    "ten thousand parameters": navigation("/page", "&".join(f"p{n}=1" for n in range(10_000))),
    "a query that is no UTF-8": navigation("/page", "utm_source=%ff%fe&utm_medium=%zz"),
    "header bytes that are no UTF-8": navigation(
        "/page", headers={"Referer": b"\xff\xfe\x80", "Accept-Language": b"\xff", "X-Moz": b"\xff"}
    ),
    "a user agent that is no UTF-8": navigation(
        "/page", headers={"User-Agent": b"Mozilla/5.0 \xff"}
    ),
    "a user agent of 64 KiB": navigation("/page", headers={"User-Agent": "M" * 65_000}),
    "no host": navigation("/page", headers={"Host": None}),
    "a host that is none": navigation("/page", headers={"Host": "]]:x/\\@"}),
    "a malformed Forwarded": navigation(
        "/page",
        peer="10.0.0.1",
        headers={
            "Forwarded": 'for="[::1";;=,for=_x;proto="',
        },
    ),
    "a malformed X-Forwarded-For": navigation(
        "/page", peer="10.0.0.1", headers={"X-Forwarded-For": ",,unknown, ::ffff:1.2.3.4.5,%"}
    ),
    "a referrer that is no URL": navigation("/page", headers={"Referer": "http://[::1/%zz?#"}),
    "a peer that is a unix socket": navigation("/page", peer="unix:"),
    "a peer that is a word": navigation("/page", peer="testclient"),
}


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_changes_no_answer_and_ends_in_a_reason(
    adapter: Any, footfall_outbox: Outbox, raw: Raw
) -> None:
    with adapter() as bare:
        expected = bare(raw)
    with adapter(destinations=[PLAUSIBLE]) as call:
        assert call(raw) == expected
        footfall_outbox.clear()
        stats = footfall.stats()
    assert stats["errors"] == 0
    assert sum(stats["reasons"].values()) == 1


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE.keys())
def test_wsgi_and_asgi_read_garbage_alike(footfall_outbox: Outbox, raw: Raw) -> None:
    for name in ("wsgi", "asgi"):
        with ADAPTERS[name](destinations=[PLAUSIBLE]) as call:
            call(raw)
    events = list(footfall_outbox)
    assert len(events) % 2 == 0
    for first, second in zip(events[::2], events[1::2], strict=True):
        assert replace(first, time=0.0) == replace(second, time=0.0)


def test_an_exception_in_the_app_comes_through(footfall_outbox: Outbox) -> None:
    from footfall import wsgi

    def broken(environ: Any, start_response: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wsgi.FootfallMiddleware(broken, destinations=[PLAUSIBLE])(
            {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *_: lambda _: None
        )


def test_a_visitor_token_leads_a_later_event_to_the_same_visitor(footfall_outbox: Outbox) -> None:
    import json

    from footfall import wsgi

    tokens: list[str] = []

    def view(environ: Any, start_response: Any) -> Any:
        tokens.append(json.dumps(footfall.current_visitor()))
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b""]

    wrapped = wsgi.FootfallMiddleware(view, destinations=[PLAUSIBLE])
    from tests.support.adapters import call_wsgi

    call_wsgi(wrapped, navigation("/page"))
    footfall.track("Paid", url="https://example.com/invoices", visitor=json.loads(tokens[0]))
    first, second = footfall_outbox
    assert second.name == "Paid"
    assert second.visitor.identity == first.visitor.identity
    assert second.visitor.identity == ("198.51.100.7", CHROME)
