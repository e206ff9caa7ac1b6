"""Imports logs: each line is decided as the middleware would decide it, and written as of its time.

The hits of a log go the way of those of an app: `EventBuilder` decides and builds the event, the
destination makes the request, and the collector's code receives and writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, NamedTuple

from footfall.access_log.formats import FORMATS, Format, recognise
from footfall.access_log.log_file import STDIN, LogFile, LogFileError
from footfall.access_log.log_line import LoggedSite, LogLine, MalformedLineError
from footfall.access_log.time_order import LogSource, PlacedLine, in_time_order
from footfall.collector.past_events import ImportedLog, PastEvents
from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.destinations import SQLite
from footfall.model import Headers, Hit
from footfall.request.capture import may_be_page
from footfall.request.filters import RequestFilter
from footfall.rules.pageview.request_rules import responds_with_page
from footfall.tracker.event_builder import EventBuilder

OWN_EVENTS: Final = "already_counted"
_IMPORTED_DAYS: Final = "already_imported"
TOO_LATE: Final = "too_late"
_OTHER_HOST: Final = "other_host"
_ERROR: Final = "error"
_REJECTED: Final = "rejected"
REASONS: Final = {
    OWN_EVENTS: "footfall itself counts since then.",
    _IMPORTED_DAYS: "The figures of its day were imported from another tool.",
    TOO_LATE: "It is not before `--until`.",
    _OTHER_HOST: "Its host is none of `--host`.",
    _ERROR: "The status is that of an error, or a function of your settings raised one.",
    _REJECTED: "The event is invalid.",
}
"""The reasons of an import, beside those of the middleware."""

# A commit costs the same for one event and for thousands; these take some megabytes of memory.
_EVENTS_PER_COMMIT: Final = 4_000
# Of lines that do not count: what is read again after an interruption.
_LINES_PER_COMMIT: Final = 100_000
_LINES_PER_PROGRESS: Final = 2_000
_SHOWN_LINES: Final = 5
_SHOWN_CHARS: Final = 200
_MAX_HOSTS: Final = 1_000


class LogFormatError(ValueError):
    """A file whose format is unknown; the text names the file and the line."""


class MalformedExample(NamedTuple):
    """A line that could not be read."""

    path: str
    line_number: int
    cause: str
    text: str


@dataclass(kw_only=True)
class ImportReport:
    """What became of the lines."""

    lines: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    """By the event's name."""
    not_counted: Counter[str] = field(default_factory=Counter)
    """By reason, one of the middleware's or of this module's."""
    malformed: Counter[str] = field(default_factory=Counter)
    """By cause."""
    examples: list[MalformedExample] = field(default_factory=list)
    first_time: float | None = None
    last_time: float | None = None
    hosts: Counter[str] = field(default_factory=Counter)

    def add_malformed(self, cause: str, example: Callable[[], MalformedExample]) -> None:
        self.malformed[cause] += 1
        if self.malformed[cause] <= _SHOWN_LINES:
            self.examples.append(example())

    def add_host(self, host: str) -> None:
        # A client may send any.
        if host in self.hosts or len(self.hosts) < _MAX_HOSTS:
            self.hosts[host] += 1

    def add_time(self, time: float) -> None:
        if self.first_time is None or time < self.first_time:
            self.first_time = time
        if self.last_time is None or time > self.last_time:
            self.last_time = time


