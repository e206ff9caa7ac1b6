"""The dashboard: what its addresses mean, what it shows, and how it is used in a real browser."""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import httpx2
import pytest
import uvicorn

import footfall.collector
from footfall.collector.app import create_app
from footfall.collector.storage.stats import Filter, TimeRange
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard.chart import Point, Word, draw
from footfall.collector.web.dashboard.formatting import (
    Change,
    change,
    say,
    say_moment,
    say_range,
    say_shortly,
)
from footfall.collector.web.dashboard.view import FILTERS, TABS, View, ViewError, unit_of
from footfall.collector.wire.messages import Campaign, IncomingEvent, IncomingRequest
from tests.conftest import program
from tests.e2e.chromium import Chromium
from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

ZONE: Final = ZoneInfo("UTC")
NOON: Final = datetime(2026, 11, 21, 12, 30, tzinfo=UTC).timestamp()
DAY: Final = 86_400.0
FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
GPTBOT: Final = (
    "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"
)
AXE: Final = Path(__file__).parent / "e2e" / "vendored" / "axe-4.14.1.min.js"
STATIC: Final = Path(footfall.collector.__file__).parent / "web" / "static"


def a_view(address: str = "") -> View:
    return View.read(parse_qsl(address))


# -- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "days", "before"),
    [
        ("", ("2026-11-21", "2026-11-21"), ("2026-11-20", "2026-11-20")),
        ("period=yesterday", ("2026-11-20", "2026-11-20"), ("2026-11-19", "2026-11-19")),
        ("period=7d", ("2026-11-15", "2026-11-21"), ("2026-11-08", "2026-11-14")),
        ("period=30d", ("2026-10-23", "2026-11-21"), ("2026-09-23", "2026-10-22")),
        ("period=month", ("2026-11-01", "2026-11-30"), ("2026-10-01", "2026-10-31")),
        (
            "period=7d&compare=year",
            ("2026-11-15", "2026-11-21"),
            ("2025-11-16", "2025-11-22"),
        ),
        ("period=7d&compare=none", ("2026-11-15", "2026-11-21"), None),
        (
            "period=custom&from=2026-02-01&to=2026-02-03",
            ("2026-02-01", "2026-02-03"),
            ("2026-01-29", "2026-01-31"),
        ),
    ],
)
def test_periods(address: str, days: tuple[str, str], before: tuple[str, str] | None) -> None:
    view = a_view(address)
    span, other = view.range(NOON, ZONE), view.before(NOON, ZONE)
    assert (str(span.first_day), str(span.last_day)) == days
    assert (other and (str(other.first_day), str(other.last_day))) == before


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("period=decade", "period must be one of today"),
        ("compare=mars", "compare must be one of"),
        ("metric=joy", "metric must be one of"),
        ("sources=rumours", "sources must be one of"),
        ("period=custom", "must be dates"),
        ("period=custom&from=2026-02-01&to=soon", "must be dates"),
        ("period=custom&from=2026-02-02&to=2026-02-01", "must not be after"),
        ("period=custom&from=2000-01-01&to=2026-02-01", "ten years"),
        ("period=custom&from=0001-01-01&to=0001-01-02", "ten years"),
        ("&".join(f"page=/{number}" for number in range(40)), "at most 20 filters"),
    ],
)
def test_an_address_that_means_nothing_is_refused(address: str, said: str) -> None:
    with pytest.raises(ViewError, match=said):
        a_view(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("source=Google", Filter("is", "visit:source", ("Google",))),
        ("source=!Google", Filter("is_not", "visit:source", ("Google",))),
        ("page=~docs", Filter("contains", "event:page", ("docs",))),
        ("page==!odd", Filter("is", "event:page", ("!odd",))),
        ("page=!", Filter("is", "event:page", ("!",))),
        ("prop:plan=pro", Filter("is", "event:props:plan", ("pro",))),
    ],
)
def test_filters_are_read(address: str, expected: Filter) -> None:
    assert a_view(address).filters() == (expected,)


@pytest.mark.parametrize("value", ["Google", "!Google", "~a", "=a", "a=b&c", "é🦶", " "])
@pytest.mark.parametrize("name", [*FILTERS, "prop:plan"])
def test_a_link_filters_by_just_that_value(name: str, value: str) -> None:
    link = a_view("period=7d&metric=visits&more=pages").with_filter(name, value)
    view = a_view(urlsplit(link).query)
    assert view["period"] == "7d"
    assert view["more"] == ""
    assert [each.values for each in view.filters()] == [(value,)]


