"""The live page, over HTTP and in a real browser."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.web import reason_texts
from footfall.collector.web.live_page import row_of_hit
from footfall.tracker import Tracker
from tests.collector.storage.support import enqueue
from tests.collector.support import incoming_event, received_hit
from tests.collector.web.support import (
    post,
    stored_events,
    text_of,
    watch,
)
from tests.e2e.chromium import Chromium
from tests.support.adapters import navigation
from tests.support.hit_reports import BOT, report_body, visit
from tests.support.raw_requests import Raw

if TYPE_CHECKING:
    from playwright.sync_api import Page as BrowserPage


def fetch_notices(page: BrowserPage) -> None:
    """Let so much time pass in the browser that the page fetches its notices."""
    page.clock.run_for(4_000)


def test_an_empty_page_shows_how_to_send_an_event(
    collector: CollectorServer, http: httpx2.Client
) -> None:
    page = http.get("/live").text
    authority = urlsplit(collector.url).netloc
    assert f"FOOTFALL_DESTINATIONS=collector://{authority}/example.com" in page
    assert f"curl -i -X POST http://{authority}/api/event" in page


def test_the_newest_comes_first_whatever_its_status(http: httpx2.Client, tracker: Tracker) -> None:
    visit(tracker, navigation("/first"))
    post(http, user_agent="Googlebot/2.1", url="https://a.test/second")
    stored_events(http)
    visit(tracker, navigation("/third", headers=BOT))
    visit(tracker, navigation("/fourth"))
    stored_events(http)
    page = http.get("/live").text
    assert re.findall(r">/(\w+)</bdi>", page) == ["fourth", "third", "second", "first"]
    statuses = re.findall(r'<li class="row (\w+)"', page)
    assert statuses == ["tracked", "untracked", "dropped", "tracked"]
    # With what led to it, and with the exchange where it is known.
    assert "Not counted : bot Googlebot GET 200 /third" in text_of(page)
    assert "Dropped : bot Googlebot /second" in text_of(page)
    assert "Counted GET 200 /fourth" in text_of(page)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2026-11-21T00:00:00", "00:00:00"),
        ("2026-11-20T23:59:59", "20 Nov 23:59"),
        ("2026-02-01T08:00:00", "1 Feb 08:00"),
        ("2025-11-21T12:00:00", "21 Nov 2025"),
    ],
)
def test_a_time_of_another_day_has_its_day(at: str, text: str) -> None:
    hit = received_hit(received_at=datetime.fromisoformat(f"{at}+00:00").timestamp())
    assert row_of_hit(hit).time_text("2026-11-21") == text


def test_an_imported_event_stands_where_its_time_is(
    collector: CollectorServer, http: httpx2.Client
) -> None:
    now = collector.store.clock()
    assert enqueue(collector.store, [incoming_event(path="/new", at=now)])
    assert enqueue(collector.store, [incoming_event(path="/past", at=now - 400 * 86_400)])
    assert collector.store.flush()
    page = http.get("/live").text
    assert re.findall(r">/(\w+)</bdi>", page) == ["new", "past"]
    assert re.search(r">\d+ \w{3} \d{4}</time>", page)


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
def test_the_list_can_be_filtered_without_a_script(
    http: httpx2.Client, tracker: Tracker, query: dict[str, str], paths: list[str]
) -> None:
    post(http, user_agent="Googlebot/2.1", url="https://a.test/bot")
    stored_events(http)
    visit(tracker, navigation("/ahead", headers={"Sec-Purpose": "prefetch"}))
    post(http, url="https://a.test/kept")
    stored_events(http)
    page = http.get("/live", params=query).text
    assert re.findall(r'<span class="path"><bdi dir="ltr">([^<]*)', page) == paths
    assert ("No event fits" in page) == (not paths)
    if "show" in query:
        assert f'aria-current="true">{reason_texts.STATUS_NAMES[query["show"]]}' in page  # type: ignore[index]


def test_sites_are_offered_once_there_are_several(http: httpx2.Client) -> None:
    post(http)
    stored_events(http)
    assert "<select" not in http.get("/live").text
    post(http, domain="b.test")
    stored_events(http)
    page = http.get("/live", params={"domain": "b.test"}).text
    assert '<option selected value="b.test">' in page


def test_rejected_requests_and_faults_are_notices(
    collector: CollectorServer, http: httpx2.Client
) -> None:
    assert http.get("/live/notices").text.strip() == ""
    http.post("/api/event", json={})
    collector.store._writer.write_error = "disk full"
    try:
        shown = text_of(http.get("/live/notices").text)
    finally:
        collector.store._writer.write_error = None
    assert "Refused 1 since the start" in shown
    assert "Events are refused: the database cannot be written (disk full)" in shown


@pytest.mark.server("chromium")
def test_the_page_shows_new_events_and_reacts_to_keys(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    def journey(page: BrowserPage) -> list[str]:
        problems = watch(page, collector)
        page.clock.install()
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        # New events are shown, counted or not.
        post(http, url="https://a.test/first")
        page.locator(".tracked .path", has_text="/first").wait_for()
        assert page.locator("#empty").count() == 0
        crawled = report_body(tracked=False, reason="bot")
        crawled["event"]["url"] = "https://a.test/crawled"
        http.post("/api/v1/hits", json=crawled).raise_for_status()
        page.locator(".untracked .path", has_text="/crawled").wait_for()
        http.post("/api/event", json={})
        fetch_notices(page)
        page.get_by_text("Refused").wait_for()
        # While the page is paused, new rows are held back.
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
        # Down to the hit that does not count, open it, and back.
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="/crawled").wait_for()
        page.get_by_text("To change it:").wait_for()
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", page.locator(".clock").inner_text())
        page.wait_for_load_state()
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="Events").wait_for()
        # Clearing leaves the empty page.
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete all events").click()
        page.get_by_text("Nothing has arrived yet").wait_for()
        return problems

    assert chromium.run(journey) == []
    assert stored_events(http) == []


@pytest.mark.server("chromium")
def test_what_comes_later_with_an_earlier_time_is_put_below(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    now = collector.store.clock()

    def journey(page: BrowserPage) -> list[list[str]]:
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        for path, days, visitor in (
            ("/new", 0, "ann"),
            ("/past", 400, "bob"),
            ("/newer", 0, "cem"),
        ):
            event = incoming_event(path=path, at=now - days * 86_400, visitor=visitor)
            assert enqueue(collector.store, [event])
            page.locator(".row .path", has_text=path).wait_for()
        assert page.locator("time").last.inner_text()[-4:].isdigit()
        paths = page.locator(".row .path")
        seen = [paths.all_inner_texts()]
        page.keyboard.press("v")
        return [*seen, paths.all_inner_texts()]

    assert chromium.run(journey) == [["/newer", "/new", "/past"]] * 2


@pytest.mark.server("chromium")
def test_the_notices_are_not_replaced_while_they_have_the_focus(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    def journey(page: BrowserPage) -> list[bool]:
        def is_kept() -> bool:
            # They are fetched again only once the page has taken what it fetched before.
            for _ in range(2):
                with page.expect_response("**/notices"):
                    fetch_notices(page)
            return bool(page.evaluate("document.querySelector('#notices summary') === kept"))

        page.clock.install()
        page.goto(f"{collector.url}/live")
        http.post("/api/event", json={})
        fetch_notices(page)
        page.get_by_text("Refused 1 since").wait_for()
        page.evaluate("kept = document.querySelector('#notices summary'); 0")
        found = [is_kept()]
        page.locator("#notices summary").focus()
        http.post("/api/event", json={})
        found.append(is_kept())
        page.keyboard.press("/")
        fetch_notices(page)
        page.get_by_text("Refused 2 since").wait_for()
        return found

    assert chromium.run(journey) == [True, True]


STYLE = {"Sec-Fetch-Dest": "style", "Sec-Fetch-Mode": "no-cors"}
HEADLESS = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0.0.0 Safari/537.36"}
OTHER = "198.51.100.8"


def test_parts_of_pages_leave_room_for_pages(http: httpx2.Client, tracker: Tracker) -> None:
    visit(tracker, navigation("/first"))
    stored_events(http)
    parts = [navigation(f"/{number}.css", headers=STYLE) for number in range(110)]
    visit(tracker, *parts)
    page = http.get("/live").text
    assert ">/first</bdi>" in page
    assert page.count("data-part=") == 110


@pytest.mark.server("chromium")
def test_parts_fold_under_the_visit_that_asked_for_them(
    collector: CollectorServer, http: httpx2.Client, tracker: Tracker, chromium: Chromium
) -> None:
    style = navigation("/a.css", headers=STYLE | {"Referer": "https://app.test/shop"})
    for _ in range(2):
        visit(tracker, navigation("/shop"))
        stored_events(http)
        visit(tracker, style)

    def journey(page: BrowserPage) -> list[str]:
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        return page.locator("#rows > .row > .parts > summary").all_inner_texts()

    assert chromium.run(journey) == ["+1 part", "+1 part"]


@pytest.mark.server("chromium")
def test_parts_fold_under_their_page_and_rows_group_by_visitor(
    collector: CollectorServer, http: httpx2.Client, tracker: Tracker, chromium: Chromium
) -> None:
    visit(tracker, navigation("/shop"), navigation("/a.css", headers=STYLE))
    stored_events(http)

    # The browser's thread has an event loop.
    pool = ThreadPoolExecutor(1)

    def come(*requests: Raw) -> None:
        pool.submit(visit, tracker, *requests).result()

    def journey(page: BrowserPage) -> list[str]:
        problems = watch(page, collector)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        shop = page.locator("#rows > .row", has_text="/shop")
        shop.get_by_text("+1 part", exact=True).wait_for()
        # What comes later folds, too; a crawler's parts have no `Sec-Fetch-Dest`.
        come(navigation("/b.css", headers=STYLE))
        shop.get_by_text("+2 parts", exact=True).wait_for()
        bare = {"Sec-Fetch-Dest": None, "Sec-Fetch-Mode": None, **HEADLESS}
        crawled = navigation("/crawled", headers=bare, peer=OTHER)
        come(crawled, navigation("/logo.svg", headers=bare, peer=OTHER))
        row = page.locator("#rows > .row", has_text="/crawled")
        row.get_by_text("+1 part", exact=True).wait_for()
        assert row.locator(":scope > a .cause").inner_text() == "HeadlessChrome"
        assert row.locator(":scope > a .exchange").inner_text() == "GET 200"
        assert page.locator("#rows > .row").count() == 2
        come(navigation("/ahead", headers={"Sec-Purpose": "prefetch"}, peer=OTHER))
        page.locator(".row", has_text="/ahead").wait_for()
        # No word of a row is cut where there is room.
        cut = page.evaluate(
            "[...document.querySelectorAll('.row > a *')].filter((each) =>"
            " each.checkVisibility() && each.scrollWidth > each.clientWidth + 1 &&"
            " getComputedStyle(each).display !== 'inline' &&"
            " !each.matches('.visually-hidden')).map((each) => each.outerHTML)"
        )
        assert cut == []
        shop.locator("summary").click()
        shop.get_by_text("/b.css").wait_for()
        # By visitor, also what comes then; and back, in the order of time.
        page.keyboard.press("v")
        come(navigation("/again"))
        groups = page.locator(".visitor-group")
        page.locator(".row", has_text="/again").wait_for()
        assert groups.count() == 3
        texts = groups.first.locator("ol").first.locator(":scope > .row .path")
        assert texts.first.inner_text() == "/again"
        page.get_by_role("button", name="By visitor").click()
        paths = page.locator("#rows > .row > a .path")
        assert paths.all_inner_texts() == ["/again", "/ahead", "/crawled", "/shop"]
        # From the page of one hit to the next.
        page.locator("#rows > .row", has_text="/again").locator("a").first.click()
        page.get_by_role("heading", name="/again").wait_for()
        assert page.locator("#newer").count() == 0
        page.keyboard.press("j")
        page.get_by_role("heading", name="/ahead").wait_for()
        page.keyboard.press("j")
        page.get_by_role("heading", name="/logo.svg").wait_for()
        page.get_by_text("HeadlessChrome", exact=True).first.wait_for()
        page.keyboard.press("k")
        page.get_by_role("heading", name="/ahead").wait_for()
        return problems

    with pool:
        assert chromium.run(journey) == []
