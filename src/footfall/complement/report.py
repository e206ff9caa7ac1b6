"""What the script posts, checked: anything at all may come."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from footfall.complement.ways import WAYS
from footfall.events.details import CheckedDetails, check_details, valid_details
from footfall.model import ENGAGEMENT, Engagement

__all__ = ["MAX_BODY_BYTES", "Report", "is_same_origin", "report_from", "site_of"]

# A page's address and its referrer are cut by no browser, and longer ones by every vendor.
MAX_BODY_BYTES: Final = 2048

# As long as Plausible takes; a tab may stay open for that.
_MAX_ENGAGEMENT_MS: Final = 30 * 86_400_000 - 1

_ROUTE: Final = re.compile(r"!?/[^?#]*")
_WITH_ROUTES: Final = frozenset({"bfcache", "route", ENGAGEMENT})

_WORDS: Final = frozenset(way.report for way in WAYS if way.report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A page that was shown, or how it was viewed.

    Attributes:
        way: One of the words of `WAYS`; `engagement`, or `heartbeat` for a page that is visible.
        host: Host and port of its address, as `site_of` writes them.
        path: Path and query of its address.
        referrer: The address of the page before it; empty for none.
        stamp: The stamp of the page, in milliseconds.
        age: How long ago its navigation began, in milliseconds.
        engagement: How it was viewed; None in other reports.
        details: The width of the window and the time zone, as far as they were sent.
    """

    way: str
    host: str
    path: str
    referrer: str
    stamp: float = 0
    age: float = 0
    engagement: Engagement | None = None
    details: CheckedDetails | None = None


def report_from(body: bytes, *, has_hash_routes: bool = False) -> Report | None:
    """The report in a body; None for what is none.

    With `has_hash_routes` a route in the fragment is part of the path, with an escaped `#`.
    """
    try:
        fields = json.loads(body)
        return _report(fields, has_hash_routes) if isinstance(fields, dict) else None
    except (ValueError, RecursionError):
        return None


def _report(fields: dict[str, Any], has_hash_routes: bool) -> Report | None:
    way, page, referrer = (fields.get(name) or "" for name in ("w", "u", "r"))
    if not all(isinstance(text, str) for text in (way, page, referrer)):
        return None
    parts = urlsplit(page)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    path = parts.path or "/"
    # A page that was asked for has none.
    if has_hash_routes and way in _WITH_ROUTES and (route := _ROUTE.match(parts.fragment)):
        path += f"%23{route[0]}"
    report = Report(
        way=way,
        host=site_of(page),
        path=f"{path}?{parts.query}" if parts.query else path,
        referrer=referrer,
    )
    if way == ENGAGEMENT:
        return _with_engagement(report, fields)
    if way == "heartbeat":
        return report
    stamp, age = (_number(fields.get(name)) for name in ("s", "a"))
    if way not in _WORDS or stamp is None or age is None:
        return None
    return replace(report, stamp=stamp, age=age, details=_details(fields))


def _details(fields: dict[str, Any]) -> CheckedDetails | None:
    """Those of the details that are valid. Of others the app is not told: it did not set them."""
    found = valid_details({"screen_width": fields.get("x"), "time_zone": fields.get("z")})
    return check_details(found) if found else None


def _with_engagement(report: Report, fields: dict[str, Any]) -> Report | None:
    milliseconds, depth = _number(fields.get("e")), _number(fields.get("sd"))
    if milliseconds is None or depth is None or milliseconds > _MAX_ENGAGEMENT_MS or depth > 100:
        return None
    return replace(report, engagement=Engagement(round(milliseconds), round(depth)))


def _number(value: object) -> float | None:
    """A number of at least 0; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e17 and math.isfinite(value) else None


_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def site_of(origin: str) -> str:
    """Host and port of a URL in lower case, without a port that is the scheme's own."""
    scheme, _, rest = origin.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2].lower()
    return host.removesuffix(_DEFAULT_PORTS.get(scheme.lower(), ":"))


def is_same_origin(origin: str, fetch_site: str, hosts: frozenset[str]) -> bool:
    """Whether a page of this site sent the request.

    Every browser sends `Origin` with a POST, and those since 2023 `Sec-Fetch-Site`, too. The scheme
    is not compared: behind a proxy the app may not know it.

    Args:
        origin: The header, empty if it was not sent.
        fetch_site: `Sec-Fetch-Site`, in the same way.
        hosts: The hosts of this site, as `site_of` writes them.
    """
    if fetch_site and fetch_site != "same-origin":
        return False
    return site_of(origin) in hosts if origin else bool(fetch_site)