def test_addresses_keep_what_they_do_not_change() -> None:
    view = a_view("period=custom&from=2026-02-01&to=2026-02-03&source=Google&page=/&utm=x&domain=")
    assert view.with_(metric="visits").endswith("source=Google&page=%2F&metric=visits")
    # Another period needs no dates.
    assert view.with_(period="7d") == "/?source=Google&page=%2F&period=7d"
    assert view.with_(period="today") == "/?source=Google&page=%2F"
    assert view.without_filters() == "/?period=custom&from=2026-02-01&to=2026-02-03"
    assert [chip.link for chip in view.chips()] == [
        "/?period=custom&from=2026-02-01&to=2026-02-03&page=%2F",
        "/?period=custom&from=2026-02-01&to=2026-02-03&source=Google",
    ]
    assert dict(view.hidden("period", "from", "to")) == {"source": "Google", "page": "/"}
    assert View.read([], "/stats").with_(period="today") == "/stats/"


@pytest.mark.parametrize(
    ("last", "unit"),
    [
        ((2026, 1, 1), "hour"),
        ((2026, 1, 31), "day"),
        ((2026, 9, 1), "week"),
        ((2029, 1, 1), "month"),
    ],
)
def test_a_point_of_the_graph_stands_for(last: tuple[int, int, int], unit: str) -> None:
    assert unit_of(TimeRange.of_days(date(2026, 1, 1), date(*last), ZONE)) == unit


# -- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        ("visitors", 12_345, "12,345"),
        ("visitors", None, "–"),
        ("views_per_visit", 2.5, "2.5"),
        ("bounce_rate", 42, "42%"),
        ("percentage", 3.0, "3%"),
        ("visit_duration", 9, "9s"),
        ("visit_duration", 185, "3m 05s"),
        ("visit_duration", 7_500, "2h 05m"),
    ],
)
def test_figures_are_said(metric: str, number: float | None, text: str) -> None:
    assert say(metric, number) == text


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        ("visitors", 40, "40"),
        ("visitors", 2_500, "2.5k"),
        ("visitors", 3_000_000, "3M"),
        ("views_per_visit", 0.5, "0.5"),
        ("bounce_rate", 50, "50%"),
        ("visit_duration", 90, "1m 30s"),
    ],
)
def test_figures_are_said_shortly(metric: str, number: float, text: str) -> None:
    assert say_shortly(metric, number) == text


@pytest.mark.parametrize(
    ("metric", "now", "before", "expected"),
    [
        ("visitors", 12, 10, Change("↑ 20%", "up 20% on the period before", "good")),
        ("visitors", 8, 10, Change("↓ 20%", "down 20% on the period before", "bad")),
        ("visitors", 10, 10, Change("same", "as the period before", "same")),
        ("visitors", 10, 0, None),
        ("visitors", 10, None, None),
        ("bounce_rate", None, 40, None),
        ("bounce_rate", 43, 40, Change("↑ 3 pt", "up 3 points on the period before", "bad")),
        ("bounce_rate", 37, 40, Change("↓ 3 pt", "down 3 points on the period before", "good")),
    ],
)
def test_changes_are_said(
    metric: str, now: float | None, before: float | None, expected: Change | None
) -> None:
    assert change(metric, now, before) == expected


@pytest.mark.parametrize(
    ("label", "unit", "text"),
    [
        ("2026-11-21 14:00:00", "hour", "14:00"),
        ("2026-11-21", "day", "Sat 21 Nov"),
        ("2026-11-16", "week", "week of 16 Nov"),
        ("2026-11-01", "month", "Nov 2026"),
    ],
)
def test_moments_are_said(label: str, unit: Any, text: str) -> None:
    assert say_moment(label, unit) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((2026, 11, 21), (2026, 11, 21), "Sat 21 Nov 2026"),
        ((2026, 11, 15), (2026, 11, 21), "15 – 21 Nov 2026"),
        ((2026, 10, 25), (2026, 11, 21), "25 Oct – 21 Nov 2026"),
        ((2025, 12, 30), (2026, 1, 2), "30 Dec 2025 – 2 Jan 2026"),
    ],
)
def test_ranges_are_said(
    first: tuple[int, int, int], last: tuple[int, int, int], text: str
) -> None:
    assert say_range(TimeRange.of_days(date(*first), date(*last), ZONE)) == text


