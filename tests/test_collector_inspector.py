"""The live page and the page of one event, over HTTP and in a real browser."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.storage import recent_events
from footfall.collector.web import reason_texts
from footfall.config import Config
from footfall.destinations import Collector
from footfall.rules import pageview
from footfall.tracker import Tracker, event_builder
from tests.conftest import program
from tests.e2e.chromium import Chromium
from tests.support.adapters import navigation
from tests.test_report import BOT, report_body, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page as BrowserPage

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PID = "aUn1quEid-3x"
PAGEVIEW = {"name": "pageview", "url": "https://a.test/hello", "domain": "a.test"}
PROXIED = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2"}


@pytest.fixture(scope="module")
def running() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


@pytest.fixture
def collector(running: CollectorServer) -> CollectorServer:
    """A collector that holds nothing."""
    httpx2.delete(f"{running.url}/api/v1/events").raise_for_status()
    return running


@pytest.fixture
def http(collector: CollectorServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as client:
        yield client


@pytest.fixture
def tracker(collector: CollectorServer) -> Tracker:
    destination = Collector(domain="app.test", endpoint=collector.url)
    return Tracker(Config(destinations=[destination]), environ={})


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    path = program("chromium")
    assert path is not None
    with closing(Chromium(path)) as chromium:
        yield chromium


def post(http: httpx2.Client, *, user_agent: str = FIREFOX, **changes: object) -> None:
    headers = {"user-agent": user_agent}
    http.post("/api/event", json=PAGEVIEW | changes, headers=headers).raise_for_status()


def settled(http: httpx2.Client) -> list[dict[str, Any]]:
    """The events, once what was posted is written."""
    events: list[dict[str, Any]] = http.get("/api/v1/events").raise_for_status().json()["events"]
    return events


def keys(page: str) -> list[str]:
    """Of the lines of a page, newest first."""
    return re.findall(r'<a href="/live/(u?\d+)">', page)


def text_of(page: str) -> str:
    """What people read of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


# -- the list ---------------------------------------------------------------------------------


def test_an_empty_page_teaches(collector: CollectorServer, http: httpx2.Client) -> None:
    page = http.get("/live").text
    authority = urlsplit(collector.url).netloc
    assert f"FOOTFALL_DESTINATIONS=collector://{authority}/example.com" in page
    assert f"curl -X POST http://{authority}/api/event" in page


def test_the_newest_stands_first_whatever_its_fate(http: httpx2.Client, tracker: Tracker) -> None:
    visit(tracker, navigation("/first"))
    post(http, user_agent="Googlebot/2.1", url="https://a.test/second")
    settled(http)
    visit(tracker, navigation("/third", headers=BOT))
    visit(tracker, navigation("/fourth"))
    settled(http)
    page = http.get("/live").text
    assert re.findall(r"<bdi>/(\w+)</bdi>", page) == ["fourth", "third", "second", "first"]
    fates = re.findall(r'<li class="row (\w+)">', page)
    assert fates == ["tracked", "untracked", "dropped", "tracked"]
    assert "Not counted : bot" in text_of(page)


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ({}, ["/kept", "/ahead", "/bot"]),
        ({"show": "tracked"}, ["/kept"]),
        ({"show": "untracked"}, ["/ahead"]),
        ({"show": "dropped"}, ["/bot"]),
        ({"q": "PREFETCH"}, ["/ahead"]),
        ({"q": "firefox"}, ["/kept"]),
        ({"q": "nowhere"}, []),
        ({"domain": "a.test"}, ["/kept", "/bot"]),
        ({"domain": "a.test", "show": "tracked", "q": "kep"}, ["/kept"]),
    ],
    ids=str,
)
def test_the_list_can_be_narrowed_without_a_script(
    http: httpx2.Client, tracker: Tracker, query: dict[str, str], paths: list[str]
) -> None:
    post(http, user_agent="Googlebot/2.1", url="https://a.test/bot")
    settled(http)
    visit(tracker, navigation("/ahead", headers={"Sec-Purpose": "prefetch"}))
    post(http, url="https://a.test/kept")
    settled(http)
    page = http.get("/live", params=query).text
    assert re.findall(r'<span class="path"><bdi>([^<]*)', page) == paths
    assert ("No event fits" in page) == (not paths)
    if "show" in query:
        assert f'aria-current="true">{reason_texts.FATES[query["show"]]}' in page  # type: ignore[index]


def test_sites_are_offered_once_there_are_several(http: httpx2.Client) -> None:
    post(http)
    settled(http)
    assert "<select" not in http.get("/live").text
    post(http, domain="b.test")
    settled(http)
    page = http.get("/live", params={"domain": "b.test"}).text
    assert '<option selected value="b.test">' in page


