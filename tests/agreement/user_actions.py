"""What a visitor does in a scenario: one function for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import httpx2

from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

COUNTED: Final = ", counted"
"""The end of a page's title once the script has run, whether it has counted the page or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A visitor with a browser tab, on a host of the site that no other scenario uses."""

    page: Page
    host: str
    port: int
    # For the requests that the site has got.
    site: httpx2.Client
    # Tabs that were opened without Playwright, in the order of opening.
    tabs: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    def open(self, path: str) -> None:
        self.page.goto(f"{self.origin}{path}")

    def click(self, name: str, *, role: Literal["link", "button"] = "link") -> None:
        self.page.get_by_role(role, name=name, exact=True).click()

    def follow(self, link: str, *, to: str = "") -> None:
        """Click a link and wait for the page `to`, by default the one with the link's name."""
        self.click(link)
        self.arrive(to or link)

    def press(self, button: str, *, to: str) -> None:
        self.click(button, role="button")
        self.arrive(to)

    def hover(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).hover()

    def arrive(self, heading: str) -> None:
        # Playwright's load states do not cover pages from the back-forward cache.
        self.page.wait_for_function(
            "name => document.readyState === 'complete' && heading.textContent === name",
            arg=heading,
        )

    def back(self, *, to: str) -> None:
        self.page.go_back(wait_until="commit")
        self.arrive(to)

    def forward(self, *, to: str) -> None:
        self.page.go_forward(wait_until="commit")
        self.arrive(to)

    def requests(self) -> list[dict[str, Any]]:
        """All requests that the site has got for this host."""
        seen: list[dict[str, Any]] = self.site.get("/requests", params={"host": self.host}).json()
        return seen

    def wait_for_request(self, path: str) -> None:
        def is_seen() -> bool:
            return any(each["path"] == path for each in self.requests())

        assert wait_until(is_seen), f"no request for {path}"

    def open_tab(self, path: str, *, is_hidden: bool) -> None:
        """Open a tab without Playwright, which makes every tab of its own visible."""
        browser = self._devtools()
        where = {"url": f"{self.origin}{path}", "background": is_hidden}
        tab = browser.send("Target.createTarget", where)
        self.tabs.append(tab["targetId"])

        def is_counted() -> bool:
            title: str = browser.send("Target.getTargetInfo", tab)["targetInfo"]["title"]
            return title.endswith(COUNTED)

        assert wait_until(is_counted), f"the script did not run on {path}"

    def show_tab(self) -> None:
        self._devtools().send("Target.activateTarget", {"targetId": self.tabs[-1]})

    def close_tabs(self) -> None:
        """Close the newest first, so that no hidden tab becomes visible."""
        while self.tabs:
            self._devtools().send("Target.closeTarget", {"targetId": self.tabs.pop()})

    def _devtools(self) -> CDPSession:
        assert self.page.context.browser is not None
        return self.page.context.browser.new_browser_cdp_session()


UserActions: TypeAlias = Callable[[Visitor], None]


# -- ordinary pages ----------------------------------------------------------------------------


def follow_campaign_link(visitor: Visitor) -> None:
    """Follow another site's campaign link, then links of the shop, then one to an anchor."""
    target = f"{visitor.origin}/walk/one"
    visitor.page.goto(f"http://news.example:{visitor.port}/?to={target}")
    visitor.follow("the shop", to="one")
    visitor.follow("two")
    visitor.follow("three")
    visitor.click("more")
    visitor.page.wait_for_url("**/three?page=2")
    visitor.follow("part", to="three")


def reload_and_revisit(visitor: Visitor) -> None:
    """Open pages that the browser has in its cache and revalidates."""
    visitor.open("/walk/one")
    visitor.page.reload()
    visitor.follow("two")
    visitor.follow("one")


def open_other_spellings(visitor: Visitor) -> None:
    """Open pages by addresses that have escapes where none is needed."""
    for path, heading in (("/walk/%6Fne", "one"), ("/walk%2Ftwo", "two"), ("/%77alk/one", "one")):
        visitor.open(path)
        visitor.arrive(heading)


