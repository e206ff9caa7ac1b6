"""Text, header values and numbers in the form and length that vendors accept.

Plausible and Swetrix refuse a whole event for one oversize field, so every field is trimmed here.
Nothing here can fail, whatever a client sent. Control characters and lone surrogates become U+FFFD,
which keeps the length and is legal everywhere.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from footfall.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from footfall.model import Visitor

# Plausible's limit, and that of vendors which name none.
MAX_NAME_CHARS = 120
# Swetrix's (read 2026-08), and so the most that any destination may be sent.
LONGEST_NAME_CHARS = 256

# Sent in place of a blank name; Plausible writes `(none)` for the host of such a URL.
BLANK_NAME = "(none)"

# Browsers send less than 500 bytes. Servers refuse a request whose headers exceed 4 to 16 KiB.
MAX_USER_AGENT_BYTES = 2048
MAX_HEADER_BYTES = 512

# Placeholders instead of an id, in lower case. Swetrix stores such events as anonymous, and PostHog
# refuses them.
ANONYMOUS_IDS = frozenset(
    {"", "0", "anon", "anonymous", "distinct_id", "distinctid", "email", "false", "guest", "id"}
    | {"nan", "nil", "none", "not_authenticated", "null", "profile_id", "profileid", "true"}
    | {"undefined", "user", "[object object]"}
)

# Larger exponents stay exponents: ten characters could become a gigabyte of zeros.
_MAX_EXPONENT = 40
# A larger integer is no measurement, and Python itself refuses to print one of 4,300 digits.
_MAX_INTEGER_BITS = 256

_CONTROL_OR_SURROGATE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


# RFC 3986, appendix B: host with port, path and query. It matches any text.
_URL = re.compile(r"(?:[^:/?#]+:)?(?://(?:[^/?#@]*@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?")


class PageParts(NamedTuple):
    """The parts of a page's URL: the host with its port, the path from `/` on, and the query."""

    host: str
    path: str
    query: str


class TrimmedFields:
    """Collects which fields of one event were trimmed; a new one for each request."""

    names: tuple[str, ...] = ()
    """The names of the trimmed fields, in the order in which they were noted."""

    def note(self, field: str) -> None:
        """Note that a part of `field` is not sent."""
        if field not in self.names:
            self.names = (*self.names, field)

    def note_if_shorter(self, field: str, whole: str, short: str) -> str:
        """Return `short`, and note `field` where `short` is shorter than `whole`."""
        if len(short) < len(whole):
            self.note(field)
        return short


def check_event_name(name: object, max_chars: int = MAX_NAME_CHARS) -> None:
    """Raise unless a vendor that takes names of `max_chars` characters accepts the event name.

    Raises:
        EventError: `name` is not a string, is blank, is longer, contains control characters, or is
            `engagement`, which Plausible reserves for its own script.
    """
    if not isinstance(name, str) or not name.strip():
        raise EventError(f"an event needs a name, not {name!r:.80}")
    if len(name) > max_chars:
        raise EventError(
            f"the event name {name[:20]!r}… has {len(name)} characters; "
            f"{max_chars} is the most that can be sent"
        )
    if _NOT_IN_NAMES.search(name):
        raise EventError(f"the event name {name!r} holds characters that cannot be shown")
    if name.strip() == "engagement":
        raise EventError(
            "the event name 'engagement' is reserved: Plausible takes it from its own script only"
        )


def event_name(name: str, max_chars: int, trimmed: TrimmedFields) -> str:
    """A valid name for an event whose name nobody checked; `(none)` for a blank one."""
    sent = trimmed.note_if_shorter("name", name, trim_text(name, max_chars))
    return sent if sent.strip() else BLANK_NAME


def trim_text(value: str, max_chars: int) -> str:
    """The first `max_chars` code points, with U+FFFD for control characters and surrogates."""
    if len(value) <= max_chars and value.isprintable():
        # True for nearly every text, and cheaper than the substitution.
        return value
    return _CONTROL_OR_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value[:max_chars])


def trim_utf8(value: str, max_bytes: int) -> str:
    """As much of the text as fits into `max_bytes` of UTF-8; characters stay whole."""
    return trim_text(value, max_bytes).encode()[:max_bytes].decode(errors="ignore")


