"""A walk through the shop that chance leads, and an oracle in each page that notes what is shown.

The oracle knows nothing of the middleware or its script: it notes a page when its heading is there
for people to see. What it notes is kept in the browser's local storage, which only tests use.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from tests.agreement.user_actions import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

ORACLE: Final = """(() => {
  if (top !== window || location.pathname.startsWith("/end/") || window.oracle) return;
  window.oracle = true;
  let last;
  const isSeen = () => document.visibilityState === "visible" && !document.prerendering;
  const note = () => {
    const heading = document.getElementById("heading");
    // What follows it shows that all of it is there.
    if (!heading?.nextSibling || !isSeen() || heading.textContent === last) return;
    last = heading.textContent;
    // A key of its own: tabs in several processes would overwrite a list.
    const page = `/${location.pathname.split("/")[1]}/${last}`;
    localStorage.setItem(`shown ${performance.timeOrigin} ${Math.random()}`, page);
  };
  const options = { childList: true, characterData: true, subtree: true };
  new MutationObserver(note).observe(document, options);
  for (const name of ["visibilitychange", "prerenderingchange"])
    document.addEventListener(name, note);
  addEventListener("pageshow", (event) => {
    if (event.persisted) last = undefined;
    note();
  });
})();"""

_SHOWN: Final = """Object.keys(localStorage)
  .filter((key) => key.startsWith("shown "))
  .map((key) => localStorage.getItem(key))"""

# A step is over once its page is there, and no library is still at work: Turbo marks the document
# while it is, and htmx what has asked.
_IS_THERE: Final = """path => {
  const shown = document.getElementById("heading")?.textContent;
  return document.readyState === "complete" && location.pathname === path
    && shown === path.split("/")[2]
    && !document.documentElement.hasAttribute("aria-busy")
    && !document.querySelector(".htmx-request");
}"""

NAMES: Final = ("one", "two", "three")
_LIBRARIES: Final = ("turbo", "calm-turbo", "htmx2", "htmx4", "routed")
_PLAIN: Final = ("walk", "cached", "locked", "passing-worker", "preloading-worker")
_AHEAD: Final = ("prefetch", "prerender", "hinted")
KINDS: Final = (*_LIBRARIES, *_PLAIN, *_AHEAD, "caching-worker")


# Once the browser has brought an earlier document back, htmx 2.0 shows the wrong page on Back.
_CAN_GO: Final = """steps => steps.map((by) => {
  const entry = navigation.entries()[navigation.currentEntry.index + by];
  return Boolean(entry) && (entry.sameDocument || !/htmx2/.test(entry.url + location.href));
})"""


class WalkResult(NamedTuple):
    """The pages that were shown, those that were counted, and the steps of the walk."""

    shown: Counter[str]
    counted: Counter[str]
    steps: list[str]


@dataclass(slots=True)
class Walk:
    """A visitor who does at random what people do with a browser.

    Attributes:
        visitor: Whose page has the oracle.
        choose: Makes the same walk of the same seed.
        kinds: Which kinds of pages there are.
        can_do_all: Whether what drives the browser opens tabs and takes the network away.
        steps: What has been done, for the message of a failure.
    """

    visitor: Visitor
    choose: random.Random
    kinds: Sequence[str] = KINDS
    can_do_all: bool = True
    steps: list[str] = field(default_factory=list)
    _path: str = ""

    def take(self, count: int) -> None:
        """Do so many steps."""
        self._enter()
        while len(self.steps) < count:
            self.choose.choice(self._possible())()

    def shown(self) -> Counter[str]:
        """The pages that the oracle has noted."""
        noted: list[str] = self.page.evaluate(_SHOWN)
        return Counter(noted)

    @property
    def page(self) -> Page:
        return self.visitor.page

    @property
    def _kind(self) -> str:
        return self._path.split("/")[1]

    def _possible(self) -> Sequence[Callable[[], None]]:
        """What can be done on the page that is shown; more often what people do more often."""
        possible = [self._follow] * 6 + [self._reload] + [self._enter] * 3
        can_go_back, can_go_forward = self.page.evaluate(_CAN_GO, [-1, 1])
        possible += [self._back] * 4 * can_go_back + [self._forward] * 2 * can_go_forward
        if self._kind == "routed":
            possible += [self._route] * 4
        if self._kind.startswith("htmx"):
            possible += [self._push_by_attribute, self._push_by_header] * 2
        if self.can_do_all:
            possible += [self._new_tab]
            possible += [self._offline] * 2 if self._kind == "caching-worker" else []
        return possible

    def _done(self, what: str, *, at: str) -> None:
        """Note a step, once the page at this path is there."""
        self.page.wait_for_function(_IS_THERE, arg=at)
        self._path = at
        self.steps.append(f"{what}: {at}")

    def _beside(self, name: str) -> str:
        """The path of a page of the same kind."""
        return f"/{self._kind}/{name}"

    def _other(self) -> str:
        return self.choose.choice([name for name in NAMES if self._beside(name) != self._path])

    def _enter(self) -> None:
        path = f"/{self.choose.choice(self.kinds)}/{self.choose.choice(NAMES)}"
        self.visitor.open(path)
        self._done("enter", at=path)

    def _follow(self) -> None:
        name = self._other()
        self.visitor.click(name)
        self._done("follow", at=self._beside(name))

    def _reload(self) -> None:
        self.page.reload()
        self._done("reload", at=self._path)

    def _back(self) -> None:
        self._traverse("back", -1)

    def _forward(self) -> None:
        self._traverse("forward", 1)

    def _traverse(self, what: str, by: int) -> None:
        entry = "by => navigation.entries()[navigation.currentEntry.index + by].url"
        path = urlsplit(self.page.evaluate(entry, by)).path
        go = self.page.go_back if by < 0 else self.page.go_forward
        go(wait_until="commit")
        self._done(what, at=path)

    def _new_tab(self) -> None:
        with self.page.expect_popup() as popup:
            self.visitor.click("tab")
        popup.value.wait_for_function(_IS_THERE, arg=self._beside("two"))
        popup.value.close()
        self._done("new tab", at=self._path)

    def _route(self) -> None:
        name = self._other()
        self.page.evaluate("name => show(name)", name)
        self._done("route", at=self._beside(name))

    def _push_by_attribute(self) -> None:
        self._push("two", "push by attribute")

    def _push_by_header(self) -> None:
        self._push("three", "push by header")

    def _push(self, name: str, button: str) -> None:
        if self._path != self._beside(name):
            self.visitor.click(button, role="button")
            self._done(button, at=self._beside(name))

    def _offline(self) -> None:
        """Without a network a service worker shows the pages that it has."""
        kept = "name => caches.match(`/caching-worker/${name}`).then(Boolean)"
        name = self._other()
        is_controlled = self.page.evaluate("navigator.serviceWorker.controller !== null")
        if not is_controlled or not self.page.evaluate(kept, name):
            return
        self.page.context.set_offline(True)
        try:
            self.visitor.click(name)
            self._done("offline", at=self._beside(name))
        finally:
            # What could not be reported is, while the page is open.
            with self.page.expect_response(lambda response: response.request.method == "POST"):
                self.page.context.set_offline(False)
