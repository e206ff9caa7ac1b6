"""The cards of the dashboard: the most frequent values of a dimension, as tables and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from footfall.collector.storage.dropped_counts import BotRow
from footfall.collector.storage.stats import StatsQuery
from footfall.collector.storage.stats.execute import Snapshot
from footfall.collector.storage.stats.metrics import NONE, NOT_SET, Number
from footfall.collector.web.dashboard.formatting import format_figure
from footfall.collector.web.dashboard.view import FILTERS, PROP, TABS, View, dimension_of
from footfall.common.spreadsheet import as_text
from footfall.model import PAGEVIEW

_ROWS: Final = 9
_MANY_ROWS: Final = 200
# Of a site that counts what a sender invents.
_MAX_ROWS: Final = 10_000

_TITLES: Final = {
    "sources": "Sources",
    "pages": "Pages",
    "places": "Countries",
    "devices": "Devices",
    "languages": "Languages",
    "events": "Events",
    "bots": "Bots and AI crawlers",
}
_TAB_NAMES: Final = {
    "source": "Sources",
    "channel": "Channels",
    "referrer": "Referrers",
    "utm_source": "UTM source",
    "utm_medium": "UTM medium",
    "utm_campaign": "UTM campaign",
    "utm_content": "UTM content",
    "utm_term": "UTM term",
    "page": "Top",
    "entry": "Entry",
    "exit": "Exit",
    "country": "Countries",
    "language": "Languages",
    "device": "Types",
    "browser": "Browsers",
    "os": "Systems",
}
# The second column of a panel, where another figure says more than the share of visitors.
_SECOND: Final = {"page": "pageviews", "entry": "bounce_rate"}
_OF_VIEWED_PAGES: Final = ("time_on_page", "scroll_depth")
_COLUMNS: Final = {
    "visitors": "Visitors",
    "pageviews": "Views",
    "bounce_rate": "Bounces",
    "events": "Times",
    "time_on_page": "Time",
    "scroll_depth": "Scroll",
    "percentage": "Share",
    "conversion_rate": "Rate",
    "conversions": "Conversions",
    "group_conversion_rate": "Rate",
}
_IN_MENU: Final = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"})
# Where a row "not set" has no meaning.
_WITHOUT_NOT_SET: Final = _IN_MENU | {"country", "language"}

# Texts for empty panels.
_HINTS: Final = {
    "utm_source": "Links tagged with utm_source show here.",
    "utm_medium": "Links tagged with utm_medium show here.",
    "utm_campaign": "Links tagged with utm_campaign show here.",
    "utm_content": "Links tagged with utm_content show here.",
    "utm_term": "Links tagged with utm_term show here.",
    "country": (
        "Countries show where a CDN tells them (such as CF-IPCountry), or with `--mmdb FILE`."
    ),
    "language": "Languages show once a browser names one in `Accept-Language`.",
    "event": 'Send one from a view: `footfall.track("Signup", props={"plan": "pro"})`',
}


BOTS: Final = "bots"
"""The card of bots, which no filter changes."""
CARDS: Final = (*TABS, "events", BOTS)
"""The ids of the cards."""


class Tab(NamedTuple):
    """A tab of a panel, as a link."""

    name: str
    link: str
    is_selected: bool


class FigureRow(NamedTuple):
    """A row of a card; `share` is of the longest bar, in per cent."""

    text: str
    # That filters by the row; None for what is no filter.
    link: str | None
    share: int
    figures: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A table of the most frequent values of a dimension, as the page shows it."""

    id: str
    title: str
    tabs: Sequence[Tab] = ()
    # Tabs in a menu.
    more_tabs: Sequence[Tab] = ()
    # The headings of the values and of their figures.
    heading: str
    columns: Sequence[str]
    rows: Sequence[FigureRow]
    # The number of further rows; whether many are shown, with a search.
    further_rows: int
    is_long: bool
    # To the long list, to the short one, and to all rows as CSV.
    more_link: str
    less_link: str
    csv_link: str
    hint: str = ""


class Table(NamedTuple):
    """All rows of a card: texts, and for each its figures, as numbers or texts."""

    heading: str
    columns: Sequence[str]
    # How the figures are made into texts.
    metrics: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Number | str]]]
    # The name of the filter by a row; empty for what is no filter.
    filter: str = ""


