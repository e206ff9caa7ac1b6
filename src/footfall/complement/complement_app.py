"""What the complement answers, whatever the adapter: the script, and reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog, error_location
from footfall.complement.report import (
    MAX_BODY_BYTES,
    is_same_origin,
    report_from,
    site_of,
)
from footfall.complement.script_file import script_file, source_of
from footfall.complement.visitor_limit import VisitorLimit
from footfall.complement.ways import is_counted_by_server
from footfall.config.complement import PARTS, Part
from footfall.rules.pageview import HOST_REMEDY

if TYPE_CHECKING:
    from footfall.request.exchange import Exchange
    from footfall.tracker import Tracker

__all__ = ["MAX_BODY_BYTES", "ComplementApp", "ComplementResponse"]

STABLE_NAME: Final = "c.js"
SOURCE_NAME: Final = "c.src.js"

_FOREVER: Final = "public, max-age=31536000, immutable"
# A new release reaches pages with the stable name as soon as that.
_SHORT: Final = "public, max-age=300"


class ComplementResponse(NamedTuple):
    """A whole response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


_TAKEN: Final = ComplementResponse(204, {"cache-control": "no-store"})
_MISSING: Final = ComplementResponse(404, {"content-length": "0", "cache-control": "no-store"})


class ComplementApp:
    """Answers the requests below the path of the complement.

    Args:
        tracker: Counts what is reported.
        clock: The time, in seconds since the epoch.
    """

    def __init__(self, tracker: Tracker, clock: Callable[[], float] = time.time) -> None:
        self._tracker = tracker
        options = tracker.config.complement_options
        self._parts: frozenset[Part] = options.parts if options is not None else frozenset()
        self._clock = clock
        self._limit = VisitorLimit()
        self._log = ThrottledLog()

    def respond(self, method: str, path: str, accept_encoding: str) -> ComplementResponse:
        """The response to a request; of a POST to the path itself only after `receive`.

        Args:
            method: The request's.
            path: What follows the complement's path; empty, or with a slash at its beginning.
            accept_encoding: The request's header.
        """
        name = path.removeprefix("/")
        if method == "POST" and not name:
            return _TAKEN
        is_script = name.startswith("c.") and name.endswith(".js")
        if not is_script:
            return _MISSING
        if method not in ("GET", "HEAD"):
            return ComplementResponse(405, {"allow": "GET, HEAD", "content-length": "0"})
        response = _script(name, self._parts, is_compressed="gzip" in accept_encoding)
        return response._replace(body=b"") if method == "HEAD" else response

    def receive(self, exchange: Exchange, origin: str, fetch_site: str, body: bytes | None) -> None:
        """Submit what a report says, or count the reason why that does not count.

        Never raises.

        Args:
            exchange: The request with the report.
            origin: Its header `Origin`; empty for none.
            fetch_site: Its header `Sec-Fetch-Site`, in the same way.
            body: None where it is too long.
        """
        tracker = self._tracker
        if not tracker.is_active:
            return
        try:
            reason = self._receive(exchange, origin, fetch_site, body)
        except Exception as error:  # noqa: BLE001 -- the app must go on
            tracker.recorder.errors.bump()
            place = error_location(error)
            self._log.warn("error", f"footfall could not take a page of the script: {place}")
            return
        if reason is not None:
            tracker.count(reason)

    def _receive(
        self, exchange: Exchange, origin: str, fetch_site: str, body: bytes | None
    ) -> str | None:
        """Submit the page; return the reason why not, if there is one."""
        tracker, hit = self._tracker, exchange.hit()
        public = site_of(tracker.origin_of(hit))
        hosts = frozenset({public, site_of(f"{hit.scheme}://{hit.host}"), hit.host.lower()})
        if not is_same_origin(origin, fetch_site, hosts):
            if fetch_site == "same-origin":
                self._warn_of_host(origin)
            return "complement_invalid"
        report = (
            None
            if body is None
            else report_from(body, has_hash_routes="hash_routes" in self._parts)
        )
        if report is None or not self._parts.issuperset({report.way} & {*PARTS}):
            return "complement_invalid"
        if report.host not in hosts and report.host != site_of(origin):
            return "complement_invalid"
        if not self._limit.allows(tracker.visitor_of(hit).identity, monotonic()):
            return "complement_limit"
        if report.engagement is not None:
            tracker.track_engagement(exchange, report.engagement, page=report.path)
            return None
        if report.way == "heartbeat":
            tracker.track_heartbeat(exchange, page=report.path)
            return None
        if is_counted_by_server(report.way, report.stamp, report.age, self._clock() * 1000):
            return "complement_reached"
        tracker.track_shown(
            exchange,
            page=report.path,
            referrer=report.referrer,
            details=report.details if "window" in self._parts else None,
        )
        return None

    def _warn_of_host(self, origin: str) -> None:
        self._log.warn_once(
            "complement_host",
            f"footfall: the complement's script reports pages of {site_of(origin)[:200]!r}, which "
            f"is not the host that the app sees, so they do not count. {HOST_REMEDY}",
        )


def _script(name: str, parts: frozenset[Part], *, is_compressed: bool) -> ComplementResponse:
    script = script_file(parts)
    headers = {
        "content-type": "text/javascript; charset=utf-8",
        "x-content-type-options": "nosniff",
        # Of another release, the name gets the script of this one.
        "cache-control": _FOREVER if name == script.name else _SHORT,
        "vary": "accept-encoding",
    }
    body = script.body
    if name == SOURCE_NAME:
        body = source_of(parts)
    elif is_compressed:
        body = script.compressed
        headers["content-encoding"] = "gzip"
    return ComplementResponse(200, {**headers, "content-length": str(len(body))}, body)
