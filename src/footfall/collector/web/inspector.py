"""The live page's routes: the page, its notices, one event, and the stream that moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from footfall.collector import query_params
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.storage.store import Store
from footfall.collector.web.event_stream import events_after, stream
from footfall.collector.web.live_page import LivePage, LiveView, StreamPosition
from footfall.collector.web.reason_texts import FATES

# A longer one finds nothing.
_MAX_TEXT: Final = 200
# A proxy must pass a stream on as it comes.
_STREAM_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Inspector:
    """The live page. What reads the file does so in a thread."""

    def __init__(self, store: Store, page: LivePage, pulse: ChangeNotifier) -> None:
        self._store = store
        self._page = page
        self._pulse = pulse
        self.routes = [
            Route("/live", self.whole),
            Route("/live/notices", self.notices),
            Route("/live/stream", self.rows),
            Route("/live/{key}", self.detail),
            Route("/events/stream", self.events),
        ]

    async def whole(self, request: Request) -> Response:
        """The whole page."""
        return HTMLResponse(await run_in_threadpool(self._page.whole, _view(request)))

    async def notices(self, request: Request) -> Response:
        """The notices alone."""
        return HTMLResponse(await run_in_threadpool(self._page.notices, _view(request)))

    async def detail(self, request: Request) -> Response:
        """The page of one event, or of one hit that did not count."""
        view, key = _view(request), request.path_params["key"]
        found = await run_in_threadpool(self._page.detail, view, key)
        if found is None:
            return HTMLResponse(self._page.missing(view), 404)
        return HTMLResponse(found)

    async def rows(self, request: Request) -> Response:
        """The new lines of the page as server-sent events."""
        said, view = _said(request), _view(request)
        after = await run_in_threadpool(self._page.newest) if said is None else _position(said)
        return _streamed(request, stream(self._pulse, self._page.lines_after(view), after))

    async def events(self, request: Request) -> Response:
        """Every new event as a server-sent event, in JSON."""
        said = _said(request)
        if said is None:
            after = (await run_in_threadpool(self._page.newest)).event
        else:
            after = query_params.parse_integer("after", said)
        look = events_after(self._store, query_params.domain(request))
        return _streamed(request, stream(self._pulse, look, after))


def _streamed(request: Request, lines: AsyncIterator[str]) -> Response:
    content = () if request.method == "HEAD" else lines
    return StreamingResponse(content, media_type="text/event-stream", headers=_STREAM_HEADERS)


def _said(request: Request) -> str | None:
    """The position after which a stream goes on, if one was named."""
    return request.headers.get("last-event-id") or request.query_params.get("after")


def _position(text: str) -> StreamPosition:
    event, _, hit = text.partition("-")
    return StreamPosition(
        query_params.parse_integer("after", event), query_params.parse_integer("after", hit or "0")
    )


def _view(request: Request) -> LiveView:
    fate = request.query_params.get("show") or None
    if fate is not None and fate not in FATES:
        raise HTTPException(400, f"show must be one of {', '.join(FATES)}")
    return LiveView(
        authority=request.headers.get("host", ""),
        root=request.scope.get("root_path", ""),
        domain=query_params.domain(request),
        fate=fate,
        text=request.query_params.get("q", "").strip()[:_MAX_TEXT],
    )
