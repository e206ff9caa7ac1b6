"""The figures of a view: read from the store, and made into texts for the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats import (
    AnyGoal,
    Condition,
    Filter,
    StatsQuery,
    StatsRow,
    TimeRange,
    Unit,
)
from footfall.collector.storage.stats.execute import Snapshot
from footfall.collector.storage.stats.metrics import NONE, NOT_SET, Number
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard.chart import Chart, Point, Scale, draw
from footfall.collector.web.dashboard.formatting import (
    UNKNOWN,
    Change,
    format_axis,
    format_change,
    format_figure,
    format_range,
    format_tick,
    format_time,
    iso_day,
)
from footfall.collector.web.dashboard.view import (
    FILTERS,
    PROP,
    TABS,
    View,
    dimension_of,
    units_of,
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
# The second column of a panel, where another figure says more than the share of visitors.
_SECOND: Final = {"page": "pageviews", "entry": "bounce_rate"}
_COLUMNS: Final = {
    "visitors": "Visitors",
    "pageviews": "Views",
    "bounce_rate": "Bounces",
    "events": "Times",
    "percentage": "Share",
    "conversion_rate": "Rate",
    "conversions": "Conversions",
    "group_conversion_rate": "Rate",
}
_IN_MENU: Final = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"})
# Where a row "not set" has no meaning.
_WITHOUT_NOT_SET: Final = _IN_MENU | {"country"}

_EVENT: Final = "event:name"
# Without visits a rate is undefined; all other metrics are 0.
_RATES: Final = frozenset({"views_per_visit", "bounce_rate", "visit_duration"})
_SCALES: Final[dict[str, Scale]] = {
    "views_per_visit": "decimal",
    "conversion_rate": "decimal",
    "visit_duration": "duration",
}
# More than any interval has points.
_MAX_POINTS: Final = 500

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
    "event": 'Send one from a view: footfall.track("Signup", props={"plan": "pro"})',
}


class Total(NamedTuple):
    """One of the totals of the page."""

    metric: str
    name: str
    text: str
    change: Change | None
    # That shows it in the chart; None for what has no chart.
    link: str | None
    is_in_chart: bool


class Tab(NamedTuple):
    """A tab of a panel, as a link."""

    name: str
    link: str
    is_selected: bool


class Choice(NamedTuple):
    """An interval of the chart, as a link."""

    unit: Unit
    link: str
    is_selected: bool


class FigureRow(NamedTuple):
    """A row of a panel; `share` is of the longest bar, in per cent."""

    text: str
    link: str
    share: int
    figures: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A table of the most frequent values of a dimension."""

    id: str
    title: str
    tabs: Sequence[Tab]
    # Tabs in a menu.
    more_tabs: Sequence[Tab] = ()
    # The headings of the values and of their figures.
    heading: str
    columns: Sequence[str]
    rows: Sequence[FigureRow]
    # The number of further rows, and the link that shows them.
    further_rows: int
    further_link: str
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
    intervals: Sequence[Choice]
    # Links to the days before and after.
    before: str | None
    after: str | None
    chart: Chart
    ticks: Sequence[str]
    table: Sequence[tuple[str, str, str]]
    panels: Sequence[Panel]
    # The props of the event that the page is filtered by.
    prop_names: Sequence[str]
    is_empty: bool
    # The day of the newest event, which an empty page links to.
    newest_day: str


def figures(store: Store, view: View) -> Figures:
    """Read everything that a view shows from the store."""
    time = _Time(store.clock(), store.zone, store.oldest_day())
    names = _prop_names(store, view, time)
    newest = store.last_event_at(view.domain)
    with store.snapshot() as snapshot:
        return _FiguresReader(snapshot, view, time, names).read(newest)


class _Time(NamedTuple):
    """What the days of a view depend on."""

    now: float
    zone: ZoneInfo
    oldest: date | None


def _prop_names(store: Store, view: View, time: _Time) -> list[str]:
    """The names of the props of the event that the view is filtered by."""
    if view.event is None:
        return []
    return store.prop_names(view.range(*time), view.domain, view.event)


