"""The events of the script and of the middleware for the same user actions, compared page by page.

A page is in both where the URL and the referrer are equal. The script's are cleaned first as the
middleware cleans them. Of downloads and missing pages the address in the props is compared: the
script reports them on the page that was left, the middleware at the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from footfall.collector.storage.stored_events import StoredEvent
from footfall.model import Hit
from footfall.rules.url import referrer_of, scrub_url

SERVER_DOMAIN: Final = "server.test"
"""The domain of the middleware's events."""

SCRIPT_DOMAIN: Final = "script.test"
"""The domain of the script's events."""

_ADDRESS_PROPS: Final = {"File Download": "url", "404": "path"}
# Time on page and scroll depth, which only a script knows.
_NOT_COMPARED: Final = frozenset({"engagement"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The pages that both have counted, and those that only one of them has."""

    in_both: int = 0
    # Sorted; a page that was counted twice is there twice.
    script_only: tuple[str, ...] = ()
    server_only: tuple[str, ...] = ()

    @property
    def script(self) -> int:
        return self.in_both + len(self.script_only)

    @property
    def server(self) -> int:
        return self.in_both + len(self.server_only)

    @property
    def pages(self) -> int:
        """The pages that either has counted."""
        return self.in_both + len(self.script_only) + len(self.server_only)

    @property
    def agreement(self) -> str:
        return f"{self.in_both / self.pages:.1%}" if self.pages else "-"

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            in_both=self.in_both + other.in_both,
            script_only=self.script_only + other.script_only,
            server_only=self.server_only + other.server_only,
        )


def compare(entries: Iterable[StoredEvent], origin: str) -> Comparison:
    """Compare the events of one scenario on the site at `origin`."""
    counted: dict[str, Counter[str]] = {SCRIPT_DOMAIN: Counter(), SERVER_DOMAIN: Counter()}
    for entry in entries:
        if entry.name not in _NOT_COMPARED:
            counted[entry.domain][_page_of(entry).replace(origin, "")] += 1
    script, server = counted[SCRIPT_DOMAIN], counted[SERVER_DOMAIN]
    return Comparison(
        in_both=(script & server).total(),
        script_only=tuple(sorted((script - server).elements())),
        server_only=tuple(sorted((server - script).elements())),
    )


def _page_of(entry: StoredEvent) -> str:
    """A page as text: `/a`, `/a from http://b.example/`, `404 /a`."""
    if entry.reason:
        return f"{entry.url} dropped: {entry.reason}"
    if entry.name in _ADDRESS_PROPS:
        return f"{entry.name} {entry.props[_ADDRESS_PROPS[entry.name]]}"
    page, referrer = entry.url or "", entry.referrer
    if entry.domain == SCRIPT_DOMAIN:
        page = scrub_url(page)
        referrer = referrer_of(Hit(headers={"referer": referrer or ""}), page=page).referrer
    return f"{page} from {referrer}" if referrer else page