# -- the graph --------------------------------------------------------------------------------


def test_the_graph_places_its_points() -> None:
    points = [Point("a", 0, 4), Point("b", 4, None), Point("c", 2, None), Point("d", None, 1)]
    graph = draw(points, running=2)
    assert graph.line == "M125 100 L375 0"
    assert graph.running == "M375 0 L625 50"
    assert graph.area == "M125 100 L375 0 L625 50 L625 100 L125 100 Z"
    assert graph.before == "M125 0 L875 75"
    assert graph.ticks == [4, 3, 2, 1, 0]
    assert graph.levels == [0, 25, 50, 75, 100]
    assert [(slot.x, slot.width) for slot in graph.slots][:2] == [(0, 250), (250, 250)]
    assert graph.words[0] == Word(12.5, "a")


def test_the_graph_of_one_point_is_a_dot() -> None:
    graph = draw([Point("a", 3, None)])
    assert graph.line == "M500 0 L500 0"
    assert (graph.running, graph.before) == ("", "")


def test_the_graph_of_nothing_is_empty() -> None:
    graph = draw([])
    assert (graph.line, graph.area, graph.slots, graph.words) == ("", "", [], [])
    assert graph.ticks == [1, 0]


@pytest.mark.parametrize(
    ("largest", "top", "lines"),
    [
        (1, 1, 1),
        (3, 3, 3),
        (7, 8, 4),
        (11, 12.5, 5),
        (100, 100, 4),
        (101, 125, 5),
        (4_100, 5_000, 5),
    ],
)
def test_the_scale_is_round_and_reaches_the_largest(largest: int, top: float, lines: int) -> None:
    ticks = draw([Point("a", largest, None)]).ticks
    assert ticks[0] >= largest
    assert len(ticks) <= 6


# -- the page ---------------------------------------------------------------------------------


def an_event(
    visit: str, ago: float, path: str = "/", name: str = "pageview", **changes: Any
) -> IncomingEvent:
    at = NOON - ago
    reason = changes.pop("reason", None)
    country = changes.pop("country", "")
    return IncomingEvent(
        **{
            "vendor": "plausible",
            "domain": "a.test",
            "name": name,
            "path": path,
            "user_agent": FIREFOX,
            "visitor": None if reason else f"{visit}@{int(at // DAY)}",
            "session": None if reason else visit,
            "reason": reason,
            "received": IncomingRequest(
                headers={"cf-ipcountry": country} if country else {},
                peer="127.0.0.1",
                body=b"{}",
                at=at,
            ),
            **changes,
        }
    )


