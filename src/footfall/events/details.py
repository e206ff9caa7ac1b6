"""What no request tells of a visitor and only an app can know, checked before it goes anywhere.

An app says these things where it tells an event, in a mark, or in `before_send`; one of them may
also come from a client hint that the site has asked for. Values in, values out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypedDict, cast

from footfall.errors import EventError

__all__ = [
    "PERF_NAMES",
    "REQUEST_HEADERS",
    "Details",
    "details_from_hints",
    "valid_details",
    "validate_details",
]


class Details(TypedDict, total=False):
    """The details as keyword arguments; each has the name of the event's own field."""

    screen_width: int
    time_zone: str
    profile_id: str
    perf: Mapping[str, float]


REQUEST_HEADERS: Final = frozenset({"sec-ch-viewport-width", "viewport-width"})
"""Client hints that tell the width of the window, to sites that ask for them with `Accept-CH`."""

# The one of today first.
_WIDTHS: Final = tuple(sorted(REQUEST_HEADERS))

PERF_NAMES: Final = (
    "dns",
    "tls",
    "conn",
    "response",
    "render",
    "dom_load",
    "page_load",
    "ttfb",
)
"""The phases of a page's loading. Swetrix stores all eight or none (read 2026-08)."""

# Five minutes: Swetrix throws away a measurement with a longer phase.
_MAX_PERF_MS: Final = 300_000
# The widest video wall has a tenth of it.
_MAX_WIDTH: Final = 100_000
# Swetrix refuses an event whole for a longer one.
_MAX_PROFILE_CHARS: Final = 256

_TIME_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", re.ASCII)
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def validate_details(said: Mapping[str, Any]) -> Details:
    """What an app said, if all of it can be used. None counts as not said.

    Raises:
        EventError: names each detail that cannot be used, and what to write instead.
    """
    found: dict[str, object] = {}
    faults = []
    for name, value in said.items():
        if value is None:
            continue
        try:
            found[name] = _check_of(name)(value)
        except ValueError as error:
            faults.append(f"{name}={value!r:.60}: {error}")
    if faults:
        raise EventError("; ".join(faults))
    return cast("Details", found)


def valid_details(said: Mapping[str, Any]) -> Details:
    """As much of what was said as can be used. Never raises."""
    found: dict[str, object] = {}
    for name, value in said.items():
        with suppress(ValueError):
            found[name] = _check_of(name)(value)
    return cast("Details", found)


def details_from_hints(headers: Mapping[str, str]) -> Details:
    """What client hints tell: the width of the window, where the browser was asked for it."""
    for name in _WIDTHS:
        if name not in headers:
            continue
        # A structured header (RFC 8941) may write 1280.0; nobody has half a pixel.
        width = headers[name].strip().partition(".")[0]
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
    if not isinstance(text, str) or not text.strip() or _UNSHOWABLE.search(text):
        raise ValueError("write a text that can be shown")
    # As JavaScript counts; a shorter text could be somebody else's.
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
