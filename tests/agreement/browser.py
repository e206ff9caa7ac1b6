"""Chromium as people run it, with the features that Playwright switches off by default.

It has one profile and one tab for all scenarios, since new ones take as long as a scenario. So that
no scenario meets the cache of another, each uses a host of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from tests.e2e.chromium import USER_AGENT, Chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

T = TypeVar("T")

# Here browsers send fetch metadata, obey speculation rules and run service workers, as over https.
_SECURE_HOSTS: Final = (
    "*.shop.example,*.count.example,*.refuse.example,"
    "*.whole.example,*.ahead.example,*.strict.example"
)

_FLAGS: Final = [
    # The pixels are not needed.
    "--disable-gpu",
    # Nothing here may wait for a network.
    "--disable-quic",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    f"--unsafely-treat-insecure-origin-as-secure={_SECURE_HOSTS}",
    # An override by Playwright would miss background tabs and requests that a page sends when left.
    f"--user-agent={USER_AGENT}",
    # The script counts nothing where `navigator.webdriver` is true.
    "--disable-blink-features=AutomationControlled",
]
# Playwright switches the back-forward cache off; visitors have it.
_WITHOUT: Final = ["--disable-back-forward-cache"]


class Browser(Chromium):
    """Chromium with one tab for all scenarios, one after the other."""

    _page: Page | None = None

    def _launch(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(
            executable_path=program, args=_FLAGS, ignore_default_args=_WITHOUT
        )
        self._profile = self._browser.new_context(locale="en-GB")
        self._profile.set_default_timeout(15_000)

    def _run_in_thread(self, actions: Callable[[Page], T]) -> T:
        page = self._page or self._profile.new_page()
        self._page = None
        try:
            result = actions(page)
        except BaseException:
            # The next scenario must not start in a tab of unknown state.
            page.close()
            raise
        self._page = page
        return result
