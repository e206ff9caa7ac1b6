"""The values of ingest: a POST as it came in, the events in it, and the response it gets.

`plausible.py`, `swetrix.py` and `hit_reports.py` turn an `IncomingRequest` into an `IngestResult`.
They are pure, but for the `Sessions` that they are given, and raise nothing on what a client sent.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias
from urllib.parse import parse_qsl

from footfall.client_ip import Trace
from footfall.model import Headers, Step

Vendor: TypeAlias = Literal["plausible", "swetrix"]

NO_HOST = "(none)"
"""What Plausible writes where a URL names no host."""

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """A POST as it came in. The repr hides headers and body: they hold an address."""

    # Where it was posted, below the collector's root.
    path: str = ""
    # By lower-case name; of a repeated header only the first line, which is all the vendors read.
    headers: Headers
    # The other end of the socket; empty for a unix socket.
    peer: str
    body: bytes
    # Seconds since the epoch.
    at: float

    def __repr__(self) -> str:
        return f"Received(headers=<{len(self.headers)}>, body=<{len(self.body)} B>)"


class Campaign(NamedTuple):
    """The UTM part of an event; None where nothing was said."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None


NO_CAMPAIGN = Campaign()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """One event as it arrived, read and judged, before it is written.

    `reason` says why the vendor would have thrown it away; None means that it counts, and then
    `visitor` and `session` are known. The repr hides the address.
    """

    vendor: Vendor
    # The Plausible domain, or the Swetrix project id.
    domain: str
    name: str
    url: str | None = None
    hostname: str | None = None
    path: str | None = None
    referrer: str | None = None
    # Where the visit came from, by tag or by referring host.
    source: str | None = None
    campaign: Campaign = NO_CAMPAIGN
    props: Mapping[str, str] = field(default_factory=dict)
    # Currency and exact amount.
    revenue: tuple[str, str] | None = None
    # False where the event must not end a bounce.
    interactive: bool = True
    user_agent: str = ""
    client_ip: str = ""
    visitor: str | None = None
    session: str | None = None
    # Whether this event began the visit.
    begins: bool = False
    reason: str | None = None
    received: IncomingRequest

    def __repr__(self) -> str:
        fate = self.reason or "accepted"
        return f"Arrival({self.vendor}, {self.domain!r}, {self.name!r}, {self.path!r}, {fate})"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResponse:
    """Status, body and further headers of the answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedHit:
    """One hit as it was reported. The repr hides the addresses."""

    # Given by the book of this process; 0 for a hit that counts, whose event has a number.
    number: int = 0
    domain: str
    is_tracked: bool
    reason: str
    name: str
    url: str
    referrer: str | None
    user_agent: str
    client_ip: str | None
    steps: tuple[Step, ...]
    trace: Trace | None
    # None where the app told the event outside a request.
    request: HitFacts | None
    # Seconds since the epoch.
    captured_at: float
    decided_at: float
    sent_at: float
    received_at: float

    def __repr__(self) -> str:
        fate = "tracked" if self.is_tracked else self.reason
        return f"Sighting({self.number}, {self.domain!r}, {self.name!r}, {self.path!r}, {fate})"

    @property
    def hostname(self) -> str:
        return hostname_of(split_uri(self.url)[1])

    @property
    def path(self) -> str:
        return split_uri(self.url)[2] or "/"

    @property
    def campaign(self) -> Campaign:
        """The UTM part of the URL."""
        query = dict(parse_qsl(split_uri(self.url)[3], errors="replace"))
        return Campaign(*(query.get(f"utm_{field}") for field in Campaign._fields))

    def as_json(self) -> dict[str, Any]:
        """The hit as `GET /api/v1/hits` shows it."""
        return {
            "id": self.number,
            "received_at": iso_time(self.received_at),
            "domain": self.domain,
            "name": self.name,
            "url": self.url,
            "path": self.path,
            "reason": self.reason,
            "steps": [step._asdict() for step in self.steps],
            "method": self.request.method if self.request else None,
            "status": self.request.status if self.request else None,
            "client_ip": self.client_ip,
            "user_agent": self.user_agent,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFacts:
    """What was asked, and how the app answered."""

    method: str
    status: int
    host: str
    route: str | None
    peer: str | None
    headers: Headers
    answer: Headers


class IngestResult(NamedTuple):
    """The answer, and what to write down before it is given."""

    answer: IngestResponse
    arrivals: Sequence[IncomingEvent] = ()
    # What our own middleware told of the hit, whether it counts or not.
    sighting: ReceivedHit | None = None


def iso_time(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601, UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_response(status: int, content: Any) -> IngestResponse:
    """An answer with a JSON body."""
    return IngestResponse(status=status, body=json.dumps(content, separators=(",", ":")).encode())


def media_type(headers: Headers) -> str:
    """The content type without its parameters, in lower case; empty where none was sent."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def read_json(text: str) -> Any:
    """The value of a strict JSON text, in which every string can be encoded.

    Python reads `NaN`, `1e999` and half a surrogate pair, which cannot be written again as JSON:
    numbers must be finite, and a lone surrogate becomes U+FFFD.

    Raises:
        ValueError: The text is not JSON, or nested deeper than anything honest.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Whoever writes the value again needs as much stack as it took to read it.
    if text.count("[") + text.count("{") > _MAX_NESTING and _is_too_deep(value):
        raise ValueError("nested too deeply")
    if _SURROGATE_ESCAPE.search(text) is None:
        return value
    whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return json.loads(whole.decode("utf-8", "replace"))


def first_item(value: str) -> str:
    """The first item of a comma-separated header value."""
    return value.partition(",")[0].strip()


def without_port(address: str) -> str:
    """The address without port and brackets: `1.2.3.4:80`, `[::1]:80`. A bare IPv6 stays whole."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.rpartition(":")
    return host if colon and port.isdecimal() and "." in host else address


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address; an IPv6 zone may follow."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def split_uri(uri: str) -> Sequence[str]:
    """Scheme, authority, path, query and fragment; empty where there is none."""
    found = _URI.match(uri)
    return found.groups("") if found else ("",) * 5


def hostname_of(authority: str) -> str:
    """The host without userinfo, port, brackets and one leading `www.`, as Plausible names it."""
    host = authority.rpartition("@")[2]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return host.strip().removeprefix("www.") or NO_HOST


def referring_host(referrer: str | None, hostname: str | None) -> str | None:
    """The host that a referrer names, where it is another site's."""
    scheme, authority, *_ = split_uri(referrer or "")
    host = hostname_of(authority)
    if scheme.lower() not in ("http", "https", "android-app"):
        return None
    return None if host in (NO_HOST, "localhost", hostname) else host


# RFC 3986, appendix B, with a scheme that has to look like one. Nearly every text is a URI to it.
_URI = re.compile(
    r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
# An honest body has two levels.
_MAX_NESTING = 100
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is too large")
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_NESTING):
        level = [child for each in level for child in _children(each)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
