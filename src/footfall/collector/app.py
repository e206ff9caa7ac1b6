"""The collector as a web application over a store: all routes and middleware, and its own API.

`ingest/` receives events, `web/` makes the pages, `api/plausible/` answers Plausible's own API. The
API of this module is for tests, scripts and the pages; `GET /api/openapi.json` describes all of it.

`GET /api/v1/events` returns `{"events": [...], "total": n}`, oldest first, including everything
that was posted before the request. The parameters `name`, `domain`, `path`, `status` (`accepted`,
`dropped`) and `reason` filter; `limit` (default 1,000, at most 10,000) bounds the number, and
32 MB the whole, so that fewer than `limit` and `total` may come;
`after=ID` returns the events that follow an id, without it the newest ones; `wait=COUNT` waits
until that many match, for at most `timeout` seconds (default 10, at most 60). An event has:

    id              a number that rises and is never given twice
    received_at     ISO 8601, UTC, to the millisecond
    vendor          "plausible" or "swetrix": whose endpoint received it
    domain          the Plausible domain, or the Swetrix project id
    name            "pageview", or the name of a custom event
    url             as received; null from Swetrix, which receives none
    path, hostname  of the page; the hostname is null where a Swetrix event has no Origin
    referrer        as received, or null
    utm             {"source", "medium", "campaign", "content", "term"}, each a text or null
    props           texts by key, as the vendor would store them
    revenue         {"currency", "amount"}, the amount as a decimal text; or null
    user_agent      as received
    client_ip       the address that the vendor would count as the visitor's; known for the newest
                    thousand accepted and dropped events of this process, and never written
    visitor         the visitor's hash of the day; null if dropped
    session         the visit; null if dropped
    status          "accepted", or "dropped": accepted by HTTP, and dropped as the vendor would
    reason          why it was dropped, in the vendor's word; otherwise null. Of the dropped events
                    the newest ten thousand are kept, in 16 MB at most; those for a domain that was
                    not declared are in memory alone, among the newest thousand of this process
    headers         those that are stored, as received, by lower-case name; see `redaction.py`
    body            as received, parsed unless it has a hundred lists and objects; null if long.
                    Headers and body are kept for the newest ten thousand accepted events and for
                    all dropped ones.

`POST /api/v1/events/batch` takes many events at once; see `wire/batch.py`.

`GET /api/v1/hits` returns `{"hits": [...], "total": n}`: of the hits that the middleware reported
and did not count, the newest thousand of this process, oldest first. `domain`, `path`, `reason` and
`after` filter, `wait` and `timeout` wait. A hit has `id`, `received_at`, `domain`, `name`, `url`,
`path`, `reason`, `steps` (each with `rule`, `saw` and `verdict`), `method`, `status`, `client_ip`
and `user_agent`.

`DELETE /api/v1/events` deletes all events and hits and returns `{"deleted": n}`, the number of
events. `GET /api/v1/stats` returns totals over `period` (`day`, the default, is 24 hours; `week`,
`month`, `all`) and `domain`. `GET /api/v1/forward` returns `destinations`, the counters of
forwarded events by destination; `outbox`, the state of the file in which they wait, or null; and
`returned`, how many came back and were refused. `GET /events/stream` sends new events as
server-sent events. `GET /metrics` is for Prometheus.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from footfall.collector import query_params
from footfall.collector.access import AccessControl
from footfall.collector.access_token import SHARED_PATH
from footfall.collector.api import metrics, openapi, plausible
from footfall.collector.api.plausible.request_params import FLUSH_SECONDS
from footfall.collector.error_responses import busy, database_error, http_error
from footfall.collector.host_check import HostCheck
from footfall.collector.ingest.chaos import Chaos
from footfall.collector.ingest.chaos_middleware import ChaosMiddleware
from footfall.collector.ingest.endpoints import IngestEndpoints
from footfall.collector.ingest.forward import Forward
from footfall.collector.ingest.receiver import RejectedRequests
from footfall.collector.request_limits import RequestLimits
from footfall.collector.root_path import RootPath
from footfall.collector.settings import SETTINGS, CollectorSettings
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.storage.recent_hits import HitSearch, RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import MAX_LIMIT, EventSearch
from footfall.collector.web.dashboard import Dashboard
from footfall.collector.web.event_stream import POLL_SECONDS
from footfall.collector.web.inspector import Inspector
from footfall.collector.web.live_page import LivePage
from footfall.collector.web.shared_dashboard import shared_dashboard
from footfall.collector.web.static_files import static_route
from footfall.errors import ConfigError

logger = logging.getLogger("footfall.collector")

# As `shared_links` has those of `share`; the Sites API gives names, too.
_SHARED_LINK = "footfall collect --share"
_DEFAULT_LIMIT = 1_000
_DEFAULT_WAIT_SECONDS = 10.0
_MAX_WAIT_SECONDS = 60.0


def create_app(
    store: Store,
    *,
    domains: Collection[str] = (),
    token: str | None = None,
    ingest_token: str | None = None,
    hosts: Collection[str] | None = (),
    forward: Forward | None = None,
    root_path: str = "",
    chaos: Chaos | None = None,
    share: Collection[str] = (),
) -> Starlette:
    """The collector over an open store.

    A server that stops calls `app.state.change_notifier.close()`, which ends the open streams.

    Args:
        store: Where events are kept. The caller closes it.
        domains: The Plausible domains and Swetrix projects that exist; with none, all do.
        token: What a request to the pages and the API must carry; None for no token.
        ingest_token: What our own middleware must send with its reports, or else `token`; None for
            no token.
        hosts: The names under which it answers, besides those of this machine; `.example.com` for
            all below. None allows any name: then set a `token`.
        forward: Sends events on to other destinations. The caller closes it.
        root_path: The path below which browsers find it, such as `/stats`; without one, that at
            which the app is mounted.
        chaos: Makes some requests fail on purpose.
        share: Domains whose dashboard has an address that needs no token.
    """
    slugs = store.registry.keep_links(_SHARED_LINK, share)
    rejected, recent_hits = RejectedRequests(), RecentHits()
    api = _API(store, rejected, recent_hits, forward)
    page = LivePage(store, rejected, recent_hits, forward)
    app = Starlette(
        routes=[
            *Dashboard(store).routes,
            *Inspector(store, page, api.notifier).routes,
            *api.routes,
            *plausible.routes(store, domains),
            openapi.route,
            metrics.route(store, rejected, forward),
            static_route,
            shared_dashboard(store, slugs),
        ],
        middleware=[
            Middleware(RequestLimits),
            Middleware(HostCheck, hosts=hosts),
            Middleware(
                IngestEndpoints,
                store=store,
                domains=domains,
                rejected=rejected,
                recent_hits=recent_hits,
                forward=forward,
                tokens=[each for each in (ingest_token, token) if each] if ingest_token else (),
            ),
            Middleware(AccessControl, token=token),
        ],
        exception_handlers={
            HTTPException: http_error,
            sqlite3.Error: database_error,
            TimeoutError: busy,
        },
        lifespan=api.lifespan,
    )
    app.state.change_notifier = api.notifier
    app.state.shared_paths = {
        domain: f"{SHARED_PATH}{quote(slug)}/" for domain, slug in slugs.items()
    }
    # Around Starlette's own middleware, since only the server's own `send` reaches the connection.
    stack = app.build_middleware_stack()
    if chaos:
        stack = ChaosMiddleware(stack, chaos, api.notifier)
    app.middleware_stack = RootPath(stack, root_path)
    return app


def open_forward(settings: CollectorSettings, store: Store) -> Forward | None:
    """What sends events on, where the settings name destinations. The caller closes it.

    Raises:
        ConfigError: The outbox cannot be used. The store is closed then.
    """
    if not settings.forward:
        return None
    try:
        return Forward(settings.forward, instance=store.instance, outbox=settings.forward_outbox)
    except ConfigError:
        store.close()
        raise


def app_with(settings: CollectorSettings, store: Store, forward: Forward | None) -> Starlette:
    """The collector over an open store, with these settings. Warns of what is open to others."""
    if settings.is_public:
        _warn_if_open(settings)
    return create_app(
        store,
        domains=settings.domains,
        token=settings.token,
        ingest_token=settings.ingest_token,
        hosts=settings.hosts,
        forward=forward,
        root_path=settings.root_path,
        chaos=settings.chaos,
        share=settings.share,
    )


def _warn_if_open(settings: CollectorSettings) -> None:
    domain, token_file = SETTINGS["domains"], SETTINGS["token_file"]
    if not settings.domains:
        logger.warning(
            "footfall: the collector is open to others, who may fill it with events of any domain; "
            "name yours with %s or %s",
            domain.flag,
            domain.variable,
        )
    # On loopback, with a name that a proxy passes on.
    if not settings.token:
        logger.warning(
            "footfall: whoever reaches the collector as %s reads its figures and may delete them; "
            "unless a proxy asks for a password, set a token with %s or %s",
            ", ".join(settings.allowed_hosts),
            token_file.flag,
            token_file.variable,
        )


class _API:
    """The collector's own endpoints. Those that read the file do so in a thread."""

    def __init__(
        self,
        store: Store,
        rejected: RejectedRequests,
        recent_hits: RecentHits,
        forward: Forward | None,
    ) -> None:
        self.notifier = ChangeNotifier()
        self._store = store
        self._rejected = rejected
        self._recent_hits = recent_hits
        self._forward = forward
        self.routes = [
            Route("/api/v1/events", self.events, methods=["GET", "DELETE"]),
            # `IngestEndpoints` answers a POST; the method is named for the list of allowed ones.
            Route("/api/v1/hits", self.hits, methods=["GET", "POST"]),
            Route("/api/v1/events/batch", self.events, methods=["POST"]),
            Route("/api/v1/stats", self.stats),
            Route("/api/v1/forward", self.forward),
            Route("/api/health", self.health),
            Route("/api/system/health/ready", self.ready),
            Route("/api/system/health/live", self.live),
        ]

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._recent_hits.on_change = self.notifier.notify
        with self.notifier.listening(self._store):
            yield
        self.notifier.close()

    async def events(self, request: Request) -> Response:
        return await (self._clear() if request.method == "DELETE" else self._events(request))

    async def _events(self, request: Request) -> Response:
        search = _event_search(request)
        await self._flush()
        await self._wait(request, partial(run_in_threadpool, self._store.count, search))
        found = await run_in_threadpool(self._store.search, search)
        events = [entry.as_json() for entry in found.events]
        return JSONResponse({"events": events, "total": found.total})

    async def hits(self, request: Request) -> Response:
        search = _hit_search(request)

        async def count() -> int:
            return len(self._recent_hits.search(search))

        await self._wait(request, count)
        found = self._recent_hits.search(search)
        return JSONResponse({"hits": [each.as_json() for each in found], "total": len(found)})

    async def _clear(self) -> Response:
        deleted = await run_in_threadpool(self._store.clear)
        self._store.sessions.clear()
        self._rejected.clear()
        self._recent_hits.clear()
        return JSONResponse({"deleted": deleted})

    async def stats(self, request: Request) -> Response:
        period, domain = query_params.period(request), query_params.domain(request)
        await self._flush()
        stats = await run_in_threadpool(self._store.totals, period, domain)
        return JSONResponse({"period": period, **stats.as_json()})

    async def forward(self, request: Request) -> Response:
        nothing: dict[str, Any] = {"destinations": {}, "outbox": None, "returned": 0}
        return JSONResponse(self._forward.as_json() if self._forward else nothing)

    async def health(self, request: Request) -> Response:
        return self._health(500)

    async def ready(self, request: Request) -> Response:
        # Plausible answers 500 here, too; proxies read 503 as what it is, a state that passes.
        return self._health(503)

    def _health(self, status: int) -> Response:
        """The health of four parts, as Plausible's probe reports it; here they are one."""
        parts = ("postgres", "clickhouse", "sites_cache", "sessions")
        is_refusing = self._forward is not None and not self._forward.is_ready
        if self._store.write_error or is_refusing:
            return JSONResponse(dict.fromkeys(parts, "error"), status)
        return JSONResponse(dict.fromkeys(parts, "ok"))

    async def live(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def _flush(self) -> None:
        await run_in_threadpool(self._store.flush, FLUSH_SECONDS)

    async def _wait(self, request: Request, count: Callable[[], Awaitable[int]]) -> None:
        """Return once `count` reaches the parameter `wait`, or when the time is up."""
        number = query_params.integer(request, "wait", 0)
        timeout_seconds = query_params.seconds(request, "timeout", _DEFAULT_WAIT_SECONDS)
        deadline = time.monotonic() + min(timeout_seconds, _MAX_WAIT_SECONDS)
        while number > 0 and not self.notifier.is_closed:
            change = self.notifier.next_change()
            left = deadline - time.monotonic()
            if left <= 0 or await count() >= number:
                return
            await self.notifier.wait(change, min(left, POLL_SECONDS))


# -- query parameters -------------------------------------------------------------------------


def _event_search(request: Request) -> EventSearch:
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


def _hit_search(request: Request) -> HitSearch:
    query = request.query_params
    return HitSearch(
        domain=query.get("domain"),
        path=query.get("path"),
        reason=query.get("reason"),
        after=query_params.integer(request, "after", 0),
    )
