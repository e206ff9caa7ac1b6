"""What the script posts, checked: anything at all may come."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from footfall.complement.ways import WAYS

__all__ = ["MAX_BODY_BYTES", "Report", "is_same_origin", "report_from", "site_of"]

# A page's address and its referrer are cut by no browser, and longer ones by every vendor.
MAX_BODY_BYTES: Final = 2048

_WORDS: Final = frozenset(way.report for way in WAYS if way.report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A page that was shown.

    Attributes:
        way: One of the words of `WAYS`.
        host: Host and port of its address, as `site_of` writes them.
        path: Path and query of its address.
        referrer: The address of the page before it; empty for none.
        stamp: The stamp of the page, in milliseconds.
        age: How long ago its navigation began, in milliseconds.
    """

    way: str
    host: str
    path: str
    referrer: str
    stamp: float
    age: float


def report_from(body: bytes) -> Report | None:
    """The report in a body; None for what is none."""
    try:
        fields = json.loads(body)
        return _report(fields) if isinstance(fields, dict) else None
    except (ValueError, RecursionError):
        return None


def _report(fields: dict[str, Any]) -> Report | None:
    way, page, referrer = (fields.get(name) or "" for name in ("w", "u", "r"))
    stamp, age = (_number(fields.get(name)) for name in ("s", "a"))
    if not all(isinstance(text, str) for text in (way, page, referrer)) or way not in _WORDS:
        return None
    if stamp is None or age is None or stamp < 0 or age < 0:
        return None
    parts = urlsplit(page)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    path = parts.path or "/"
    return Report(
        way=way,
        host=site_of(page),
        path=f"{path}?{parts.query}" if parts.query else path,
        referrer=referrer,
        stamp=stamp,
        age=age,
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e17 and math.isfinite(value) else None


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