def test_refusals_and_faults_are_notices(collector: CollectorServer, http: httpx2.Client) -> None:
    assert http.get("/live/notices").text.strip() == ""
    http.post("/api/event", json={})
    collector.store._writer.fault = "disk full"
    try:
        shown = text_of(http.get("/live/notices").text)
    finally:
        collector.store._writer.fault = None
    assert "Refused 1 since the start" in shown
    assert "Events are refused: the database cannot be written (disk full)" in shown


# -- one event --------------------------------------------------------------------------------


def test_a_hit_that_counts_tells_its_whole_story(
    collector: CollectorServer, http: httpx2.Client, tracker: Tracker
) -> None:
    visit(
        tracker,
        navigation(
            "/page",
            "utm_source=hn&utm_medium=social",
            headers={**PROXIED, "Referer": "https://news.test/item?id=1"},
            peer="10.0.0.1",
        ),
    )
    [event] = settled(http)
    told = text_of(http.get(f"/live/{event['id']}").text)
    for part in (
        "Counted : navigation /page A browser opened a page.",
        "A.5 bot a browser pass",
        "C.5 page text/html count",
        "203.0.113.9 auto: first address from the right that is no trusted proxy",
        "10.0.0.1 peer believed: a proxy of yours 10.0.0.2 x-forwarded-for believed",
        "203.0.113.9 x-forwarded-for the visitor 6.6.6.6 x-forwarded-for not believed",
        f"curl -i -X POST {collector.url}/api/event \\ -H &#39;content-type: application/json&#39;",
        "-H &#39;x-forwarded-for: 203.0.113.9&#39;",
        "HTTP/1.1 202 Accepted content-type: text/plain; charset=utf-8 ok",
        "Referrer https://news.test/item Source hn utm_source hn utm_medium social",
        "Read as Chrome · Windows · Desktop",
        "sec-fetch-mode navigate",
        "GET answered 200",
    ):
        assert part in told
    assert re.search(r"Captured \S+ Decided \+\d\S* ms Sent \+\S+ ms Received \+\S+ ms", told)


def test_a_hit_that_does_not_count_tells_why_and_what_would_change_it(
    http: httpx2.Client, tracker: Tracker
) -> None:
    visit(tracker, navigation("/page", headers=BOT))
    [key] = keys(http.get("/live").text)
    told = text_of(http.get(f"/live/{key}").text)
    for part in (
        "Not counted : bot /page The User-Agent is a bot&#39;s, or is_bot said so.",
        "To change it: Set bots=&#34;count&#34; or bots=&#34;event&#34;",
        "A.5 bot Googlebot (search) stop",
        "None: nothing is sent for a hit that does not count.",
        "Bot Googlebot (search)",
    ):
        assert part in told


def test_an_event_of_a_vendors_script_tells_what_is_known(http: httpx2.Client) -> None:
    body = {**PAGEVIEW, "props": {"plan": "pro"}, "revenue": {"currency": "EUR", "amount": "9.5"}}
    http.post("/api/event", json=body, headers={"x-forwarded-for": "203.0.113.9"})
    http.post("/log", json={"pid": PID, "pg": "/x"})
    http.post("/api/event", json=PAGEVIEW, headers={"user-agent": "Googlebot/2.1"})
    kept, swetrix, dropped = (
        text_of(http.get(f"/live/{event['id']}").text) for event in settled(http)
    )
    assert "127.0.0.1 peer the sender, whom the vendor believes 203.0.113.9 x-forwarded" in kept
    assert "plan pro Revenue EUR 9.5" in kept
    assert "/log \\" in swetrix
    assert "127.0.0.1 swetrix: no header names another" in swetrix
    assert "Dropped : bot /hello The User-Agent is a bot&#39;s." in dropped
    assert "x-plausible-dropped: 1" in dropped
    assert "The decision" not in kept + swetrix + dropped


def test_what_is_only_in_the_file_is_told_without_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent_events, "_KEEP", 1)
    with (
        CollectorServer() as collector,
        httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as http,
    ):
        for _ in range(2):
            http.post("/api/event", json=PAGEVIEW, headers={"x-forwarded-for": "203.0.113.9"})
        old, new = (http.get(f"/live/{event['id']}").text for event in settled(http))
    assert "203.0.113.9" in new
    assert "203.0.113.9" not in old
    assert "As it is in the file: without addresses." in old


