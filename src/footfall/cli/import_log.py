"""`footfall import`: counts what access logs hold, into a collector's file."""

from __future__ import annotations

import argparse
import glob
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from footfall.cli import app_settings
from footfall.cli.export import time_zone
from footfall.cli.terminal import complain, say, say_json
from footfall.common.printable import escaped
from footfall.errors import ConfigError, Fault

if TYPE_CHECKING:
    from footfall.access_log.log_import import ImportReport, LogOfImport
    from footfall.collector.past_events import PastEvents
    from footfall.collector.plausible_import import ExportReport
    from footfall.config import Config
    from footfall.destinations import SQLite

HELP: Final = (
    "Decide the lines of access logs by the rules of the middleware, and write what counts into a "
    "collector's file, with the times of the lines. A file that has grown since goes on where it "
    "ended; one that was rotated or compressed is recognised."
)

EXIT_CODES: Final = {
    0: "all lines were read",
    1: "some could not be read, or be written",
    2: "it could not start",
    130: "interrupted; run it again to go on",
}

_DONE = 0
_FAILED = 1
_USAGE = 2
_INTERRUPTED = 130

_NO_TIMES: Final = (
    "takes no times: the past would count as of now. Import into a file (--database), whose "
    "dashboard shows it; `footfall forward FILE umami://…` sends a file with its times to Umami, "
    "Matomo, PostHog, GoatCounter or ClickHouse"
)
_BAR_CHARS: Final = 24
_SECONDS_BETWEEN_BARS: Final = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall import`."""
    from footfall.access_log.formats import FORMATS

    parser.add_argument(
        "logs", metavar="FILE", nargs="+", help="access.log, access.log.2.gz, 'access.log*', or -"
    )
    parser.add_argument(
        "--from",
        dest="source",
        choices=["logs", "plausible"],
        default="logs",
        help="what the files are: access logs, or the zip that Plausible exports (%(default)s)",
    )
    parser.add_argument("--domain", required=True, help="the site to count for")
    parser.add_argument(
        "--database",
        metavar="FILE",
        default="footfall.sqlite3",
        help="the collector's, or that of an app; made where there is none (%(default)s)",
    )
    parser.add_argument("--to", metavar="DESTINATION", help="a file as a line: sqlite:///FILE")
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing: show what would count, and why not"
    )
    parser.add_argument(
        "--log-format",
        metavar="NAME",
        choices=[each.name for each in FORMATS],
        help="where the first lines do not show it: " + ", ".join(each.name for each in FORMATS),
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        help="lines of this host alone, where the log has several; repeatable",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        type=_time,
        help="lines before this time alone, such as 2026-11-30 or 2026-11-30T08:00+01:00; by "
        "default those before the first event that footfall itself has counted for the domain",
    )
    parser.add_argument(
        "--trusted-proxies",
        metavar="LIST",
        help="whose X-Forwarded-For is believed, where the log has it; as the option",
    )
    parser.add_argument("--timezone", default="UTC", help="whose days count (%(default)s)")
    parser.add_argument("--mmdb", metavar="FILE", help="a country database in MaxMind's format")
    parser.add_argument("--json", action="store_true", help="for programs")
    app_settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Return one of `EXIT_CODES`."""
    from footfall.access_log.formats import LoggedSite
    from footfall.access_log.log_file import LogFileError
    from footfall.access_log.log_import import LogFormatError, LogOfImport, without_copies

    if args.source == "plausible":
        return _import_plausible(args)
    with ExitStack() as stack:
        try:
            destination = _destination(args)
            config = _config(args, destination)
            site = LoggedSite(destination.domain or args.domain)
            logs = [LogOfImport(each, args.log_format, site) for each in _paths(args.logs)]
            logs, copies = without_copies(logs)
            past = None if args.dry_run else stack.enter_context(_past_events(args, destination))
        except (ConfigError, LogFileError, LogFormatError, ValueError) as error:
            complain(error)
            return _USAGE
        for copy, original in copies:
            complain(f"{escaped(copy.path)} is a copy of {escaped(original.path)}: read once")
        return _import(args, config, destination, logs, past)


def _import_plausible(args: argparse.Namespace) -> int:
    from footfall.collector.plausible_import import NOT_SHOWN, ExportError, import_export

    try:
        destination = _destination(args)
        zone = time_zone(args.timezone)
        reports = {
            path: import_export(
                path,
                destination.path,
                destination.domain or args.domain,
                zone,
                now=time.time(),
                is_dry=args.dry_run,
            )
            for path in _paths(args.logs)
        }
    except (ConfigError, ExportError, OSError, ValueError) as error:
        complain(error)
        return _USAGE
    except sqlite3.Error as error:
        complain(f"{args.database} cannot be written: {error}", style="bad")
        return _FAILED
    if args.json:
        say_json(
            {
                "version": 1,
                "domain": args.domain,
                "written": not args.dry_run,
                "exports": [_export_as_json(*each) for each in reports.items()],
                "not_shown": NOT_SHOWN,
            }
        )
    else:
        for path, report in reports.items():
            _say_export(path, report)
        say(f"The dashboard has these days without hours, filters, and {', '.join(NOT_SHOWN)}")
    return _DONE


def _say_export(path: str, report: ExportReport) -> None:
    days = f", {report.first_day} to {report.last_day}" if report.first_day else ""
    say(escaped(f"{path}: {sum(report.rows.values()):,} rows{days}"), style="good")
    _say_numbers(report.rows, lambda name: "")
    if report.left_out:
        say(f"Left out: {report.left_out:,} rows of days from the first event of the file on")
    for name in report.ignored:
        say(escaped(f"Not one of the files of an export: {name}"))


def _export_as_json(path: str, report: ExportReport) -> dict[str, Any]:
    return {
        "path": path,
        "rows": dict(report.rows),
        "left_out": report.left_out,
        "ignored": report.ignored,
        "first_day": report.first_day and report.first_day.isoformat(),
        "last_day": report.last_day and report.last_day.isoformat(),
    }


def _import(
    args: argparse.Namespace,
    config: Config,
    destination: SQLite,
    logs: Sequence[LogOfImport],
    past: PastEvents | None,
) -> int:
    from footfall.access_log.log_import import LogImport
    from footfall.collector.past_events import OtherImportError

    if past is not None:
        known = past.logs()
        for log in logs:
            log.go_on_behind(known)
    bar = _ProgressBar(logs, is_shown=not args.json and sys.stderr.isatty())
    log_import = LogImport(
        config,
        destination,
        logs,
        past,
        until=_limit(args, past),
        since=past.end_of_imported_days() if past is not None else None,
        hosts=args.host,
        progress=bar.show,
    )
    code, fault = _DONE, ""
    try:
        log_import.run()
    except KeyboardInterrupt:
        further = ": run the same again, and it goes on from here" if past is not None else ""
        code, fault = _INTERRUPTED, f"interrupted{further}"
    except OtherImportError:
        code, fault = _FAILED, "another import writes the same log into this file; this one ends"
    except sqlite3.Error as error:
        code, fault = _FAILED, f"{destination.path} cannot be written: {error}"
    finally:
        bar.clear()
    unread = [log for log in logs if log.error]
    code = code or (_FAILED if unread else _DONE)
    if args.json:
        say_json(_as_json(args, log_import.report, logs, past))
    elif code != _INTERRUPTED:
        _say_text(log_import.report, logs, past)
    for log in unread:
        complain(f"{escaped(log.path)}, line {log.lines + 1}: {log.error}", style="bad")
    if fault:
        complain(fault, style="bad")
    return code


# -- arguments ---------------------------------------------------------------------------------


def _destination(args: argparse.Namespace) -> SQLite:
    from footfall.destinations import SQLite, destination_from

    if args.to is None:
        return SQLite(path=args.database, domain=args.domain)
    found = destination_from(args.to)
    if not isinstance(found, SQLite):
        raise ConfigError(Fault("--to", found.name, _NO_TIMES))
    return replace(found, domain=args.domain)


def _config(args: argparse.Namespace, destination: SQLite) -> Config:
    """The settings of the app, less those of where it sends and of what is in front of it."""
    loaded = app_settings.load(args).config
    proxies = {} if args.trusted_proxies is None else {"trusted_proxies": args.trusted_proxies}
    return replace(
        loaded,
        destinations=[destination],
        enabled=True,
        outbox=None,
        dashboard=None,
        client_ip=None,
        client_ip_header=None,
        **{"trusted_proxies": "private", **proxies},
    )


def _paths(patterns: Sequence[str]) -> list[str]:
    """The files that were named, by their names or by patterns that no shell has replaced.

    Raises:
        ValueError: a pattern fits no file.
    """
    found: list[str] = []
    for pattern in patterns:
        is_name = pattern == "-" or Path(pattern).exists() or not glob.has_magic(pattern)
        names = [pattern] if is_name else sorted(glob.glob(pattern))  # noqa: PTH207 -- it may be absolute
        if not names:
            raise ValueError(f"{pattern}: there is no such file")
        found += names
    # Each once, in their order.
    return list(dict.fromkeys(found))


def _past_events(args: argparse.Namespace, destination: SQLite) -> PastEvents:
    from footfall.collector.past_events import PastEvents

    return PastEvents(
        destination.path,
        destination.domain or args.domain,
        timezone=args.timezone,
        mmdb=args.mmdb,
        now=time.time(),
    )


def _limit(args: argparse.Namespace, past: PastEvents | None) -> tuple[float, str] | None:
    from footfall.access_log import log_import

    if args.until is not None:
        return args.until, log_import.TOO_LATE
    own = past.first_own_event() if past is not None else None
    return None if own is None else (own, log_import.OWN_EVENTS)


def _time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-11-30T08:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


# -- progress ----------------------------------------------------------------------------------


class _ProgressBar:
    """A bar on a terminal: how much of the files is read, and how fast."""

    def __init__(self, logs: Sequence[LogOfImport], *, is_shown: bool) -> None:
        self._logs = logs
        self._bytes = sum(log.bytes_on_disk for log in logs)
        self._is_shown = is_shown
        self._started = self._shown_at = time.monotonic()

    def show(self, report: ImportReport) -> None:
        now = time.monotonic()
        if not self._is_shown or now - self._shown_at < _SECONDS_BETWEEN_BARS:
            return
        self._shown_at = now
        read = sum(log.bytes_read for log in self._logs)
        rate = report.lines / max(now - self._started, 0.001)
        part = min(read / self._bytes, 1.0) if self._bytes else 0.0
        filled = round(part * _BAR_CHARS)
        bar = "#" * filled + "." * (_BAR_CHARS - filled)
        text = f"[{bar}] {part:4.0%}  {report.lines:,} lines, {rate:,.0f}/s"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


# -- output ------------------------------------------------------------------------------------


def _say_text(
    report: ImportReport,
    logs: Sequence[LogOfImport],
    past: PastEvents | None,
) -> None:
    for log in logs:
        behind = f", from byte {log.started_at:,} on" if log.started_at else ""
        say(escaped(f"{log.path}: {log.format.title}{behind}, {log.lines:,} lines"))
        if log.has_partial_line:
            say("  its last line has no end yet, and is left for the next time")
    if report.first_time is not None and report.last_time is not None:
        say(f"From {_shown_time(report.first_time)} to {_shown_time(report.last_time)}")
    counted = sum(report.counted.values())
    say(f"{'Would count' if past is None else 'Counted'}: {counted:,}", style="good")
    _say_numbers(report.counted, lambda name: "")
    if report.not_counted:
        say(f"Not counted: {sum(report.not_counted.values()):,}")
        _say_numbers(report.not_counted, _reason_text)
    if report.malformed:
        say(f"Could not be read: {sum(report.malformed.values()):,}", style="bad")
        _say_numbers(report.malformed, lambda cause: "")
        for example in report.examples:
            say(escaped(f"  {example.path}:{example.line_number}: {example.text}"))
    if len(report.hosts) > 1:
        shown = ", ".join(f"{host} {number:,}" for host, number in report.hosts.most_common(5))
        say(escaped(f"Hosts: {shown}. --host counts one of them alone"))
    _say_warnings(report, past)


def _say_numbers(numbers: Counter[str], text_of: Callable[[str], str]) -> None:
    width = max(map(len, numbers), default=0)
    for name, number in numbers.most_common():
        say(escaped(f"  {number:>11,}  {name:<{width}}  {text_of(name)}".rstrip()))


def _say_warnings(report: ImportReport, past: PastEvents | None) -> None:
    from footfall.collector.storage.store import KEEP_EVENTS

    if past is not None and (number := past.number_of_events()) > KEEP_EVENTS:
        say(
            f"The file has {number:,} events. An app or a collector that writes it keeps "
            f"{KEEP_EVENTS:,} unless told otherwise: start it with --keep {number}, or with "
            f"?keep={number} in the line of the destination, or the oldest are deleted",
            style="bad",
        )


def _reason_text(reason: str) -> str:
    from footfall.access_log.log_import import REASONS
    from footfall.collector.web import reason_texts

    return REASONS.get(reason) or reason_texts.of_hit(reason).why


def _shown_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _as_json(
    args: argparse.Namespace,
    report: ImportReport,
    logs: Sequence[LogOfImport],
    past: PastEvents | None,
) -> dict[str, Any]:
    return {
        "version": 1,
        "domain": args.domain,
        "written": past is not None,
        "lines": report.lines,
        "first_time": _iso(report.first_time),
        "last_time": _iso(report.last_time),
        "counted": dict(report.counted),
        "not_counted": dict(report.not_counted),
        "malformed": dict(report.malformed),
        "examples": [each._asdict() for each in report.examples],
        "hosts": dict(report.hosts),
        "logs": [
            {
                "path": log.path,
                "format": log.format.name,
                "lines": log.lines,
                "from": log.started_at,
                "to": log.position,
                "error": log.error,
            }
            for log in logs
        ],
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
