"""Dimensions as SQL over `visits v`, `events e` and `page_visits g`, and metrics as sums.

All SQL text of a query comes from here; the values that a query brings are bound.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.collector.storage.stats.time_ranges import DAY, HOUR, MINUTE, Unit


class Level(enum.Enum):
    """What a dimension belongs to."""

    VISIT = "visit"
    EVENT = "event"
    TIME = "time"


class Dimension(NamedTuple):
    """A dimension as an SQL expression over each table; None where it has no meaning there.

    Over the pages of visits it is that of the visit, but for the page and the time.

    `key` is the name of a prop, which the expression uses as `$key`; `label` replaces NULL.
    """

    level: Level
    visits: str | None
    events: str | None
    unit: Unit | None = None
    key: str | None = None
    label: str | None = None
    page_visits: str | None = None

    def sql(self, table: SourceTable) -> str | None:
        """The expression over a table."""
        expressions: dict[SourceTable, str | None] = {
            SourceTable.VISITS: self.visits,
            SourceTable.EVENTS: self.events,
            SourceTable.PAGE_VISITS: self.page_visits,
        }
        return expressions[table]


NOT_SET: Final = "(not set)"
NONE: Final = "(none)"
DIRECT_NONE: Final = "Direct / None"

PAGE: Final = "event:page"
HOSTNAME: Final = "event:hostname"
_PROPS: Final = "event:props:"


def _of_visit(column: str, label: str = NOT_SET) -> Dimension:
    # Over events, the visit is joined.
    sql = f"v.{column}"
    return Dimension(Level.VISIT, sql, sql, label=label, page_visits=sql)


def _of_time(unit: Unit, number: str) -> Dimension:
    # $local is local time in milliseconds.
    return Dimension(Level.TIME, number, number, unit, page_visits=number)


_DIMENSIONS: Final = {
    "visit:source": _of_visit("source", DIRECT_NONE),
    "visit:referrer": _of_visit("referrer", DIRECT_NONE),
    "visit:channel": _of_visit("channel"),
    "visit:utm_source": _of_visit("utm_source"),
    "visit:utm_medium": _of_visit("utm_medium"),
    "visit:utm_campaign": _of_visit("utm_campaign"),
    "visit:utm_content": _of_visit("utm_content"),
    "visit:utm_term": _of_visit("utm_term"),
    "visit:entry_page": _of_visit("entry_page"),
    "visit:exit_page": _of_visit("exit_page"),
    "visit:device": _of_visit("device"),
    "visit:browser": _of_visit("browser"),
    "visit:browser_version": _of_visit("browser_version"),
    "visit:os": _of_visit("os"),
    "visit:os_version": _of_visit("os_version"),
    "visit:country": _of_visit("country"),
    "visit:language": _of_visit("language"),
    # As with Plausible, bounces and durations of a page are those of the visits that it began.
    PAGE: Dimension(Level.EVENT, "v.entry_page", "e.path", label=NOT_SET, page_visits="g.path"),
    "event:name": Dimension(Level.EVENT, None, "e.name"),
    "event:goal": Dimension(Level.EVENT, None, "e.name"),
    HOSTNAME: Dimension(Level.EVENT, None, "e.hostname", label=NOT_SET),
    "time:minute": _of_time("minute", f"$local / {MINUTE}"),
    "time:hour": _of_time("hour", f"$local / {HOUR}"),
    "time:day": _of_time("day", f"$local / {DAY}"),
    "time:week": _of_time("week", f"($local / {DAY} + 3) / 7"),
    "time:month": _of_time(
        "month", "CAST(strftime('%Y%m', $local / 1000, 'unixepoch') AS INTEGER)"
    ),
}
DIMENSIONS: Final = (*_DIMENSIONS, f"{_PROPS}KEY")
"""The names that a query may use; KEY stands for the name of any prop."""

_PROP: Final = (
    "coalesce((SELECT value FROM json_each(e.props) WHERE json_each.key = $key), '(none)')"
)


def dimension(name: str) -> Dimension:
    """The dimension of a name.

    Raises:
        LookupError: There is none.
    """
    if name.startswith(_PROPS) and len(name) > len(_PROPS):
        return Dimension(Level.EVENT, None, _PROP, key=name.removeprefix(_PROPS), label=NONE)
    if name not in _DIMENSIONS:
        raise LookupError(f"there is no dimension {name!r}; choose from {', '.join(DIMENSIONS)}")
    return _DIMENSIONS[name]


def is_whole_days(name: str) -> bool:
    """Whether a dimension splits no day."""
    return dimension(name).unit not in ("minute", "hour")


def with_label(sql: str, label: str | None) -> str:
    """The expression, with the label in place of NULL."""
    return sql if label is None else f"coalesce({sql}, '{label}')"


class SourceTable(enum.StrEnum):
    """The table that a sum is made over."""

    VISITS = "visits"
    EVENTS = "events"
    PAGE_VISITS = "page_visits"


@dataclass(slots=True)
class Sums:
    """The sums that all metrics are made of. They add up over days, and over domains.

    `entries`, `bounces`, `views` and `milliseconds` are those of visits, where they began; `viewed`
    and what follows, those of pages of visits, of which all or some told their depth.
    """

    visitors: int = 0
    visits: int = 0
    pageviews: int = 0
    events: int = 0
    entries: int = 0
    views: int = 0
    bounces: int = 0
    milliseconds: int = 0
    viewed: int = 0
    viewed_milliseconds: int = 0
    scrolled: int = 0
    scroll_depths: int = 0

    def add(self, field: str, number: int) -> None:
        setattr(self, field, getattr(self, field) + number)


SUMS: Final[dict[SourceTable, dict[str, str]]] = {
    SourceTable.VISITS: {
        "visitors": "count(DISTINCT v.visitor)",
        "visits": "count(*)",
        "entries": "count(*)",
        "views": "sum(v.pageviews)",
        "bounces": "sum(v.pageviews < 2 AND v.interactions = 0)",
        "milliseconds": "sum(v.ended_at - v.started_at)",
    },
    SourceTable.EVENTS: {
        "visitors": "count(DISTINCT e.visitor)",
        "visits": "count(DISTINCT e.session || e.visitor)",
        "pageviews": "sum(e.name = 'pageview')",
        "events": "count(*)",
    },
    SourceTable.PAGE_VISITS: {
        "viewed": "count(*)",
        "viewed_milliseconds": "sum(g.milliseconds)",
        "scrolled": "count(g.scroll_depth)",
        "scroll_depths": "coalesce(sum(g.scroll_depth), 0)",
    },
}
"""Each sum as SQL, by table. Visitors and visits can be summed over both: the query decides.

