"""The routes of the live pages, texts of hostile senders, and the pages in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.tracker import Tracker
from tests.collector.web.support import (
    Tags,
    pages,
    post,
    post_hostile_texts,
    stored_events,
    watch,
)
from tests.e2e.chromium import Chromium
from tests.support.adapters import navigation
from tests.support.hit_reports import BOT, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page as BrowserPage


@pytest.mark.parametrize("key", ["0", "999999", "u999999", "u", "x", "u-1", "9" * 40, "²"])
def test_an_unknown_key_is_not_found(http: httpx2.Client, key: str) -> None:
    answer = http.get(f"/live/{key}")
    assert (answer.status_code, "Not here, or no longer" in answer.text) == (404, True)


def test_hostile_texts_are_escaped(http: httpx2.Client) -> None:
    post_hostile_texts(http)
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
    stored_events(http)
    for path, page in pages(http).items():
        assert not re.search(r"\sstyle=|<style|<script>", page), path
        sources = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert [each for each in sources if not each.startswith(("/", "?", "#"))] == []
        for source in sources:
            assert http.get(source.replace("&amp;", "&")).status_code in (200, 307), source


@pytest.mark.server("chromium")
def test_no_hostile_script_runs(
    collector: CollectorServer, http: httpx2.Client, chromium: Chromium
) -> None:
    post_hostile_texts(http)
    # The notices alone have no icon, which the browser would report as missing.
    paths = [path for path in pages(http) if path != "/live/notices"]

    def journey(page: BrowserPage) -> list[str]:
        problems = watch(page, collector)
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        for path in paths:
            page.goto(f"{collector.url}{path}")
        # Texts that arrive by the stream too.
        page.goto(f"{collector.url}/live")
        page.get_by_role("status").get_by_text("live").wait_for()
        post_hostile_texts(http)
        page.locator(".row").nth(5).wait_for()
        return problems

    assert chromium.run(journey) == []


@pytest.mark.server("chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_fit_the_screen(
    collector: CollectorServer,
    http: httpx2.Client,
    tracker: Tracker,
    chromium: Chromium,
    width: int,
) -> None:
    post_hostile_texts(http)
    visit(tracker, navigation("/" + "long" * 100), navigation("/" + "long" * 100, headers=BOT))
    stored_events(http)
    paths = [path for path in pages(http) if "notices" not in path]

    def journey(page: BrowserPage) -> list[int]:
        page.set_viewport_size({"width": width, "height": 800})
        overflows = []
        for path in paths:
            page.goto(f"{collector.url}{path}")
            overflows.append(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        return overflows

    assert [each for each in chromium.run(journey) if each > 0] == []
