"""What a visitor does: one function a journey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import httpx2

from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

COUNTED: Final = ", counted"
"""What the title of a page ends with once the script has counted it, or has chosen not to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody in front of a browser, on a host of the site that nobody else visits."""

    page: Page
    host: str
    port: int
    # Tells what the site was asked for.
    site: httpx2.Client
    # Opened behind the driver's back; the hindmost last.
    tabs: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    def open(self, path: str) -> None:
        self.page.goto(f"{self.origin}{path}")

    def click(self, name: str, *, role: Literal["link", "button"] = "link") -> None:
        self.page.get_by_role(role, name=name, exact=True).click()

    def follow(self, link: str, *, to: str = "") -> None:
        """Click a link and wait for the page it leads to, which has its name unless told."""
        self.click(link)
        self.arrive(to or link)

    def press(self, button: str, *, to: str) -> None:
        self.click(button, role="button")
        self.arrive(to)

    def hover(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).hover()

    def arrive(self, heading: str) -> None:
        # The driver's own load states do not know pages from the back-forward cache.
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
        """What the site was asked for on this host, by whomever."""
        seen: list[dict[str, Any]] = self.site.get("/requests", params={"host": self.host}).json()
        return seen

    def wait_for_request(self, path: str) -> None:
        def is_seen() -> bool:
            return any(each["path"] == path for each in self.requests())

        assert wait_until(is_seen), f"no request for {path}"

    def open_tab(self, path: str, *, is_behind: bool) -> None:
        """A tab that the driver does not know, because it makes all that it knows visible."""
        browser = self._driver()
        where = {"url": f"{self.origin}{path}", "background": is_behind}
        tab = browser.send("Target.createTarget", where)
        self.tabs.append(tab["targetId"])

        def is_counted() -> bool:
            title: str = browser.send("Target.getTargetInfo", tab)["targetInfo"]["title"]
            return title.endswith(COUNTED)

        assert wait_until(is_counted), f"the script did not run on {path}"

    def show_tab(self) -> None:
        self._driver().send("Target.activateTarget", {"targetId": self.tabs[-1]})

    def close_tabs(self) -> None:
        """The hindmost first, so that none of them is shown."""
        while self.tabs:
            self._driver().send("Target.closeTarget", {"targetId": self.tabs.pop()})

    def _driver(self) -> CDPSession:
        assert self.page.context.browser is not None
        return self.page.context.browser.new_browser_cdp_session()


Journey: TypeAlias = Callable[[Visitor], None]


# -- ordinary pages ----------------------------------------------------------------------------


def arrive_and_walk(visitor: Visitor) -> None:
    """From another site's link with a campaign in it, through the shop, to an anchor."""
    target = f"{visitor.origin}/walk/one"
    visitor.page.goto(f"http://news.example:{visitor.port}/?to={target}")
    visitor.follow("the shop", to="one")
    visitor.follow("two")
    visitor.follow("three")
    visitor.click("more")
    visitor.page.wait_for_url("**/three?page=2")
    visitor.follow("part", to="three")


def ask_again(visitor: Visitor) -> None:
    """Pages that the browser has, and asks the server about."""
    visitor.open("/walk/one")
    visitor.page.reload()
    visitor.follow("two")
    visitor.follow("one")


def be_sent_on(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.follow("moved", to="two")
    visitor.press("order", to="three")


def fetch_and_save(visitor: Visitor) -> None:
    """A script's own request, a file that is saved, and one that the browser shows."""
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


def type_address_of_file(visitor: Visitor) -> None:
    with visitor.page.expect_download():
        visitor.page.evaluate(f"location.href = '{visitor.origin}/walk/guide.pdf'")


def missing(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.follow("missing")


def search(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.press("search", to="results")


def frame(visitor: Visitor) -> None:
    visitor.open("/walk/framing")


def hop(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.follow("hop", to="two")


def block_script(visitor: Visitor) -> None:
    visitor.page.route("**/plausible-tracker*", lambda route: route.abort())
    visitor.open("/walk/one")
    visitor.follow("two")
    visitor.page.unroute_all()


# -- kept pages --------------------------------------------------------------------------------


def back_and_forward(visitor: Visitor) -> None:
    visitor.open("/walk/one")
    visitor.page.evaluate("window.isKept = true")
    visitor.follow("two")
    visitor.back(to="one")
    assert visitor.page.evaluate("window.isKept"), "loaded anew, not kept alive"
    visitor.forward(to="two")


def back_to_locked(visitor: Visitor) -> None:
    visitor.open("/locked/one")
    visitor.page.evaluate("window.isKept = true")
    visitor.follow("two")
    visitor.back(to="one")
    assert not visitor.page.evaluate("window.isKept"), "kept alive, not loaded anew"


def revisit_fresh(visitor: Visitor) -> None:
    visitor.open("/cached/one")
    visitor.follow("two")
    visitor.follow("one")


# -- pages fetched ahead -----------------------------------------------------------------------


def leave_ahead(kits: Sequence[str], visitor: Visitor) -> None:
    """Page one of each kit has page two fetched ahead; nobody goes there."""
    for kit in kits:
        visitor.open(f"/{kit}/one")
        visitor.wait_for_request(f"/{kit}/two")


def follow_ahead(kits: Sequence[str], visitor: Visitor) -> None:
    """Page one of each kit has page two fetched ahead, and the visitor goes there."""
    for kit in kits:
        leave_ahead([kit], visitor)
        visitor.follow("two")


# -- Turbo -------------------------------------------------------------------------------------


def turbo(visitor: Visitor) -> None:
    """Links, then a form whose answer is a redirect."""
    visitor.open("/calm-turbo/one")
    visitor.follow("two")
    visitor.press("order", to="three")


def turbo_back(visitor: Visitor) -> None:
    visitor.open("/calm-turbo/one")
    visitor.follow("two")
    visitor.back(to="one")


def turbo_more(visitor: Visitor) -> None:
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


def htmx(kit: str, visitor: Visitor) -> None:
    """A boosted link, a fragment, and an answer that chooses the address."""
    visitor.open(f"/{kit}/one")
    visitor.follow("two")
    visitor.page.wait_for_url("**/two")
    visitor.click("fill", role="button")
    visitor.page.get_by_text("filled").wait_for()
    visitor.press("push by header", to="three")
    visitor.page.wait_for_url("**/three")


def htmx_push_by_attribute(kit: str, visitor: Visitor) -> None:
    visitor.open(f"/{kit}/one")
    visitor.press("push by attribute", to="two")
    visitor.page.wait_for_url("**/two")


def htmx_back(kit: str, visitor: Visitor) -> None:
    visitor.open(f"/{kit}/one")
    visitor.follow("two")
    visitor.page.wait_for_url("**/two")
    visitor.back(to="one")


# -- the page's own doing ----------------------------------------------------------------------


def route(visitor: Visitor) -> None:
    visitor.open("/routed/one")
    visitor.press("route", to="two")


def work(kit: str, visitor: Visitor) -> None:
    """Walk while a service worker stands between."""
    visitor.open(f"/{kit}/one")
    visitor.page.wait_for_function("navigator.serviceWorker.controller !== null")
    visitor.follow("two")
    visitor.follow("three")
    visitor.follow("two")


# -- tabs --------------------------------------------------------------------------------------


def leave_tab(visitor: Visitor) -> None:
    visitor.open_tab("/walk/one", is_behind=False)
    visitor.open_tab("/walk/two", is_behind=True)


def show_tab(visitor: Visitor) -> None:
    leave_tab(visitor)
    visitor.show_tab()