class LogOfImport:
    """One file of an import: its format, and how far it is read.

    Args:
        path: Of the file, or `-`.
        format_name: Its format; None to recognise it.
        site: What its lines do not say.

    Raises:
        LogFileError: It cannot be read.
        LogFormatError: Its format is unknown.
    """

    def __init__(self, path: str, format_name: str | None, site: LoggedSite) -> None:
        self.path: Final = path
        self._site = site
        self.file = LogFile(path)
        self.bytes_on_disk: Final = self.file.bytes_on_disk
        # Standard input cannot be opened again.
        if path != STDIN:
            self.file.close()
        lines = self.file.first_lines()
        self.is_empty: Final = not any(line.strip() for line in lines)
        known = next((each for each in FORMATS if each.name == format_name), None)
        self.format: Format = known or recognise(lines, site) or _unknown(self, lines)
        self.first_time = self._first_time(lines)
        self.before: ImportedLog | None = None
        self.position = 0
        """Up to where it is imported."""
        self.started_at = 0
        """Up to where it was imported before."""
        self.lines = 0
        # Counted where somebody asks for the number of a line.
        self._lines_before: int | None = None
        self.error: str | None = None
        self.is_done = False

    @property
    def has_partial_line(self) -> bool:
        """Whether its last line has no end yet."""
        return self.file.has_partial_line

    @property
    def bytes_read(self) -> int:
        return self.bytes_on_disk if self.is_done else self.file.bytes_read

    def go_on_behind(self, logs: Sequence[ImportedLog]) -> None:
        """Go on where the file, or its shorter self, was imported to."""
        by_print = {(each.digest, each.length): each for each in logs}
        for found in self.file.earlier_fingerprints([each.length for each in logs]):
            if found in by_print:
                self.before = by_print[found]
                self.position = self.started_at = self.before.position
                return

    def is_copy_of(self, other: LogOfImport) -> bool:
        """Whether the other file begins with all that is known of this one."""
        mine = self.file.fingerprint
        return mine in other.file.earlier_fingerprints([mine.length])

    @property
    def moved(self) -> tuple[ImportedLog | None, ImportedLog] | None:
        """Where it was imported to before this import or its last commit, and is now."""
        now = ImportedLog(*self.file.fingerprint, self.position)
        return None if now == self.before or not self.position else (self.before, now)

    def read(self, report: ImportReport) -> Iterator[PlacedLine]:
        """The lines from `position` on; what cannot be read is in the report."""
        try:
            file = self._opened_again()
        except LogFileError as error:
            self.error, self.is_done = str(error), True
            return
        file.position = self.position
        parser = self.format.parser(self._site)
        if self.position:
            # Formats that name their fields do so at the start.
            _number_of_readable(parser.parse, file.first_lines())
        try:
            for text in file.lines():
                self.lines += 1
                try:
                    line = parser.parse(text)
                except MalformedLineError as error:
                    report.add_malformed(str(error), partial(self._example, text, str(error)))
                    continue
                if line is not None:
                    yield PlacedLine(line, file.position)
        except LogFileError as error:
            self.error = str(error)
        finally:
            file.close()
        self.position = file.position
        self.is_done = True

    def _opened_again(self) -> LogFile:
        """The file, from its beginning.

        Raises:
            LogFileError: It cannot be read, or another one stands in its place.
        """
        if self.path == STDIN:
            return self.file
        known, file = self.file.fingerprint, LogFile(self.path)
        self.file = file
        if known not in file.earlier_fingerprints([known.length]):
            file.close()
            raise LogFileError("the file was replaced meanwhile, as by a rotation; run it again")
        return file

    def _example(self, text: str, cause: str) -> MalformedExample:
        """A line that cannot be read, with its number in the whole file."""
        if self._lines_before is None:
            self._lines_before = _lines_before(self.path, self.started_at)
        number = self._lines_before + self.lines
        return MalformedExample(self.path, number, cause, text[:_SHOWN_CHARS])

    def _first_time(self, lines: Sequence[str]) -> float:
        parser = self.format.parser(self._site)
        for line in lines:
            try:
                if (found := parser.parse(line)) is not None:
                    return found.time
            except MalformedLineError:
                continue
        return 0.0


