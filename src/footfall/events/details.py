"""Event details that no request holds and only an app knows: how they are validated.

An app passes them to `track()`, sets them for a request, or in `before_send`; the width may also
come from a client hint that the site requests. Values in, values out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypedDict, cast

__all__ = [
    "PERF_NAMES",
    "REQUEST_HEADERS",
    "CheckedDetails",
    "Details",
    "check_details",
    "details_from_hints",
    "valid_details",
]


class Details(TypedDict, total=False):
    """The details as keyword arguments; each has the name of the event's field."""

    screen_width: int
    time_zone: str
    profile_id: str
    perf: Mapping[str, float]


REQUEST_HEADERS: Final = frozenset({"sec-ch-viewport-width", "viewport-width"})
"""Client hints with the width of the window, for sites that request them with `Accept-CH`."""

# The current one first.
_WIDTHS: Final = tuple(sorted(REQUEST_HEADERS))

PERF_NAMES: Final = ("dns", "tls", "conn", "response", "render", "dom_load", "page_load", "ttfb")
"""The phases of a page's loading. Swetrix stores all eight or none (read 2026-08)."""

# Five minutes: Swetrix discards a measurement with a longer phase.
_MAX_PERF_MS: Final = 300_000
# Ten times the widest video wall.
_MAX_WIDTH: Final = 100_000
# Swetrix rejects the whole event for a longer one.
_MAX_PROFILE_CHARS: Final = 256

_TIME_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", re.ASCII)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class CheckedDetails(NamedTuple):
    """The valid details, and for each name of an invalid one what to write instead."""

    details: Details
    faults: Mapping[str, str]


def check_details(given: Mapping[str, Any]) -> CheckedDetails:
    """Those of the given details that are valid, and why others are not. Never raises.

    None and a blank text count as not given, since apps have them for what they do not know.
    """
    found: dict[str, object] = {}
    faults: dict[str, str] = {}
    for name, value in given.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            found[name] = _check_of(name)(value)
        except ValueError as error:
            # Without the value, which may say who the visitor is.
            faults[name] = str(error)
    return CheckedDetails(cast("Details", found), faults)


def valid_details(given: Mapping[str, Any]) -> Details:
    """Those of the given details that are valid. Never raises."""
    return check_details(given).details


def details_from_hints(headers: Mapping[str, str]) -> Details:
    """The width of the window, where the browser sent it as a client hint. Never raises."""
    for name in _WIDTHS:
        if name not in headers:
            continue
        # A structured header (RFC 9651) may write 1280.0, and parameters after it.
        width = headers[name].partition(";")[0].strip().partition(".")[0]
        if width.isascii() and width.isdecimal() and len(width) < 9:
            return valid_details({"screen_width": int(width)})
    return {}


def _check_of(name: str) -> Callable[[Any], object]:
    check = _CHECKS.get(name)
    if check is None:
        raise ValueError(f"there is no such detail; there is: {', '.join(_CHECKS)}")
    return check


def _screen_width(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_WIDTH:
        raise ValueError("write the width of the window in pixels, a whole number")
    return value


def _time_zone(value: Any) -> str:
    if not isinstance(value, str) or not _TIME_ZONE.fullmatch(value):
        raise ValueError("write an IANA name, such as 'Europe/Berlin'")
    return value


def _profile_id(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or _UNPRINTABLE.search(text):
        raise ValueError("write a text that can be shown")
    # As JavaScript counts. A text that was cut could be another user's id.
    if len(text.encode("utf-16-le")) > 2 * _MAX_PROFILE_CHARS:
        raise ValueError(f"{_MAX_PROFILE_CHARS} characters are the most")
    return text


def _perf(value: Any) -> Mapping[str, float]:
    if not isinstance(value, Mapping) or any(name not in value for name in PERF_NAMES):
        raise ValueError(f"all of {', '.join(PERF_NAMES)} must be there, in milliseconds")
    found: dict[str, float] = {name: value[name] for name in PERF_NAMES}
    if not all(map(_is_duration, found.values())):
        raise ValueError(f"write numbers from 0 to {_MAX_PERF_MS}")
    return found


def _is_duration(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= _MAX_PERF_MS


_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "screen_width": _screen_width,
    "time_zone": _time_zone,
    "profile_id": _profile_id,
    "perf": _perf,
}
