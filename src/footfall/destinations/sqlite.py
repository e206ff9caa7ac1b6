"""A SQLite file as a destination: no vendor, no other process.

    sqlite:///footfall.sqlite3
    sqlite:////var/lib/example/footfall.sqlite3?domain=example.com&keep_days=400

With three slashes the path is relative to the working directory, with four it is absolute, as in
SQLAlchemy. The file is that of `footfall collect`, written by the same code, so that every command
for the one works on the other; see `footfall.collector.site_file`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self
from urllib.parse import parse_qsl

from footfall.common.byte_size import parse_size
from footfall.common.printable import escaped
from footfall.destinations import _option_text, _validation
from footfall.destinations._plausible_options import domains, stored_name
from footfall.destinations._wire_format import LONGEST_NAME_CHARS
from footfall.destinations.collector import Collector
from footfall.errors import ConfigError, Fault
from footfall.model import Outcome, OutcomeKind, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from footfall.events.hit_report import HitReport
    from footfall.model import Event, Response

SQLITE_SCHEME: Final = "sqlite"
SQLITE_EXAMPLE: Final = "sqlite:///footfall.sqlite3"

# Nothing listens there: the requests stay in the process.
_ENDPOINT: Final = "http://localhost"
_MAX_DETAIL: Final = 500
_NO_NAME: Final = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestGroup(Request):
    """What would be several requests; they stay in the process."""

    requests: Sequence[Request]


@dataclass(frozen=True, kw_only=True)
class SQLite:
    """The collector's own file, which each process of the app writes itself.

    Args:
        path: Of the file, which is made with the first event. Its directory has to exist.
        domain: The site to count for; None for the host of each page.
        keep_events: How many events are kept; None for a million.
        keep_days: For how many days they are kept; None for any.
        max_bytes: How many bytes of the file may be in use; None for a gigabyte.
        timezone: The time zone, by its IANA name, whose days count.
        mmdb: A country database in the MaxMind format; None for no countries.
        every_hit: Report hits that do not count, too, for the live page, and how each was decided:
            up to 20 a second, and 200 at once, of each process, and a quarter of that of those that
            count.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    path: str
    domain: str | None = None
    keep_events: int | None = None
    keep_days: int | None = None
    max_bytes: int | None = None
    timezone: str = "UTC"
    mmdb: str | None = None
    # Someone who tries footfall wants to know why a hit does not count.
    every_hit: bool = True
    max_batch: ClassVar[int] = Collector.max_batch
    # As many as anybody reads. A report costs the app's process thrice what an event costs.
    max_reports_per_second: ClassVar[float] = 20.0
    max_name_chars: ClassVar[int] = LONGEST_NAME_CHARS
    engagement: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            path=_path,
            domain=_domain,
            keep_events=_count,
            keep_days=_count,
            max_bytes=_count,
            every_hit=_validation.boolean,
        )

    @classmethod
    def from_line(cls, line: str) -> Self:
        """The destination that a line describes.

        Raises:
            ConfigError: lists every fault.
        """
        location, _, query = line.partition("?")
        authority, slash, path = location.partition("://")[2].partition("/")
        if authority or not slash or not path:
            remedy = (
                f"write three slashes before a path relative to the working directory, as in "
                f"{SQLITE_EXAMPLE}, and four before an absolute one"
            )
            raise ConfigError(Fault("destinations", line, remedy))
        faults: list[Fault] = []
        values: dict[str, Any] = {}
        for name, text in parse_qsl(query, keep_blank_values=True):
            try:
                option, parse = _OPTIONS[name]
                values[option] = parse(text)
            except KeyError:
                near = difflib.get_close_matches(name, _OPTIONS, n=1)
                known = ", ".join(_OPTIONS)
                remedy = f"did you mean {near[0]}?" if near else f"there is: {known}"
                faults.append(Fault(name, text, remedy))
            except ValueError as error:
                faults.append(Fault(name, text, str(error)))
        if faults:
            raise ConfigError(faults)
        return cls(path=path, **values)

    @property
    def name(self) -> str:
        """`sqlite:footfall.sqlite3`, with the site before the file where one is given."""
        return f"{SQLITE_SCHEME}:{self.path}" + (f"@{self.domain}" if self.domain else "")

    @property
    def endpoint(self) -> str:
        """The file as a line."""
        return f"{SQLITE_SCHEME}:///{self.path}"

    @property
    def file(self) -> Self:
        """Itself: events of a destination with this member are written there and not posted."""
        return self

    @property
    def watches(self) -> bool:
        """Whether it gets a report of every hit."""
        return self.every_hit

    def request(self, event: Event) -> Request:
        """What `Collector` would post to a collector for one event."""
        return self._collector(event).request(event)

    def report(self, report: HitReport, *, sent_at: float) -> Request:
        """What `Collector` would post for the report of one hit."""
        return self._collector(report.event).report(report, sent_at=sent_at)

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """Several events or reports, which are written in one commit."""
        return RequestGroup(url=_ENDPOINT, headers={}, body=b"", requests=requests)

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The outcome of each event."""
        found = _ANY_SITE.read_batch(response, number) if response.status == 200 else None
        return found or [self.read(response)] * number

    def read(self, response: Response) -> Outcome:
        """The outcome of one event. What could not be written is tried again."""
        if response.status == 503:
            detail = escaped(response.body.decode(errors="replace"))[:_MAX_DETAIL]
            return Outcome(kind=OutcomeKind.RETRY, detail=detail)
        return _ANY_SITE.read(response)

    def _collector(self, event: Event) -> Collector:
        return _collector_of(self.domain or _site_of(event.url))


# Anybody may send any host, and most apps have a few.
@lru_cache(maxsize=64)
def _collector_of(domain: str) -> Collector:
    return Collector(domain=domain, endpoint=_ENDPOINT)


_ANY_SITE: Final = Collector(domain="localhost", endpoint=_ENDPOINT)


def _site_of(url: str) -> str:
    """The site of a page where none is configured: its host, as a collector may name it."""
    return _NO_NAME.sub("-", stored_name(_validation.host_of(url))) or "localhost"


def _path(option: str, value: object) -> str:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    raise ConfigError(Fault(option, value, "write the path of a file, such as footfall.sqlite3"))


def _domain(option: str, value: object) -> str | None:
    if value is None:
        return None
    site = domains(option, value)
    if "," in site:
        raise ConfigError(Fault(option, value, "write one site"))
    return site


def _count(option: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise ConfigError(Fault(option, value, "write a whole number above 0"))


# By its name in a line: the argument, and what parses its text.
_OPTIONS: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "domain": ("domain", str),
    "keep": ("keep_events", _option_text.whole_number),
    "keep_days": ("keep_days", _option_text.whole_number),
    "max_size": ("max_bytes", parse_size),
    "timezone": ("timezone", str),
    "mmdb": ("mmdb", str),
    "every_hit": ("every_hit", _option_text.boolean),
}
