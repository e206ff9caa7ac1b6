"""The door for WSGI: Flask, Django's WSGI handler, Bottle, Pyramid, any WSGI app.

    application = FootfallMiddleware(application, destinations=["plausible://plausible.io/example.com"])

The iterable that the app returns is handed on as it is: streaming, `close()` and the server's file
offload never notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias, Unpack, cast

from footfall import pageview
from footfall.capture import (
    CURRENT,
    MARKS,
    MAX_HEADER,
    MAX_TEXT,
    Exchange,
    Form,
    PageTypes,
    Record,
    is_refused,
    marks_of,
)
from footfall.clock import monotonic
from footfall.config import Options
from footfall.model import Hit
from footfall.tracker import Tracker

Environ: TypeAlias = dict[str, Any]
HeaderPairs: TypeAlias = Iterable[tuple[str, str]]
ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
)


class StartResponse(Protocol):
    """What PEP 3333 has a server give to its app."""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]: ...


WSGIApp: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

ANSWER_NAMES: Final = frozenset(
    spelling for name in pageview.RESPONSE_HEADERS for spelling in (name, name.title())
)
PAGE_TYPES: Final[PageTypes[str]] = PageTypes()


class EnvironExchange(Exchange):
    """A request read from a WSGI environ."""

    environ: Environ
    # As the environ spelled it at our door, mount point included: bytes read as latin-1.
    path: str
    # Where the answer goes.
    start_response: StartResponse
    is_captured: bool = False

    def watched_start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """`start_response`, with a look at what it was called with."""
        capture(self, status, headers)
        # Only passed on where it was given: some servers take two arguments.
        if exc_info is None:
            return self.start_response(status, headers)
        return self.start_response(status, headers, exc_info)

    def record(self) -> Record:
        return self.answered("200", [("content-type", "text/html")], monotonic())

    def answered(self, status: str, answer: list[tuple[str, str]], at: float) -> Record:
        environ = self.environ
        names = self.tracker.picked_environ.intersection(environ)
        values = [*map(environ.__getitem__, names)]
        return (FORM, names, values, self.path, status, answer, at, self.said, environ.get(MARKS))


def exchange_of(tracker: Tracker, environ: Environ) -> EnvironExchange:
    """The exchange of a request that has just come through a door."""
    exchange = EnvironExchange()
    exchange.tracker = tracker
    exchange.environ = environ
    exchange.path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return exchange


class FootfallMiddleware:
    """Counts the pageviews of a WSGI app.

    Args:
        app: The app to watch.
        tracker: One made elsewhere, to share between apps. Otherwise `options` make one.
        options: See `footfall.config.Config`.

    Raises:
        ConfigError: the options cannot work; lists every fault.
    """

    def __init__(
        self, app: WSGIApp, *, tracker: Tracker | None = None, **options: Unpack[Options]
    ) -> None:
        self.tracker = tracker or Tracker.from_options(dict(options))
        self._is_active = self.tracker.is_active
        self.app = _delivering(app) if self._is_active and self.tracker.is_inline else app
        self._refuses_prefetch = self.tracker.config.prefetch == "refuse"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._is_active:
            return self.app(environ, start_response)
        exchange = exchange_of(self.tracker, environ)
        if self._refuses_prefetch and is_refused(exchange):
            return _refuse(start_response)
        if self.tracker.guards.lets_in(environ.get("REQUEST_METHOD", "GET"), exchange.path):
            exchange.start_response = start_response
            start_response = exchange.watched_start
        token = CURRENT.set(exchange)
        try:
            return self.app(environ, start_response)
        finally:
            CURRENT.reset(token)


def _delivering(app: WSGIApp) -> WSGIApp:
    """`app`, for `mode="sync"`: what it brings is delivered once it has returned.

    That is before the body is sent, for a platform may stop the process right after. The body is
    never wrapped; what is told while it is made is delivered on the spot.
    """

    def delivering_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        exchange = cast("EnvironExchange", CURRENT.get())
        exchange.is_held = True
        try:
            return app(environ, start_response)
        finally:
            exchange.release()

    return delivering_app


def capture(exchange: EnvironExchange, status_line: str, headers: HeaderPairs) -> None:
    """Put the exchange into the tracker's inbox, unless a guard turns it away. Never raises."""
    tracker = exchange.tracker
    try:
        if exchange.is_captured:  # a second call replaces the headers after an error
            return
        exchange.is_captured = True
        guards = tracker.guards
        status = status_line[:3]
        if status not in guards.status_texts:
            guards.turn_away_status(int(status))
            return
        # A comprehension would cost as much as the whole loop: answers have few headers.
        answer = []
        for pair in headers:
            if pair[0] in ANSWER_NAMES:
                answer.append(pair)
        if not answer:
            # Names may be written in any case, and we look at two spellings.
            answer = [pair for pair in headers if pair[0].lower() in ANSWER_NAMES]
        # Where more than a type is said, or nothing has changed, the decision has to look.
        if len(answer) < 2 and status != "304":
            is_page = answer and PAGE_TYPES[answer[0][1]]
            if not is_page and not guards.is_download(exchange.path):
                guards.turn_away("not_html")
                return
        now = monotonic()
        tracker.submit(exchange.answered(status, answer, now), now)
    except Exception:  # noqa: BLE001 -- the one guard at this door: counted, and the app goes on
        tracker.errors.bump()


def hit_from(record: Record, offset: float = 0.0) -> Hit:
    """The Hit that a record of `EnvironExchange.answered` stands for."""
    _, names, values, path, status, answer, at, said, mark = record
    picked = dict(zip(names, values, strict=True))
    headers = {_header_name(key): picked[key] for key in picked if key.startswith("HTTP_")}
    host = headers.get("host", "")
    if not host and "SERVER_NAME" in picked:
        host = f"{picked['SERVER_NAME']}:{picked.get('SERVER_PORT', '')}".rstrip(":")
    marks = marks_of(said, mark)
    return Hit(
        method=picked.get("REQUEST_METHOD", "GET"),
        scheme=picked.get("wsgi.url_scheme", "http"),
        host=host,
        path=_decoded(path),
        query=picked.get("QUERY_STRING", ""),
        headers=headers,
        peer=picked.get("REMOTE_ADDR"),
        status=int(status),
        response_headers=_joined(answer),
        time=at + offset,
        route=said.route,
        props=marks.props,
        ignored=marks.ignored,
        shown_path=marks.path,
        details=marks.details,
    )


def _lean(record: Record) -> Record:
    form, names, values, path, *rest = record
    return (form, names, [value[:MAX_HEADER] for value in values], path[:MAX_TEXT], *rest)


FORM: Final = Form(hit=hit_from, lean=_lean)


@cache  # as many as the settings make us pick
def _header_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").lower()


def _decoded(path: str) -> str:
    """The path's text: WSGI spells its bytes as latin-1 (PEP 3333)."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace") or "/"


def _joined(pairs: HeaderPairs) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, value in pairs:
        name = raw_name.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _refuse(start_response: StartResponse) -> Iterable[bytes]:
    """Answer a prefetch so that the browser throws it away and asks again on the click."""
    start_response(
        "503 Service Unavailable", [("Cache-Control", "no-store"), ("Content-Length", "0")]
    )
    return [b""]
