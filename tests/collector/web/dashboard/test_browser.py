"""The dashboard in a real browser: clicks, keyboard, colours, accessibility."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.web.dashboard.support import (
    NOON,
    event_of,
    served_dashboard,
)
from tests.e2e.chromium import Chromium
from tests.support.page_layout import layout_faults
from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page


AXE: Final = Path(__file__).parents[3] / "e2e" / "vendored" / "axe-4.14.1.min.js"


class Watch:
    """What a page writes to the console, and the hosts that it sends requests to."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        self.origins: set[str] = set()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda line: self.problems.append(line.text))
        page.on("request", lambda request: self.origins.add(urlsplit(request.url).netloc))


@pytest.mark.server("chromium")
def test_a_click_filters_everything_and_a_chip_removes_the_filter(
    url: str, chromium: Chromium
) -> None:
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
        # The back button goes back, and the address has the filters that are shown.
        page.go_back()
        page.get_by_text("Source is Google", exact=True).wait_for()
        assert dict(parse_qsl(urlsplit(page.url).query)) == {"source": "Google", "page": "/"}
        page.reload()
        page.get_by_role("link", name="Clear all").click()
        page.get_by_text("Page is /", exact=True).wait_for(state="detached")
        assert figure.inner_text() == "3"
        return watch

    watch = chromium.run(journey)
    assert watch.problems == []
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
def test_the_period_and_the_chart_can_be_chosen(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> Watch:
        watch = Watch(page)
        page.goto(url)
        page.get_by_role("link", name="30 days").click()
        page.locator('.periods [aria-current="page"]', has_text="30 days").wait_for()
        page.get_by_role("img", name="Visitors by day, 23 Oct").wait_for()
        page.get_by_role("link", name="Bounce rate").click()
        page.get_by_role("img", name="Bounce rate by day").wait_for()
        # The tooltip under the pointer.
        page.locator(".slot").last.hover()
        page.locator(".tooltip", has_text="Sat 21 Nov").wait_for()
        # A custom range.
        page.locator(".periods summary").click()
        page.get_by_label("From").fill("2026-11-20")
        page.get_by_label("To").fill("2026-11-20")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**period=custom**")
        assert page.locator(".totals .figure").first.inner_text() == "1"
        # The browser turns the codes of countries and languages into names.
        page.goto(url)
        page.locator("#places").get_by_role("link", name="Germany").wait_for()
        page.locator("#languages").get_by_role("link", name="Austrian German").wait_for()
        return watch

    watch = chromium.run(journey)
    assert watch.problems == []
    assert watch.origins == {urlsplit(url).netloc}


@pytest.mark.server("chromium")
def test_it_can_be_used_with_the_keyboard(url: str, chromium: Chromium) -> None:
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


# Where the Tab key is: the place among all elements, and whether that is marked and on screen.
TAB_STOP: Final = """() => {
  const each = document.activeElement;
  const box = each.getBoundingClientRect();
  const style = getComputedStyle(each);
  return {
    place: [...document.querySelectorAll("body *")].indexOf(each),
    html: each.outerHTML.slice(0, 100),
    isMarked: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2,
    isSeen: box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0,
  };
}"""


@pytest.mark.server("chromium")
@pytest.mark.parametrize("path", ["/?source=Google&page=/", "/live", "/live/3"])
def test_each_stop_of_the_tab_key_is_seen_and_in_the_order_of_the_page(
    url: str, chromium: Chromium, path: str
) -> None:
    def journey(page: Page) -> list[dict[str, Any]]:
        page.goto(url + path)
        stops: list[dict[str, Any]] = []
        while not stops or stops[-1]["place"] >= 0:
            page.keyboard.press("Tab")
            stops.append(page.evaluate(TAB_STOP))
            assert len(stops) < 150
        page.goto("about:blank")
        return stops[:-1]

    stops = chromium.run(journey)
    places = [stop["place"] for stop in stops]
    assert len(stops) > 5
    assert places == sorted(places)
    assert [stop for stop in stops if not (stop["isMarked"] and stop["isSeen"])] == []


@pytest.mark.server("chromium")
def test_light_and_dark_can_be_chosen_and_are_kept(url: str, chromium: Chromium) -> None:
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


STATES: Final = (
    "/",
    "/?period=12mo&metric=bounce_rate",
    "/?period=30d&source=Google&page=!~old",
    "/?period=28d&event=Signup&metric=conversion_rate",
    "/?period=30d&more=pages&find=p",
    "/?period=last_month&page=/nowhere",
    "/?period=custom&from=2026-01-01&to=2026-01-02",
    "/live",
    "/live?q=nowhere",
    "/live/3",
)
SERIOUS: Final = """async () => (await axe.run()).violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => [each.id, each.nodes.map((node) => node.html)])"""


@pytest.mark.server("chromium")
@pytest.mark.parametrize(
    ("scheme", "width"), [pytest.param("light", 1440, marks=pytest.mark.long), ("dark", 390)]
)
def test_no_state_has_a_serious_fault(
    url: str, chromium: Chromium, scheme: Any, width: int
) -> None:
    def journey(page: Page) -> tuple[list[Any], Watch]:
        watch, found = Watch(page), []
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        for state in STATES:
            page.goto(url + state)
            for summary in page.locator("details > summary:visible").all():
                summary.evaluate("each => { each.parentElement.open = true; }")
            page.evaluate(AXE.read_text())
            found += [(state, *fault) for fault in page.evaluate(SERIOUS)]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append((state, "the page is too wide"))
        return found, watch

    found, watch = chromium.run(journey)
    assert found == []
    assert watch.problems == []
    assert watch.origins == {urlsplit(url).netloc}


# What moves after it was painted, each by the share of the window that it moves in.
WATCH_SHIFTS: Final = """window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) shifts.push(value);
}).observe({ type: "layout-shift", buffered: true });"""
HAS_PAINTED: Final = "performance.getEntriesByType('paint').length > 0"
TWO_FRAMES: Final = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


@pytest.mark.server("chromium")
def test_nothing_moves_while_a_page_loads(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> list[Any]:
        found: list[Any] = []
        late: list[Any] = []
        page.add_init_script(WATCH_SHIFTS)

        def hold(route: Any) -> None:
            late.append(route)

        # The page's own script comes after the first paint.
        page.route(re.compile(r"/(dashboard|live|event)\.js$"), hold)
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            for path in ("/?source=Google", "/live", "/live/3"):
                page.goto(url + path, wait_until="commit")
                assert wait_until(lambda: page.evaluate(HAS_PAINTED) and late, 10)
                page.evaluate(TWO_FRAMES)
                late.pop().continue_()
                page.locator("#theme").wait_for()
                page.evaluate(TWO_FRAMES)
                if (sum_of := page.evaluate("shifts.reduce((a, b) => a + b, 0)")) > 0.02:
                    found.append((width, path, sum_of))
        page.goto("about:blank")
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
        for url in served_dashboard(store):
            assert chromium.run(partial(journey, url=url)) == []


# The boxes of the visible labels below the chart that overlap, or leave the page.
COLLISIONS: Final = """() => {
  const boxes = [...document.querySelectorAll(".x-labels text")]
    .map((label) => label.getBoundingClientRect()).filter((box) => box.width);
  if (boxes.length < 2) return ["too few labels"];
  return boxes.filter((box, index) =>
    box.left < 0 || box.right > innerWidth || boxes.slice(index + 1).some((next) =>
      box.left < next.right + 4 && next.left < box.right + 4)).map((box) => box.left);
}"""


@pytest.mark.server("chromium")
def test_labels_stand_apart_and_boxes_too_on_every_width(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> list[Any]:
        found: list[Any] = []
        for period in ("today", "7d", "28d", "custom&from=2025-11-22&to=2026-11-21"):
            page.goto(f"{url}/?period={period}&source=Google&page=/")
            for width in (320, 390, 768, 1440):
                page.set_viewport_size({"width": width, "height": 844})
                found += [(period, width, each) for each in page.evaluate(COLLISIONS)]
                found += [(period, width, each) for each in layout_faults(page)]
        return found

    assert chromium.run(journey) == []


LONG_EVENT: Final = "An event with a name that is longer than anybody would choose for a button"
LONG_TEXT: Final = "/" + "a-long-part/" * 25
ODD_EVENTS: Final = [
    *(
        event_of(f"v{number}", 600 + number, path, source=source, country="VC")
        for number, (path, source) in enumerate(
            [
                (LONG_TEXT, f"{'a-long-label.' * 6}example"),
                ("/" + "x" * 300, "bücher.example"),
                ("/כתבות/איך-לספור-מבקרים-בלי-סקריפט", "وزارة-الاتصالات.مصر"),
                ("/日本語のページ/訪問者の数え方について長いタイトル" * 3, "例え.テスト"),
            ]
        )
    ),
    event_of("v0", 500, LONG_TEXT, LONG_EVENT, props={"a-key-of-a-prop-" * 4: "its value " * 30}),
    # Ticks of minutes and seconds are the longest.
    event_of("slow", 3_600, "/"),
    event_of("slow", 3_465, "/slow"),
]
ODD_STATES: Final = (
    "/?metric=visit_duration",
    f"/?{urlencode({'event': LONG_EVENT})}",
    f"/?{urlencode({'page': LONG_TEXT, 'source': 'bücher.example'})}",
    "/?period=yesterday",
    "/?period=12mo&metric=visit_duration",
    "/live",
    "/live/1",
)


@pytest.mark.server("chromium")
def test_long_and_foreign_texts_stay_in_their_boxes(chromium: Chromium) -> None:
    def journey(page: Page, url: str) -> list[Any]:
        found: list[Any] = []
        for state in ODD_STATES:
            page.goto(url + state)
            page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
            for width in (390, 1440):
                page.set_viewport_size({"width": width, "height": 844})
                found += [(state, width, each) for each in layout_faults(page)]
        # A path begins at the left in any script.
        page.goto(url)
        texts = [page.locator("#pages bdi", has_text=text) for text in ("כתבות", "日本語")]
        lefts = [text.first.bounding_box() for text in texts]
        assert len({box["x"] for box in lefts if box}) == 1
        page.goto("about:blank")
        return found

    with closing(Store(clock=lambda: NOON)) as store:
        assert enqueue(store, ODD_EVENTS)
        assert store.flush()
        for url in served_dashboard(store):
            assert chromium.run(partial(journey, url=url)) == []


@pytest.mark.server("chromium")
def test_a_long_list_is_searched_and_a_filter_is_typed(url: str, chromium: Chromium) -> None:
    def journey(page: Page) -> Watch:
        watch = Watch(page)
        page.goto(f"{url}/?more=pages&period=30d")
        pages = page.locator("#pages")
        pages.get_by_role("row", name="/old").wait_for()
        page.evaluate("window.isSamePage = true; 0")
        pages.get_by_role("searchbox").fill("PRIC")
        page.keyboard.press("Enter")
        pages.get_by_role("row", name="/old").wait_for(state="detached")
        pages.get_by_role("row", name="/pricing").wait_for()
        # The rest of the page has stayed, and the focus with it.
        assert page.evaluate("isSamePage")
        assert page.evaluate("document.activeElement.value") == "PRIC"
        pages.get_by_role("link", name="Show fewer").click()
        pages.get_by_role("searchbox").wait_for(state="detached")
        # A filter by what is typed, and its opposite.
        page.locator(".chips summary").click()
        page.get_by_label("How").select_option("contains")
        page.get_by_label("What").select_option("Page")
        page.get_by_label("Value").fill("old")
        page.keyboard.press("Enter")
        page.get_by_text("Page contains old", exact=True).wait_for()
        assert page.locator(".totals .figure").first.inner_text() == "2"
        page.get_by_role("link", name="contains", exact=True).click()
        page.get_by_text("Page does not contain old", exact=True).wait_for()
        with page.expect_download() as download:
            pages.get_by_role("link", name="Pages as CSV").click()
        assert download.value.suggested_filename == "pages.csv"
        return watch

    watch = chromium.run(journey)
    assert watch.problems == []
    assert watch.origins == {urlsplit(url).netloc}


@pytest.mark.server("chromium")
def test_the_current_visitors_are_asked_for_while_somebody_looks(
    url: str, chromium: Chromium
) -> None:
    def journey(page: Page) -> list[str]:
        numbers = iter((2, 1_234))
        page.route("**/now", lambda route: route.fulfill(json={"visitors": next(numbers)}))
        page.clock.install()
        page.goto(url)
        number = page.locator("#now .number")
        seen = [number.inner_text()]
        for text in ("2 visitors now", "1,234 visitors now"):
            page.clock.fast_forward(31_000)
            number.get_by_text(text, exact=True).wait_for()
            seen.append(number.inner_text())
        # A page that nobody sees asks for nothing.
        page.evaluate("Object.defineProperty(document, 'hidden', { value: true }); 0")
        page.clock.fast_forward(60_000)
        return [*seen, number.inner_text()]

    assert chromium.run(journey) == ["1 visitor now", "2 visitors now", *["1,234 visitors now"] * 2]