class _FiguresReader:
    """Reads the figures of one view from one snapshot of the store."""

    def __init__(
        self, snapshot: Snapshot, view: View, time: _Time, prop_names: Sequence[str]
    ) -> None:
        self._snapshot = snapshot
        self._view = view
        self._time = time
        self._now = int(time.now * 1_000)
        self._range = view.range(*time)
        self._comparison = view.comparison(time.now, time.zone)
        self._filters = tuple(map(_condition, view.filters()))
        self._prop_names = prop_names

    def read(self, newest: int | None) -> Figures:
        totals = self._totals()
        metric = self._view.metric
        unit = self._view.unit(self._range)
        before, after = self._view.steps(*self._time)
        points = self._points(metric, unit)
        chart = draw(points, self._incomplete(unit, points), _SCALES.get(metric, "whole"))
        return Figures(
            range=self._range,
            days=format_range(self._range),
            compared_with=format_range(self._comparison) if self._comparison else "",
            totals=totals,
            metric=metric,
            unit=unit,
            intervals=[
                Choice(each, self._view.link(interval=each), each == unit)
                for each in units_of(self._range)
            ],
            before=before,
            after=after,
            chart=chart,
            ticks=[format_tick(metric, tick) for tick in chart.ticks],
            table=[_table_row(metric, point) for point in points],
            panels=self._panels(),
            prop_names=self._prop_names,
            is_empty=all(total.text in ("0", "0.0%", UNKNOWN) for total in totals),
            newest_day=iso_day(newest or self._now, self._range),
        )

    def _query(self, *metrics: str, by: str, limit: int) -> tuple[list[StatsRow], int]:
        query = replace(self._query_of(*metrics), dimensions=(by,), limit=limit)
        result = self._snapshot.run(query)
        return list(result.rows), result.total

    # -- the totals and the chart -------------------------------------------------------------

    def _totals(self) -> list[Total]:
        names = self._view.metrics
        query = self._query_of(*names, comparison=self._elapsed_comparison())
        (row,) = self._snapshot.run(query).rows
        before = row.comparison or (None,) * len(names)
        totals = [
            Total(
                metric=metric,
                name=name,
                text=format_figure(metric, number),
                change=format_change(metric, number, old),
                link=self._view.link(metric=metric),
                is_in_chart=metric == self._view.metric,
            )
            for (metric, name), number, old in zip(names.items(), row.metrics, before, strict=True)
        ]
        return [*totals, *self._revenues()] if self._view.event else totals

    def _revenues(self) -> Iterator[Total]:
        """What the conversions brought, in each currency."""
        span = self._elapsed_comparison()
        query = self._query_of("events")
        before = self._snapshot.revenue(replace(query, range=span)) if span else {}
        for currency, amount in self._snapshot.revenue(query).items():
            yield Total(
                metric="revenue",
                name=f"Revenue in {currency}",
                text=f"{amount:,.2f}",
                change=format_change("revenue", amount, before.get(currency)),
                link=None,
                is_in_chart=False,
            )

    def _query_of(self, *metrics: str, comparison: TimeRange | None = None) -> StatsQuery:
        return StatsQuery(
            range=self._range,
            comparison=comparison,
            domain=self._view.domain,
            metrics=metrics,
            filters=self._filters,
        )

    def _elapsed_comparison(self) -> TimeRange | None:
        """The compared period, cut to the part of the selected one that has passed."""
        if self._comparison is None or self._now >= self._range.until:
            return self._comparison
        return self._comparison.until_at_most(
            self._comparison.since + self._now - self._range.since
        )

    def _points(self, metric: str, unit: Unit) -> list[Point]:
        now = self._series(metric, unit, self._range)
        before = self._series(metric, unit, self._comparison) if self._comparison else []
        has_day = self._range.days > 1
        return [
            Point(
                format_time(label, unit, has_day=has_day),
                number,
                old,
                format_axis(label, unit, has_day=has_day),
            )
            for (label, number), old in zip(
                now, [*(number for _, number in before), *(None,) * len(now)], strict=False
            )
        ]

    def _series(self, metric: str, unit: Unit, span: TimeRange) -> list[tuple[str, Number]]:
        """A figure for each unit of time of a range; None for those that have not begun."""
        # Each time has visitors of its own, of which some convert.
        asked = "group_conversion_rate" if metric == "conversion_rate" else metric
        query = replace(
            self._query_of(asked), range=span, dimensions=(f"time:{unit}",), limit=_MAX_POINTS
        )
        figures_by_label = {
            row.dimensions[0]: row.metrics[0] for row in self._snapshot.run(query).rows
        }
        begun = len(labels(span.until_at_most(self._now), unit))
        default = None if metric in _RATES else 0
        return [
            (label, figures_by_label.get(label, default) if index < begun else None)
            for index, label in enumerate(labels(span, unit))
        ]

    def _incomplete(self, unit: Unit, points: Sequence[Point]) -> int | None:
        """The index of the point whose time is not over yet."""
        if not self._range.since <= self._now < self._range.until:
            return None
        return min(len(labels(self._range.until_at_most(self._now), unit)), len(points)) - 1

    # -- the panels ---------------------------------------------------------------------------

    def _panels(self) -> list[Panel]:
        return [*(self._panel(name) for name in TABS), self._events()]

    def _panel(self, name: str) -> Panel:
        selected = self._view[name]
        first = _COLUMNS["conversions" if self._view.event else "visitors"]
        second = self._second_figure(selected)
        rows, total = self._query(
            "visitors", second, by=dimension_of(selected), limit=self._limit(name) + 1
        )
        known = [
            row for row in rows if selected not in _WITHOUT_NOT_SET or row.dimensions[0] != NOT_SET
        ]
        return Panel(
            id=name,
            title=_TITLES[name],
            tabs=self._tabs(name, [tab for tab in TABS[name] if tab not in _IN_MENU]),
            more_tabs=self._tabs(name, [tab for tab in TABS[name] if tab in _IN_MENU]),
            heading=FILTERS[selected][1],
            columns=[first, _COLUMNS[second]],
            rows=self._rows(known[: self._limit(name)], selected, ("visitors", second)),
            further_rows=total - len(rows) + len(known) - len(known[: self._limit(name)]),
            further_link=self._view.link(more=name),
            hint=_HINTS.get(selected, ""),
        )

    def _second_figure(self, dimension: str) -> str:
        if self._view.event:
            return "group_conversion_rate"
        return _SECOND.get(dimension, "percentage")

    def _tabs(self, panel: str, names: Sequence[str]) -> list[Tab]:
        selected = self._view[panel]
        return [
            Tab(_TAB_NAMES[name], self._view.link(**{panel: name}), name == selected)
            for name in names
        ]

    def _events(self) -> Panel:
        """The custom events; with a filter by one event, the values of its props."""
        if self._view.event:
            return self._props(self._view.event)
        rows, _ = self._query("visitors", "events", "conversion_rate", by=_EVENT, limit=_MANY_ROWS)
        custom = [row for row in rows if row.dimensions[0] != PAGEVIEW]
        limit = self._limit("events")
        return Panel(
            id="events",
            title=_TITLES["events"],
            tabs=[],
            heading="Event",
            columns=[_COLUMNS[each] for each in ("visitors", "events", "conversion_rate")],
            rows=self._rows(custom[:limit], "event", ("visitors", "events", "conversion_rate")),
            further_rows=len(custom) - len(custom[:limit]),
            further_link=self._view.link(more="events"),
            hint=_HINTS["event"],
        )

    def _props(self, event: str) -> Panel:
        keys = self._prop_names
        selected = self._view["props"] if self._view["props"] in keys else next(iter(keys), "")
        shown: list[FigureRow] = []
        total = 0
        if selected:
            name = f"{PROP}{selected}"
            rows, total = self._query(
                "visitors", "events", by=dimension_of(name), limit=self._limit("events")
            )
            total -= len(rows)
            with_prop = [row for row in rows if row.dimensions[0] != NONE]
            shown = self._rows(with_prop, name, ("visitors", "events"))
        return Panel(
            id="events",
            title=f"Props of {event}",
            tabs=[Tab(key, self._view.link(props=key), key == selected) for key in keys],
            heading=selected or "Prop",
            columns=[_COLUMNS["visitors"], _COLUMNS["events"]],
            rows=shown,
            further_rows=total,
            further_link=self._view.link(more="events"),
            hint="This event came without props.",
        )

    def _rows(self, rows: Sequence[StatsRow], name: str, metrics: Sequence[str]) -> list[FigureRow]:
        largest = max((row.metrics[0] or 0 for row in rows), default=0) or 1
        return [
            FigureRow(
                text=row.dimensions[0],
                link=self._view.link_with_filter(name, row.dimensions[0]),
                share=round(100 * (row.metrics[0] or 0) / largest),
                figures=[
                    format_figure(metric, number)
                    for metric, number in zip(metrics, row.metrics, strict=True)
                ],
            )
            for row in rows
        ]

    def _limit(self, panel: str) -> int:
        return _MANY_ROWS if self._view["more"] == panel else _ROWS


def _condition(wanted: Filter) -> Condition:
    """The condition of a filter. An event is a goal: its rate is that of all visitors."""
    is_goal = wanted.dimension == _EVENT and wanted.operator == "is"
    return AnyGoal((wanted,)) if is_goal else wanted


def _table_row(metric: str, point: Point) -> tuple[str, str, str]:
    return point.label, format_figure(metric, point.now), format_figure(metric, point.before)
