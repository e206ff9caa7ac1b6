"""The browser: the system's Chromium, headless, driven by Playwright in a thread of its own.

Playwright keeps an event loop running in the thread that uses it, and a later test in that thread
could not call `asyncio.run`. So the browser has its own thread, and a test passes it a function.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from playwright.sync_api import Page

T = TypeVar("T")

# Headless Chromium calls itself HeadlessChrome, which every list of bots contains.
USER_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)

# The headers of a page navigation, for requests that a test sends without the browser.
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
    """One browser for the whole session. Each run has its own cookies and cache."""

    def __init__(self, program: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._thread.submit(self._launch, program).result()

    def _launch(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(executable_path=program, args=_FLAGS)

    def run(self, actions: Callable[[Page], T]) -> T:
        """Call `actions` with a new page in the browser's thread, and return its result."""
        return self._thread.submit(self._run_in_thread, actions).result()

    def _run_in_thread(self, actions: Callable[[Page], T]) -> T:
        context = self._browser.new_context(user_agent=USER_AGENT, locale="en-GB")
        context.set_default_timeout(15_000)
        try:
            return actions(context.new_page())
        finally:
            context.close()

    def close(self) -> None:
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _stop(self) -> None:
        self._browser.close()
        self._driver.stop()
