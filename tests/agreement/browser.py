"""The browser of all visitors: Chromium as people run it, with what test drivers switch off.

It has one profile and one tab for all journeys, since new ones cost as much as a journey. So that
no journey meets what another has left, each goes to a host of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from tests.e2e.chromium import USER_AGENT, Chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

T = TypeVar("T")

# Where browsers send fetch metadata, obey speculation rules and run service workers, as over https.
_SECURE_HOSTS: Final = "*.shop.example,*.count.example,*.refuse.example"

_FLAGS: Final = [
    # Nobody looks at the pixels.
    "--disable-gpu",
    # Nothing here may wait for a network.
    "--disable-quic",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    f"--unsafely-treat-insecure-origin-as-secure={_SECURE_HOSTS}",
    # Pages opened in the background, and what a page sends while it goes, know no override of it.
    f"--user-agent={USER_AGENT}",
    # The script counts nothing where a driver says that it drives.
    "--disable-blink-features=AutomationControlled",
]
# Drivers want none of this; visitors have it.
_WITHOUT: Final = ["--disable-back-forward-cache"]


class Browser(Chromium):
    """Chromium with one tab, in which one journey follows the other."""

    _page: Page | None = None

    def _launch(self, program: str) -> None:
        from playwright.sync_api import sync_playwright

        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(
            executable_path=program, args=_FLAGS, ignore_default_args=_WITHOUT
        )
        self._profile = self._browser.new_context(locale="en-GB")
        self._profile.set_default_timeout(15_000)

    def _travel(self, journey: Callable[[Page], T]) -> T:
        page = self._page or self._profile.new_page()
        self._page = None
        try:
            result = journey(page)
        except BaseException:
            # Whatever state it is in, the next journey shall not start there.
            page.close()
            raise
        self._page = page
        return result
