"""What every adapter answers below the path, and what it counts."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

import footfall
from footfall import wsgi
from footfall.collector import CollectorServer
from footfall.collector.storage.database import open_to_read
from footfall.complement import complement_app
from footfall.complement.script_file import script_file, source_of
from footfall.complement.visitor_limit import MAX_PER_MINUTE
from footfall.destinations import Collector, Swetrix
from footfall.model import Event
from footfall.testing import MemoryTransport, Outbox
from tests.complement.support import OPTIONS, body, posted
from tests.support.adapters import ADAPTERS, PLAUSIBLE, Answer, Call, Raw, call_wsgi, navigation

SCRIPT = script_file()


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def call(adapter: Any) -> Iterator[Call]:
    with adapter(**OPTIONS) as call:
        yield call


def headers(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def facts(event: Event) -> tuple[str, str, str | None, str | None]:
    return event.name, event.url, event.referrer, event.visitor.client_ip


def test_the_script_is_served(call: Call) -> None:
    plain = {"Accept-Encoding": "identity"}
    answer = call(navigation(f"/_stats/{SCRIPT.name}", headers=plain))
    assert (answer.status, answer.body) == (200, SCRIPT.body)
    found = headers(answer)
    assert found["content-type"] == "text/javascript; charset=utf-8"
    assert found["x-content-type-options"] == "nosniff"
    assert found["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in found
    assert "server-timing" not in found
    zipped = call(navigation(f"/_stats/{SCRIPT.name}", headers={"Accept-Encoding": "gzip, br"}))
    assert headers(zipped)["content-encoding"] == "gzip"
    assert headers(zipped)["vary"].lower() == "accept-encoding"
    assert gzip.decompress(zipped.body) == SCRIPT.body
    head = call(navigation("/_stats/c.js", headers=plain, method="HEAD"))
    assert (head.body, headers(head)["content-length"]) == (b"", str(len(SCRIPT.body)))


@pytest.mark.parametrize("name", ["c.js", "c.0123456789ab.js"])
def test_under_a_name_that_stays_it_is_kept_for_minutes(call: Call, name: str) -> None:
    answer = call(navigation(f"/_stats/{name}"))
    assert (answer.body, headers(answer)["cache-control"]) == (SCRIPT.body, "public, max-age=300")


def test_the_source_is_beside_it(call: Call) -> None:
    assert call(navigation("/_stats/c.src.js")).body == source_of(())


def test_there_is_nothing_else(call: Call, footfall_outbox: Outbox) -> None:
    assert call(navigation("/_stats")).status == 404
    assert call(navigation("/_stats/")).status == 404
    assert call(navigation("/_stats/other")).status == 404
    assert call(posted(target="/_stats/other")).status == 404
    assert call(posted(target="/_stats/c.js")).status == 405
    assert call(navigation("/_statsx")).status == 200
    assert [event.url for event in footfall_outbox] == ["https://example.com/_statsx"]


def test_a_reported_page_counts_as_the_visitors(call: Call, footfall_outbox: Outbox) -> None:
    content = body(
        u="https://example.com/b?utm_source=a&token=1#part", r="https://news.example.org/item?id=1"
    )
    answer = call(posted(content, headers={"X-Forwarded-For": "203.0.113.9"}, peer="10.0.0.1"))
    assert (answer.status, answer.body) == (204, b"")
    assert headers(answer)["cache-control"] == "no-store"
    assert "set-cookie" not in headers(answer)
    assert [facts(event) for event in footfall_outbox] == [
        (
            "pageview",
            "https://example.com/b?utm_source=a",
            "https://news.example.org/item",
            "203.0.113.9",
        )
    ]
    assert footfall.stats()["reasons"] == {"complement": 1}


def test_the_page_before_it_is_known(call: Call, footfall_outbox: Outbox) -> None:
    call(posted(body(w="route", r="https://example.com/before?a=1")))
    assert [(event.referrer, event.previous) for event in footfall_outbox] == [(None, "/before")]


def test_the_request_of_the_report_is_not_its_referrer(call: Call, footfall_outbox: Outbox) -> None:
    call(posted(headers={"Referer": "https://example.com/"}))
    assert [(event.referrer, event.previous) for event in footfall_outbox] == [(None, None)]


RULES: dict[str, tuple[Raw, dict[str, Any], str]] = {
    "a bot": (posted(headers={"User-Agent": "GPTBot/1.0"}), {}, "bot"),
    "an excluded page": (
        posted(body(u="https://example.com/admin/x")),
        {"exclude": ["/admin/**"]},
        "excluded",
    ),
    "a page of a secret": (
        posted(body(u="https://example.com/reset/MQ/set-password/")),
        {},
        "excluded",
    ),
    "localhost": (
        posted(
            body(u="http://localhost:8000/page"),
            headers={"Host": "localhost:8000", "Origin": "http://localhost:8000"},
        ),
        {},
        "localhost",
    ),
    "DNT": (posted(headers={"DNT": "1"}), {"respect_dnt": True}, "dnt"),
    "GPC": (posted(headers={"Sec-GPC": "1"}), {"respect_gpc": True}, "gpc"),
    "sampling": (posted(), {"sample_rate": 0.0}, "sampled_out"),
    "a hook": (posted(), {"before_send": lambda event: None}, "before_send"),
    "garbage": (posted(b"\x00{"), {}, "complement_invalid"),
    "nothing": (posted(b""), {}, "complement_invalid"),
    "too much": (
        posted(body(u="https://example.com/" + "a" * 2_100)),
        {},
        "complement_invalid",
    ),
    "another site's page": (
        posted(headers={"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}),
        {},
        "complement_invalid",
    ),
    "a page of another host": (
        posted(body(u="https://evil.test/page")),
        {},
        "complement_invalid",
    ),
    "a page that the server has counted": (
        posted(body(w="old", s=4_000_000_000_000)),
        {},
        "complement_reached",
    ),
}


@pytest.mark.parametrize(("raw", "options", "reason"), RULES.values(), ids=RULES.keys())
def test_the_rules_are_those_of_every_page(
    adapter: Any, footfall_outbox: Outbox, raw: Raw, options: dict[str, Any], reason: str
) -> None:
    with adapter(**OPTIONS, **options) as call:
        assert call(raw).status == 204
        assert list(footfall_outbox) == []
        assert footfall.stats()["reasons"] == {reason: 1}
        assert footfall.stats()["errors"] == 0


ENGAGED: dict[str, Any] = {"complement_engagement": True}


def viewed(**fields: Any) -> bytes:
    return body(**{"w": "engagement", "e": 4200.4, "sd": 60, **fields})


def test_a_report_of_how_a_page_was_viewed(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(**OPTIONS, **ENGAGED) as call:
        script = script_file(frozenset({"engagement"}))
        assert call(navigation(f"/_stats/{script.name}")).body in (script.body, script.compressed)
        assert call(navigation("/_stats/c.src.js")).body == source_of({"engagement"})
        page = "https://example.com/b?utm_source=a&token=1#part"
        assert call(posted(viewed(u=page))).status == 204
        [event] = footfall_outbox
        assert facts(event) == (
            "engagement",
            "https://example.com/b?utm_source=a",
            None,
            event.visitor.client_ip,
        )
        assert event.engagement == (4200, 60)
        assert footfall.stats()["reasons"] == {"engagement": 1}


@pytest.mark.parametrize(("raw", "options", "reason"), RULES.values(), ids=RULES.keys())
def test_the_rules_are_the_same_for_it(
    footfall_outbox: Outbox, raw: Raw, options: dict[str, Any], reason: str
) -> None:
    # It is about no request, so none was counted.
    expected = "engagement" if reason == "complement_reached" else reason
    content = raw.body
    if content.startswith(b"{"):
        content = viewed(u=json.loads(content)["u"])
    wrapped = wsgi.FootfallMiddleware(app, **OPTIONS, **ENGAGED, **options)
    assert call_wsgi(wrapped, replace(raw, body=content)).status == 204
    assert len(footfall_outbox) == (expected == "engagement")
    assert wrapped.tracker.stats()["reasons"] == {expected: 1}


def test_without_the_option_it_is_none(call: Call, footfall_outbox: Outbox) -> None:
    assert call(posted(viewed())).status == 204
    assert call(posted(body(w="heartbeat"))).status == 204
    assert list(footfall_outbox) == []
    assert footfall.stats()["reasons"] == {"complement_invalid": 2}


@pytest.mark.parametrize(
    ("options", "fields", "details"),
    [
        ({"complement_window": True}, {"x": 1280, "z": "Europe/Berlin"}, (1280, "Europe/Berlin")),
        ({"complement_window": True}, {"x": -1, "z": "Europe/Berlin"}, (None, "Europe/Berlin")),
        ({"complement_window": True}, {"x": "1280", "z": "<b>"}, (None, "")),
        ({"complement_window": True}, {"x": [1], "z": {}}, (None, "")),
        ({"complement_window": True}, {}, (None, "")),
        ({}, {"x": 1280, "z": "Europe/Berlin"}, (None, "")),
    ],
    ids=str,
)
def test_the_width_of_the_window_and_the_time_zone(
    footfall_outbox: Outbox,
    options: dict[str, Any],
    fields: dict[str, Any],
    details: tuple[int | None, str],
) -> None:
    wrapped = wsgi.FootfallMiddleware(app, **OPTIONS, **options)
    call_wsgi(wrapped, posted(body(**fields)))
    [event] = footfall_outbox
    assert (event.screen_width, event.time_zone) == details
    assert wrapped.tracker.stats()["reasons"] == {"complement": 1}


@pytest.mark.parametrize(
    ("options", "route", "expected"),
    [
        ({"complement_hash_routes": True}, "#/users/3?token=1", ["/app%23/users/3"]),
        ({"complement_hash_routes": True}, "#!/users", ["/app%23!/users"]),
        ({"complement_hash_routes": True}, "#/reset/MQ/cx1-4fa", []),
        ({"complement_hash_routes": True, "exclude": ["/users/**"]}, "#/users/3", []),
        ({"complement_hash_routes": True, "exclude": ["/users/**"]}, "#!/users/3", []),
        ({"complement_hash_routes": True, "exclude": ["/app"]}, "#/users/3", ["/app%23/users/3"]),
        ({}, "#/users/3", ["/app"]),
    ],
    ids=str,
)
def test_a_route_in_the_fragment_counts_on_wish(
    footfall_outbox: Outbox, options: dict[str, Any], route: str, expected: list[str]
) -> None:
    wrapped = wsgi.FootfallMiddleware(app, **OPTIONS, **options)
    call_wsgi(wrapped, posted(body(w="route", u=f"https://example.com/app{route}")))
    urls = [event.url.removeprefix("https://example.com") for event in footfall_outbox]
    assert urls == expected


SWETRIX = Swetrix(pid="aUn1quEid-33", heartbeats=True)


def sent(*raws: Raw, **options: Any) -> tuple[list[str], dict[str, int]]:
    """The endpoints that got a request, with its profile, and the reasons."""
    transport = MemoryTransport()
    given = {"complement_heartbeat": True, "max_events_per_day": 1_000, **options}
    destinations: list[Any] = [SWETRIX, PLAUSIBLE]
    wrapped = wsgi.FootfallMiddleware(
        app, complement="/_stats", destinations=destinations, transport=transport, **given
    )
    for raw in raws:
        assert call_wsgi(wrapped, raw).status in (200, 204)
    assert wrapped.tracker.close(20)
    requests = [request.url.rpartition("/")[2] for request in transport.requests]
    stats = wrapped.tracker.stats()
    # What is no event counts for no budget.
    assert sum(stats["budget"]["used"].values()) == stats["reasons"].get("navigation", 0)
    assert stats["errors"] == 0
    return sorted(requests), stats["reasons"]


BEAT = posted(body(w="heartbeat", s=None, a=None))


def test_a_heartbeat_goes_to_whom_wants_it_and_counts_nothing() -> None:
    requests, reasons = sent(navigation("/page"), BEAT, BEAT)
    assert requests == ["event", "hb", "hb", "log"]
    assert reasons == {"navigation": 1, "heartbeat": 2}
    # Another process may have counted the page.
    assert sent(BEAT) == (["hb"], {"heartbeat": 1})
    no_events = {"before_send": lambda event: None}
    assert sent(BEAT, **no_events) == (["hb"], {"heartbeat": 1})


@pytest.mark.parametrize(
    ("raw", "options", "reason"),
    [
        (replace(BEAT, headers=posted(headers={"DNT": "1"}).headers), {"respect_dnt": True}, "dnt"),
        (replace(BEAT, headers=posted(headers={"User-Agent": "GPTBot/1.0"}).headers), {}, "bot"),
        (BEAT, {"exclude": ["/page"]}, "excluded"),
        (BEAT, {"sample_rate": 0.0}, "sampled_out"),
        (posted(body(w="heartbeat", u="https://evil.test/")), {}, "complement_invalid"),
    ],
    ids=["DNT", "bot", "excluded", "sampling", "another host"],
)
def test_the_rules_are_the_same_for_a_heartbeat(
    raw: Raw, options: dict[str, Any], reason: str
) -> None:
    assert sent(raw, **options) == ([], {reason: 1})


def test_no_heartbeat_is_shown_among_the_hits() -> None:
    with CollectorServer() as collector:
        to = Collector(domain="example.com", endpoint=collector.url)
        options = {**OPTIONS, "complement_heartbeat": True, "destinations": [to]}
        wrapped = wsgi.FootfallMiddleware(app, **options)
        call_wsgi(wrapped, navigation("/page"))
        call_wsgi(wrapped, BEAT)
        call_wsgi(wrapped, replace(BEAT, headers=posted(headers={"User-Agent": "a bot"}).headers))
        assert wrapped.tracker.close(20)
        assert httpx2.get(f"{collector.url}/live").text.count('<li class="row') == 1


def test_a_visitor_who_reports_without_end_is_limited(call: Call, footfall_outbox: Outbox) -> None:
    for _ in range(2 * MAX_PER_MINUTE + 1):
        assert call(posted()).status == 204
    # A minute may have ended meanwhile.
    assert MAX_PER_MINUTE <= len(footfall_outbox) <= 2 * MAX_PER_MINUTE
    assert footfall.stats()["reasons"]["complement_limit"] >= 1


def test_a_page_is_stamped_beside_the_apps_own_figures(adapter: Any) -> None:
    with adapter(**OPTIONS) as call:
        assert headers(call(navigation("/page")))["server-timing"].startswith('footfall;desc="1')
        assert "server-timing" not in headers(call(navigation("/json")))
    with adapter(destinations=[PLAUSIBLE]) as call:
        assert "server-timing" not in headers(call(navigation("/page")))


def test_where_nothing_is_counted_the_script_is_still_there(adapter: Any) -> None:
    with adapter(**OPTIONS, enabled=False) as call:
        assert call(navigation("/_stats/c.js")).body == SCRIPT.body
        assert call(posted()).status == 204
        assert footfall.stats()["reasons"] == {}


def test_in_sync_mode_the_report_waits_for_its_event(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(**OPTIONS, mode="sync") as call:
        assert call(posted()).status == 204
        assert [event.url for event in footfall_outbox] == ["https://example.com/page"]


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b""]


def test_an_address_without_the_canonical_host_gets_that(footfall_outbox: Outbox) -> None:
    wrapped = wsgi.FootfallMiddleware(app, **OPTIONS, base_url="https://www.example.org")
    call_wsgi(wrapped, posted())
    assert [event.url for event in footfall_outbox] == ["https://www.example.org/page"]


def test_a_proxy_that_hides_the_host_is_named(
    caplog: pytest.LogCaptureFixture, footfall_outbox: Outbox
) -> None:
    wrapped = wsgi.FootfallMiddleware(app, **OPTIONS)
    for _ in range(2):
        call_wsgi(wrapped, posted(headers={"Host": "app.internal:8000"}))
    assert list(footfall_outbox) == []
    [warned] = [each.message for each in caplog.records if "complement" in each.message]
    assert "'example.com', which is not the host that the app sees" in warned
    assert "set `base_url`" in warned


def test_a_fault_of_ours_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(complement_app, "report_from", fail)
    wrapped = wsgi.FootfallMiddleware(app, **OPTIONS)
    assert call_wsgi(wrapped, posted()).status == 204
    assert wrapped.tracker.stats()["errors"] == 1


def test_the_live_page_and_that_of_the_hit_say_who_counted_it() -> None:
    with CollectorServer() as collector:
        destination = f"collector://{collector.url.removeprefix('http://')}/example.com"
        wrapped = wsgi.FootfallMiddleware(app, **{**OPTIONS, "destinations": [destination]})
        call_wsgi(wrapped, navigation("/first"))
        call_wsgi(wrapped, posted())
        assert wrapped.tracker.close(20)
        live = httpx2.get(f"{collector.url}/live").text
        newest, first = re.findall(r'<li class="row tracked"[^>]*>(.*?)</li>', live, re.DOTALL)
        assert "<b>complement</b>" in newest
        assert "<b>" not in first
        link = re.search(r'href="([^"]+)"', newest)
        assert link is not None
        shown = httpx2.get(f"{collector.url}{link[1]}").text
    assert "The browser showed a page without a request" in shown


@pytest.mark.parametrize("every_hit", [True, False], ids=["reports", "events"])
def test_the_collector_shows_how_pages_were_viewed(every_hit: bool) -> None:
    with CollectorServer() as collector:
        to = Collector(domain="example.com", endpoint=collector.url, every_hit=every_hit)
        wrapped = wsgi.FootfallMiddleware(app, **{**OPTIONS, **ENGAGED, "destinations": [to]})
        call_wsgi(wrapped, navigation("/page"))
        call_wsgi(wrapped, posted(viewed(e=4000, sd=40)))
        call_wsgi(wrapped, posted(viewed(e=8000, sd=30)))
        assert wrapped.tracker.close(20)
        pages = {
            "site_id": "example.com",
            "metrics": ["visitors", "pageviews", "events", "time_on_page", "scroll_depth"],
            "date_range": "day",
            "dimensions": ["event:page"],
        }
        found = httpx2.post(f"{collector.url}/api/v2/query", json=pages).json()["results"]
        live = httpx2.get(f"{collector.url}/live").text
    assert found == [{"dimensions": ["/page"], "metrics": [1, 1, 1, 12, 40]}]
    rows = re.findall(r'<li class="row tracked"[^>]*>(.*?)</li>', live, re.DOTALL)
    assert ["engagement</bdi>" in row for row in rows] == [True, True, False]


def test_a_file_of_the_apps_own_has_them_too(tmp_path: Path) -> None:
    file = tmp_path / "site.sqlite3"
    options = {**OPTIONS, **ENGAGED, "destinations": [f"sqlite:///{file}"]}
    wrapped = wsgi.FootfallMiddleware(app, **options)
    call_wsgi(wrapped, navigation("/page"))
    call_wsgi(wrapped, posted(viewed(e=4000, sd=40)))
    assert wrapped.tracker.close(20)
    with closing(open_to_read(file)) as connection:
        rows = connection.execute("SELECT path, milliseconds, scroll_depth FROM page_visits")
        assert [tuple(row) for row in rows] == [("/page", 4000, 40)]