STORY: Final = [
    an_event("old", DAY + 600, "/old", source="bing.com"),
    an_event("older", 20 * DAY, "/old"),
    an_event("ann", 3_600, "/", source="google.com", country="DE"),
    an_event("ann", 3_500, "/pricing"),
    an_event("bob", 1_800, "/", user_agent=IPHONE, campaign=Campaign("news", "email", "may")),
    an_event("cem", 60, "/pricing", source="google.com"),
    an_event("cem", 50, "/pricing", "Signup", props={"plan": "pro", "from": "header"}),
    an_event("cem", 40, "/thanks", "Survey"),
    *(an_event("bot", 90, user_agent=GPTBOT, reason="bot") for _ in range(3)),
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with closing(Store(clock=lambda: NOON)) as store:
        assert store.offer(STORY)
        assert store.flush()
        yield store


@pytest.fixture(scope="module")
def url(store: Store) -> Iterator[str]:
    yield from served(store)


def served(store: Store) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(store), log_level="warning", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


class Text(HTMLParser):
    """The text of a page, without its tags, spaces made single."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._parts: list[str] = []
        self.feed(page)
        self.close()

    def handle_data(self, data: str) -> None:
        self._parts.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self._parts).split())


def shown(url: str, query: str = "") -> str:
    """What a visitor of an address reads."""
    return str(Text(httpx2.get(f"{url}/?{query}").raise_for_status().text))


def test_the_figures_of_today_are_shown(url: str) -> None:
    text = shown(url)
    for expected in (
        "a.test",
        "1 visitor now",
        "Visitors 3 ↑ 200%",
        "Visits 3 ↑ 200%",
        "Pageviews 4 ↑ 300%",
        "Views per visit 1.33",
        "Bounce rate 33%",
        "Visit duration 40s",
        "Google 2 66.7% Direct / None 1 33.3%",
        "/ 2 2 /pricing 2 2",
        "DE 1 33.3%",
        "Desktop 2 66.7% Mobile 1 33.3%",
        "Signup 1 1 33.3% Survey 1 1 33.3%",
        "GPTBot ai-training 3",
        "Days are those of UTC.",
    ):
        assert expected in text
    # What is to come has no figure.
    assert "12:00 2 1 13:00 – 0" in text


def test_a_period_is_compared_with_the_same_part_of_the_one_before(url: str) -> None:
    assert "Visitors 4" in shown(url, "period=7d")
    # Of yesterday, only what came before this time of day.
    assert "Visitors 1" in shown(url, "period=yesterday")
    assert "↑" not in shown(url, "compare=none")
    assert "Before" not in shown(url, "compare=none")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("source=Google", ("Source is Google", "Visitors 2", "/pricing 2 2 / 1 1")),
        ("source=!Google", ("Source is not Google", "Visitors 1")),
        ("page=~pric", ("Page contains pric", "Visitors 2")),
        ("event=Signup", ("Props of Signup", "header 1 1", "Visitors 1")),
        ("event=Signup&props=plan", ("Props of Signup", "pro 1 1")),
        ("event=Survey", ("Props of Survey", "This event came without props.")),
        ("prop:plan=pro", ("plan is pro", "Visitors 1")),
        ("sources=utm_campaign", ("UTM campaign", "may 1 33.3%")),
        ("sources=utm_term", ("Links tagged with utm_term show here.",)),
        ("sources=channel", ("Organic Search 2 66.7%",)),
        ("pages=entry", ("/ 2 50%", "/pricing 1 0%")),
        ("pages=exit", ("/pricing 2 66.7%",)),
        ("devices=os", ("Linux 2 66.7% iOS 1 33.3%",)),
        ("metric=bounce_rate", ("Bounce rate by hour",)),
        ("page=/nowhere", ("Nothing came in this time that fits the filters", "2026-11-21")),
    ],
)
def test_a_view_shows(url: str, query: str, expected: tuple[str, ...]) -> None:
    page = httpx2.get(f"{url}/?{query}").text
    text = str(Text(page)) + " ".join(re.findall(r'aria-label="([^"]*)"', page))
    for each in expected:
        assert each in text


def test_every_tab_and_metric_has_a_page(url: str) -> None:
    for panel, tabs in TABS.items():
        for tab in tabs:
            assert httpx2.get(f"{url}/?{panel}={tab}&period=30d").status_code == 200


def test_an_address_that_means_nothing_is_told_why(url: str) -> None:
    answer = httpx2.get(f"{url}/?period=decade")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("period must be one of today")


def test_long_lists_are_cut_and_can_be_had_whole() -> None:
    with closing(Store(clock=lambda: NOON)) as store:
        store.offer([an_event(f"v{number}", 60, f"/page-{number:02}") for number in range(12)])
        store.offer([an_event(f"v{number}", 60, "/", f"Event {number:02}") for number in range(12)])
        store.flush()
        for url in served(store):
            text = shown(url)
            # The twelve pages, and the one of the events.
            assert text.count("4 more") == 1
            assert "3 more" in text
            assert "/page-11" not in text
            whole = shown(url, "more=pages")
            assert "/page-11" in whole
            assert "4 more" not in whole
            assert "Event 11" in shown(url, "more=events")


def test_before_the_first_event_the_page_teaches() -> None:
    with closing(Store(clock=lambda: NOON)) as store:
        for url in served(store):
            page = httpx2.get(url).text
            authority = url.removeprefix("http://")
            assert "Nothing has arrived yet" in page
            assert f"FOOTFALL_DESTINATIONS=collector://{authority}/example.com" in page
            assert f"curl -X POST {url}/api/event" in page


HOSTILE: Final = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload=x \u202e"


class Tags(HTMLParser):
    """The names of a page's tags and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_whatever_came_stays_text() -> None:
    hostile = an_event(
        "v",
        60,
        HOSTILE,
        HOSTILE,
        domain=HOSTILE,
        source=HOSTILE,
        referrer=f"https://{HOSTILE}/",
        campaign=Campaign(*[HOSTILE] * 5),
        props={HOSTILE: HOSTILE},
    )
    bot = an_event("b", 60, user_agent=f"{HOSTILE} bot", reason="bot", domain=HOSTILE)
    with closing(Store(clock=lambda: NOON)) as store:
        store.offer([hostile, bot])
        store.flush()
        for url in served(store):
            queries: list[dict[str, str]] = [
                {},
                {"event": HOSTILE},
                {f"prop:{HOSTILE}": HOSTILE, "domain": HOSTILE},
                {"sources": "utm_term", "pages": "entry", "source": f"!{HOSTILE}"},
            ]
            for query in queries:
                page = httpx2.get(url, params=query).text
                tags = Tags(page)
                assert "alert(1)" in page
                assert tags.names.count("script") == 2
                assert tags.names.count("img") == 1
                assert [name for name in tags.attributes if name.startswith("on")] == []
                assert not re.search(r"\sstyle=|<style|<script>", page)


def test_the_assets_are_small() -> None:
    """What a first visit loads: the page's own files, compressed."""
    files = [path for path in STATIC.iterdir() if path.suffix in (".css", ".js", ".svg")]
    size = sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert {"base.css", "dashboard.css", "dashboard.js", "theme.js"} <= {
        each.name for each in files
    }
    assert size <= 60_000


# -- in the browser ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    path = program("chromium")
    assert path is not None
    with closing(Chromium(path)) as chromium:
        yield chromium


class Watch:
    """What a page says on the console, and where it asks."""

    def __init__(self, page: Page) -> None:
        self.troubles: list[str] = []
        self.origins: set[str] = set()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda line: self.troubles.append(line.text))
        page.on("request", lambda request: self.origins.add(urlsplit(request.url).netloc))


