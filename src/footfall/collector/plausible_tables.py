"""The ten tables of Plausible's CSV import and export, with the figures of whole days.

Names, columns and their order are those of Plausible's documentation of the format (docs:
csv-import, read 2026-11). The figures are those of the dashboard: the same sums over the same rows.
What Plausible does not know of is left out (channels, revenue), and what we do not know is empty
(regions, cities).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.collector.storage.stats.count_sql import CountStatement
from footfall.collector.storage.stats.metrics import SourceTable, dimension
from footfall.collector.storage.stats.query import Filter
from footfall.collector.storage.stats.time_ranges import TimeRange, day_of_number

__all__ = ["KEYS", "TABLES", "PlausibleTable", "rows_of", "write_zip"]

DATE: Final = "date"

_EVENTS, _VISITS = SourceTable.EVENTS, SourceTable.VISITS
_Row: TypeAlias = Mapping[str, Any]


class PlausibleTable(NamedTuple):
    """A table by its name, with what its rows are counted over and its columns in their order."""

    name: str
    source: SourceTable
    columns: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that are values of dimensions."""
        return tuple(name for name in self.columns if name in KEYS)


KEYS: Final[Mapping[str, str | None]] = {
    "source": "visit:source",
    "referrer": "visit:referrer",
    "utm_source": "visit:utm_source",
    "utm_medium": "visit:utm_medium",
    "utm_campaign": "visit:utm_campaign",
    "utm_content": "visit:utm_content",
    "utm_term": "visit:utm_term",
    "hostname": "event:hostname",
    "page": "event:page",
    "entry_page": "visit:entry_page",
    "exit_page": "visit:exit_page",
    "name": "event:name",
    "link_url": "event:props:url",
    "path": "event:props:path",
    "country": "visit:country",
    "region": None,
    "city": None,
    "device": "visit:device",
    "browser": "visit:browser",
    "browser_version": "visit:browser_version",
    "operating_system": "visit:os",
    "operating_system_version": "visit:os_version",
}
"""The columns that are values of dimensions, with the dimension; None for what is not known."""

_SUMS: Final[dict[SourceTable, Mapping[str, str]]] = {
    _VISITS: {
        "visitors": "visitors",
        "visits": "visits",
        "entrances": "visits",
        "exits": "visits",
        "visit_duration": "milliseconds",
        "bounces": "bounces",
        "pageviews": "views",
    },
    _EVENTS: {
        "visitors": "visitors",
        "visits": "visits",
        "pageviews": "pageviews",
        "events": "events",
    },
}
"""The columns that are figures, with the sum."""


def _columns(text: str) -> tuple[str, ...]:
    return (DATE, *text.split())


_OF_VISITS: Final = "visitors visits visit_duration bounces pageviews"
TABLES: Final[Sequence[PlausibleTable]] = (
    PlausibleTable(
        "imported_visitors", _VISITS, _columns("visitors pageviews bounces visits visit_duration")
    ),
    PlausibleTable(
        "imported_sources",
        _VISITS,
        _columns(
            "source referrer utm_source utm_medium utm_campaign utm_content utm_term "
            "pageviews visitors visits visit_duration bounces"
        ),
    ),
    PlausibleTable("imported_pages", _EVENTS, _columns("hostname page visits visitors pageviews")),
    PlausibleTable(
        "imported_entry_pages",
        _VISITS,
        _columns("entry_page visitors entrances visit_duration bounces pageviews"),
    ),
    PlausibleTable(
        "imported_exit_pages",
        _VISITS,
        _columns("exit_page visitors visit_duration exits bounces pageviews"),
    ),
    PlausibleTable(
        "imported_custom_events", _EVENTS, _columns("name link_url path visitors events")
    ),
    PlausibleTable("imported_locations", _VISITS, _columns(f"country region city {_OF_VISITS}")),
    PlausibleTable("imported_devices", _VISITS, _columns(f"device {_OF_VISITS}")),
    PlausibleTable("imported_browsers", _VISITS, _columns(f"browser browser_version {_OF_VISITS}")),
    PlausibleTable(
        "imported_operating_systems",
        _VISITS,
        _columns(f"operating_system operating_system_version {_OF_VISITS}"),
    ),
)

