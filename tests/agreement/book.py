"""Scenarios, the book that runs them, and the table of what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx2

from footfall.collector import Store
from footfall.collector.storage.stored_events import EventSearch, StoredEvent
from tests.agreement.journeys import Journey, Visitor
from tests.agreement.reckoning import SCRIPT, SERVER, Verdict, compare
from tests.support.vendors import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.agreement.browser import Browser

_END: Final = "/end/"
# What a page sends while it goes may be a little late.
_GRACE_SECONDS: Final = 1.0


# A scenario's label, what both have counted in it, and why that differs.
Line: TypeAlias = tuple[str, Verdict, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A journey on one host of the site, and what both are expected to count."""

    name: str
    journey: Journey
    host: str = "shop.example"
    # Why the two counts differ: a name of `DIFFERENCES`.
    difference: str = ""
    expected: Verdict

    @property
    def label(self) -> str:
        variant = self.host.partition(".")[0]
        return self.name if variant == "shop" else f"{self.name} [{variant}]"


class Book:
    """Runs scenarios in the browser, and keeps what the site was asked for."""

    def __init__(self, store: Store, browser: Browser, port: int) -> None:
        self._store = store
        self._browser = browser
        self._port = port
        self._site = httpx2.Client(base_url=f"http://127.0.0.1:{port}")
        self._numbers = count(1)
        # The newest event of the journeys so far.
        self._last = 0
        self._requests: dict[str, list[dict[str, Any]]] = {}

    def verdict_of(self, scenario: Scenario) -> Verdict:
        """What both count while the journey is made."""
        return self._browser.travel(lambda page: self._run(scenario, page))

    def _run(self, scenario: Scenario, page: Page) -> Verdict:
        host = f"visit-{next(self._numbers)}.{scenario.host}"
        visitor = Visitor(page=page, host=host, port=self._port, site=self._site)
        try:
            scenario.journey(visitor)
            visitor.open(f"{_END}{host}")
            self._wait_for(f"{_END}{host}")
            wait_until(lambda: self._compared(visitor) == scenario.expected, _GRACE_SECONDS)
            return self._compared(visitor)
        finally:
            visitor.close_tabs()
            self._requests[scenario.label] = visitor.requests()
            self._last = max((entry.id for entry in self._told()), default=self._last)

    def _compared(self, visitor: Visitor) -> Verdict:
        return compare(filter(_is_before_end, self._told()), visitor.origin)

    def _told(self) -> Sequence[StoredEvent]:
        """All events since the journey before; a straggler of that one would be seen here."""
        self._store.flush()
        return self._store.search(EventSearch(after=self._last, is_newest=False)).entries

    def _wait_for(self, end: str) -> None:
        """Until both have counted the page at the end: then they have counted all before it."""

        def is_told() -> bool:
            self._store.flush()
            return all(
                self._store.count(EventSearch(domain=domain, path=end))
                for domain in (SCRIPT, SERVER)
            )

        assert wait_until(is_told), f"{end} was not counted by both"

    def requests_of(self, scenario: Scenario) -> str:
        """What the site was asked for in a journey, a line each."""
        seen = self._requests[scenario.label]
        return "\n".join("{method} {host}{path} {headers}".format(**each) for each in seen)

    def close(self) -> None:
        self._site.close()


def table(lines: Iterable[Line]) -> str:
    """Verdicts, a line each, and what they come to."""
    told = sorted(lines, key=lambda line: (line[2], line[0]))
    total = sum((verdict for _, verdict, _ in told), Verdict())
    same = sum((verdict for _, verdict, why in told if not why), Verdict())
    return _table([*told, ("without declared differences", same, ""), ("all", total, "")])


def _is_before_end(entry: StoredEvent) -> bool:
    return not (entry.path or "").startswith(_END)


def _table(lines: Iterable[Line]) -> str:
    head = ("scenario", "script", "server", "alike", "agreement", "difference")
    rows: list[Sequence[object]] = [
        head,
        *(
            (name, verdict.script, verdict.server, verdict.alike, verdict.agreement, why)
            for name, verdict, why in lines
        ),
    ]
    return "\n".join("{:48} {:>6} {:>6} {:>6} {:>9}  {}".format(*row).rstrip() for row in rows)