class LogImport:
    """Reads logs in the order of time, and writes what counts.

    Args:
        config: The settings by which hits are decided.
        destination: The file; its domain is the site to count for.
        logs: The files.
        past_events: The open file; None to write nothing.
        until: Lines from then on are left out, and why: in seconds since the epoch, with the
            reason; None for no limit.
        since: Lines before are left out, whose days were imported from another tool.
        hosts: Lines of other hosts are left out; with none, all count.
        progress: Called now and then.
    """

    def __init__(
        self,
        config: Config,
        destination: SQLite,
        logs: Sequence[LogOfImport],
        past_events: PastEvents | None,
        *,
        until: tuple[float, str] | None = None,
        since: float | None = None,
        hosts: Collection[str] = (),
        progress: Callable[[ImportReport], None] = lambda report: None,
    ) -> None:
        self._config = config
        self._destination = destination
        self._logs = logs
        self._past = past_events
        self._until, self._until_reason = until or (float("inf"), "")
        self._since = since or 0.0
        self._hosts = frozenset(host.lower() for host in hosts)
        self._progress = progress
        self._builder = EventBuilder(config, ThrottledLog())
        self._filters = RequestFilter(config)
        self.report: Final = ImportReport()

    def run(self) -> ImportReport:
        """Import, and return the report.

        Raises:
            OtherImportError: See `PastEvents.commit`.
            sqlite3.Error: It cannot be written; what was committed stays.
        """
        report, logs = self.report, self._logs
        opens = [LogSource(each.first_time, partial(each.read, report)) for each in logs]
        committed = 0
        try:
            for index, (line, position) in in_time_order(opens):
                report.lines += 1
                report.add_time(line.time)
                self._count(line)
                logs[index].position = position
                if report.lines % _LINES_PER_PROGRESS:
                    continue
                self._progress(report)
                events = self._past.uncommitted if self._past else 0
                if events >= _EVENTS_PER_COMMIT or report.lines - committed >= _LINES_PER_COMMIT:
                    committed = report.lines
                    self._commit()
            self._commit()
            self._progress(report)
        finally:
            report.lines += sum(report.malformed.values())
            report.not_counted.update(self._filters.counts())
        return report

    def _count(self, line: LogLine) -> None:
        time = line.time
        if time >= self._until:
            self.report.not_counted[self._until_reason] += 1
            return
        if time < self._since:
            self.report.not_counted[_IMPORTED_DAYS] += 1
            return
        if self._hosts and line.host.lower() not in self._hosts:
            self.report.not_counted[_OTHER_HOST] += 1
            return
        response_headers = line.answered_headers()
        if not self._is_filtered(line, response_headers):
            self._decide(line, line.hit(response_headers))

    def _decide(self, line: LogLine, hit: Hit) -> None:
        report, time = self.report, line.time
        try:
            result = self._builder.from_hit(hit)
        except Exception:  # noqa: BLE001 -- a hook of the site owner's
            report.not_counted[_ERROR] += 1
            return
        event, past = result.event, self._past
        if event is None:
            report.not_counted[result.reason] += 1
            if result.reason == "bot" and past is not None and responds_with_page(hit):
                past.add_bot(hit.headers.get("user-agent", ""), time)
            return
        report.add_host(line.host)
        reason = past.add(self._destination.request(event), time) if past else None
        if reason is None:
            report.counted[event.name] += 1
        else:
            report.not_counted[reason] += 1

    def _is_filtered(self, line: LogLine, response_headers: Headers) -> bool:
        """Whether the middleware's filters reject the line, and count it, before any decision."""
        filters, path, status = self._filters, line.target.path, line.status
        if not filters.accepts(line.method, path):
            return True
        if status not in filters.statuses:
            filters.reject_status(status)
            return True
        # With more than a content type, or a 304, only a decision can tell.
        if len(response_headers) > 1 or status == 304:
            return False
        if _may_be_page(response_headers.get("content-type", "")) or filters.may_be_download(path):
            return False
        filters.count_not_html()
        return True

    def _commit(self) -> None:
        if self._past is None:
            return
        moved = [(each, move) for each in self._logs if (move := each.moved) is not None]
        self._past.commit([move for _, move in moved])
        for each, (_, now) in moved:
            each.before = now


# A site has a dozen content types.
_may_be_page: Final = lru_cache(maxsize=64)(may_be_page)


def without_copies(
    logs: Sequence[LogOfImport],
) -> tuple[list[LogOfImport], list[tuple[LogOfImport, LogOfImport]]]:
    """The logs less those that are copies of others, and these with what they are copies of.

    Of a file and its compressed copy the file is read: it may have grown since.
    """
    kept: list[LogOfImport] = []
    copies = []
    for log in sorted(logs, key=lambda each: (-each.file.fingerprint.length, -each.bytes_on_disk)):
        original = next((each for each in kept if log.is_copy_of(each)), None)
        if original is None or log.is_empty:
            kept.append(log)
        else:
            copies.append((log, original))
    return [log for log in logs if log in kept], copies


def _lines_before(path: str, position: int) -> int:
    """How many lines end before a position; 0 where the file cannot be read again."""
    if not position or path == STDIN:
        return 0
    number, file = 0, LogFile(path)
    try:
        for _ in file.lines():
            if file.position > position:
                break
            number += 1
    finally:
        file.close()
    return number


def _number_of_readable(parse: Callable[[str], object], lines: Sequence[str]) -> int:
    number = 0
    for line in lines:
        try:
            number += parse(line) is not None
        except MalformedLineError:
            continue
    return number


def _unknown(log: LogOfImport, lines: Sequence[str]) -> Format:
    if log.is_empty:
        return FORMATS[0]
    number, line = next((n, line) for n, line in enumerate(lines, 1) if line.strip())
    raise LogFormatError(
        f"{log.path}:{number}: the format is not known: {line[:200]!r}; "
        f"name it with --log-format ({', '.join(each.name for each in FORMATS)})"
    )