# The events of which Plausible keeps a prop.
_WITH_URL: Final = ("Outbound Link: Click", "Cloaked Link: Click", "File Download")
_WITH_PATH: Final = ("404",)
_PAGEVIEW: Final = ("pageview",)


def write_zip(connection: Connection, span: TimeRange, domain: str, path: str) -> int:
    """Write the tables of whole days as a zip, in one state of the file.

    Returns:
        The number of rows.

    Raises:
        OSError: It cannot be written.
    """
    dates = f"{span.first_day:%Y%m%d}_{span.last_day:%Y%m%d}"
    number = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in TABLES:
            with (
                archive.open(f"{table.name}_{dates}.csv", "w") as binary,
                io.TextIOWrapper(binary, encoding="utf-8", newline="") as file,
            ):
                writer = csv.DictWriter(file, table.columns, quoting=csv.QUOTE_NONNUMERIC)
                writer.writeheader()
                for row in rows_of(connection, table, span, domain):
                    writer.writerow(row)
                    number += 1
    return number


def rows_of(
    connection: Connection, table: PlausibleTable, span: TimeRange, domain: str
) -> Iterator[_Row]:
    """The rows of a table, by day."""
    rows: Iterator[_Row]
    if table.name == "imported_custom_events":
        rows = _custom_events(connection, table, span, domain)
    elif table.name == "imported_pages":
        pageviews = Filter("is", "event:name", _PAGEVIEW)
        rows = _counted(connection, table, span, domain, table.keys, pageviews)
    else:
        rows = _counted(connection, table, span, domain, table.keys)
    if table.name == "imported_visitors":
        rows = _with_pageviews(connection, span, domain, rows)
    elif table.name == "imported_locations":
        # A row of nowhere is no place.
        rows = (row for row in rows if row["country"])
    yield from sorted(rows, key=lambda row: str(row[DATE]))


def _counted(
    connection: Connection,
    table: PlausibleTable,
    span: TimeRange,
    domain: str,
    keys: Sequence[str],
    *filters: Filter,
) -> Iterator[_Row]:
    known = {key: name for key in keys if (name := KEYS[key]) is not None}
    sums = {
        name: _SUMS[table.source][name] for name in table.columns if name in _SUMS[table.source]
    }
    statement = CountStatement(table.source, span, domain)
    dimensions = ["time:day", *known.values()]
    for (day, *values), numbers in statement.run(
        connection, dimensions, [*dict.fromkeys(sums.values())], filters
    ):
        found = dict(zip(dict.fromkeys(sums.values()), numbers, strict=True))
        row = {DATE: day_of_number(day).isoformat(), **dict.fromkeys(table.keys, "")}
        if "city" in row:
            row["city"] = 0  # type: ignore[assignment]  # the one key that is a number
        for (key, name), value in zip(known.items(), values, strict=True):
            row[key] = "" if value == dimension(name).label else value
        yield row | {
            name: found[each] if each != "milliseconds" else round(found[each] / 1_000)
            for name, each in sums.items()
        }


def _custom_events(
    connection: Connection, table: PlausibleTable, span: TimeRange, domain: str
) -> Iterator[_Row]:
    for keys, condition in (
        (("name", "link_url"), Filter("is", "event:name", _WITH_URL)),
        (("name", "path"), Filter("is", "event:name", _WITH_PATH)),
        (("name",), Filter("is_not", "event:name", (*_WITH_URL, *_WITH_PATH, *_PAGEVIEW))),
    ):
        yield from _counted(connection, table, span, domain, keys, condition)


def _with_pageviews(
    connection: Connection, span: TimeRange, domain: str, rows: Iterator[_Row]
) -> Iterator[_Row]:
    """The rows of days with the pageviews of the day itself; those of a visit may be later."""
    statement = CountStatement(_EVENTS, span, domain)
    counted = {
        day_of_number(key[0]).isoformat(): number
        for key, (number,) in statement.run(connection, ["time:day"], ["pageviews"], ())
    }
    for row in rows:
        yield {**row, "pageviews": counted.pop(str(row[DATE]), 0)}
    for date, number in counted.items():
        yield {**dict.fromkeys(TABLES[0].columns, 0), DATE: date, "pageviews": number}
