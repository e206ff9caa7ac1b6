"""The live page's routes: the page, its totals, and the stream that both move by."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from footfall.collector import questions
from footfall.collector.entries import Entry, Search
from footfall.collector.intake import Refusals
from footfall.collector.live import Pulse, stream
from footfall.collector.page import Page, View
from footfall.collector.store import Store

# A proxy must pass a stream on as it comes.
_STREAM_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Inspector:
    """The live page. What reads the file does so in a thread."""

    def __init__(self, store: Store, refusals: Refusals, pulse: Pulse) -> None:
        self._store = store
        self._pulse = pulse
        self._page = Page(store, refusals)
        self.routes = [
            Route("/live", self.page),
            Route("/live/summary", self.summary),
            Route("/events/stream", self.stream),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page."""
        return HTMLResponse(await run_in_threadpool(self._page.whole, _view(request)))

    async def summary(self, request: Request) -> Response:
        """The totals alone."""
        return HTMLResponse(await run_in_threadpool(self._page.summary, _view(request)))

    async def stream(self, request: Request) -> Response:
        """Every new event as a server-sent event: as JSON, or with `format=html` as its row."""
        search = Search(domain=questions.domain(request), after=await self._start(request))
        is_html = request.query_params.get("format") == "html"
        lines = stream(
            self._store, self._pulse, search, self._page.row if is_html else Entry.as_json
        )
        content = () if request.method == "HEAD" else lines
        return StreamingResponse(content, media_type="text/event-stream", headers=_STREAM_HEADERS)

    async def _start(self, request: Request) -> int:
        """The number after which a stream begins: what was said, else the newest."""
        said = request.headers.get("last-event-id") or request.query_params.get("after")
        if said is not None:
            return questions.parse_integer("after", said)
        newest = await run_in_threadpool(self._store.search, Search(limit=1))
        return newest.entries[-1].id if newest.entries else 0


def _view(request: Request) -> View:
    return View(
        period=questions.period(request),
        domain=questions.domain(request),
        authority=request.headers.get("host", ""),
        root=request.scope.get("root_path", ""),
    )