@pytest.mark.server("chromium")
def test_a_click_filters_everything_and_a_chip_takes_it_back(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> Watch:
        watch = Watch(page)
        page.goto(url)
        figure = page.locator(".totals .figure").first
        assert figure.inner_text() == "3"
        page.locator("#sources").get_by_role("link", name="Google").click()
        page.get_by_text("Source is Google", exact=True).wait_for()
        assert figure.inner_text() == "2"
        page.locator("#pages").get_by_role("link", name="/", exact=True).click()
        page.get_by_text("Page is /", exact=True).wait_for()
        assert figure.inner_text() == "1"
        page.get_by_role("link", name="Remove the filter Source is Google").click()
        page.get_by_text("Source is Google", exact=True).wait_for(state="detached")
        assert figure.inner_text() == "2"
        # The back button goes back, and the address says what is shown.
        page.go_back()
        page.get_by_text("Source is Google", exact=True).wait_for()
        assert dict(parse_qsl(urlsplit(page.url).query)) == {"source": "Google", "page": "/"}
        page.reload()
        page.get_by_role("link", name="Clear all").click()
        page.get_by_text("Page is /", exact=True).wait_for(state="detached")
        assert figure.inner_text() == "3"
        return watch

    watch = chromium.run(journey)
    assert watch.troubles == []
    assert watch.origins == {urlsplit(url).netloc}


@pytest.mark.server("chromium")
def test_an_answer_that_comes_late_does_not_replace_a_later_one(
    url: str, chromium: Chromium
) -> None:
    def journey(page: Page) -> bool:
        page.goto(url)
        page.evaluate(
            "const ask = fetch; fetch = async (...all) => {"
            "  fetch = ask; const answer = await ask(...all);"
            "  await new Promise((go) => { window.goOn = go; }); isLate = true; return answer;"
            "}; 0"
        )
        page.locator("#sources").get_by_role("link", name="Google").click()
        assert wait_until(lambda: page.evaluate("'goOn' in window"))
        page.locator("#devices").get_by_role("link", name="Mobile").click()
        page.get_by_text("Device is Mobile", exact=True).wait_for()
        page.evaluate("goOn(); 0")
        assert wait_until(lambda: page.evaluate("'isLate' in window"))
        page.wait_for_timeout(200)
        return page.get_by_text("Device is Mobile", exact=True).is_visible()

    assert chromium.run(journey)


@pytest.mark.server("chromium")
def test_the_period_and_the_graph_are_chosen(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> Watch:
        watch = Watch(page)
        page.goto(url)
        page.get_by_role("link", name="30 days").click()
        page.locator('.periods [aria-current="page"]', has_text="30 days").wait_for()
        page.get_by_role("img", name="Visitors by day, 23 Oct").wait_for()
        page.get_by_role("link", name="Bounce rate").click()
        page.get_by_role("img", name="Bounce rate by day").wait_for()
        # The figures under the pointer.
        page.locator(".slot").last.hover()
        page.locator(".tip", has_text="Sat 21 Nov").wait_for()
        # A range of one's own.
        page.locator(".periods summary").click()
        page.get_by_label("From").fill("2026-11-20")
        page.get_by_label("To").fill("2026-11-20")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**period=custom**")
        assert page.locator(".totals .figure").first.inner_text() == "1"
        # A country has a name, where the browser knows it.
        page.goto(url)
        page.locator("#places").get_by_role("link", name="Germany").wait_for()
        return watch

    watch = chromium.run(journey)
    assert watch.troubles == []
    assert watch.origins == {urlsplit(url).netloc}


@pytest.mark.server("chromium")
def test_it_is_used_with_the_keyboard(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> str:
        page.goto(url)
        page.evaluate(
            "window.isMoved = window.hasAsked = false;"
            "addEventListener('hashchange', () => { isMoved = true; });"
            "fetch = () => { hasAsked = true; return new Promise(() => 0); }; 0"
        )
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        assert wait_until(lambda: page.evaluate("isMoved"))
        # Nothing of what is shown is replaced: that would lose the focus.
        assert not page.evaluate("hasAsked")
        page.reload()
        link = page.locator("#devices").get_by_role("link", name="Mobile")

        def has_ring() -> bool:
            link.focus()
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            return bool(ring == "solid")

        # A slow browser may not have come to the new style yet.
        assert wait_until(has_ring)
        page.keyboard.press("Enter")
        page.get_by_text("Device is Mobile", exact=True).wait_for()
        # The focus stays where it was.
        text: str = page.evaluate("document.activeElement.textContent")
        page.locator(".periods summary").focus()
        page.keyboard.press("Enter")
        page.get_by_label("From").wait_for()
        page.keyboard.press("Escape")
        page.get_by_label("From").wait_for(state="hidden")
        # The graph has a text alternative.
        page.get_by_text("The figures as a table").focus()
        page.keyboard.press("Enter")
        page.get_by_role("row", name="12:00").wait_for()
        return text

    assert chromium.run(journey) == "Mobile"


@pytest.mark.server("chromium")
def test_light_and_dark_are_chosen_and_kept(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> list[str]:
        def paper() -> str:
            found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
            return found

        page.emulate_media(color_scheme="light")
        page.goto(url)
        seen = [paper()]
        page.get_by_role("button", name="Dark colours").click()
        seen.append(paper())
        page.goto(f"{url}/live")
        seen.append(paper())
        return seen

    light, dark, live = chromium.run(journey)
    assert light != dark
    assert dark == live


@pytest.mark.server("chromium")
def test_it_works_without_script_and_on_a_phone(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> int:
        page.set_viewport_size({"width": 390, "height": 844})
        page.route("**/*.js", lambda route: route.abort())
        page.goto(url)
        page.locator("#sources").get_by_role("link", name="Google").click()
        page.get_by_text("Source is Google", exact=True).wait_for()
        assert page.locator(".totals .figure").first.inner_text() == "2"
        width: int = page.evaluate("document.documentElement.scrollWidth")
        return width

    assert chromium.run(journey) == 390


@pytest.mark.server("chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/?period=30d&source=Google&page=/pricing", "/live"])
def test_axe_finds_nothing_serious(url: str, chromium: Chromium, path: str, scheme: Any) -> None:
    def journey(page: Page) -> list[Any]:
        page.emulate_media(color_scheme=scheme)
        page.goto(url + path)
        page.evaluate(AXE.read_text())
        found: list[Any] = page.evaluate(
            """async () => (await axe.run()).violations
                .filter((each) => ["serious", "critical"].includes(each.impact))
                .map((each) => [each.id, each.nodes.map((node) => node.html)])"""
        )
        return found

    assert chromium.run(journey) == []


@pytest.mark.server("chromium")
def test_an_empty_dashboard_is_accessible_and_copies(chromium: Chromium) -> None:
    def journey(page: Page, url: str) -> list[Any]:
        page.goto(url)
        page.evaluate(AXE.read_text())
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_text("Copied").wait_for()
        found: list[Any] = page.evaluate(
            "async () => (await axe.run()).violations.map((e) => e.id)"
        )
        return found

    with closing(Store(clock=lambda: NOON)) as store:
        for url in served(store):
            assert chromium.run(partial(journey, url=url)) == []
