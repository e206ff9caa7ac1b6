"""The figures of a view: read from the store, and made into texts for the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats import (
    AnyGoal,
    Condition,
    Filter,
    StatsQuery,
    TimeRange,
    Unit,
)
from footfall.collector.storage.stats.execute import Snapshot
from footfall.collector.storage.stats.metrics import Number
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard.cards import (
    BOTS,
    CARDS,
    Card,
    Cards,
    Table,
    bots_table,
    card_of,
)
from footfall.collector.web.dashboard.chart import Chart, Point, Scale, draw
from footfall.collector.web.dashboard.formatting import (
    UNKNOWN,
    Change,
    day_of,
    format_axis,
    format_change,
    format_day,
    format_figure,
    format_range,
    format_tick,
    format_time,
)
from footfall.collector.web.dashboard.view import View, units_of

GRAPH: Final = "graph"
TABLES: Final = (*CARDS, GRAPH)
"""What there is as CSV."""

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


class Total(NamedTuple):
    """One of the totals of the page."""

    metric: str
    name: str
    text: str
    change: Change | None
    # That shows it in the chart; None for what has no chart.
    link: str | None
    is_in_chart: bool


class Choice(NamedTuple):
    """An interval of the chart, as a link."""

    unit: Unit
    link: str
    is_selected: bool


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
    csv_link: str
    ticks: Sequence[str]
    table: Sequence[tuple[str, str, str]]
    cards: Sequence[Card]
    # The props of the event that the page is filtered by.
    prop_names: Sequence[str]
    # Whether there are imported days in the range, which filters cannot be applied to.
    leaves_out_imported: bool
    is_empty: bool
    # The day of the newest event, which an empty page links to, as ISO 8601 and as a text.
    newest_day: str
    newest_text: str


def figures(store: Store, view: View) -> Figures:
    """Read everything that a view shows from the store."""
    newest = store.last_event_at(view.domain)
    with _open(store, view) as reader:
        found = reader.read(newest)
    return replace(found, cards=[*found.cards, card_of(view, BOTS, _bots(store, view))])


def table_of(store: Store, view: View, name: str) -> Table:
    """All rows of one of `TABLES`: of a card, or of the graph."""
    if name == BOTS:
        return _bots(store, view)
    with _open(store, view) as reader:
        return reader.graph() if name == GRAPH else reader.cards.table(name)


def _bots(store: Store, view: View) -> Table:
    span = view.range(store.clock(), store.zone, store.oldest_day())
    return bots_table(store.bots(span, view.domain))


@contextmanager
def _open(store: Store, view: View) -> Iterator[_FiguresReader]:
    time = _Time(store.clock(), store.zone, store.oldest_day())
    names = _prop_names(store, view, time)
    with store.snapshot() as snapshot:
        yield _FiguresReader(snapshot, view, time, names)


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
        self.cards = Cards(snapshot, view, self._query_of("visitors"), prop_names)

    def read(self, newest: int | None) -> Figures:
        totals = self._totals()
        metric = self._view.metric
        unit = self._view.unit(self._range)
        before, after = self._view.steps(*self._time)
        points = self._points(metric, unit)
        chart = draw(
            points,
            self._incomplete(unit, points),
            _SCALES.get(metric, "whole"),
            is_hourly=unit == "hour",
        )
        newest_day = day_of(newest or self._now, self._range)
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
            csv_link=self._view.csv_link(GRAPH),
            ticks=[format_tick(metric, tick) for tick in chart.ticks],
            table=[_table_row(metric, point) for point in points],
            cards=self.cards.all(),
            prop_names=self._prop_names,
            leaves_out_imported=self._snapshot.leaves_out_imported(self._query_of("visitors")),
            is_empty=all(total.text in ("0", "0.0%", UNKNOWN) for total in totals),
            newest_day=newest_day.isoformat(),
            newest_text=format_day(newest_day),
        )

    def graph(self) -> Table:
        """The figures of the chart, with the times as ISO 8601 has them."""
        metric, unit = self._view.metric, self._view.unit(self._range)
        now = self._series(metric, unit, self._range)
        return Table(
            heading=unit.capitalize(),
            columns=[self._view.metrics[metric]],
            metrics=(metric,),
            rows=[(label, (number,)) for label, number in now],
        )

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


def _condition(wanted: Filter) -> Condition:
    """The condition of a filter. An event is a goal: its rate is that of all visitors."""
    is_goal = wanted.dimension == _EVENT and wanted.operator == "is"
    return AnyGoal((wanted,)) if is_goal else wanted


def _table_row(metric: str, point: Point) -> tuple[str, str, str]:
    return point.label, format_figure(metric, point.now), format_figure(metric, point.before)
