"""What becomes of an ingest request, whichever way it came: over HTTP, or from the same process.

Nothing here needs a web framework or waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from footfall.collector.storage.recent_hits import RecentHits
from footfall.collector.storage.reported_bots import BOT_REASONS
from footfall.collector.storage.store import Store
from footfall.collector.storage.writer_thread import PendingWrite
from footfall.collector.wire import batch, hit_reports, limits, plausible, swetrix
from footfall.collector.wire.messages import (
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    IngestResult,
)
from footfall.common.log import ThrottledLog

# A batch has a result for each item; one result is the response to the request.
Received: TypeAlias = IngestResult | Iterator[IngestResult]

PLAUSIBLE_PATH: Final = "/api/event"
HITS_PATH: Final = "/api/v1/hits"
BATCH_PATH: Final = "/api/v1/events/batch"
# The self-hosted Swetrix answers below /backend, and both also below the API version.
_SWETRIX_PREFIXES = ("", "/v1", "/backend", "/backend/v1")
SWETRIX_PATHS: Final = {
    prefix + kind.value: kind for prefix in _SWETRIX_PREFIXES for kind in swetrix.EventKind
}

# Of a domain, in a log line.
_MAX_SHOWN: Final = 100


class RejectedRequest(NamedTuple):
    """A request that was answered with an error status. `at` is in seconds since the epoch."""

    at: float
    path: str
    status: int
    response_text: str


class RejectedRequests:
    """How many requests were rejected since the start, and the newest ten of them."""

    def __init__(self) -> None:
        self.number = 0
        # As many as fit on a screen.
        self.newest: deque[RejectedRequest] = deque(maxlen=10)

    def add(self, request: RejectedRequest) -> None:
        self.number += 1
        self.newest.append(request)

    def clear(self) -> None:
        self.number = 0
        self.newest.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What one path takes."""

    receive: Callable[[IncomingRequest], Received]
    max_bytes: int
    busy: IngestResponse
    # Whether anybody may post here, scripts on any site included. Where not, it is for our own
    # middleware, and the API answers all other methods.
    allows_any_origin: bool = True


class Receiver:
    """Receives requests for a store.

    Args:
        store: Where accepted events are written.
        domains: The Plausible domains and the Swetrix projects that exist; with none, all do.
        rejected: Keeps the requests that were answered with an error.
        recent_hits: Keeps the hits that the middleware reported and did not count.
    """

    def __init__(
        self,
        store: Store,
        domains: Collection[str],
        rejected: RejectedRequests,
        recent_hits: RecentHits,
    ) -> None:
        self._domains = frozenset(domains)
        self.endpoints: Final = _endpoints(store, self._domains)
        """By path, in lower case and without a slash at the end."""
        self._store = store
        self._rejected = rejected
        self._recent_hits = recent_hits
        self._log = ThrottledLog()

    def reject(self, path: str, response: IngestResponse, at: float) -> None:
        """Keep a request that was answered with an error."""
        text = response.body.decode()
        self._rejected.add(RejectedRequest(at, path, response.status, text))

    def writes_of(
        self, results: Sequence[IngestResult], path: str, at: float
    ) -> list[PendingWrite]:
        """What to write of the results, having told the site owner of those that are faulty."""
        self._warn_of_undeclared(results)
        for result in results:
            # Swetrix answers 403 to an event that shall be unique and is not, which is no mistake.
            if result.response.status >= 400 and result.response.status != 403:
                self.reject(path, result.response, at)
        return [PendingWrite(events, answer, hit) for answer, events, hit in results if events]

    def keep_hits(self, results: Sequence[IngestResult]) -> None:
        """Keep the hits that do not count, once the events are written, and count the bots'."""
        hits = [each.hit for each in results if each.hit and not each.hit.is_tracked]
        for hit in hits:
            self._recent_hits.add(hit)
        bots = [
            hit
            for hit in hits
            # Of others only what is in memory, as of their events.
            if hit.reason in BOT_REASONS and (not self._domains or hit.domain in self._domains)
        ]
        if bots:
            self._store.count_bots(bots)

    def forget(self, results: Sequence[IngestResult], at: float) -> None:
        """Undo what results changed of which nothing is written, as if they had not come."""
        for event in (event for result in results for event in result.events):
            if event.visitor:
                self._store.sessions.forget(event.visitor, event.name, at)

    def _warn_of_undeclared(self, results: Sequence[IngestResult]) -> None:
        """Tell the site owner, who may have mistyped a domain: such events are not written."""
        events: Iterator[IncomingEvent] = (each for result in results for each in result.events)
        domain = next((event.domain for event in events if not event.is_declared), None)
        if domain is not None:
            shown = repr(domain[:_MAX_SHOWN])
            self._log.warn(
                "undeclared",
                f"footfall: the collector drops events for {shown}, which is none of its domains: "
                f"start it with --domain {shown} too, or correct the sender",
            )


def _endpoints(store: Store, domains: frozenset[str]) -> dict[str, Endpoint]:
    endpoints = {
        PLAUSIBLE_PATH: Endpoint(
            receive=partial(plausible.receive, domains=domains, sessions=store.sessions),
            max_bytes=limits.PLAUSIBLE_BODY,
            busy=plausible.BUSY,
        ),
        HITS_PATH: Endpoint(
            receive=partial(hit_reports.receive, domains=domains, sessions=store.sessions),
            max_bytes=limits.REPORT_BODY,
            busy=hit_reports.BUSY,
            allows_any_origin=False,
        ),
        BATCH_PATH: Endpoint(
            receive=partial(batch.receive, domains=domains, sessions=store.sessions),
            max_bytes=limits.BATCH_BODY,
            busy=batch.BUSY,
            allows_any_origin=False,
        ),
    }
    for path, kind in SWETRIX_PATHS.items():
        endpoints[path] = Endpoint(
            receive=partial(swetrix.receive, kind=kind, pids=domains, sessions=store.sessions),
            max_bytes=limits.SWETRIX_BODY,
            busy=swetrix.BUSY,
        )
    return endpoints
