"""The live page's routes: the page, its notices, one event, and the streams of new events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from footfall.collector import query_params
from footfall.collector.public_address import PublicAddress
from footfall.collector.reading import read_in_thread
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.storage.store import Store
from footfall.collector.web.event_stream import finite_stream, new_events, stream
from footfall.collector.web.live_page import LivePage, LiveView, StreamPosition
from footfall.collector.web.reason_texts import STATUS_NAMES

# A longer text finds nothing.
_MAX_TEXT: Final = 200
# Each queries the file every second, so that the others get their share of the processor.
_MAX_STREAMS: Final = 32
_MEDIA_TYPE: Final = "text/event-stream"
# Proxies must not buffer a stream.
_STREAM_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Inspector:
    """The routes of the live page. What reads the file does so in a thread.

    Args:
        store: Where events are kept.
        page: Renders the page and its parts.
        notifier: Wakes the streams; None for streams that end at once, and ask again.
    """

    def __init__(self, store: Store, page: LivePage, notifier: ChangeNotifier | None) -> None:
        self._store = store
        self._page = page
        self._notifier = notifier
        self._streams: set[Response] = set()
        self.routes = [
            Route("/live", self.page),
            Route("/live/notices", self.notices),
            Route("/live/stream", self.rows),
            Route("/live/{key}", self.detail),
        ]
        if notifier is not None:
            self.routes.append(Route("/events/stream", partial(self.events, notifier)))

    async def page(self, request: Request) -> Response:
        """The whole page."""
        return HTMLResponse(await read_in_thread(self._page.page, _view(request)))

    async def notices(self, request: Request) -> Response:
        """The notices alone."""
        return HTMLResponse(await read_in_thread(self._page.notices, _view(request)))

    async def detail(self, request: Request) -> Response:
        """The page of one event, or of one hit that did not count."""
        view, key = _view(request), request.path_params["key"]
        html = await read_in_thread(self._page.detail, view, key)
        if html is None:
            return HTMLResponse(self._page.missing(view), 404)
        return HTMLResponse(html)

    async def rows(self, request: Request) -> Response:
        """The new rows of the page as server-sent events."""
        text, view = _resume_after(request), _view(request)
        after = await read_in_thread(self._page.newest) if text is None else _position(text)
        read_new = self._page.new_rows(view)
        if self._notifier is None:
            text = await read_in_thread(finite_stream, read_new, after)
            return Response(text, media_type=_MEDIA_TYPE, headers=_STREAM_HEADERS)
        return self._stream(request, stream(self._notifier, read_new, after))

    async def events(self, notifier: ChangeNotifier, request: Request) -> Response:
        """Every new event as a server-sent event, in JSON."""
        text = _resume_after(request)
        if text is None:
            after = (await read_in_thread(self._page.newest)).event
        else:
            after = query_params.parse_integer("after", text)
        read_new = new_events(self._store, query_params.domain(request))
        return self._stream(request, stream(notifier, read_new, after))

    def _stream(self, request: Request, messages: AsyncIterator[str]) -> Response:
        content = () if request.method == "HEAD" else messages
        return _StreamResponse(content, self._streams)


class _StreamResponse(StreamingResponse):
    """A stream, if few others are open: `open_streams`."""

    media_type = _MEDIA_TYPE

    def __init__(
        self, content: AsyncIterator[str] | Iterable[str], open_streams: set[Response]
    ) -> None:
        super().__init__(content, headers=_STREAM_HEADERS)
        self._open_streams = open_streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self._open_streams) >= _MAX_STREAMS:
            text = f"{_MAX_STREAMS} streams are open, which is the limit"
            raise HTTPException(503, text, {"retry-after": "10"})
        self._open_streams.add(self)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._open_streams.discard(self)


def _resume_after(request: Request) -> str | None:
    """The position after which the client wants a stream to resume, if it names one."""
    return request.headers.get("last-event-id") or request.query_params.get("after")


def _position(text: str) -> StreamPosition:
    event, _, hit = text.partition("-")
    return StreamPosition(
        query_params.parse_integer("after", event), query_params.parse_integer("after", hit or "0")
    )


def _view(request: Request) -> LiveView:
    status = request.query_params.get("show") or None
    if status is not None and status not in STATUS_NAMES:
        raise HTTPException(400, f"show must be one of {', '.join(STATUS_NAMES)}")
    return LiveView(
        address=PublicAddress.of(request),
        domain=query_params.domain(request),
        status=status,
        text=request.query_params.get("q", "").strip()[:_MAX_TEXT],
    )
