"""The browser: Debian's Chromium, without a window, driven from a thread of its own.

The driver keeps an event loop running in the thread that uses it, and every other test that calls
`asyncio.run` would meet that loop. So it lives in a thread, and a test hands it a journey.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from playwright.sync_api import Page

T = TypeVar("T")

# The headless one calls itself HeadlessChrome, which is a bot by every list.
USER_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)

# What it sends when it opens a page, for requests made without it.
NAVIGATION: Final = {
    "user-agent": USER_AGENT,
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
}

_FLAGS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Chromium:
    """One browser for the whole session; every journey has cookies and cache of its own."""

    def __init__(self, program: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._thread.submit(self._launch, program).result()

    def _launch(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(executable_path=program, args=_FLAGS)

    def travel(self, journey: Callable[[Page], T]) -> T:
        """Call `journey` with a fresh page, and return what it returns."""
        return self._thread.submit(self._travel, journey).result()

    def _travel(self, journey: Callable[[Page], T]) -> T:
        context = self._browser.new_context(user_agent=USER_AGENT, locale="en-GB")
        context.set_default_timeout(15_000)
        try:
            return journey(context.new_page())
        finally:
            context.close()

    def close(self) -> None:
        self._thread.submit(self._end).result()
        self._thread.shutdown()

    def _end(self) -> None:
        self._browser.close()
        self._driver.stop()
