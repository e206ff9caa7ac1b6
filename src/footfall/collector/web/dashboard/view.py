"""The dashboard's view: what its address selects, and the links to other views. Pure.

A filter is a parameter with the name of what it filters: `source=Google`, `page=/docs`,
`prop:plan=pro`. `!` in front of the value negates it, `~` matches a part of the text, `!~` negates
that, and `=` escapes a value that begins with one of these signs. The form of the page has a filter
as three fields, `filter`, `operator` and `value`, which are read as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats import Filter, TimeRange, Unit
from footfall.collector.storage.stats.query import Operator
from footfall.collector.storage.stats.time_ranges import today
from footfall.model import PAGEVIEW

Pairs: TypeAlias = tuple[tuple[str, str], ...]

PERIODS: Final[Mapping[str, str]] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "28d": "28 days",
    "30d": "30 days",
    "month": "Month to date",
    "last_month": "Last month",
    "12mo": "12 months",
    "year": "Year to date",
    "all": "All time",
    "custom": "Custom",
}
"""The periods by their value in the address. Days are whole days, up to and with today."""

PERIODS_IN_MENU: Final = ("month", "last_month", "12mo", "year", "all")
"""The periods that the page has in a menu."""

# Thirty days may happen to be a month, and are compared with thirty days.
_PERIODS_OF_DAYS: Final = ("today", "yesterday", "7d", "28d", "30d")

INTERVALS: Final[Mapping[Unit, tuple[int, int]]] = {
    "hour": (1, 7),
    "day": (2, 400),
    "week": (8, 1_900),
    "month": (32, 36_600),
}
"""The units of time of a point of the chart, and the fewest and most days that they suit."""

COMPARISONS: Final[Mapping[str, str]] = {
    "previous": "the period before",
    "year": "a year before",
    "none": "nothing",
}
"""The periods to compare with, by their value in the address."""

METRICS: Final[Mapping[str, str]] = {
    "visitors": "Visitors",
    "visits": "Visits",
    "pageviews": "Pageviews",
    "views_per_visit": "Views per visit",
    "bounce_rate": "Bounce rate",
    "visit_duration": "Visit duration",
}
"""The totals of the page; the chart shows one of them."""

CONVERSIONS: Final[Mapping[str, str]] = {
    "visitors": "Unique conversions",
    "events": "Total conversions",
    "conversion_rate": "Conversion rate",
}
"""The totals where the page is filtered by one custom event."""

OPERATORS: Final[Mapping[str, str]] = {
    "": "is",
    "!": "is not",
    "~": "contains",
    "!~": "does not contain",
}
"""The operators of filters, by their signs in the address."""

FILTERS: Final[Mapping[str, tuple[str, str]]] = {
    "source": ("visit:source", "Source"),
    "channel": ("visit:channel", "Channel"),
    "referrer": ("visit:referrer", "Referrer"),
    "utm_source": ("visit:utm_source", "UTM source"),
    "utm_medium": ("visit:utm_medium", "UTM medium"),
    "utm_campaign": ("visit:utm_campaign", "UTM campaign"),
    "utm_content": ("visit:utm_content", "UTM content"),
    "utm_term": ("visit:utm_term", "UTM term"),
    "page": ("event:page", "Page"),
    "entry": ("visit:entry_page", "Entry page"),
    "exit": ("visit:exit_page", "Exit page"),
    "hostname": ("event:hostname", "Hostname"),
    "device": ("visit:device", "Device"),
    "browser": ("visit:browser", "Browser"),
    "browser_version": ("visit:browser_version", "Browser version"),
    "os": ("visit:os", "System"),
    "os_version": ("visit:os_version", "System version"),
    "country": ("visit:country", "Country"),
    "language": ("visit:language", "Language"),
    "event": ("event:name", "Event"),
}
"""The filters: parameter of the address, dimension of the query, label on the page."""

TABS: Final[Mapping[str, Sequence[str]]] = {
    "sources": (
        "source",
        "channel",
        "referrer",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_content",
        "utm_term",
    ),
    "pages": ("page", "entry", "exit"),
    "places": ("country",),
    "devices": ("device", "browser", "os"),
    "languages": ("language",),
}
"""The panels with their tabs; the first tab is the default."""

PROP: Final = "prop:"

FORM_FIELDS: Final = ("filter", "operator", "value")
"""The fields of the form that adds a filter."""

_QUERY_OPERATORS: Final[Mapping[str, Operator]] = {
    "": "is",
    "!": "is_not",
    "~": "contains",
    "!~": "contains_not",
}

_DEFAULTS: Final[Mapping[str, str]] = {
    "period": "today",
    "compare": "previous",
    "interval": "",
    "metric": "visitors",
    "domain": "",
    "more": "",
    "find": "",
    "props": "",
    **{panel: tabs[0] for panel, tabs in TABS.items()},
}
_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "period": tuple(PERIODS),
    "compare": tuple(COMPARISONS),
    "interval": ("", *INTERVALS),
    "metric": tuple({**METRICS, **CONVERSIONS}),
    "more": ("", *TABS, "events", "bots"),
    **TABS,
}
_ESCAPED: Final = ("!", "~", "=")
# Ten years: longer than any data, and few enough days to draw.
_MAX_DAYS: Final = 3_660
# Nobody clicks as many filters together.
_MAX_FILTERS: Final = 20


class ViewError(ValueError):
    """An invalid address. The text says how to write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChip:
    """A filter as the page shows it, and the link that removes it."""

    name: str
    operator_text: str
    value: str
    filter: Filter
    link: str
    # To the opposite filter.
    opposite: str


