"""Scenarios, their runner, and the table of their results."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx2

from footfall.collector import Store
from footfall.collector.storage.stored_events import EventSearch, StoredEvent
from tests.agreement.comparison import SCRIPT_DOMAIN, SERVER_DOMAIN, Comparison, compare
from tests.agreement.firefox import FirefoxPage
from tests.agreement.random_walk import KINDS, ORACLE, Walk, WalkResult
from tests.agreement.user_actions import UserActions, Visitor
from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.agreement.browser import Browser

_END: Final = "/end/"
# Events that a page sends while it is left may arrive a little later; on a busy machine, seconds.
_GRACE_SECONDS: Final = 10.0


# A scenario's label, its comparison, and the name of its difference.
Row: TypeAlias = tuple[str, Comparison, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """User actions on one host of the site, and the comparison that is expected."""

    name: str
    actions: UserActions
    host: str = "shop.example"
    # Why the two counts differ: a name of `DIFFERENCES`.
    difference: str = ""
    expected: Comparison

    @property
    def label(self) -> str:
        variant = self.host.partition(".")[0]
        return self.name if variant == "shop" else f"{self.name} [{variant}]"


class ScenarioRunner:
    """Runs scenarios in the browser, and keeps the requests that the site got."""

    def __init__(self, store: Store, browser: Browser, port: int) -> None:
        self._store = store
        self._browser = browser
        self._port = port
        self._site = httpx2.Client(base_url=f"http://127.0.0.1:{port}")
        self._numbers = count(1)
        # The id of the newest event of the scenarios so far.
        self._last = 0
        self._requests: dict[str, list[dict[str, Any]]] = {}

    def run(self, scenario: Scenario) -> Comparison:
        """Do the user actions of a scenario, and compare what both count."""
        return self._browser.run(lambda page: self._run_on(page, scenario))

    def _run_on(self, page: Page, scenario: Scenario) -> Comparison:
        host = f"visit-{next(self._numbers)}.{scenario.host}"
        visitor = Visitor(page=page, host=host, port=self._port, site=self._site)
        try:
            scenario.actions(visitor)
            visitor.open(f"{_END}{host}")
            self._wait_for(f"{_END}{host}")
            wait_until(lambda: self._compared(visitor) == scenario.expected, _GRACE_SECONDS)
            return self._compared(visitor)
        finally:
            visitor.close_tabs()
            self._requests[scenario.label] = visitor.requests()
            self._leave_behind()

    def visit(
        self,
        actions: Callable[[Visitor], object],
        expected: Counter[str],
        script: str = "",
        site: str = "whole.example",
    ) -> tuple[object, Counter[str], list[str]]:
        """Visit the site with the complement in a profile of its own.

        Args:
            actions: What the visitor does.
            expected: The pages that are to be counted, for which this waits.
            script: Runs in each page before its own scripts.
            site: The host below which the visit has one of its own.

        Returns:
            What `actions` returns, the pages that were counted, and the requests.
        """
        host = f"visit-{next(self._numbers)}.{site}"
        return self._browser.run(lambda page: self._visit_in(page, actions, expected, script, host))

    def _visit_in(
        self,
        page: Page,
        actions: Callable[[Visitor], object],
        expected: Counter[str],
        script: str,
        host: str,
    ) -> tuple[object, Counter[str], list[str]]:
        assert page.context.browser is not None
        profile = page.context.browser.new_context(locale="en-GB")
        try:
            profile.set_default_timeout(15_000)
            profile.add_init_script(script)
            own = profile.new_page()
            visitor = Visitor(page=own, host=host, port=self._port, site=self._site)
            result = actions(visitor)
            own.close()
            wait_until(lambda: self._counted(visitor) == expected, _GRACE_SECONDS)
            return result, self._counted(visitor), _lines(visitor)
        finally:
            profile.close()
            self._leave_behind()

    def walk(self, seed: int, steps: int) -> WalkResult:
        """Walk through the site with the complement."""
        return self._browser.run(lambda page: self._walk_in(page, seed, steps))

    def walk_in_firefox(self, program: str, profile: Path, seed: int, steps: int) -> WalkResult:
        """The same in Firefox, whose profile is put into a new folder."""
        host = f"walk-{next(self._numbers)}.whole.example"
        page: Any = FirefoxPage(program, profile, host, ORACLE)
        try:
            visitor = Visitor(page=page, host=host, port=self._port, site=self._site)
            walk = Walk(
                visitor=visitor,
                choose=random.Random(seed),
                can_do_all=False,
                # Of what a service worker answers Firefox tells no sizes, so copies look new.
                kinds=[kind for kind in KINDS if "worker" not in kind],
            )
            return self._walked(walk, steps)
        finally:
            page.close()
            self._leave_behind()

    def _walk_in(self, page: Page, seed: int, steps: int) -> WalkResult:
        assert page.context.browser is not None
        # A profile of its own, of which every page has the oracle.
        profile = page.context.browser.new_context(locale="en-GB")
        try:
            profile.set_default_timeout(15_000)
            profile.add_init_script(ORACLE)
            host = f"walk-{next(self._numbers)}.whole.example"
            own = profile.new_page()
            visitor = Visitor(page=own, host=host, port=self._port, site=self._site)
            return self._walked(Walk(visitor=visitor, choose=random.Random(seed)), steps)
        finally:
            profile.close()
            self._leave_behind()

    def _walked(self, walk: Walk, steps: int) -> WalkResult:
        visitor = walk.visitor
        walk.take(steps)
        end = f"{_END}{visitor.host}"
        visitor.open(end)
        self._wait_for(end)
        wait_until(lambda: self._counted(visitor) == walk.shown(), _GRACE_SECONDS)
        return WalkResult(walk.shown(), self._counted(visitor), walk.steps)

    def _counted(self, visitor: Visitor) -> Counter[str]:
        """The pages that the middleware has counted on a host."""
        self._store.flush()
        wanted = EventSearch(domain=SERVER_DOMAIN, after=self._last, limit=100_000)
        urls = [str(entry.url) for entry in self._store.search(wanted).events]
        paths = [url.removeprefix(visitor.origin) for url in urls if visitor.origin in url]
        return Counter(path for path in paths if not path.startswith(_END))

    def _compared(self, visitor: Visitor) -> Comparison:
        return compare(filter(_is_before_end, self._events()), visitor.origin)

    def _events(self) -> Sequence[StoredEvent]:
        """All events since the scenario before. A late event of that one would be among them."""
        self._store.flush()
        wanted = EventSearch(after=self._last, is_newest=False, limit=100_000)
        return self._store.search(wanted).events

    def _leave_behind(self) -> None:
        """Let the next scenario see none of the events so far."""
        self._last = max((entry.id for entry in self._events()), default=self._last)

    def _wait_for(self, end: str) -> None:
        """Wait until both have counted the page at the end, hence all pages before it."""

        def is_counted() -> bool:
            self._store.flush()
            return all(
                self._store.count(EventSearch(domain=domain, path=end))
                for domain in (SCRIPT_DOMAIN, SERVER_DOMAIN)
            )

        assert wait_until(is_counted), f"{end} was not counted by both"

    def requests_of(self, scenario: Scenario) -> str:
        """The requests that the site got in a scenario, one a line."""
        requests = self._requests[scenario.label]
        return "\n".join("{method} {host}{path} {headers}".format(**each) for each in requests)

    def close(self) -> None:
        self._site.close()


def _lines(visitor: Visitor) -> list[str]:
    return [f"{each['method']} {each['path']}" for each in visitor.requests()]


def table(lines: Iterable[Row]) -> str:
    """The comparisons, one a line, and their totals."""
    rows = sorted(lines, key=lambda line: (line[2], line[0]))
    total = sum((comparison for _, comparison, _ in rows), Comparison())
    same = sum((comparison for _, comparison, why in rows if not why), Comparison())
    return _table([*rows, ("without declared differences", same, ""), ("all", total, "")])


def _is_before_end(entry: StoredEvent) -> bool:
    return not (entry.path or "").startswith(_END)


def _table(lines: Iterable[Row]) -> str:
    head = ("scenario", "script", "server", "both", "agreement", "difference")
    rows: list[Sequence[object]] = [
        head,
        *(
            (
                name,
                comparison.script,
                comparison.server,
                comparison.in_both,
                comparison.agreement,
                why,
            )
            for name, comparison, why in lines
        ),
    ]
    return "\n".join("{:48} {:>6} {:>6} {:>6} {:>9}  {}".format(*row).rstrip() for row in rows)