def test_a_long_body_is_forgotten(http: httpx2.Client) -> None:
    http.post("/api/event", json=PAGEVIEW | {"ignored": "x" * 20_000})
    [event] = settled(http)
    assert "a long body is not kept" in http.get(f"/live/{event['id']}").text


@pytest.mark.parametrize("key", ["0", "999999", "u999999", "u", "x", "u-1", "9" * 40, "²"])
def test_what_is_not_there_says_so(http: httpx2.Client, key: str) -> None:
    answer = http.get(f"/live/{key}")
    assert (answer.status_code, "Not here, or no longer" in answer.text) == (404, True)


@pytest.mark.parametrize("at", [1e300, -1e300, 0])
def test_a_senders_clock_may_be_wrong(http: httpx2.Client, at: float) -> None:
    body = report_body(tracked=False, times={"captured": at, "decided": at, "sent": at})
    assert http.post("/api/v1/hits", json=body).status_code == 202
    [key] = keys(http.get("/live").text)
    assert "Captured" in http.get(f"/live/{key}").text


LATER_REASONS = {"sampled_out", "no_client_ip", "should_track", "before_send"}
COUNTED = {"navigation", "spa_visit", "custom_event"}


def test_every_reason_has_a_remedy() -> None:
    assert reason_texts.REMEDIES.keys() == (pageview.REASONS.keys() | LATER_REASONS) - COUNTED
    source = inspect.getsource(event_builder)
    for reason in LATER_REASONS:
        assert f'BuildResult("{reason}"' in source
        assert reason_texts.of_hit(reason).why
    assert reason_texts.of_hit("made up") == ("untracked", "made up", "", "")


# -- strangers' texts -------------------------------------------------------------------------

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload=alert(1) \u202e"


def hostile(http: httpx2.Client) -> None:
    """Every text that a sender can choose, chosen badly."""
    body = {
        "name": HOSTILE,
        "url": f"https://a.test/{HOSTILE}?utm_source={HOSTILE}",
        "domain": HOSTILE,
        "referrer": f"https://{HOSTILE}/",
        "props": {HOSTILE: HOSTILE},
    }
    headers = {"user-agent": HOSTILE[:-2], "x-odd": "<script>", "x-forwarded-for": HOSTILE[:-2]}
    http.post("/api/event", json=body, headers=headers)
    http.post("/log", json={"pid": PID, "pg": HOSTILE, "ref": HOSTILE})
    http.post("/log", json={"pid": HOSTILE})
    step = [HOSTILE, HOSTILE, HOSTILE]
    request = {"url": f"http://{HOSTILE}", "headers": {HOSTILE: HOSTILE}, "body": ""}
    report = report_body(tracked=False, reason=HOSTILE, domain=HOSTILE, request=request)
    report["event"] = dict.fromkeys(report["event"], HOSTILE)
    report["decision"] = {"steps": [step]}
    report["client_ip"] = {
        "address": HOSTILE,
        "source": HOSTILE,
        "reason": HOSTILE,
        "hops": [[HOSTILE] * 4],
    }
    report["hit"] |= {"method": HOSTILE, "route": HOSTILE, "headers": {HOSTILE: HOSTILE}}
    report["hit"]["answer"] = {"content-type": HOSTILE}
    assert http.post("/api/v1/hits", json=report).status_code == 202
    settled(http)


class Tags(HTMLParser):
    """The tags of a page, and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        self.attributes |= {name for name, _ in attrs}


def pages(http: httpx2.Client) -> dict[str, str]:
    """Every page there is, by its path."""
    paths = ["/live", "/live/notices", f"/live?domain={HOSTILE}&q={HOSTILE}"]
    paths += [f"/live/{key}" for key in keys(http.get("/live").text)]
    return {path: http.get(path).text for path in paths}


def test_whatever_came_stays_text(http: httpx2.Client) -> None:
    hostile(http)
    shown = pages(http)
    assert len(shown) == 6
    for path, page in shown.items():
        tags = Tags(page)
        assert ("alert(1)" in page) == (path != "/live/notices")
        assert (tags.names["script"], tags.names["img"]) == ((2, 1) if "<html" in page else (0, 0))
        assert [name for name in tags.attributes if name.startswith("on")] == []


def test_the_pages_have_no_style_or_script_of_their_own(
    http: httpx2.Client, tracker: Tracker
) -> None:
    post(http)
    visit(tracker, navigation(), navigation(headers=BOT))
    settled(http)
    for path, page in pages(http).items():
        assert not re.search(r"\sstyle=|<style|<script>", page), path
        sources = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert [each for each in sources if not each.startswith(("/", "?", "#"))] == []
        for source in sources:
            assert http.get(source.replace("&amp;", "&")).status_code in (200, 307), source


# -- in the browser ---------------------------------------------------------------------------


def watched(page: BrowserPage, collector: CollectorServer) -> list[str]:
    """What must not happen: errors, dialogs of strangers, requests to other origins."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(collector.url) else troubles.append(request.url)
        ),
    )
    return troubles