A visit that goes on after midnight has a new visitor id then, and counts for both days.
"""

Number: TypeAlias = int | float | None
Rows: TypeAlias = Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]
"""Each combination of the dimensions' values, with its sums."""


class Metric(NamedTuple):
    """A metric: the sums it needs, and how it is computed from them and from those of the whole."""

    needs: tuple[str, ...]
    compute: Callable[[Sums, Sums], Number]

    @property
    def needs_page(self) -> bool:
        """Whether it has a meaning for pages only."""
        return not {"viewed", "scrolled"}.isdisjoint(self.needs)

    @property
    def needs_visits(self) -> bool:
        """Whether it can only be computed over visits."""
        return "entries" in self.needs


def _ratio(part: float, whole: float, digits: int = 0) -> Number:
    """Rounded as Plausible rounds; None where the whole is zero."""
    if not whole:
        return None
    return round(part / whole, digits) if digits else round(part / whole)


METRICS: Final = {
    "visitors": Metric(("visitors",), lambda own, _: own.visitors),
    "visits": Metric(("visits",), lambda own, _: own.visits),
    "pageviews": Metric(("pageviews",), lambda own, _: own.pageviews),
    # Pageviews and custom events.
    "events": Metric(("events",), lambda own, _: own.events),
    "views_per_visit": Metric(
        ("entries", "views"), lambda own, _: _ratio(own.views, own.entries, 2)
    ),
    # Per cent of visits with one pageview at most, and no interactive custom event.
    "bounce_rate": Metric(
        ("entries", "bounces"), lambda own, _: _ratio(100 * own.bounces, own.entries)
    ),
    # Seconds from the first event to the last.
    "visit_duration": Metric(
        ("entries", "milliseconds"),
        lambda own, _: _ratio(own.milliseconds / 1_000, own.entries),
    ),
    # Per cent of the visitors of the same query without dimensions.
    "percentage": Metric(
        ("visitors",), lambda own, whole: _ratio(100 * own.visitors, whole.visitors, 1)
    ),
    # Per cent of the visitors of the same query without conditions on goals and props.
    "conversion_rate": Metric(
        ("visitors",), lambda own, whole: _ratio(100 * own.visitors, whole.visitors, 2)
    ),
    # The same, of the visitors with the same values of the dimensions.
    "group_conversion_rate": Metric(
        ("visitors",), lambda own, whole: _ratio(100 * own.visitors, whole.visitors, 2)
    ),
    # Seconds for which a page was visible in a visit, as its script told.
    "time_on_page": Metric(
        ("viewed", "viewed_milliseconds"),
        lambda own, _: _ratio(own.viewed_milliseconds / 1_000, own.viewed),
    ),
    # Per cent of a page's height that were seen in a visit.
    "scroll_depth": Metric(
        ("scrolled", "scroll_depths"), lambda own, _: _ratio(own.scroll_depths, own.scrolled)
    ),
}
"""The metrics by name."""
