"""The demo as a newcomer meets it: two addresses, a site to click in, and what came of it, live."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.chromium import Chromium


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A running `footfall demo`: the addresses of its site and of its collector."""
    line = [sys.executable, "-m", "footfall", "demo", "-p", "0", "--collector-port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        site, collector = (re.split(r"\s+", running.stdout.readline().strip())[1] for _ in range(2))
        try:
            yield site, collector
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=20)


@pytest.mark.server("chromium")
def test_clicks_in_the_demo_are_seen_as_they_happen(chromium: Chromium) -> None:
    with demo() as (site, collector):

        def journey(page: Page) -> list[str]:
            troubles: list[str] = []
            live = page.context.new_page()
            live.on("console", lambda line: troubles.append(line.text))
            live.on("pageerror", lambda error: troubles.append(str(error)))
            live.on(
                "request",
                lambda request: (
                    None if request.url.startswith(collector) else troubles.append(request.url)
                ),
            )
            live.goto(f"{collector}/live")
            live.get_by_role("status").get_by_text("live").wait_for()
            page.goto(site)
            live.locator(".tracked .path", has_text="/").first.wait_for()
            page.get_by_role("link", name="Pricing").click()
            live.locator(".tracked .path", has_text="/pricing").wait_for()
            page.get_by_role("button", name="Sign up").click()
            live.locator(".tracked .name", has_text="Signup").wait_for()
            live.locator(".tracked .path", has_text="/thanks").wait_for()
            # Filtered and opened without a mouse.
            live.keyboard.press("/")
            live.keyboard.type("pricing")
            live.keyboard.press("Escape")
            # What comes after the filter was left is filtered too.
            rows = live.locator("#rows li")
            known = rows.count()
            page.reload()
            rows.nth(known).wait_for(state="attached")
            live.keyboard.press("j")
            live.keyboard.press("Enter")
            live.get_by_role("heading", name="/pricing").wait_for()
            live.get_by_role("heading", name="The decision").wait_for()
            live.get_by_text("A browser opened a page.").wait_for()
            live.wait_for_load_state()
            live.keyboard.press("Escape")
            live.get_by_role("heading", name="Events").wait_for()
            return troubles

        assert chromium.travel(journey) == []
