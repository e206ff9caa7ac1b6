"""The live page: what came in, newest first, as HTML made on the server.

One template draws an event, for the page and for the live stream alike.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from footfall.collector.entries import Entry, Period, Search
from footfall.collector.intake import Refusals
from footfall.collector.shell import environment
from footfall.collector.store import Store

# What fits on a few screens; the API has the rest.
_ROWS = 100

_PERIOD_NAMES: Final[dict[Period, str]] = {
    "day": "24 hours",
    "week": "7 days",
    "month": "30 days",
    "all": "All",
}

# Each with what can be done about it.
_REASONS: Final = {
    "not_found": "This domain was not declared. Add it with --domain, or correct the sender.",
    "bot": "The User-Agent is a bot's. Was it the visitor's own? Then the vendor drops it too.",
    "dc_ip": "X-Plausible-IP-Type says that the address is a data centre's.",
    "threat_ip": "X-Plausible-IP-Type says that the address is known for attacks.",
    "no_session_for_engagement": "Engagement needs a pageview of the same visitor before it.",
}


class View(NamedTuple):
    """What is looked at, and where the browser finds the collector: host, port and root path."""

    period: Period
    domain: str | None
    authority: str
    root: str


class Page:
    """Renders the live page and its parts. Reads the store, so call it in a thread."""

    def __init__(self, store: Store, refusals: Refusals) -> None:
        self._store = store
        self._refusals = refusals
        self._templates = environment()
        self._templates.filters["bars"] = _bars
        self._templates.globals["why"] = _REASONS

    def whole(self, view: View) -> str:
        """The whole page, with the newest events."""
        found = self._store.search(Search(domain=view.domain, limit=_ROWS))
        return self._render(
            "live.html",
            view,
            entries=found.entries[::-1],
            after=found.entries[-1].id if found.entries else 0,
            domains=self._store.domains(),
            periods=_PERIOD_NAMES,
        )

    def summary(self, view: View) -> str:
        """The totals and lists, to be put in the place of older ones."""
        return self._render("summary.html", view)

    def row(self, entry: Entry) -> dict[str, Any]:
        """One event for the live list."""
        template = self._templates.get_template("row.html")
        return {"id": entry.id, "html": template.render(entry=entry)}

    def _render(self, template: str, view: View, **values: Any) -> str:
        return self._templates.get_template(template).render(
            view=view,
            here="/live",
            stats=self._store.stats(view.period, view.domain),
            refusals=self._refusals,
            fault=self._store.fault,
            **values,
        )


def _bars(numbers: list[int]) -> list[tuple[int, float, float]]:
    """Position, top and height of each bar, in a box of 10 by 100 for each."""
    highest = max(max(numbers), 1)
    heights = [round(98 * number / highest, 1) for number in numbers]
    return [(10 * index, round(100 - height, 1), height) for index, height in enumerate(heights)]
