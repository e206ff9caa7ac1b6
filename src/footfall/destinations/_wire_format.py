"""What fits on the wire: text, header values and numbers in the form and length vendors take.

Both vendors answer an oversize field by refusing the whole event, so everything is cut here, and
nothing here can fail: whatever a client sent ends as a value. What cannot be shown (control
characters, lone surrogates) becomes U+FFFD, which keeps its place and is legal everywhere.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from footfall.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Plausible's limit, the smaller one: 120 characters; Swetrix takes 256 (read 2026-08).
MAX_NAME_CHARS = 120

# Stands for a name that says nothing; Plausible writes `(none)` for the host of such a URL.
BLANK_NAME = "(none)"

# Browsers stay below 500 bytes. Receivers refuse a request whose header lines pass 4 to 16 KiB.
MAX_USER_AGENT_BYTES = 2048
MAX_HEADER_BYTES = 512

# Exponents up to here are written out; beyond, ten characters could become a gigabyte of zeros.
_MAX_EXPONENT = 40
# Larger integers are no measurement, and Python itself refuses to print those of 4,300 digits.
_MAX_INTEGER_BITS = 256

# RFC 9110 section 12.5.4 around RFC 5646 section 2.1: language, script, region, variants.
_LANGUAGE_RANGE = re.compile(
    r"\s*([a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
    r"\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)

_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Cuts:
    """What had to be cut off one event, field by field; made anew for each request."""

    def __init__(self) -> None:
        self._fields: dict[str, None] = {}

    def note(self, field: str) -> None:
        """Remember that a part of `field` is not sent."""
        self._fields[field] = None

    def kept(self, field: str, whole: str, short: str) -> str:
        """`short`, what the functions of this room left of `whole`; noted if something went."""
        if len(short) < len(whole):
            self.note(field)
        return short

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that were cut, in the order of their cutting."""
        return tuple(self._fields)


def check_event_name(name: object) -> None:
    """Let pass the names that every vendor accepts.

    Raises:
        EventError: `name` is no text, blank, longer than 120 characters, holds control characters,
            or is `engagement`, which Plausible keeps for its own script.
    """
    if not isinstance(name, str) or not name.strip():
        raise EventError(f"an event needs a name, not {name!r:.80}")
    if len(name) > MAX_NAME_CHARS:
        raise EventError(
            f"the event name {name[:20]!r}… has {len(name)} characters; "
            f"{MAX_NAME_CHARS} is the most that Plausible takes"
        )
    if _NOT_IN_NAMES.search(name):
        raise EventError(f"the event name {name!r} holds characters that cannot be shown")
    if name.strip() == "engagement":
        raise EventError(
            "the event name 'engagement' is reserved: Plausible takes it from its own script only"
        )


def event_name(name: str, max_chars: int, cuts: Cuts) -> str:
    """A sendable name for an event that came past `check_event_name`; a blank one is `(none)`."""
    shown = cuts.kept("name", name, text(name, max_chars))
    return shown if shown.strip() else BLANK_NAME


def text(value: str, max_chars: int) -> str:
    """The first `max_chars` code points, with U+FFFD for each that cannot be shown."""
    if len(value) <= max_chars and value.isprintable():
        # Nearly always, and the cheaper question.
        return value
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", value[:max_chars])


def utf8(value: str, max_bytes: int) -> str:
    """As much text as fits into `max_bytes` of UTF-8, never half a character."""
    return text(value, max_bytes).encode()[:max_bytes].decode(errors="ignore")


def utf16(value: str, max_units: int) -> str:
    """As much text as fits into `max_units` of what JavaScript counts as its length."""
    units = text(value, max_units).encode("utf-16-le")
    return units[: 2 * max_units].decode("utf-16-le", errors="ignore")


def utf16_length(value: str) -> int:
    """What JavaScript gives as the length of clean text."""
    return len(value.encode("utf-16-le")) // 2


def header(value: str, max_bytes: int = MAX_HEADER_BYTES) -> str:
    """A header value that cannot end its line: Latin-1, no control characters, trimmed.

    A value as a server decoded it (PEP 3333 and ASGI: Latin-1) passes byte for byte.
    """
    if len(value) <= max_bytes and value.isascii() and value.isprintable():
        return value.strip(" ")
    shown = _NOT_IN_HEADERS.sub(" ", value[:max_bytes])
    return shown.encode("latin-1", errors="replace").decode("latin-1").strip(" \t")


def language_tag(accept_language: str) -> str:
    """The one language tag a visitor likes best; empty where none is well-formed."""
    best, best_weight = "", 0.0
    for item in accept_language[:MAX_HEADER_BYTES].split(","):
        match = _LANGUAGE_RANGE.fullmatch(item)
        weight = float(match[2] or 1) if match else 0.0
        if match and weight > best_weight:
            best, best_weight = match[1], weight
    return best


def prop_texts(
    props: Mapping[Any, Any], floats: Callable[[float], str]
) -> Iterator[tuple[str, str]]:
    """Keys and values as text, in their order, without those that vendors would not store.

    `floats` writes a float as the vendor does.
    """
    for key, value in props.items():
        key_text, value_text = scalar_text(key, floats), scalar_text(value, floats)
        if key_text.strip() and value_text.strip():
            yield key_text, value_text


def scalar_text(value: object, floats: Callable[[float], str]) -> str:
    """The text a vendor shows for a scalar: `true`, `12`, `1.5`.

    Empty for everything that has none: None, lists, maps, NaN, infinities, foreign objects.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int) and value.bit_length() <= _MAX_INTEGER_BITS:
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return floats(value)
    if isinstance(value, Decimal) and value.is_finite():
        return decimal_text(value)
    return ""


def decimal_text(value: Decimal) -> str:
    """Every digit of a finite amount, none invented: `19.90`, and `1E+99` beyond forty places."""
    return format(value, "f") if abs(value.adjusted()) <= _MAX_EXPONENT else str(value)


def json_body(fields: Mapping[str, object]) -> bytes:
    """Strict, compact UTF-8 JSON of fields whose texts went through this room."""
    return _encode(fields).encode()


# Made once: `json.dumps` with options makes an encoder for each call.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