def trim_utf16(value: str, max_units: int) -> str:
    """As much of the text as fits into `max_units` UTF-16 code units, JavaScript's length."""
    units = trim_text(value, max_units).encode("utf-16-le")
    return units[: 2 * max_units].decode("utf-16-le", errors="ignore")


def utf16_length(value: str) -> int:
    """The length of a text without surrogates as JavaScript counts it, in UTF-16 code units."""
    return len(value.encode("utf-16-le")) // 2


def page_parts(url: str) -> PageParts:
    """The parts of any text that stands for a URL; without user, password and fragment."""
    match = _URL.match(url)
    assert match  # noqa: S101 -- for the type checker; the pattern matches any text
    host, path, query = match.groups("")
    return PageParts(host, path or "/", query)


def header_value(value: str, max_bytes: int = MAX_HEADER_BYTES) -> str:
    """A safe header value: Latin-1, no control characters, no spaces around it.

    A value as a server decoded it (PEP 3333 and ASGI: Latin-1) is sent byte for byte.
    """
    if len(value) <= max_bytes and value.isascii() and value.isprintable():
        return value.strip(" ")
    safe = _NOT_IN_HEADERS.sub(" ", value[:max_bytes])
    return safe.encode("latin-1", errors="replace").decode("latin-1").strip(" \t")


def visitor_headers(visitor: Visitor, ip_headers: Iterable[str] = ()) -> dict[str, str]:
    """The content type of a JSON body, and the user agent and client IP of the visitor.

    Args:
        visitor: The visitor of an event.
        ip_headers: The names, in lower case, of the headers that carry the client IP, if known.
    """
    headers = {
        "content-type": "application/json",
        # Explicit even when empty, or the transport's own name would become the visitor's.
        "user-agent": header_value(visitor.user_agent, MAX_USER_AGENT_BYTES),
    }
    if visitor.client_ip:
        address = header_value(visitor.client_ip)
        for name in ip_headers:
            headers[name] = address
    return headers


def prop_texts(
    props: Mapping[Any, Any], format_float: Callable[[float], str]
) -> Iterator[tuple[str, str]]:
    """Keys and values as text, in their order, without those that vendors would not store.

    Args:
        props: The custom properties of an event; keys and values may be any object.
        format_float: Writes a float as the vendor shows it; see `float_text`.
    """
    for key, value in props.items():
        key_text, value_text = scalar_text(key, format_float), scalar_text(value, format_float)
        if key_text.strip() and value_text.strip():
            yield key_text, value_text


def scalar_text(value: object, format_float: Callable[[float], str]) -> str:
    """The text a vendor shows for a scalar: `true`, `12`, `1.5`.

    Empty for every other value: None, lists, mappings, NaN, infinities, other objects.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int) and value.bit_length() <= _MAX_INTEGER_BITS:
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return format_float(value)
    if isinstance(value, Decimal) and value.is_finite():
        return decimal_text(value)
    return ""


def decimal_text(value: Decimal) -> str:
    """A finite amount with exactly its digits: `19.90`, and `1E+99` beyond forty places."""
    return format(value, "f") if abs(value.adjusted()) <= _MAX_EXPONENT else str(value)


def utc_text(seconds: float) -> str:
    """`2026-11-30T12:00:00.125Z` for seconds since the epoch; empty for 0, and where no date is."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OSError, OverflowError, ValueError):
        return ""
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z" if moment else ""


def json_body(fields: Mapping[str, object]) -> bytes:
    """Strict, compact UTF-8 JSON of fields whose texts were made by the functions above.

    The names are plain words. Most values are texts, and for these alone `JSONEncoder`, which makes
    an encoder for each mapping, takes twice as long.
    """
    text = ""
    for name, value in fields.items():
        text += f',"{name}":{json_text(value) if type(value) is str else json_of(value)}'
    return f"{{{text[1:]}}}".encode()


json_text: Callable[[str], str] = json.encoder.encode_basestring
"""The JSON of a text, which may contain any character."""

json_of: Callable[[object], str] = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode
"""Strict, compact JSON of any value. Made once: `json.dumps` makes an encoder for each call."""
