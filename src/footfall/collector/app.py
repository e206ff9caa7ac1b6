"""The collector as a web application: the API and the health probes over a store.

The wire endpoints are `intake.py`'s, the pages those of `inspector.py`; what Plausible can be
asked, `plausible_read/` answers. The rest is for tests, scripts and the pages, and
`GET /api/openapi.json` describes all of it:

`GET /api/v1/events` gives `{"events": [...], "total": n}`, oldest first, with everything that was
posted before the question was asked. `name`, `domain`, `path`, `status` (`accepted`, `dropped`) and
`reason` choose, `limit` (1,000; at most 10,000) bounds. Without `after` these are the newest ones,
with `after=ID` those that follow. `wait=COUNT` answers once that many match, or after `timeout`
seconds (10; at most 60) with what there is. An event:

    id              number, rising, never given twice
    received_at     ISO 8601, UTC, to the millisecond
    vendor          "plausible" or "swetrix": on whose wire it came
    domain          the Plausible domain, or the Swetrix project id
    name            "pageview", or the name of a custom event
    url             as received; null from Swetrix, which takes none
    path, hostname  the page; a hostname is null where Swetrix was told no Origin
    referrer        as received, or null
    utm             {"source", "medium", "campaign", "content", "term"}, each a text or null
    props           texts by key, as the vendor would store them
    revenue         {"currency", "amount"}, the amount as a decimal text; or null
    user_agent      as received
    client_ip       the address that the vendor would take for the visitor's; known for the newest
                    thousand events of this process, otherwise null, and never written down
    visitor         the visitor's hash of the day; null if dropped
    session         the visit; null if dropped
    status          "accepted", or "dropped": taken by HTTP, and thrown away by the vendor
    reason          why it was dropped, in the vendor's word; otherwise null
    headers         as received, by lower-case name, without addresses and credentials
    body            as received, parsed; null if long. Headers and body are kept for the newest
                    ten thousand events.

`GET /api/v1/hits` gives `{"hits": [...], "total": n}`: of the hits that our middleware reported and
did not count, the newest thousand of this process, oldest first. `domain`, `path`, `reason` and
`after` choose, `wait` and `timeout` wait. A hit has `id`, `received_at`, `domain`, `name`, `url`,
`path`, `reason`, `steps` (each with `rule`, `saw` and `verdict`), `method`, `status`, `client_ip`
and `user_agent`.

`DELETE /api/v1/events` forgets all of both and gives `{"deleted": n}`, the number of events.
`GET /api/v1/stats` gives totals over `period` (`day`, which is the default and means 24 hours,
`week`, `month`, `all`) and `domain`. `GET /api/v1/forward` gives `{"destinations": {...}}`: where
events are passed on, what became of them, by the destination's name. `GET /events/stream` tells
every new event as a server-sent event.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from footfall.collector import query_params
from footfall.collector.access import LOOPBACK_HOSTS, AccessControl
from footfall.collector.api import openapi, plausible
from footfall.collector.ingest.endpoints import IngestEndpoints, Refusals
from footfall.collector.ingest.forward import Forward
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.storage.recent_hits import HitSearch, RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import MAX_LIMIT, EventSearch
from footfall.collector.web.dashboard import Dashboard
from footfall.collector.web.event_stream import LOOK_SECONDS
from footfall.collector.web.inspector import Inspector
from footfall.collector.web.live_page import LivePage

_STATIC = Path(__file__).parent / "web" / "static"

_DEFAULT_LIMIT = 1_000
_DEFAULT_WAIT_SECONDS = 10.0
_MAX_WAIT_SECONDS = 60.0
# What was posted before a question has to be in the answer. It takes 20 ms; if the disk is full,
# the answer is what was written.
_SETTLE_SECONDS = 2.0


def create_app(
    store: Store,
    *,
    domains: Collection[str] = (),
    token: str | None = None,
    hosts: Collection[str] | None = LOOPBACK_HOSTS,
    forward: Forward | None = None,
) -> Starlette:
    """The collector over an open store, which stays the caller's to close.

    `domains` are the Plausible domains and Swetrix projects that exist; with none, all do. `hosts`
    are the names under which the page and the API answer, None for any: then set a `token`.
    `forward` is where events go on to, and the caller's to close.
    `app.state.pulse.close()` ends the open streams, for a server that wants to stop.
    """
    refusals, sightings = Refusals(), RecentHits()
    views = _Views(store, refusals, sightings, forward)
    page = LivePage(store, refusals, sightings, forward)
    app = Starlette(
        routes=[
            *Dashboard(store).routes,
            *Inspector(store, page, views.pulse).routes,
            *views.routes,
            *plausible.routes(store, domains),
            openapi.route,
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(
                IngestEndpoints,
                store=store,
                domains=domains,
                refusals=refusals,
                sightings=sightings,
                forward=forward,
            ),
            Middleware(AccessControl, hosts=hosts, token=token),
        ],
        exception_handlers={HTTPException: _say, sqlite3.Error: _say_unreadable},
        lifespan=views.lifespan,
    )
    app.state.pulse = views.pulse
    return app


class _Views:
    """The endpoints. What reads the file does so in a thread."""

    def __init__(
        self,
        store: Store,
        refusals: Refusals,
        sightings: RecentHits,
        forward: Forward | None,
    ) -> None:
        self.pulse = ChangeNotifier()
        self._store = store
        self._refusals = refusals
        self._sightings = sightings
        self._forward = forward
        self.routes = [
            Route("/api/v1/events", self.events, methods=["GET", "DELETE"]),
            # What is posted there, the intake takes.
            Route("/api/v1/hits", self.hits, methods=["GET", "POST"]),
            Route("/api/v1/stats", self.stats),
            Route("/api/v1/forward", self.forward),
            Route("/api/health", self.health),
            Route("/api/system/health/ready", self.health),
            Route("/api/system/health/live", self.live),
        ]

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._sightings.on_change = self.pulse.beat
        with self.pulse.listening(self._store):
            yield
        self.pulse.close()

    async def events(self, request: Request) -> Response:
        return await (self._clear() if request.method == "DELETE" else self._events(request))

    async def _events(self, request: Request) -> Response:
        search = _search(request)
        await self._settle()
        await self._wait(request, partial(run_in_threadpool, self._store.count, search))
        found = await run_in_threadpool(self._store.search, search)
        events = [entry.as_json() for entry in found.entries]
        return JSONResponse({"events": events, "total": found.total})

    async def hits(self, request: Request) -> Response:
        wanted = _wanted(request)

        async def count() -> int:
            return len(self._sightings.search(wanted))

        await self._wait(request, count)
        found = self._sightings.search(wanted)
        return JSONResponse({"hits": [each.as_json() for each in found], "total": len(found)})

    async def _clear(self) -> Response:
        try:
            # With a fault, it would wait behind what cannot be written.
            deleted = None if self._store.fault else await run_in_threadpool(self._store.clear)
        except TimeoutError:
            deleted = None
        if deleted is None:
            raise HTTPException(503, "The database cannot be written at the moment")
        self._store.visits.clear()
        self._refusals.clear()
        self._sightings.clear()
        return JSONResponse({"deleted": deleted})

    async def stats(self, request: Request) -> Response:
        period, domain = query_params.period(request), query_params.domain(request)
        await self._settle()
        stats = await run_in_threadpool(self._store.stats, period, domain)
        return JSONResponse({"period": period, **stats.as_json()})

    async def forward(self, request: Request) -> Response:
        return JSONResponse({"destinations": self._forward.stats() if self._forward else {}})

    async def health(self, request: Request) -> Response:
        """What Plausible's probe says, which watches four parts where we have one."""
        word = "error" if self._store.fault else "ok"
        parts = ("postgres", "clickhouse", "sites_cache", "sessions")
        return JSONResponse(dict.fromkeys(parts, word), 500 if self._store.fault else 200)

    async def live(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def _settle(self) -> None:
        await run_in_threadpool(self._store.flush, _SETTLE_SECONDS)

    async def _wait(self, request: Request, count: Callable[[], Awaitable[int]]) -> None:
        """Return once there are as many as was asked for, or when the time is up."""
        number = query_params.integer(request, "wait", 0)
        patience = query_params.seconds(request, "timeout", _DEFAULT_WAIT_SECONDS)
        deadline = time.monotonic() + min(patience, _MAX_WAIT_SECONDS)
        while number > 0 and not self.pulse.is_closed:
            beat = self.pulse.next_beat()
            left = deadline - time.monotonic()
            if left <= 0 or await count() >= number:
                return
            await self.pulse.wait(beat, min(left, LOOK_SECONDS))


# -- questions --------------------------------------------------------------------------------


def _search(request: Request) -> EventSearch:
    query = request.query_params
    status = query.get("status")
    if status not in (None, "accepted", "dropped"):
        raise HTTPException(400, "status must be accepted or dropped")
    limit = query_params.integer(request, "limit", _DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise HTTPException(400, f"limit must be between 1 and {MAX_LIMIT}")
    return EventSearch(
        name=query.get("name"),
        domain=query.get("domain"),
        path=query.get("path"),
        status=status,
        reason=query.get("reason"),
        after=query_params.integer(request, "after", 0),
        is_newest="after" not in query,
        limit=limit,
    )


def _wanted(request: Request) -> HitSearch:
    query = request.query_params
    return HitSearch(
        domain=query.get("domain"),
        path=query.get("path"),
        reason=query.get("reason"),
        after=query_params.integer(request, "after", 0),
    )


async def _say(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- Starlette's types do not know
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _say_unreadable(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"The database cannot be read: {error}"}, 500)