def follow_redirects(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.follow("moved", to="two")
    visitor.press("order", to="three")


def fetch_and_download(visitor: Visitor) -> None:
    """A request by `fetch()`, a file that is saved, and a file that the browser shows."""
    visitor.open("/walk/one")
    visitor.press("fetch", to="one")
    visitor.wait_for_request("/walk/two")
    with visitor.page.expect_download():
        visitor.click("guide")
    visitor.click("leaflet")
    visitor.page.wait_for_url("**/leaflet.pdf", wait_until="commit")


def download_without_extension(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    with visitor.page.expect_download():
        visitor.click("report")


def open_address_of_file(visitor: Visitor) -> None:
    with visitor.page.expect_download():
        visitor.page.evaluate(f"location.href = '{visitor.origin}/walk/guide.pdf'")


def open_missing_page(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.follow("missing")


def submit_form_without_redirect(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.press("search", to="results")


def open_page_with_frame(visitor: Visitor) -> None:
    visitor.open("/walk/framing")


def follow_script_redirect(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.follow("hop", to="two")


def block_script(visitor: Visitor) -> None:
    visitor.page.route("**/plausible-tracker*", lambda route: route.abort())
    visitor.open("/walk/one")
    visitor.follow("two")
    visitor.page.unroute_all()


# -- cached pages ------------------------------------------------------------------------------


def go_back_and_forward(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.page.evaluate("window.isKept = true")
    visitor.follow("two")
    visitor.back(to="one")
    assert visitor.page.evaluate("window.isKept"), "loaded anew, not kept alive"
    visitor.forward(to="two")


def go_back_to_page_not_kept(visitor: Visitor) -> None:
    visitor.open("/locked/one")
    visitor.page.evaluate("window.isKept = true")
    visitor.follow("two")
    visitor.back(to="one")
    assert not visitor.page.evaluate("window.isKept"), "kept alive, not loaded anew"


def revisit_fresh(visitor: Visitor) -> None:
    visitor.open("/cached/one")
    visitor.follow("two")
    visitor.follow("one")


# -- prefetched pages --------------------------------------------------------------------------


def prefetch_and_leave(kinds: Sequence[str], visitor: Visitor) -> None:
    """Page one of each kind lets the browser prefetch page two, which is not opened."""
    for kind in kinds:
        visitor.open(f"/{kind}/one")
        visitor.wait_for_request(f"/{kind}/two")


def prefetch_and_follow(kinds: Sequence[str], visitor: Visitor) -> None:
    """Page one of each kind lets the browser prefetch page two, which is opened then."""
    for kind in kinds:
        prefetch_and_leave([kind], visitor)
        visitor.follow("two")


# -- Turbo -------------------------------------------------------------------------------------


def turbo(visitor: Visitor) -> None:
    """Links, then a form that is answered with a redirect."""
    visitor.open("/calm-turbo/one")
    visitor.follow("two")
    visitor.press("order", to="three")


def turbo_back(visitor: Visitor) -> None:
    visitor.open("/calm-turbo/one")
    visitor.follow("two")
    visitor.back(to="one")


def turbo_other_query(visitor: Visitor) -> None:
    visitor.open("/calm-turbo/one")
    visitor.click("more")
    visitor.page.wait_for_url("**/one?page=2")


def turbo_hover(visitor: Visitor) -> None:
    visitor.open("/turbo/one")
    visitor.hover("two")
    visitor.wait_for_request("/turbo/two")


def turbo_hover_and_click(visitor: Visitor) -> None:
    turbo_hover(visitor)
    visitor.follow("two")


# -- htmx --------------------------------------------------------------------------------------


def htmx(kind: str, visitor: Visitor) -> None:
    """A boosted link, a fragment, and a response that sets the address."""
    visitor.open(f"/{kind}/one")
    visitor.follow("two")
    visitor.page.wait_for_url("**/two")
    visitor.click("fill", role="button")
    visitor.page.get_by_text("filled").wait_for()
    visitor.press("push by header", to="three")
    visitor.page.wait_for_url("**/three")


def htmx_push_by_attribute(kind: str, visitor: Visitor) -> None:
    visitor.open(f"/{kind}/one")
    visitor.press("push by attribute", to="two")
    visitor.page.wait_for_url("**/two")


def htmx_back(kind: str, visitor: Visitor) -> None:
    visitor.open(f"/{kind}/one")
    visitor.follow("two")
    visitor.page.wait_for_url("**/two")
    visitor.back(to="one")


# -- scripts of the page ------------------------------------------------------------------------


def change_route(visitor: Visitor) -> None:
    visitor.open("/routed/one")
    visitor.press("route", to="two")


def walk_with_worker(kind: str, visitor: Visitor) -> None:
    """Follow links while a service worker handles the requests."""
    visitor.open(f"/{kind}/one")
    visitor.page.wait_for_function("navigator.serviceWorker.controller !== null")
    visitor.follow("two")
    visitor.follow("three")
    visitor.follow("two")


# -- tabs --------------------------------------------------------------------------------------


def open_hidden_tab(visitor: Visitor) -> None:
    visitor.open_tab("/walk/one", is_hidden=False)
    visitor.open_tab("/walk/two", is_hidden=True)


def show_tab(visitor: Visitor) -> None:
    open_hidden_tab(visitor)
    visitor.show_tab()
