"""`footfall export`: writes the collector's events for other programs. Only reads its file."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from footfall.cli.terminal import complain, discard
from footfall.common.printable import escaped, escaped_json
from footfall.common.same_file import is_same_file
from footfall.common.spreadsheet import as_text
from footfall.errors import ConfigError, Fault

if TYPE_CHECKING:
    import sqlite3

HELP: Final = "write the collector's events as CSV, JSON lines or Parquet, or for Plausible"
EXIT_CODES: Final = {
    0: "all events were written, or as many as their reader took",
    1: "the output failed",
    2: "it could not start",
}

COLUMNS: Final = {
    "id": "BIGINT",
    "received_at": "TIMESTAMP",
    **dict.fromkeys(
        (
            "vendor",
            "domain",
            "name",
            "url",
            "hostname",
            "path",
            "referrer",
            "source",
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_content",
            "utm_term",
            "props",
            "currency",
            "amount",
            "user_agent",
            "browser",
            "os",
            "device",
            "country",
            "visitor",
            "session",
            "reason",
        ),
        "VARCHAR",
    ),
}
"""The columns and their types in Parquet. Times are UTC; props are a JSON object."""

_SELECT: Final = f"""
    SELECT {", ".join(COLUMNS)} FROM %s
    WHERE (:domain IS NULL OR domain = :domain) AND received_at >= :since AND received_at < :until
"""  # noqa: S608 -- fixed texts
_EVENTS: Final = f"{_SELECT % 'events'} UNION ALL {_SELECT % 'dropped_events'} ORDER BY id"
_MISSING: Final = 'Parquet needs the package duckdb: pip install "footfall[parquet]"'
_END_OF_TIME: Final = 2**62

# In the column of amounts a negative number stays one.
_NEGATIVE: Final = re.compile(r"-[0-9]+(\.[0-9]+)?")

_PLAUSIBLE: Final = "plausible"
_ABOUT_PLAUSIBLE: Final = (
    "Unzip it, and choose its files in Plausible's site settings under Imports & Exports. "
    "Plausible takes only days before the first visitor that it has counted itself"
)
# These take events with their own times, so that no file is needed.
_SENT: Final = {
    "umami": "Umami imports no file: `footfall forward FILE umami://HOST/WEBSITE_ID` sends the "
    "events, with their own times",
    "matomo": "Matomo imports no file: `footfall forward FILE matomo://HOST/SITE_ID` sends the "
    "events, with their own times",
}

_WRITTEN = 0
_FAILED = 1
_CANNOT_START = 2

_Row: TypeAlias = Sequence[Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall export`."""
    parser.add_argument(
        "--database", metavar="FILE", default="footfall.sqlite3", help="what to read (%(default)s)"
    )
    parser.add_argument(
        "--format",
        choices=sorted([*_WRITERS, _PLAUSIBLE, *_SENT]),
        default="csv",
        help="what to write (%(default)s)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to write; without it, to standard output"
    )
    parser.add_argument(
        "--raw-csv",
        action="store_true",
        help="for programs: leave cells as they are that a spreadsheet would run as a formula; "
        "otherwise these begin with an apostrophe",
    )
    parser.add_argument(
        "--timezone", default="UTC", help="whose days count, for Plausible (%(default)s)"
    )
    add_range(parser)


