"""Reports: from the middleware of one process to the collector, which is real and on loopback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

import footfall
from footfall import asgi
from footfall.collector import CollectorServer
from footfall.collector.wire import limits
from footfall.config import Config
from footfall.destinations import Collector, Destination, Plausible
from footfall.errors import ConfigError
from footfall.events.hit_report import HitReport
from footfall.model import Decision, Event, Hit, Step, Visitor
from footfall.testing import MemoryTransport, capture
from footfall.tracker import Tracker
from tests.support.adapters import ADAPTERS, CHROME, Raw, call_asgi, navigation
from tests.support.hit_reports import BOT, report_body, site, visit
from tests.support.vendors import wait_until

PROXIED = {"X-Forwarded-For": "203.0.113.9, 10.0.0.2"}


@pytest.fixture(scope="module")
def running() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


@pytest.fixture
def collector(running: CollectorServer) -> CollectorServer:
    """A collector that holds nothing."""
    httpx2.delete(f"{running.url}/api/v1/events").raise_for_status()
    return running


def tracker_to(collector: CollectorServer, **options: Any) -> Tracker:
    destination = Collector(domain="example.com", endpoint=collector.url)
    return Tracker(Config(destinations=[destination], **options), environ={})


def got(collector: CollectorServer, what: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{collector.url}/api/v1/{what}").raise_for_status().json()
    found: list[dict[str, Any]] = answer[what]
    return found


@pytest.mark.parametrize(
    ("raw", "options", "reason"),
    [
        pytest.param(navigation(headers=BOT), {}, "bot", id="a bot"),
        pytest.param(navigation(headers={"Sec-Purpose": "prefetch"}), {}, "prefetch", id="ahead"),
        pytest.param(navigation(headers={"DNT": "1"}), {"respect_dnt": True}, "dnt", id="dnt"),
        pytest.param(navigation(peer=None), {}, "no_client_ip", id="nobody's address"),
        pytest.param(
            navigation(), {"should_track": lambda hit: False}, "should_track", id="should_track"
        ),
        pytest.param(
            navigation(), {"before_send": lambda event: None}, "before_send", id="before_send"
        ),
    ],
)
def test_a_hit_that_does_not_count_is_shown_and_not_counted(
    collector: CollectorServer, raw: Raw, options: Mapping[str, Any], reason: str
) -> None:
    tracker = tracker_to(collector, **options)
    visit(tracker, raw)
    [hit] = got(collector, "hits")
    assert (hit["reason"], hit["path"], hit["domain"]) == (reason, "/page", "example.com")
    assert got(collector, "events") == []
    assert tracker.stats()["reasons"] == {reason: 1}


FILTERED = {
    "a form that was sent": (navigation("/page", method="POST"), "method"),
    "an excluded page": (navigation("/admin/users"), "excluded"),
    "data": (navigation("/json"), "not_html"),
    "an answer without content": (navigation("/empty"), "no_content"),
    "a redirect": (navigation("/moved"), "redirect"),
    "a missing page": (navigation("/gone"), "not_found"),
    "a broken page": (navigation("/broken"), "error"),
}


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
@pytest.mark.parametrize(("raw", "reason"), FILTERED.values(), ids=FILTERED)
def test_what_the_request_filter_would_reject_is_shown_too(
    collector: CollectorServer, adapter: Any, raw: Raw, reason: str
) -> None:
    destination = Collector(domain="example.com", endpoint=collector.url)
    with adapter(destinations=[destination], exclude=["/admin/**"]) as call:
        call(raw)
        footfall.flush(10)
    [hit] = got(collector, "hits")
    assert (hit["reason"], hit["path"]) == (reason, raw.target.decode())
    assert got(collector, "events") == []


@pytest.mark.parametrize(
    ("lines", "is_open"),
    [
        (["plausible://plausible.io/a.test"], False),
        (["collector://127.0.0.1:8321/a.test?every_hit=false"], False),
        (["collector://127.0.0.1:8321/a.test"], True),
        (["plausible://plausible.io/a.test", "collector://127.0.0.1:8321/a.test"], True),
    ],
    ids=["a vendor", "a collector for statistics", "a collector", "both"],
)
def test_the_request_filter_lets_all_pass_only_where_every_hit_is_wanted(
    lines: list[str], is_open: bool
) -> None:
    tracker = Tracker(Config(destinations=lines), environ={})
    assert tracker.recorder.filters.every_hit is is_open
    assert tracker.recorder.filters.accepts("POST", "/page") is is_open
    assert tracker.recorder.filters.may_be_download("/page") is is_open


def test_a_collector_may_get_only_what_counts(collector: CollectorServer) -> None:
    destination = Collector(domain="example.com", endpoint=collector.url, every_hit=False)
    tracker = Tracker(Config(destinations=[destination]), environ={})
    visit(tracker, navigation("/page"), navigation("/page", headers=BOT))
    assert [event["path"] for event in got(collector, "events")] == ["/page"]
    assert got(collector, "hits") == []


def test_every_fault_of_a_collector_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Collector(domain="", every_hit="yes")  # type: ignore[arg-type] # that is the point
    assert [fault.option for fault in caught.value.faults] == ["domain", "every_hit"]
    with pytest.raises(ConfigError, match="every_hit"):
        Collector(domain="a.test", every_hit="yes")  # type: ignore[arg-type] # that is the point


def test_the_repr_of_a_report_shows_no_address() -> None:
    event = Event(url="https://a.test/x", visitor=Visitor(client_ip="203.0.113.9"))
    report = HitReport(event=event, is_tracked=False, reason="bot")
    assert repr(report) == "HitReport('pageview', 'https://a.test/x', not tracked: bot)"


def test_a_hit_that_counts_is_an_event_as_plausible_would_get_it(
    collector: CollectorServer,
) -> None:
    visit(tracker_to(collector), navigation("/page", "utm_source=hn", peer="10.0.0.1"))
    [event] = got(collector, "events")
    assert got(collector, "hits") == []
    wire = Plausible(domain="example.com", endpoint=f"{collector.url}/api/event")
    sent = wire.request(
        Event(
            url="https://example.com/page?utm_source=hn",
            visitor=Visitor(client_ip="10.0.0.1", user_agent=CHROME),
        )
    )
    assert event["body"] == json.loads(sent.body)
    assert event["headers"]["user-agent"] == CHROME
    assert (event["client_ip"], event["utm"]["source"]) == ("10.0.0.1", "hn")


def test_a_custom_event_is_reported_beside_its_page(collector: CollectorServer) -> None:
    visit(tracker_to(collector), navigation("/signup"), navigation("/signup", headers=BOT))
    assert sorted(event["name"] for event in got(collector, "events")) == ["Signup", "pageview"]
    shown = {(hit["name"], hit["reason"]) for hit in got(collector, "hits")}
    assert shown == {("Signup", "bot"), ("pageview", "bot")}
    [signup] = [event for event in got(collector, "events") if event["name"] == "Signup"]
    assert signup["revenue"] == {"currency": "EUR", "amount": "19.99"}


def test_a_custom_event_outside_a_request_is_reported_without_one(
    collector: CollectorServer,
) -> None:
    tracker = tracker_to(collector)
    visitor = {"ip": "203.0.113.9", "ua": CHROME, "lang": "de"}
    tracker.track("Paid", url="https://example.com/invoices", visitor=visitor)
    tracker.track("Paid", url="https://example.com/invoices", visitor={"ua": CHROME})
    assert tracker.flush(10)
    assert [event["path"] for event in got(collector, "events")] == ["/invoices"]
    [hit] = got(collector, "hits")
    assert (hit["reason"], hit["method"], hit["steps"]) == ("no_client_ip", None, [])


def test_vendors_get_nothing_but_what_counts(collector: CollectorServer) -> None:
    transport = MemoryTransport()
    destinations: list[Destination] = [
        Collector(domain="example.com", endpoint=collector.url),
        Plausible(domain="example.com"),
    ]
    tracker = Tracker(Config(destinations=destinations, transport=transport), environ={})
    visit(tracker, navigation("/page"), navigation("/page", headers=BOT))
    to_vendor = [each for each in transport.requests if "plausible.io" in each.url]
    to_collector = [each for each in transport.requests if "plausible.io" not in each.url]
    # By themselves or in a batch, one on each line.
    reports = [json.loads(line) for each in to_collector for line in each.body.split(b"\n")]
    assert [json.loads(each.body)["name"] for each in to_vendor] == ["pageview"]
    assert [json.loads(each.body)["url"] for each in to_vendor] == ["https://example.com/page"]
    assert all(each.url.startswith(f"{collector.url}/api/v1/") for each in to_collector)
    assert [each["tracked"] for each in reports] == [True, False]
    assert reports[0]["request"]["body"] == to_vendor[0].body.decode()


def test_in_tests_of_an_app_nothing_is_reported(collector: CollectorServer) -> None:
    tracker = tracker_to(collector)
    with capture() as outbox:
        visit(tracker, navigation("/page"), navigation("/page", headers=BOT))
        assert len(outbox) == 1
    assert (got(collector, "events"), got(collector, "hits")) == ([], [])


def test_what_is_secret_is_in_no_report() -> None:
    transport = MemoryTransport()
    destination = Collector(domain="example.com", endpoint="http://127.0.0.1:1")
    options: dict[str, Any] = {"destinations": [destination], "transport": transport}
    tracker = Tracker(Config(**options, client_ip_header="Cookie"), environ={})
    headers = {
        "Cookie": "session=hunter2",
        "Authorization": "Bearer hunter2",
        "Referer": "https://news.test/?token=hunter2",
        "HX-Current-URL": "https://example.com/?token=hunter2",
        "Turbolinks-Referrer": "https://example.com/?token=hunter2",
    }
    visit(
        tracker,
        navigation("/page", "token=hunter2", headers=headers),
        navigation("/page", "token=hunter2", headers={**headers, **BOT}),
        navigation("/reset/MQ/c1x2-hunter2", headers=headers),
        navigation("/reset/MQ/c1x2-hunter2", headers={**headers, **BOT}),
        navigation("/share/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822", headers=BOT),
    )
    # By themselves or in a batch, one on each line.
    texts = [line for each in transport.requests for line in each.body.decode().split("\n")]
    assert len(texts) == 5
    assert [text for text in texts if "hunter2" in text or "9f86d081" in text] == []


def test_a_report_is_of_a_size() -> None:
    long = "ä" * 100_000
    names = sorted(footfall_headers())
    hit = Hit(
        method=long, host=long, path="/" + long, headers=dict.fromkeys(names, long), peer=long
    )
    event = Event(
        url="https://example.com/",
        referrer=f"https://{long}.test/",
        visitor=Visitor(client_ip="203.0.113.9", user_agent=long[:2_048]),
        props={f"{number} {long}": long for number in range(100)},
    )
    steps = tuple(Step("rule", long[:300], "pass") for _ in range(13))
    report = HitReport(
        event=event,
        is_tracked=True,
        reason="navigation",
        hit=hit,
        decision=Decision(kind="pageview", reason="navigation", steps=steps),
    )
    request = Collector(domain="example.com").report(report, sent_at=1.0)
    assert len(request.body) < limits.REPORT_BODY


def footfall_headers() -> frozenset[str]:
    return Config(destinations=[Plausible(domain="a.test")]).request_headers


def test_pages_of_other_sites_cannot_report(collector: CollectorServer) -> None:
    url = f"{collector.url}/api/v1/hits"
    preflight = httpx2.options(
        url, headers={"origin": "https://evil.test", "access-control-request-method": "POST"}
    )
    posted_plainly = httpx2.post(
        url, content=json.dumps(report_body()), headers={"content-type": "text/plain"}
    )
    assert "access-control-allow-origin" not in preflight.headers | posted_plainly.headers
    assert (preflight.status_code, posted_plainly.status_code) == (405, 415)


def test_reports_are_posted_and_listed_at_one_address(collector: CollectorServer) -> None:
    url = f"{collector.url}/api/v1/hits"
    for path, reason in (("/a", "bot"), ("/b", "bot"), ("/a", "xhr")):
        body = report_body(tracked=False, reason=reason)
        body["event"]["url"] = f"https://a.test{path}"
        assert httpx2.post(url, json=body).text == "ok"

    def paths(**query: str | int) -> list[str]:
        hits = httpx2.get(url, params=query).raise_for_status().json()["hits"]
        return [hit["path"] for hit in hits]

    assert paths() == ["/a", "/b", "/a"]
    assert paths(reason="bot") == ["/a", "/b"]
    assert paths(path="/a", wait=2) == ["/a", "/a"]
    assert paths(domain="b.test") == []
    first = got(collector, "hits")[0]["id"]
    assert paths(after=first) == ["/b", "/a"]
    httpx2.delete(f"{collector.url}/api/v1/events").raise_for_status()
    assert paths() == []


# -- a collector that wants a token ---------------------------------------------------------------

TOKEN = "correct horse battery staple"


def lines_about(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def tracker_with(token: str | None, url: str) -> Tracker:
    user = f"{quote(token)}@" if token else ""
    line = f"collector://{user}{url.removeprefix('http://')}/example.com"
    return Tracker(Config(destinations=[line], base_url="https://example.com"), environ={})


@pytest.mark.parametrize(
    ("token", "remedy"),
    [
        (None, "write it into the destination: collector://TOKEN@127.0.0.1:"),
        ("wrong horse", "compare it with its --ingest-token"),
    ],
)
def test_a_missing_or_wrong_token_is_one_warning_with_the_remedy(
    token: str | None, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    with CollectorServer(ingest_token=TOKEN) as collector:
        tracker = tracker_with(token, collector.url)
        app = asgi.FootfallMiddleware(site, tracker=tracker)
        for _ in range(3):
            call_asgi(app, navigation())
        assert wait_until(lambda: bool(lines_about(caplog)))
        assert got(collector, "events") == []
    [line] = lines_about(caplog)
    assert "collector:example.com@127.0.0.1:" in line
    assert remedy in line
    assert "\n" not in line
    assert "horse" not in line


def test_the_token_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with CollectorServer(ingest_token=TOKEN) as collector:
        tracker = tracker_with(TOKEN, collector.url)
        visit(tracker, navigation(), navigation(headers=BOT))
        [event] = got(collector, "events")
        shown = [
            *(httpx2.get(f"{collector.url}/{path}").text for path in ("live", "live/1", "live/u1")),
            *(repr(each) for each in (event, got(collector, "hits"), tracker.stats(), tracker)),
            *(repr(each) for each in (tracker.config, tracker.config.all_destinations)),
            caplog.text,
        ]
    assert event["domain"] == "example.com"
    assert [text for text in shown if "horse" in text] == []
