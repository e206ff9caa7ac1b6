"""The door for WSGI: Flask, Django's WSGI handler, Bottle, Pyramid, any WSGI app.

    application = FootfallMiddleware(application, destinations=["plausible://plausible.io/example.com"])

The iterable that the app returns is handed on as it is: streaming, `close()` and the server's file
offload never notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias, Unpack, cast

from footfall.common.bounded_cache import MAX_ENTRIES, BoundedCache
from footfall.common.clock import monotonic
from footfall.config import Options
from footfall.model import Hit
from footfall.request.capture import capture, is_refused, may_be_page
from footfall.request.exchange import CURRENT, MARKS, NO_NOTES, Exchange, enter, leave, marks_of
from footfall.request.record import MAX_HEADER, MAX_TEXT, Record, RecordReader
from footfall.rules import pageview
from footfall.tracker import Tracker
from footfall.tracker.double_install import warn_if_installed_twice

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
PAGE_TYPES: Final[BoundedCache[str, bool]] = BoundedCache(may_be_page)
# The number in a status line.
STATUSES: Final[BoundedCache[str, int]] = BoundedCache(lambda line: int(line[:3]))


class EnvironExchange(Exchange):
    """A request read from a WSGI environ."""

    # The path is as the environ spells it: bytes read as latin-1.
    __slots__ = ("environ", "is_captured", "start_response")

    environ: Environ
    # Where the answer goes.
    start_response: StartResponse
    is_captured: bool

    def watched_start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """`start_response`, with a look at what it was called with."""
        if not self.is_captured:  # a second call replaces the headers after an error
            self.is_captured = True
            try:
                capture(self, STATUSES[status], headers, ANSWER_NAMES, PAGE_TYPES)
            except Exception:  # noqa: BLE001 -- a status of the app's that is none
                self.tracker.errors.bump()
        # Only passed on where it was given: some servers take two arguments.
        if exc_info is None:
            return self.start_response(status, headers)
        return self.start_response(status, headers, exc_info)

    def record(self) -> Record:
        return self.answered(200, [("content-type", "text/html")], monotonic())

    def answered(self, status: int, answer: list[tuple[str, str]], at: float) -> Record:
        names, values = self.tracker.picker.pick(self.environ)
        # A mark is among the values.
        return (FORM, names, self.said, None, self.path, values, status, answer, at)


def exchange_of(tracker: Tracker, environ: Environ) -> EnvironExchange:
    """The exchange of a request that has just come through a door."""
    exchange = EnvironExchange()
    exchange.tracker = tracker
    exchange.environ = environ
    exchange.said = NO_NOTES
    exchange.is_held = exchange.is_captured = False
    try:
        exchange.path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
    except KeyError:  # the specification lets a server leave out what is empty
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
        warn_if_installed_twice(app, self.tracker)
        self._is_active = self.tracker.is_active
        self.app = _delivering(app) if self._is_active and self.tracker.is_inline else app
        self._refuses_prefetch = self.tracker.config.prefetch == "refuse"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._is_active:
            return self.app(environ, start_response)
        exchange = exchange_of(self.tracker, environ)
        if self._refuses_prefetch and is_refused(exchange):
            return _refuse(start_response)
        if self.tracker.filters.accepts(environ.get("REQUEST_METHOD", "GET"), exchange.path):
            exchange.start_response = start_response
            start_response = exchange.watched_start
        token = enter(exchange)
        try:
            return self.app(environ, start_response)
        finally:
            leave(token)


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


def hit_from(record: Record, offset: float = 0.0) -> Hit:
    """The Hit that a record of `EnvironExchange.answered` stands for."""
    _, names, said, mark, path, values, status, answer, at = record
    picked = dict(zip(names, values, strict=True))
    headers = {name: picked[key] for key, name in _headers_among(names)}
    host = headers.get("host", "")
    if not host and "SERVER_NAME" in picked:
        host = f"{picked['SERVER_NAME']}:{picked.get('SERVER_PORT', '')}".rstrip(":")
    marks = marks_of(said, mark or picked.get(MARKS))
    return Hit(
        method=picked.get("REQUEST_METHOD", "GET"),
        scheme=picked.get("wsgi.url_scheme", "http"),
        host=host,
        path=_decoded(path),
        query=picked.get("QUERY_STRING", ""),
        headers=headers,
        peer=picked.get("REMOTE_ADDR"),
        status=status,
        response_headers=_joined(answer),
        time=at + offset,
        route=said.route,
        props=marks.props,
        ignored=marks.ignored,
        shown_path=marks.path,
        details=marks.details,
    )


def _lean(record: Record) -> Record:
    form, names, said, _, path, values, *rest = record
    mark = values[names.index(MARKS)] if MARKS in names else None
    # A mark is no text.
    cut = tuple([value[:MAX_HEADER] if isinstance(value, str) else "" for value in values])
    return (form, names, said, mark, path[:MAX_TEXT], cut, *rest)


FORM: Final = RecordReader(hit=hit_from, lean=_lean)


@lru_cache(maxsize=MAX_ENTRIES)
def _headers_among(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Those keys of an environ that hold headers, with the headers' names."""
    return tuple(
        (key, key.removeprefix("HTTP_").replace("_", "-").lower())
        for key in keys
        if key.startswith("HTTP_")
    )


def _decoded(path: str) -> str:
    """The path's text: WSGI spells its bytes as latin-1 (PEP 3333)."""
    if not path.isascii():
        path = path.encode("latin-1", "replace").decode("utf-8", "replace")
    return path or "/"


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
