"""The figures of a view, asked of the store and put into words for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats import StatsQuery, StatsRow, TimeRange, Unit
from footfall.collector.storage.stats.execute import Snapshot
from footfall.collector.storage.stats.metrics import NONE, NOT_SET, Number
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard.chart import Chart, Point, draw
from footfall.collector.web.dashboard.formatting import (
    UNKNOWN,
    Change,
    change,
    say,
    say_day,
    say_moment,
    say_range,
    say_shortly,
)
from footfall.collector.web.dashboard.view import (
    FILTERS,
    METRICS,
    PROP,
    TABS,
    View,
    dimension_of,
    unit_of,
)
from footfall.model import PAGEVIEW

_ROWS: Final = 9
_MANY_ROWS: Final = 200

_TITLES: Final = {
    "sources": "Sources",
    "pages": "Pages",
    "places": "Countries",
    "devices": "Devices",
    "events": "Events",
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
    "device": "Types",
    "browser": "Browsers",
    "os": "Systems",
}
# What stands beside the visitors, where something tells more than their share.
_SECOND: Final = {"page": "pageviews", "entry": "bounce_rate"}
_COLUMNS: Final = {
    "visitors": "Visitors",
    "pageviews": "Views",
    "bounce_rate": "Bounces",
    "events": "Times",
    "percentage": "Share",
    "conversion_rate": "Rate",
}
_IN_MENU: Final = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"})
# Where a row that says "not set" would say nothing.
_EMPTY: Final = _IN_MENU | {"country"}

_EVENT: Final = "event:name"
# Of nothing there is no rate; of everything else there is none.
_RATES: Final = frozenset({"views_per_visit", "bounce_rate", "visit_duration"})
# The hours of a day, the days of a quarter, the months of ten years.
_MAX_POINTS: Final = 200

# What to do where a panel is empty.
_HINTS: Final = {
    "utm_source": "Links tagged with utm_source show here.",
    "utm_medium": "Links tagged with utm_medium show here.",
    "utm_campaign": "Links tagged with utm_campaign show here.",
    "utm_content": "Links tagged with utm_content show here.",
    "utm_term": "Links tagged with utm_term show here.",
    "country": (
        "Countries show where a CDN tells them (such as CF-IPCountry), or with --mmdb FILE."
    ),
    "event": 'Send one from a view: footfall.track("Signup", props={"plan": "pro"})',
}


class Total(NamedTuple):
    """One of the figures on top."""

    metric: str
    name: str
    text: str
    change: Change | None
    link: str
    is_drawn: bool


class Tab(NamedTuple):
    """Something else that a panel can show."""

    name: str
    link: str
    is_shown: bool


class FigureRow(NamedTuple):
    """A row of a panel; `share` is of the longest bar, in per cent."""

    text: str
    link: str
    share: int
    figures: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A table of what was most often so."""

    id: str
    title: str
    tabs: Sequence[Tab]
    # Those that open from a menu.
    more_tabs: Sequence[Tab] = ()
    # What the rows are, and their figures.
    head: str
    columns: Sequence[str]
    lines: Sequence[FigureRow]
    # How many rows there are beyond these.
    rest: int
    more: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that the page shows of a view."""

    range: TimeRange
    days: str
    compared_with: str
    totals: Sequence[Total]
    metric: str
    unit: Unit
    graph: Chart
    ticks: Sequence[str]
    table: Sequence[tuple[str, str, str]]
    panels: Sequence[Panel]
    is_empty: bool
    # The day of the newest event, for those who look where there is none.
    newest_day: str


def figures(store: Store, view: View) -> Figures:
    """Ask the store everything that a view shows."""
    names = _prop_names(store, view)
    newest = store.newest(view.domain)
    with store.looking() as look:
        return _Asking(look, view, store.clock(), store.zone, names).all(newest)


def _prop_names(store: Store, view: View) -> list[str]:
    """The props of the event whose props are shown."""
    event = _chosen_event(view)
    span = view.range(store.clock(), store.zone)
    return store.prop_names(span, view.domain, event) if event else []


def _chosen_event(view: View) -> str | None:
    """The custom event that a view is filtered by, if it is a single one."""
    chosen = [chip.value for chip in view.chips() if chip.filter.dimension == _EVENT]
    return chosen[0] if len(chosen) == 1 and chosen[0] != PAGEVIEW else None


class _Asking:
    """One view, asked at one moment."""

    def __init__(
        self, look: Snapshot, view: View, now: float, zone: ZoneInfo, prop_names: Sequence[str]
    ) -> None:
        self._look = look
        self._view = view
        self._now = int(now * 1_000)
        self._range = view.range(now, zone)
        self._before = view.before(now, zone)
        self._filters = view.filters()
        self._prop_names = prop_names

    def all(self, newest: int | None) -> Figures:
        totals = self._totals()
        metric = self._view["metric"]
        unit = unit_of(self._range)
        points = self._points(metric, unit)
        graph = draw(points, self._running(unit, points))
        return Figures(
            range=self._range,
            days=say_range(self._range),
            compared_with=say_range(self._before) if self._before else "",
            totals=totals,
            metric=metric,
            unit=unit,
            graph=graph,
            ticks=[say_shortly(metric, tick) for tick in graph.ticks],
            table=[_in_words(metric, point) for point in points],
            panels=self._panels(),
            is_empty=all(total.text in ("0", UNKNOWN) for total in totals),
            newest_day=say_day(newest or self._now, self._range),
        )

    def _ask(
        self, *metrics: str, by: str | None = None, limit: int = 1
    ) -> tuple[list[StatsRow], int]:
        question = StatsQuery(
            range=self._range,
            domain=self._view.domain,
            metrics=metrics,
            dimensions=(by,) if by else (),
            filters=self._filters,
            limit=limit,
        )
        found = self._look.ask(question)
        return list(found.rows), found.total

    # -- the totals and the graph -------------------------------------------------------------

    def _totals(self) -> list[Total]:
        question = StatsQuery(
            range=self._range,
            comparison=self._as_far(),
            domain=self._view.domain,
            metrics=tuple(METRICS),
            filters=self._filters,
        )
        (row,) = self._look.ask(question).rows
        before = row.comparison or (None,) * len(METRICS)
        return [
            Total(
                metric=metric,
                name=name,
                text=say(metric, number),
                change=change(metric, number, old),
                link=self._view.with_(metric=metric),
                is_drawn=metric == self._view["metric"],
            )
            for (metric, name), number, old in zip(
                METRICS.items(), row.metrics, before, strict=True
            )
        ]

    def _as_far(self) -> TimeRange | None:
        """The period before, as far as this one has come."""
        if self._before is None or self._now >= self._range.until:
            return self._before
        return self._before.until_at_most(self._before.since + self._now - self._range.since)

    def _points(self, metric: str, unit: Unit) -> list[Point]:
        now = self._series(metric, unit, self._range)
        before = self._series(metric, unit, self._before) if self._before else []
        return [
            Point(say_moment(label, unit), number, old)
            for (label, number), old in zip(
                now, [*(number for _, number in before), *(None,) * len(now)], strict=False
            )
        ]

    def _series(self, metric: str, unit: Unit, span: TimeRange) -> list[tuple[str, Number]]:
        """A figure for every moment of a range; None for those that are still to come."""
        question = StatsQuery(
            range=span,
            domain=self._view.domain,
            metrics=(metric,),
            dimensions=(f"time:{unit}",),
            filters=self._filters,
            limit=_MAX_POINTS,
        )
        found = {row.dimensions[0]: row.metrics[0] for row in self._look.ask(question).rows}
        begun = len(labels(span.until_at_most(self._now), unit))
        nothing = None if metric in _RATES else 0
        return [
            (label, found.get(label, nothing) if place < begun else None)
            for place, label in enumerate(labels(span, unit))
        ]

    def _running(self, unit: Unit, points: Sequence[Point]) -> int | None:
        """The place of the moment that is not over yet."""
        if not self._range.since <= self._now < self._range.until:
            return None
        return min(len(labels(self._range.until_at_most(self._now), unit)), len(points)) - 1

    # -- the panels ---------------------------------------------------------------------------

    def _panels(self) -> list[Panel]:
        return [*(self._panel(name) for name in TABS), self._events()]

    def _panel(self, name: str) -> Panel:
        shown = self._view[name]
        second = _SECOND.get(shown, "percentage")
        rows, total = self._ask(
            "visitors", second, by=dimension_of(shown), limit=self._limit(name) + 1
        )
        known = [row for row in rows if shown not in _EMPTY or row.dimensions[0] != NOT_SET]
        return Panel(
            id=name,
            title=_TITLES[name],
            tabs=self._tabs(name, [tab for tab in TABS[name] if tab not in _IN_MENU]),
            more_tabs=self._tabs(name, [tab for tab in TABS[name] if tab in _IN_MENU]),
            head=FILTERS[shown][1],
            columns=[_COLUMNS["visitors"], _COLUMNS[second]],
            lines=self._lines(known[: self._limit(name)], shown, ("visitors", second)),
            rest=total - len(rows) + len(known) - len(known[: self._limit(name)]),
            more=self._view.with_(more=name),
            hint=_HINTS.get(shown, ""),
        )

    def _tabs(self, panel: str, names: Sequence[str]) -> list[Tab]:
        shown = self._view[panel]
        return [
            Tab(_TAB_NAMES[name], self._view.with_(**{panel: name}), name == shown)
            for name in names
        ]

    def _events(self) -> Panel:
        """The custom events; of a single one, the values of its props."""
        if chosen := _chosen_event(self._view):
            return self._props(chosen)
        rows, _ = self._ask("visitors", "events", "conversion_rate", by=_EVENT, limit=_MANY_ROWS)
        custom = [row for row in rows if row.dimensions[0] != PAGEVIEW]
        limit = self._limit("events")
        return Panel(
            id="events",
            title=_TITLES["events"],
            tabs=[],
            head="Event",
            columns=[_COLUMNS[each] for each in ("visitors", "events", "conversion_rate")],
            lines=self._lines(custom[:limit], "event", ("visitors", "events", "conversion_rate")),
            rest=len(custom) - len(custom[:limit]),
            more=self._view.with_(more="events"),
            hint=_HINTS["event"],
        )

    def _props(self, event: str) -> Panel:
        keys = self._prop_names
        shown = self._view["props"] if self._view["props"] in keys else next(iter(keys), "")
        lines: list[FigureRow] = []
        total = 0
        if shown:
            name = f"{PROP}{shown}"
            rows, total = self._ask(
                "visitors", "events", by=dimension_of(name), limit=self._limit("events")
            )
            total -= len(rows)
            told = [row for row in rows if row.dimensions[0] != NONE]
            lines = self._lines(told, name, ("visitors", "events"))
        return Panel(
            id="events",
            title=f"Props of {event}",
            tabs=[Tab(key, self._view.with_(props=key), key == shown) for key in keys],
            head=shown or "Prop",
            columns=[_COLUMNS["visitors"], _COLUMNS["events"]],
            lines=lines,
            rest=total,
            more=self._view.with_(more="events"),
            hint="This event came without props.",
        )

    def _lines(
        self, rows: Sequence[StatsRow], name: str, metrics: Sequence[str]
    ) -> list[FigureRow]:
        largest = max((row.metrics[0] or 0 for row in rows), default=0) or 1
        return [
            FigureRow(
                text=row.dimensions[0],
                link=self._view.with_filter(name, row.dimensions[0]),
                share=round(100 * (row.metrics[0] or 0) / largest),
                figures=[
                    say(metric, number) for metric, number in zip(metrics, row.metrics, strict=True)
                ],
            )
            for row in rows
        ]

    def _limit(self, panel: str) -> int:
        return _MANY_ROWS if self._view["more"] == panel else _ROWS


def _in_words(metric: str, point: Point) -> tuple[str, str, str]:
    return point.moment, say(metric, point.now), say(metric, point.before)
