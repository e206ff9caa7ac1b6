"""Reads an export of Plausible's into a collector's file: the figures of whole days.

There are no events in it, so that the figures stand beside those that are counted: the daily ones,
and the lists of one dimension. Filters have nothing to look at there. Days from the first event of
the file on are left out, since they are counted already.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from footfall.collector.plausible_tables import DATE, KEYS, TABLES, PlausibleTable
from footfall.collector.storage import imports
from footfall.collector.storage.database import Database
from footfall.collector.storage.imports import ImportedDay
from footfall.collector.storage.stats.metrics import SourceTable, dimension
from footfall.collector.storage.stats.rollups import ROLLUP_DIMENSIONS, TOTAL
from footfall.collector.storage.stats.time_ranges import day_number, local_date
from footfall.collector.wire.traffic_source import find_traffic_source
from footfall.model import PAGEVIEW

__all__ = ["NOT_SHOWN", "ExportError", "ExportReport", "import_export"]

_NAME: Final = re.compile(r"(?:.*/)?(imported_[a-z_]+)_(\d{8})_(\d{8})\.csv")
_TABLES: Final = {table.name: table for table in TABLES}
_SHOWN: Final = frozenset(name for names in ROLLUP_DIMENSIONS.values() for name in names)
NOT_SHOWN: Final[Sequence[str]] = [key for key, name in KEYS.items() if name not in _SHOWN]
"""The columns that no list of the dashboard has of imported days."""
# The largest day of a large site has a million of something; no counter overflows below that.
_MAX_NUMBER: Final = 2**53


class ExportError(ValueError):
    """A file that is no export of Plausible's; the text names the file, and the line."""


@dataclass(kw_only=True)
class ExportReport:
    """What was read."""

    rows: Counter[str] = field(default_factory=Counter)
    """By table."""
    left_out: int = 0
    """Rows of days that are counted by events."""
    ignored: list[str] = field(default_factory=list)
    """The names of files that are none of the tables."""
    first_day: date | None = None
    last_day: date | None = None


def import_export(
    path: str, database: str, domain: str, zone: ZoneInfo, *, now: float, is_dry: bool = False
) -> ExportReport:
    """Write the figures of an export in the place of those imported before for its days.

    Args:
        path: The zip.
        database: The file, which is made if there is none.
        domain: The site.
        zone: The time zone whose days count.
        now: Seconds since the epoch.
        is_dry: Whether nothing is written.

    Raises:
        ConfigError: The database cannot be used.
        ExportError: It is no export of Plausible's.
        OSError: It cannot be read.
        sqlite3.Error: Nothing is written.
    """
    report = ExportReport()
    if is_dry:
        for _ in _days(path, domain, None, report):
            pass
        return report
    with closing(Database(database)) as opened, opened.writing() as connection:
        event = imports.first_event(connection, domain)
        until = None if event is None else local_date(event, zone)
        # The days are known once all is read, and what was imported before is replaced first.
        for _ in _days(path, domain, until, report):
            pass
        if report.first_day is None or report.last_day is None:
            return report
        first, last = day_number(report.first_day), day_number(report.last_day)
        rows = _days(path, domain, until, ExportReport())
        imports.replace_days(connection, domain, first, last, rows, int(now * 1_000))
    return report


def _days(
    path: str, domain: str, until: date | None, report: ExportReport
) -> Iterator[ImportedDay]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                found = _NAME.fullmatch(name)
                if found is None or found[1] not in _TABLES:
                    report.ignored += [] if name.endswith("/") else [name]
                    continue
                with archive.open(name) as file:
                    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
                    yield from _days_of(_TABLES[found[1]], name, text, domain, until, report)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ExportError(f"{path}: no zip that can be read ({error})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ExportError(f"{path}: {error}") from error
    if not report.rows and not report.left_out:
        raise ExportError(f"{path}: has none of the files of an export, such as {TABLES[0].name}_…")


def _days_of(
    table: PlausibleTable,
    name: str,
    text: io.TextIOWrapper,
    domain: str,
    until: date | None,
    report: ExportReport,
) -> Iterator[ImportedDay]:
    reader = csv.DictReader(text)
    if DATE not in (reader.fieldnames or ()):
        raise ExportError(f"{name}:1: has no column {DATE}")
    for row in reader:
        try:
            day = date.fromisoformat(row[DATE])
            numbers = {key: _number(row, key) for key in _figures_of(table)}
        except (TypeError, ValueError) as error:
            raise ExportError(f"{name}:{reader.line_num}: {error}") from error
        if until is not None and day >= until:
            report.left_out += 1
            continue
        report.rows[table.name] += 1
        report.first_day = min(day, report.first_day or day)
        report.last_day = max(day, report.last_day or day)
        yield from _figures(table, row, numbers, domain, day_number(day))


def _figures_of(table: PlausibleTable) -> Sequence[str]:
    return [name for name in table.columns if name != DATE and name not in KEYS]


def _number(row: Mapping[str, str | None], key: str) -> int:
    """A figure; 0 where the column is missing, for all are optional."""
    text = row.get(key)
    number = int(text) if text else 0
    if not 0 <= number < _MAX_NUMBER:
        raise ValueError(f"{key} is {text}")
    return number


def _figures(
    table: PlausibleTable,
    row: Mapping[str, str],
    numbers: Mapping[str, int],
    domain: str,
    day: int,
) -> Iterator[ImportedDay]:
    """The row as figures of each dimension that it has a value of."""
    events = numbers.get("events", numbers.get("pageviews", 0))
    day_of_visits = ImportedDay(
        SourceTable.VISITS,
        TOTAL,
        domain,
        day,
        "",
        visitors=numbers.get("visitors", 0),
        visits=sum(numbers.get(each, 0) for each in ("visits", "entrances", "exits")),
        pageviews=numbers.get("pageviews", 0),
        bounces=numbers.get("bounces", 0),
        milliseconds=1_000 * numbers.get("visit_duration", 0),
    )
    day_of_events = day_of_visits._replace(
        side=SourceTable.EVENTS, events=events, bounces=0, milliseconds=0
    )
    if table.name == "imported_visitors":
        yield day_of_visits
        yield day_of_events
        yield day_of_events._replace(dimension="event:name", value=PAGEVIEW)
    elif table.name == "imported_custom_events":
        yield day_of_events._replace(
            dimension="event:name", value=row.get("name") or "", visits=day_of_events.visitors
        )
        yield day_of_events._replace(visitors=0, visits=0)
    else:
        figures = day_of_visits if table.source is SourceTable.VISITS else day_of_events
        for key in table.keys:
            name = KEYS[key]
            if name in ROLLUP_DIMENSIONS[table.source]:
                yield figures._replace(dimension=name, value=row.get(key) or _label(name))
        if "source" in table.keys:
            yield figures._replace(dimension="visit:channel", value=_channel(row))


def _label(name: str) -> str:
    return dimension(name).label or ""


def _channel(row: Mapping[str, str]) -> str:
    """The channel, which Plausible does not export: it follows from the rest."""
    return find_traffic_source(
        row.get("source"),
        None,
        row.get("utm_medium"),
        row.get("utm_campaign"),
        tag=row.get("utm_source"),
    ).channel