@dataclass(frozen=True, slots=True)
class View:
    """The dashboard's selection: `pairs` are the known parameters of its address, validated.

    Raises:
        ViewError: A parameter has an invalid value.
    """

    pairs: Pairs
    # The path that the collector is mounted at.
    root: str = ""

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]], root: str = "") -> View:
        """The view of an address; unknown parameters are ignored."""
        fields = list(pairs)
        known = [(name, value) for name, value in fields if _is_known(name, value)]
        return cls(tuple(_with_form(known, dict(fields))), root)

    def __getitem__(self, name: str) -> str:
        """The value of a parameter, or its default."""
        return next((value for key, value in self.pairs if key == name), _DEFAULTS.get(name, ""))

    @property
    def domain(self) -> str | None:
        return self["domain"] or None

    @property
    def event(self) -> str | None:
        """The custom event that the view is filtered by, if it is exactly one."""
        chosen = [each for each in self.filters() if each.dimension == FILTERS["event"][0]]
        if len(chosen) != 1 or chosen[0].operator != "is" or chosen[0].values == (PAGEVIEW,):
            return None
        return chosen[0].values[0]

    @property
    def has_other_filters(self) -> bool:
        """Whether anything but an event and its props is filtered by."""
        return any(name != "event" and (name in FILTERS) for name, _ in self.pairs)

    @property
    def metrics(self) -> Mapping[str, str]:
        """The totals that the page shows, with their names."""
        return CONVERSIONS if self.event else METRICS

    @property
    def metric(self) -> str:
        """That of the chart."""
        return self["metric"] if self["metric"] in self.metrics else _DEFAULTS["metric"]

    # -- time ---------------------------------------------------------------------------------

    def range(self, now: float, zone: ZoneInfo, oldest: date | None = None) -> TimeRange:
        """The selected days; today is included as a whole day. `oldest` is that of all events."""
        return TimeRange.of_days(*self._days(today(now, zone), oldest), zone)

    def comparison(self, now: float, zone: ZoneInfo) -> TimeRange | None:
        """The days to compare with, None for no comparison."""
        if self["compare"] == "none" or self["period"] == "all":
            return None
        first, last = self._days(today(now, zone))
        if self["compare"] == "year":
            # 52 weeks, so that the days of the week are the same.
            return TimeRange.of_days(first - _YEAR, last - _YEAR, zone)
        return TimeRange.of_days(*self._shift(first, last, -1), zone)

    def steps(
        self, now: float, zone: ZoneInfo, oldest: date | None = None
    ) -> tuple[str | None, str | None]:
        """Links to the days before and after; None where nothing can be there."""
        if self["period"] == "all":
            return None, None
        day = today(now, zone)
        first, last = self._days(day)
        before = (
            self._link_to(*self._shift(first, last, -1), day) if first > (oldest or day) else None
        )
        after = self._link_to(*self._shift(first, last, 1), day) if last < day else None
        return before, after

    def unit(self, span: TimeRange) -> Unit:
        """The unit of time of a point of the chart: the chosen one where it suits the range."""
        return next((unit for unit in units_of(span) if unit == self["interval"]), unit_of(span))

    def _link_to(self, first: date, last: date, day: date) -> str:
        """A link to these days, by the name of their period where they have one."""
        named = (name for name in _DAYS if _DAYS[name](day) == (first, last))
        if name := next(named, None):
            return self.link(period=name)
        return self.link(**{"period": "custom", "from": str(first), "to": str(last)})

    def _shift(self, first: date, last: date, steps: int) -> tuple[date, date]:
        """As many days before or after; whole months where months are selected."""
        end = last + _DAY
        if first.day == end.day == 1 and self["period"] not in _PERIODS_OF_DAYS:
            months = steps * (12 * (end.year - first.year) + end.month - first.month)
            return _add_months(first, months), _add_months(end, months) - _DAY
        days = steps * (end - first)
        return first + days, last + days

    def _days(self, day: date, oldest: date | None = None) -> tuple[date, date]:
        period = self["period"]
        if period == "custom":
            return date.fromisoformat(self["from"]), date.fromisoformat(self["to"])
        if period == "all":
            return max(min(oldest or day, day), day - timedelta(days=_MAX_DAYS - 1)), day
        return _DAYS[period](day)

    # -- filters ------------------------------------------------------------------------------

    def chips(self) -> list[FilterChip]:
        """The filters, in the order in which they were added."""
        return [
            self._chip(name, value)
            for name, value in self.pairs
            if name in FILTERS or name.startswith(PROP)
        ]

    def filters(self) -> tuple[Filter, ...]:
        """The filters of the query."""
        return tuple(chip.filter for chip in self.chips())

    def _chip(self, name: str, value: str) -> FilterChip:
        sign, text = _parse_value(value)
        others = [pair for pair in self.pairs if pair != (name, value)]
        opposite = sign.removeprefix("!") if "!" in sign else f"!{sign}"
        return FilterChip(
            name=filter_label(name),
            operator_text=OPERATORS[sign],
            value=text,
            filter=Filter(_QUERY_OPERATORS[sign], dimension_of(name), (text,)),
            link=self._link(others),
            opposite=self._link((*others, (name, _write_value(opposite, text)))),
        )

    # -- links --------------------------------------------------------------------------------

    def link_with_filter(self, name: str, value: str) -> str:
        """A link that filters by this value, and no longer by other values of the filter."""
        kept = (pair for pair in self.pairs if pair[0] not in (name, "more", "find"))
        return self._link((*kept, (name, _write_value("", value))))

    def link_without_filters(self) -> str:
        """A link to the same period without filters."""
        return self._link(pair for pair in self.pairs if pair[0] in _DEFAULTS or _is_date(pair))

    def link(self, **values: str) -> str:
        """A link with other values of some parameters."""
        changed = {**_NO_DATES, **values} if "period" in values else values
        kept = [pair for pair in self.pairs if pair[0] not in changed]
        return self._link((*kept, *changed.items()))

    def csv_link(self, table: str) -> str:
        """A link to all rows of a table as CSV."""
        kept = (pair for pair in self.pairs if pair[0] not in ("more", "find"))
        return self._link(kept, f"/figures/{table}.csv")

    @property
    def now_link(self) -> str:
        """The address of the number of current visitors."""
        return self._link((pair for pair in self.pairs if pair[0] == "domain"), "/now")

    def hidden_fields(self, *names: str) -> Iterator[tuple[str, str]]:
        """The parameters that a form has as hidden fields: all but `names`, its own fields."""
        return (pair for pair in self.pairs if pair[0] not in names)

    def _link(self, pairs: Iterable[tuple[str, str]], path: str = "/") -> str:
        query = urlencode([pair for pair in pairs if pair[1] != _DEFAULTS.get(pair[0], "")])
        return f"{self.root}{path}?{query}" if query else f"{self.root}{path}"