@pytest.mark.server("chromium")
def test_the_page_lives(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    def journey(page: BrowserPage) -> list[str]:
        troubles = watched(page, collector)
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        # What comes is shown, counted or not.
        post(http, url="https://a.test/first")
        page.locator(".tracked .path", has_text="/first").wait_for()
        assert page.locator("#empty").count() == 0
        crawled = report_body(tracked=False, reason="bot")
        crawled["event"]["url"] = "https://a.test/crawled"
        http.post("/api/v1/hits", json=crawled).raise_for_status()
        page.locator(".untracked .path", has_text="/crawled").wait_for()
        http.post("/api/event", json={})
        page.get_by_text("Refused").wait_for()
        # Paused, what comes is held back.
        page.keyboard.press("p")
        post(http, url="https://a.test/second")
        page.get_by_role("button", name="Resume (1)").click()
        page.locator(".row .path", has_text="/second").wait_for()
        # The filter hides what does not match.
        page.keyboard.press("/")
        page.keyboard.type("SECOND")
        page.locator(".row .path", has_text="/first").wait_for(state="hidden")
        page.keyboard.type(" nothing")
        page.get_by_text("No line here matches").wait_for()
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.keyboard.press("Escape")
        # Down to the hit that does not count, in, and back.
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="/crawled").wait_for()
        page.get_by_text("To change it:").wait_for()
        page.wait_for_load_state()
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="Events").wait_for()
        # Clearing leaves the empty page.
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Clear").click()
        page.get_by_text("Nothing has arrived yet").wait_for()
        return troubles

    assert chromium.run(journey) == []
    assert settled(http) == []


@pytest.mark.server("chromium")
def test_the_notices_are_left_alone_while_they_are_read(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    def journey(page: BrowserPage) -> list[bool]:
        def is_kept() -> bool:
            page.wait_for_event("response", lambda answer: answer.url.endswith("/notices"))
            page.wait_for_timeout(200)
            return bool(page.evaluate("document.querySelector('#notices summary') === kept"))

        page.goto(f"{collector.url}/live")
        http.post("/api/event", json={})
        page.get_by_text("Refused 1 since").wait_for()
        page.evaluate("kept = document.querySelector('#notices summary'); 0")
        found = [is_kept()]
        page.locator("#notices summary").focus()
        http.post("/api/event", json={})
        found.append(is_kept())
        page.keyboard.press("/")
        page.get_by_text("Refused 2 since").wait_for()
        return found

    assert chromium.run(journey) == [True, True]


@pytest.mark.server("chromium")
def test_no_strangers_script_runs(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    hostile(http)
    # A part of a page has no icon, and the browser would miss it.
    paths = [path for path in pages(http) if path != "/live/notices"]

    def journey(page: BrowserPage) -> list[str]:
        troubles = watched(page, collector)
        page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
        for path in paths:
            page.goto(f"{collector.url}{path}")
        # And what comes by the stream.
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        hostile(http)
        page.locator(".row").nth(5).wait_for()
        return troubles

    assert chromium.run(journey) == []


@pytest.mark.server("chromium")
def test_a_request_can_be_copied_and_run(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    post(http)
    [event] = settled(http)

    def journey(page: BrowserPage) -> str:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{collector.url}/live/{event['id']}")
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        copied: str = page.evaluate("navigator.clipboard.readText()")
        return copied

    assert chromium.run(journey).startswith(f"curl -i -X POST {collector.url}/api/event \\\n")


@pytest.mark.server("chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_fit_the_screen(
    collector: CollectorServer,
    http: httpx2.Client,
    tracker: Tracker,
    chromium: Chromium,
    width: int,
) -> None:
    hostile(http)
    visit(tracker, navigation("/" + "long" * 100), navigation("/" + "long" * 100, headers=BOT))
    settled(http)
    paths = [path for path in pages(http) if "notices" not in path]

    def journey(page: BrowserPage) -> list[int]:
        page.set_viewport_size({"width": width, "height": 800})
        overflows = []
        for path in paths:
            page.goto(f"{collector.url}{path}")
            overflows.append(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        return overflows

    assert [each for each in chromium.run(journey) if each > 0] == []