def add_range(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose events."""
    parser.add_argument("--domain", help="a single domain or project")
    parser.add_argument("--from", dest="first", metavar="DATE", type=_day, help="first day (UTC)")
    parser.add_argument("--to", dest="last", metavar="DATE", type=_day, help="last day (UTC)")


def range_values(args: argparse.Namespace) -> dict[str, Any]:
    """The values of these options for a query: `domain`, `since` and `until`, in milliseconds."""
    return {
        "domain": args.domain,
        "since": _midnight(args.first) if args.first else 0,
        "until": _midnight(args.last + timedelta(days=1)) if args.last else _END_OF_TIME,
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it like 2026-11-30") from None


def run(args: argparse.Namespace) -> int:
    """Return 0 if all events were written, 1 if the output failed, 2 if it could not start."""
    from footfall.collector.storage.database import open_to_read

    if args.format in _SENT:
        complain(_SENT[args.format])
        return _CANNOT_START
    if args.format in ("parquet", _PLAUSIBLE) and not args.output:
        complain("That is no text: name a file with --output")
        return _CANNOT_START
    if args.output and is_same_file(args.output, args.database):
        complain("--output is the database itself: name another file")
        return _CANNOT_START
    try:
        with closing(open_to_read(args.database)) as connection:
            if args.format == _PLAUSIBLE:
                return _write_tables(connection, args)
            rows = _rows(connection, args)
            if args.format == "csv" and not args.raw_csv:
                rows = map(_without_formulas, rows)
            if args.format == "csv" and _is_shown(args.output):
                rows = map(_printable, rows)
            number = _WRITERS[args.format](rows, args.output)
    except (ConfigError, ModuleNotFoundError) as error:
        complain(error)
        return _CANNOT_START
    except OSError as error:
        if isinstance(error, BrokenPipeError) and not args.output:
            # Whoever read it has seen enough, as `head` has.
            discard(sys.stdout)
            return _WRITTEN
        complain(f"The events could not be written: {error}")
        return _FAILED
    complain(f"{number} events")
    return _WRITTEN


def _write_tables(connection: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Write the figures of days as the tables of Plausible's CSV import."""
    from footfall.collector.plausible_tables import write_zip
    from footfall.collector.storage.stats.count_sql import register_functions
    from footfall.collector.storage.stats.time_ranges import TimeRange, local_date

    zone, domain = time_zone(args.timezone), _single_domain(connection, args.domain)
    query = f"SELECT min(received_at), max(received_at) FROM ({_SELECT % 'events'})"  # noqa: S608 -- fixed texts
    first, last = connection.execute(query, {**range_values(args), "domain": domain}).fetchone()
    if first is None:
        raise ConfigError(Fault("domain", domain, "has no events in these days"))
    span = TimeRange.of_days(
        args.first or local_date(first, zone), args.last or local_date(last, zone), zone
    )
    register_functions(connection)
    connection.execute("BEGIN")
    number = write_zip(connection, span, domain, args.output)
    complain(f"{number} rows of {domain}, from {span.first_day} to {span.last_day}")
    complain(_ABOUT_PLAUSIBLE)
    return _WRITTEN


def _single_domain(connection: sqlite3.Connection, given: str | None) -> str:
    if given is not None:
        return given
    found = [row[0] for row in connection.execute("SELECT domain FROM sites ORDER BY domain")]
    if len(found) != 1:
        raise ConfigError(Fault("--domain", None, f"name one of these: {', '.join(found)}"))
    return str(found[0])


def time_zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ConfigError(
            Fault("--timezone", name, "write it like Europe/Berlin, or UTC")
        ) from None


def _rows(connection: sqlite3.Connection, args: argparse.Namespace) -> Iterator[_Row]:
    for number, received_at, *rest in connection.execute(_EVENTS, range_values(args)):
        moment = datetime.fromtimestamp(received_at / 1_000, UTC).replace(tzinfo=None)
        yield (number, moment.isoformat(timespec="milliseconds"), *rest)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1_000)


def _without_formulas(row: _Row) -> _Row:
    return [
        as_text(value) if isinstance(value, str) and not _is_amount(name, value) else value
        for name, value in zip(COLUMNS, row, strict=True)
    ]


def _is_amount(column: str, value: str) -> bool:
    return column == "amount" and _NEGATIVE.fullmatch(value) is not None


def _is_shown(output: str | None) -> bool:
    """Whether the output is a terminal, which obeys control characters."""
    return output is None and sys.stdout.isatty()


def _printable(row: _Row) -> _Row:
    return [escaped(value) if isinstance(value, str) else value for value in row]


# -- formats ----------------------------------------------------------------------------------


@contextmanager
def _opened(output: str | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        # An error comes here, and not at the exit.
        sys.stdout.flush()
    else:
        with Path(output).open("w", encoding="utf-8", newline="") as file:
            yield file


def _csv(rows: Iterator[_Row], output: str | None) -> int:
    number = 0
    with _opened(output) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(row)
            number += 1
    return number


def _jsonl(rows: Iterator[_Row], output: str | None) -> int:
    number = 0
    with _opened(output) as file:
        for row in rows:
            event = dict(zip(COLUMNS, row, strict=True))
            event["props"] = json.loads(event["props"])
            line = json.dumps(event, ensure_ascii=False)
            file.write((escaped_json(line) if _is_shown(output) else line) + "\n")
            number += 1
    return number


def _parquet(rows: Iterator[_Row], output: str | None) -> int:
    """Through JSON lines, which distinguish an empty text from a missing one."""
    try:
        import duckdb
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(_MISSING, name=missing.name) from missing
    assert output is not None  # noqa: S101 -- asked for above
    with tempfile.TemporaryDirectory() as folder:
        lines = str(Path(folder) / "events.jsonl")
        number = _jsonl(rows, lines)
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
        events = f"read_json({_quoted(lines)}, format='newline_delimited', columns={{{columns}}})"
        try:
            with duckdb.connect() as connection:
                connection.execute(f"COPY (FROM {events}) TO {_quoted(output)} (FORMAT parquet)")
        except duckdb.IOException as error:
            raise OSError(str(error)) from error
    return number


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_WRITERS: Final[dict[str, Callable[[Iterator[_Row], str | None], int]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
}