def unit_of(span: TimeRange) -> Unit:
    """The unit of time of a point of the chart, where none is chosen."""
    if span.days <= 1:
        return "hour"
    if span.days <= 100:
        return "day"
    return "week" if span.days <= 300 else "month"


def units_of(span: TimeRange) -> list[Unit]:
    """The units of time that suit a range."""
    return [unit for unit, (least, most) in INTERVALS.items() if least <= span.days <= most]


def dimension_of(name: str) -> str:
    """The query's dimension for a filter."""
    if name.startswith(PROP):
        return f"event:props:{name.removeprefix(PROP)}"
    return FILTERS[name][0]


def filter_label(name: str) -> str:
    """The label of a filter on the page."""
    return name.removeprefix(PROP) if name.startswith(PROP) else FILTERS[name][1]


_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(weeks=52)
_NO_DATES: Final = {"from": "", "to": ""}


def _add_months(first: date, months: int) -> date:
    """The first day of the month that is so many months later."""
    year, month = divmod(12 * first.year + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _months(day: date, begin: int, end: int) -> tuple[date, date]:
    """Whole months, counted from that of a day; the last one included."""
    first = day.replace(day=1)
    return _add_months(first, begin), _add_months(first, end + 1) - _DAY


_DAYS: Final[Mapping[str, Callable[[date], tuple[date, date]]]] = {
    "today": lambda day: (day, day),
    "yesterday": lambda day: (day - _DAY, day - _DAY),
    "7d": lambda day: (day - timedelta(days=6), day),
    "28d": lambda day: (day - timedelta(days=27), day),
    "30d": lambda day: (day - timedelta(days=29), day),
    "month": lambda day: _months(day, 0, 0),
    "last_month": lambda day: _months(day, -1, -1),
    "12mo": lambda day: _months(day, -11, 0),
    "year": lambda day: _months(day, 1 - day.month, 12 - day.month),
}


def _is_known(name: str, value: str) -> bool:
    is_known = name in _DEFAULTS or name in FILTERS or name in _NO_DATES
    return bool(value) and (is_known or (len(name) > len(PROP) and name.startswith(PROP)))


def _is_date(pair: tuple[str, str]) -> bool:
    return pair[0] in _NO_DATES


def _check(view: View) -> None:
    for name, choices in _CHOICES.items():
        if view[name] not in choices:
            raise ViewError(f"{name} must be one of {', '.join(filter(None, choices))}")
    if len(view.pairs) > _MAX_FILTERS + len(_DEFAULTS):
        raise ViewError(f"use at most {_MAX_FILTERS} filters")
    if view["period"] == "custom":
        _check_dates(view["from"], view["to"])


def _check_dates(first: str, last: str) -> None:
    try:
        days = (date.fromisoformat(last) - date.fromisoformat(first)).days
    except ValueError:
        raise ViewError("from and to must be dates, such as 2026-11-21") from None
    if not 0 <= days < _MAX_DAYS or not "1970" < first < "2400":
        raise ViewError("from must not be after to, and ten years at most before it")


def _with_form(pairs: Sequence[tuple[str, str]], fields: Mapping[str, str]) -> Pairs:
    """The pairs with the filter of the form's fields, if it has one."""
    name, sign, text = (fields.get(each, "") for each in FORM_FIELDS)
    if sign not in OPERATORS:
        raise ViewError(f"operator must be one of {', '.join(filter(None, OPERATORS))}, or empty")
    pair = (name, _write_value(sign, text))
    if not text or not _is_known(*pair) or name in _DEFAULTS or name in _NO_DATES:
        return tuple(pairs)
    # Nothing is two values at once.
    kept = [each for each in pairs if sign or each[0] != name]
    return (*kept, pair)


def _parse_value(value: str) -> tuple[str, str]:
    """The signs of a filter's value, without the escape, and the text."""
    negation = "!" if value[0] == "!" and len(value) > 1 else ""
    rest = value.removeprefix(negation)
    if len(rest) > 1 and rest[0] in "~=":
        return negation + rest[0].replace("=", ""), rest[1:]
    return negation, rest


def _write_value(sign: str, text: str) -> str:
    """A filter's value in the address."""
    escape = "=" if "~" not in sign and text.startswith(_ESCAPED) else ""
    return f"{sign}{escape}{text}"
