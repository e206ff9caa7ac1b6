"""Two lists of events of the same journey, compared page by page.

What both have counted alike is a page both saw at the same address, coming from the same referrer,
after the hygiene that the middleware does by itself, and the script not at all. Of downloads and
missing pages the address that counts is the one in the props: for the script they happen on the
page that was left, for the server at the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from footfall.collector.storage.stored_events import StoredEvent
from footfall.model import Hit
from footfall.rules.url import referrer_of, scrub_url

SERVER: Final = "server.test"
"""The domain under which the middleware reports."""

SCRIPT: Final = "script.test"
"""The domain under which the vendor's script reports."""

_ADDRESS_PROPS: Final = {"File Download": "url", "404": "path"}
# Time on the page and how far it was scrolled: only a script can know.
_NO_PAGES: Final = frozenset({"engagement"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What two counts of the same journeys have in common, and what only one has."""

    alike: int = 0
    # The pages that only one has counted, each as often as it has, in order.
    script_only: tuple[str, ...] = ()
    server_only: tuple[str, ...] = ()

    @property
    def script(self) -> int:
        return self.alike + len(self.script_only)

    @property
    def server(self) -> int:
        return self.alike + len(self.server_only)

    @property
    def pages(self) -> int:
        """All that anybody has counted."""
        return self.alike + len(self.script_only) + len(self.server_only)

    @property
    def agreement(self) -> str:
        return f"{self.alike / self.pages:.1%}" if self.pages else "-"

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            alike=self.alike + other.alike,
            script_only=self.script_only + other.script_only,
            server_only=self.server_only + other.server_only,
        )


def compare(entries: Iterable[StoredEvent], origin: str) -> Verdict:
    """What the events of one journey on the site at `origin` say of the two counts."""
    counted: dict[str, Counter[str]] = {SCRIPT: Counter(), SERVER: Counter()}
    for entry in entries:
        if entry.name not in _NO_PAGES:
            counted[entry.domain][_told(entry).replace(origin, "")] += 1
    script, server = counted[SCRIPT], counted[SERVER]
    return Verdict(
        alike=(script & server).total(),
        script_only=tuple(sorted((script - server).elements())),
        server_only=tuple(sorted((server - script).elements())),
    )


def _told(entry: StoredEvent) -> str:
    """A page in words: `/a`, `/a from http://b.example/`, `404 /a`."""
    if entry.reason:
        return f"{entry.url} dropped: {entry.reason}"
    if entry.name in _ADDRESS_PROPS:
        return f"{entry.name} {entry.props[_ADDRESS_PROPS[entry.name]]}"
    page, referrer = entry.url or "", entry.referrer
    if entry.domain == SCRIPT:
        page = scrub_url(page)
        referrer = referrer_of(Hit(headers={"referer": referrer or ""}), page=page).referrer
    return f"{page} from {referrer}" if referrer else page
