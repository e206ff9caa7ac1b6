"""The collector as a web application: the page, the API and the health probes over a store.

The wire endpoints are `intake.py`'s. The API is for tests, scripts and the page:

`GET /api/v1/events` gives `{"events": [...], "total": n}`, oldest first, with everything that was
posted before the question was asked. `name`, `domain`, `path` and `status` (`accepted`, `dropped`)
choose, `limit` (1,000; at most 10,000) bounds. Without `after` these are the newest events, with
`after=ID` those that follow. `wait=COUNT` answers once that many match, or after `timeout` seconds
(10; at most 60) with what there is. An event:

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

`DELETE /api/v1/events` forgets all of them and gives `{"deleted": n}`. `GET /api/v1/stats` gives
totals over `period` (`day`, which is the default and means 24 hours, `week`, `month`, `all`) and
`domain`. `GET /events/stream` tells every new event as a server-sent event.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from footfall.collector.entries import MAX_LIMIT, PERIODS, Entry, Period, Search
from footfall.collector.guard import LOOPBACK_HOSTS, Guard
from footfall.collector.intake import Intake, Refusals
from footfall.collector.live import LOOK_SECONDS, Pulse, stream
from footfall.collector.page import Page, View
from footfall.collector.store import Store

_STATIC = Path(__file__).parent / "static"

_DEFAULT_LIMIT = 1_000
_DEFAULT_WAIT_SECONDS = 10.0
_MAX_WAIT_SECONDS = 60.0
# What was posted before a question has to be in the answer. It takes 20 ms; if the disk is full,
# the answer is what was written.
_SETTLE_SECONDS = 2.0
# Whoever asks for more than this many waits for something else.
_MAX_NUMBER = 2**62

# A proxy must pass a stream on as it comes.
_STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def create_app(
    store: Store,
    *,
    domains: Collection[str] = (),
    token: str | None = None,
    hosts: Collection[str] | None = LOOPBACK_HOSTS,
) -> Starlette:
    """The collector over an open store, which stays the caller's to close.

    `domains` are the Plausible domains and Swetrix projects that exist; with none, all do. `hosts`
    are the names under which the page and the API answer, None for any: then set a `token`.
    `app.state.pulse.close()` ends the open streams, for a server that wants to stop.
    """
    refusals = Refusals()
    views = _Views(store, refusals)
    app = Starlette(
        routes=[
            Route("/", views.page),
            Route("/summary", views.summary),
            Route("/events/stream", views.stream),
            Route("/api/v1/events", views.events, methods=["GET"]),
            Route("/api/v1/events", views.clear, methods=["DELETE"]),
            Route("/api/v1/stats", views.stats),
            Route("/api/health", views.health),
            Route("/api/system/health/ready", views.health),
            Route("/api/system/health/live", views.live),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(Intake, store=store, domains=domains, refusals=refusals),
            Middleware(Guard, hosts=hosts, token=token),
        ],
        exception_handlers={HTTPException: _say, sqlite3.Error: _say_unreadable},
        lifespan=views.lifespan,
    )
    app.state.pulse = views.pulse
    return app


class _Views:
    """The endpoints. What reads the file does so in a thread."""

    def __init__(self, store: Store, refusals: Refusals) -> None:
        self.pulse = Pulse()
        self._store = store
        self._refusals = refusals
        self._page = Page(store, refusals)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        with self.pulse.listening(self._store):
            yield
        self.pulse.close()

    async def page(self, request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(self._page.whole, _view(request)))

    async def summary(self, request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(self._page.summary, _view(request)))

    async def stream(self, request: Request) -> Response:
        domain = request.query_params.get("domain") or None
        search = Search(domain=domain, after=await self._start(request))
        is_html = request.query_params.get("format") == "html"
        lines = stream(
            self._store, self.pulse, search, self._page.row if is_html else Entry.as_json
        )
        content = () if request.method == "HEAD" else lines
        return StreamingResponse(content, media_type="text/event-stream", headers=_STREAM_HEADERS)

    async def events(self, request: Request) -> Response:
        search, wait = _search(request), _integer(request, "wait", 0)
        seconds = min(_seconds(request, "timeout", _DEFAULT_WAIT_SECONDS), _MAX_WAIT_SECONDS)
        await self._settle()
        await self._wait(search, wait, seconds)
        found = await run_in_threadpool(self._store.search, search)
        events = [entry.as_json() for entry in found.entries]
        return JSONResponse({"events": events, "total": found.total})

    async def clear(self, request: Request) -> Response:
        try:
            deleted = await run_in_threadpool(self._store.clear)
        except TimeoutError:
            raise HTTPException(503, "The database cannot be written at the moment") from None
        self._store.visits.clear()
        self._refusals.clear()
        return JSONResponse({"deleted": deleted})

    async def stats(self, request: Request) -> Response:
        view = _view(request)
        await self._settle()
        stats = await run_in_threadpool(self._store.stats, view.period, view.domain)
        return JSONResponse({"period": view.period, **stats.as_json()})

    async def health(self, request: Request) -> Response:
        """What Plausible's probe says, which watches four parts where we have one."""
        word = "error" if self._store.fault else "ok"
        parts = ("postgres", "clickhouse", "sites_cache", "sessions")
        return JSONResponse(dict.fromkeys(parts, word), 500 if self._store.fault else 200)

    async def live(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def _settle(self) -> None:
        await run_in_threadpool(self._store.flush, _SETTLE_SECONDS)

    async def _start(self, request: Request) -> int:
        """The number after which a stream begins: what was said, else the newest."""
        said = request.headers.get("last-event-id") or request.query_params.get("after")
        if said is not None:
            return _parse_integer("after", said)
        newest = await run_in_threadpool(self._store.search, Search(limit=1))
        return newest.entries[-1].id if newest.entries else 0

    async def _wait(self, search: Search, number: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while number > 0 and not self.pulse.is_closed:
            beat = self.pulse.next_beat()
            left = deadline - time.monotonic()
            if left <= 0 or await run_in_threadpool(self._store.count, search) >= number:
                return
            await self.pulse.wait(beat, min(left, LOOK_SECONDS))


# -- questions --------------------------------------------------------------------------------


def _view(request: Request) -> View:
    query = request.query_params
    period = query.get("period", "day")
    if period not in PERIODS:
        raise HTTPException(400, f"period must be one of {', '.join(PERIODS)}")
    named: dict[str, Period] = {each: each for each in PERIODS}
    return View(
        period=named[period],
        domain=query.get("domain") or None,
        authority=request.headers.get("host", ""),
        root=request.scope.get("root_path", ""),
    )


def _search(request: Request) -> Search:
    query = request.query_params
    status = query.get("status")
    if status not in (None, "accepted", "dropped"):
        raise HTTPException(400, "status must be accepted or dropped")
    limit = _integer(request, "limit", _DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise HTTPException(400, f"limit must be between 1 and {MAX_LIMIT}")
    return Search(
        name=query.get("name"),
        domain=query.get("domain"),
        path=query.get("path"),
        status=status,
        after=_integer(request, "after", 0),
        is_newest="after" not in query,
        limit=limit,
    )


def _integer(request: Request, name: str, default: int) -> int:
    return _parse_integer(name, request.query_params.get(name, str(default)))


def _parse_integer(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(_MAX_NUMBER)):
        raise HTTPException(400, f"{name} must be a whole number")
    return min(int(text), _MAX_NUMBER)


def _seconds(request: Request, name: str, default: float) -> float:
    try:
        seconds = float(request.query_params.get(name, default))
    except ValueError:
        seconds = -1.0
    # Not a number is neither.
    if not seconds >= 0:
        raise HTTPException(400, f"{name} must be a number of seconds")
    return seconds


async def _say(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- Starlette's types do not know
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _say_unreadable(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"The database cannot be read: {error}"}, 500)
