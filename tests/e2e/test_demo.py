"""`footfall demo` in a real browser: a site to click in, and its events on the live page."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.page_layout import layout_faults

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.chromium import Chromium


LOOKED_AT: Final[tuple[tuple[str, Any, int], ...]] = (
    ("/mugs/river", "dark", 390),
    ("/?tried=forged", "light", 390),
    ("/", "dark", 1440),
    ("/journal/how-a-glaze-runs", "light", 1440),
)
AXE: Final = Path(__file__).parent / "vendored" / "axe-4.14.1.min.js"


@contextmanager
def demo(*options: str) -> Iterator[tuple[str, str]]:
    """A running `footfall demo`: the addresses of its site and of its dashboard."""
    line = [sys.executable, "-m", "footfall", "demo", "-p", "0", *options]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        site, dashboard = (re.split(r"\s+", running.stdout.readline().strip())[1] for _ in range(2))
        try:
            yield site, dashboard
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=20)


@pytest.mark.long
@pytest.mark.server("chromium")
@pytest.mark.parametrize("options", [(), ("--collector-port", "0")], ids=["file", "collector"])
def test_clicks_in_the_demo_show_up_on_the_live_page(
    chromium: Chromium, options: tuple[str, ...]
) -> None:
    with demo(*options) as (site, dashboard):

        def click_and_watch(page: Page) -> list[Any]:
            problems: list[Any] = []
            live = page.context.new_page()
            live.on("console", lambda line: problems.append(line.text))
            live.on("pageerror", lambda error: problems.append(str(error)))
            live.on(
                "request",
                lambda request: (
                    None if request.url.startswith(dashboard) else problems.append(request.url)
                ),
            )
            live.goto(f"{dashboard}/live")
            live.get_by_role("status").get_by_text("live").wait_for()
            # The site is the same in both cases.
            for path, scheme, width in () if options else LOOKED_AT:
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 844})
                page.goto(site + path)
                page.evaluate(AXE.read_text())
                problems.extend(page.evaluate("async () => (await axe.run()).violations"))
                problems.extend(layout_faults(page))
            page.goto(site)
            # By the keyboard: what became of it is said where the key was pressed.
            page.get_by_role("button", name="Come as a crawler").focus()
            page.keyboard.press("Enter")
            page.get_by_role("status").get_by_text("GPTBot asked for /pricing").wait_for()
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == "Come as a crawler"
            live.locator(".untracked .cause", has_text="GPTBot").wait_for()
            live.locator(".tracked .path", has_text="/").first.wait_for()
            page.get_by_role("link", name="Pricing").click()
            live.locator(".tracked .path", has_text="/pricing").wait_for()
            page.get_by_role("button", name="Sign up").click()
            live.locator(".tracked .name", has_text="Signup").wait_for()
            live.locator(".tracked .path", has_text="/thanks").wait_for()
            # Filter the rows and open one with the keyboard alone.
            live.keyboard.press("/")
            live.keyboard.type("pricing")
            live.keyboard.press("Escape")
            # Events that arrive later are filtered too.
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
            return problems

        assert chromium.run(click_and_watch) == []