class Cards:
    """Reads the cards of one view from one snapshot of the store.

    Args:
        snapshot: What they are read from.
        view: What is shown.
        query: The range, domain and filters of the view.
        prop_names: The props of the event that the view is filtered by.
    """

    def __init__(
        self, snapshot: Snapshot, view: View, query: StatsQuery, prop_names: Sequence[str]
    ) -> None:
        self._snapshot = snapshot
        self._view = view
        self._query = query
        self._prop_names = prop_names

    def all(self) -> list[Card]:
        """The cards of what counts, in the order of the page."""
        return [self._card(name) for name in (*TABS, "events")]

    def table(self, name: str) -> Table:
        """All rows of one of them."""
        if name != "events":
            return self._of_dimension(self._view[name])
        return self._props() if self._view.event else self._events()

    def _card(self, name: str) -> Card:
        card = card_of(self._view, name, self.table(name))
        if name != "events":
            in_line = [tab for tab in TABS[name] if tab not in _IN_MENU]
            in_menu = [tab for tab in TABS[name] if tab in _IN_MENU]
            return replace(
                card,
                tabs=self._tabs(name, in_line),
                more_tabs=self._tabs(name, in_menu),
                hint=_HINTS.get(self._view[name], ""),
            )
        if not self._view.event:
            return replace(card, hint=_HINTS["event"])
        return replace(
            card,
            title=f"Props of {self._view.event}",
            tabs=[
                Tab(key, self._view.link(props=key), key == card.heading)
                for key in self._prop_names
            ],
            hint="This event came without props.",
        )

    def _tabs(self, card: str, names: Sequence[str]) -> list[Tab]:
        selected = self._view[card]
        return [
            Tab(_TAB_NAMES[name], self._view.link(**{card: name}), name == selected)
            for name in names
        ]

    # -- rows ---------------------------------------------------------------------------------

    def _of_dimension(self, name: str) -> Table:
        if self._view.event:
            # Of a part of the visits, to count those who might have converted takes seconds.
            second = "percentage" if self._view.has_other_filters else "group_conversion_rate"
            first = "conversions"
        else:
            first, second = "visitors", _SECOND.get(name, "percentage")
        more = _OF_VIEWED_PAGES if name == "page" and not self._view.event else ()
        metrics = ("visitors", second, *more)
        rows = self._rows(dimension_of(name), *metrics)
        if more and all(number is None for _, figures in rows for number in figures[2:]):
            # No script tells how pages are viewed.
            metrics, rows = metrics[:2], [(text, figures[:2]) for text, figures in rows]
        return Table(
            heading=FILTERS[name][1],
            columns=[_COLUMNS[first], *(_COLUMNS[each] for each in metrics[1:])],
            metrics=metrics,
            rows=[row for row in rows if name not in _WITHOUT_NOT_SET or row[0] != NOT_SET],
            filter=name,
        )

    def _events(self) -> Table:
        metrics = ("visitors", "events", "conversion_rate")
        return Table(
            heading="Event",
            columns=[_COLUMNS[each] for each in metrics],
            metrics=metrics,
            rows=[row for row in self._rows(dimension_of("event"), *metrics) if row[0] != PAGEVIEW],
            filter="event",
        )

    def _props(self) -> Table:
        """The values of one prop of the event that the view is filtered by."""
        keys = self._prop_names
        selected = self._view["props"] if self._view["props"] in keys else next(iter(keys), "")
        metrics, name = ("visitors", "events"), f"{PROP}{selected}"
        rows = self._rows(dimension_of(name), *metrics) if selected else []
        return Table(
            heading=selected or "Prop",
            columns=[_COLUMNS[each] for each in metrics],
            metrics=metrics,
            rows=[row for row in rows if row[0] != NONE],
            filter=name,
        )

    def _rows(self, dimension: str, *metrics: str) -> list[tuple[str, Sequence[Number]]]:
        query = replace(self._query, metrics=metrics, dimensions=(dimension,), limit=_MAX_ROWS)
        return [(row.dimensions[0], row.metrics) for row in self._snapshot.run(query).rows]


def bots_table(bots: Iterable[BotRow]) -> Table:
    """The bots that were not counted."""
    return Table(
        heading="Not counted",
        columns=("Class", "Times"),
        metrics=("kind", "events"),
        rows=[(bot.name, (bot.kind, bot.number)) for bot in bots],
    )


def card_of(view: View, name: str, table: Table) -> Card:
    """The card of a table: its first rows, or the many that the view asks for."""
    is_long = view["more"] == name
    wanted = view["find"].casefold() if is_long else ""
    found = [row for row in table.rows if wanted in row[0].casefold()]
    shown = found[: _MANY_ROWS if is_long else _ROWS]
    sizes = [next(each for each in figures if isinstance(each, int)) for _, figures in shown]
    largest = max(sizes, default=0) or 1
    return Card(
        id=name,
        title=_TITLES[name],
        heading=table.heading,
        columns=table.columns,
        rows=[
            FigureRow(
                text=text,
                link=view.link_with_filter(table.filter, text) if table.filter else None,
                share=round(100 * size / largest),
                figures=[
                    each if isinstance(each, str) else format_figure(metric, each)
                    for metric, each in zip(table.metrics, figures, strict=True)
                ],
            )
            for (text, figures), size in zip(shown, sizes, strict=True)
        ],
        further_rows=len(found) - len(shown),
        is_long=is_long,
        more_link=view.link(more=name, find=""),
        less_link=view.link(more="", find=""),
        csv_link=view.csv_link(name),
    )


def csv_of(table: Table) -> str:
    """A table as CSV, with its figures as plain numbers."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([as_text(table.heading), *table.columns])
    for text, figures in table.rows:
        cells = (as_text(each) if isinstance(each, str) else each for each in figures)
        writer.writerow([as_text(text), *cells])
    return file.getvalue()
